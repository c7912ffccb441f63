"""What people change of a table by hand: locks, comments, types, former versions, and what crawls leave of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glue_tui.catalog.read import Catalog
from glue_tui.catalog.types import glue_type, polars_type
from glue_tui.catalog.write import MIGRATIONS, apply_changes, edit_table
from glue_tui.core.glue_types import PRIMITIVES, spelled_type
from glue_tui.core.problem import EntityNotFound, InvalidInput
from glue_tui.core.schema import ChangeKind, Column, Table, TableChange
from glue_tui.core.schema_changes import LOCKED_PARAMETER, data_types
from glue_tui.core.table_edits import EditKind, TableEdit

NAME = "raw.sales"


class Written:
    """A catalog with one table, as crawls and people write it."""

    def __init__(self, path: Path, conn: sqlite3.Connection) -> None:
        self.catalog = Catalog.open(path)
        self._conn = conn
        self.found(id="bigint", price="double", day="date")

    def found(self, *, by: str = "crawler:landing", parameters: dict[str, str] | None = None, **types: str) -> None:
        """Let a crawl find these columns, which knows nothing of what people do meanwhile."""
        table = Table(
            database="raw",
            name="sales",
            classification="csv",
            location="landing/sales",
            columns=tuple(Column(name=name, type=kind) for name, kind in types.items()),
            parameters=parameters or {},
        )
        self.brought(table, by)

    def brought(self, table: Table, by: str) -> None:
        self._conn.execute("BEGIN")
        change = TableChange(kind=ChangeKind.UPDATED, table=table, written_by=by)
        apply_changes(self._conn, [change], run_id="wr_1", at=1.0)
        self._conn.execute("COMMIT")

    def edit(self, kind: EditKind, *columns: str, text: str = "", version: int = 0) -> tuple[str, ...]:
        edit = TableEdit(kind=kind, table=NAME, columns=columns, text=text, version=version, by="ann")
        return edit_table(self._conn, edit, at=2.0)

    @property
    def table(self) -> Table:
        return self.catalog.table(NAME).table

    @property
    def types(self) -> dict[str, str]:
        return {column.name: column.type for column in self.table.columns}

    def column(self, name: str) -> Column:
        return next(column for column in self.table.columns if column.name == name)


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Written]:
    with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as conn:
        for step in MIGRATIONS:
            conn.execute(step)
        yield Written(tmp_path / "state.db", conn)


def test_a_locked_column_stays_as_it_is_whatever_a_crawl_in_flight_brings(written: Written) -> None:
    assert written.edit(EditKind.LOCK, "PRICE") == ("locked: price",)
    written.found(id="string", price="string")
    assert written.types == {"id": "string", "price": "double"}
    assert data_types(written.table) == {"id": "string", "price": "string"}
    written.found(id="string", day="string")
    assert written.types == {"id": "string", "price": "double", "day": "string"}
    assert written.edit(EditKind.UNLOCK, "price") == ("unlocked: price",)
    written.found(id="string", day="string")
    assert written.types == {"id": "string", "day": "string"}


def test_a_locked_table_gets_no_columns_and_loses_none(written: Written) -> None:
    written.edit(EditKind.LOCK)
    written.found(id="string", extra="double", parameters={"classification": "json"})
    assert written.types == {"id": "bigint", "price": "double", "day": "date"}
    assert written.table.parameters[LOCKED_PARAMETER] == "true"
    assert written.table.parameters["classification"] == "json"
    assert data_types(written.table)["extra"] == "double"
    assert written.edit(EditKind.LOCK) == ()
    written.edit(EditKind.UNLOCK)
    written.found(id="string", extra="double")
    assert written.types == {"id": "string", "extra": "double"}


def test_what_a_person_undoes_while_a_crawl_is_at_work_stays_undone(written: Written) -> None:
    written.edit(EditKind.LOCK, "id")
    written.edit(EditKind.LOCK)
    before = written.table
    written.edit(EditKind.UNLOCK, "id")
    written.edit(EditKind.UNLOCK)
    written.found(id="string", parameters=before.parameters)
    assert (written.types, written.column("id").is_locked) == ({"id": "string"}, False)
    assert LOCKED_PARAMETER not in written.table.parameters


def test_comments_outlive_crawls_and_jobs(written: Written) -> None:
    assert written.edit(EditKind.COMMENT, "price", text="with tax") == ("comment of price: with tax",)
    written.found(id="bigint", price="string")
    assert written.column("price").comment == "with tax"
    written.found(by="job:clean", id="bigint", price="double")
    assert written.column("price").comment == "with tax"
    assert written.edit(EditKind.COMMENT, "price", text="") == ("comment of price: none",)
    assert written.catalog.table(NAME).version == 3, "a comment makes no version, the types did"


def test_a_comment_taken_back_while_a_crawl_is_at_work_does_not_come_back(written: Written) -> None:
    written.edit(EditKind.COMMENT, "price", text="with tax")
    as_the_crawl_knows_it = written.table
    written.edit(EditKind.COMMENT, "price", text="")
    written.brought(as_the_crawl_knows_it, "crawler:landing")
    assert written.column("price").comment == ""


def test_a_retyped_column_is_locked_and_makes_a_version_by_whom_it_was(written: Written) -> None:
    notes = written.edit(EditKind.RETYPE, "price", text="Decimal(12, 2)")
    assert notes == ("column price: double → decimal(12,2), and locked",)
    newest = written.catalog.versions(NAME)[0]
    assert (newest.version, newest.written_by, newest.notes) == (2, "user:ann", notes)
    written.found(id="bigint", price="double", day="date")
    assert written.types["price"] == "decimal(12,2)"
    assert written.catalog.table(NAME).version == 2
    assert written.catalog.table(NAME).written_by == "crawler:landing"


def test_a_former_version_comes_back_as_a_new_one_and_stays(written: Written) -> None:
    written.found(id="string", price="double")
    written.edit(EditKind.COMMENT, "id", text="of the till")
    told = ("restored from version 1", "locked: crawls leave its columns alone")
    assert written.edit(EditKind.RESTORE, version=1) == told
    assert written.types == {"id": "bigint", "price": "double", "day": "date"}
    assert written.column("id").comment == "of the till"
    entry = written.catalog.table(NAME)
    assert (entry.version, written.catalog.versions(NAME)[0].columns) == (3, entry.table.columns)
    assert data_types(written.table)["id"] == "string", "what the data has is not forgotten"
    assert written.edit(EditKind.RESTORE, version=3) == ()
    written.found(id="string", price="double")
    assert written.types == {"id": "bigint", "price": "double", "day": "date"}


@pytest.mark.parametrize(
    ("edit", "error", "told"),
    [
        (TableEdit(kind=EditKind.LOCK, table=NAME, columns=("prize",)), EntityNotFound, 'did you mean "price"'),
        (TableEdit(kind=EditKind.LOCK, table="raw.slaes"), EntityNotFound, r'did you mean "raw\.sales"'),
        (TableEdit(kind=EditKind.RETYPE, table=NAME, columns=("id",), text="bigin"), InvalidInput, '"bigint"'),
        (TableEdit(kind=EditKind.RETYPE, table=NAME, columns=("id",), text="decimal(40,2)"), InvalidInput, "1 to 38"),
        (TableEdit(kind=EditKind.RESTORE, table=NAME, version=9), EntityNotFound, "no version 9"),
        (TableEdit(kind=EditKind.COMMENT, table=NAME, columns=("id",), text="x" * 256), InvalidInput, "at most 255"),
    ],
)
def test_an_edit_that_makes_no_sense_names_the_way_out(
    tmp_path: Path, written: Written, edit: TableEdit, error: type[Exception], told: str
) -> None:
    before = written.table
    with closing(sqlite3.connect(tmp_path / "state.db", isolation_level=None)) as conn, pytest.raises(error) as raised:
        edit_table(conn, replace(edit, by="ann"), at=2.0)
    assert told.replace("\\", "") in str(raised.value)
    assert written.table == before


def test_the_tables_of_jobs_are_not_locked(written: Written) -> None:
    written.found(by="job:clean", id="bigint")
    for kind in (EditKind.LOCK, EditKind.RETYPE):
        with pytest.raises(InvalidInput, match="written by a job"):
            written.edit(kind, "id", text="string")


TYPES = st.recursive(
    st.sampled_from(PRIMITIVES) | st.sampled_from(["decimal(12,2)", "decimal(38,0)"]),
    lambda inner: (
        inner.map(lambda kind: f"array<{kind}>")
        | st.lists(inner, min_size=1, max_size=3).map(
            lambda kinds: f"struct<{','.join(f'f{place}:{kind}' for place, kind in enumerate(kinds))}>"
        )
    ),
    max_leaves=6,
)


@given(TYPES)
def test_every_type_that_may_be_said_is_one_that_is_read(kind: str) -> None:
    assert spelled_type(kind) == kind
    assert glue_type(polars_type(kind)) == kind


@pytest.mark.parametrize(
    ("said", "spelled"),
    [
        (" BigInt ", "bigint"),
        ("DECIMAL( 10 , 2 )", "decimal(10,2)"),
        ("struct<Unit Price: Double, tags:array<string>>", "struct<Unit Price:double,tags:array<string>>"),
        ("map<string, int>", "map<string,int>"),
        ("integer", "int"),
    ],
)
def test_types_are_stored_in_one_spelling(said: str, spelled: str) -> None:
    assert spelled_type(said) == spelled


@pytest.mark.parametrize(
    "said", ["", "text", "array<", "array<>", "struct<a>", "map<string>", "decimal(0,0)", "decimal(2,3)"]
)
def test_what_is_no_type_is_refused(said: str) -> None:
    with pytest.raises(InvalidInput):
        spelled_type(said)


def test_unlocking_a_table_unlocks_its_columns_too(written: Written) -> None:
    written.edit(EditKind.LOCK, "id", "price")
    assert written.edit(EditKind.UNLOCK) == ("unlocked: id, price",)
    written.edit(EditKind.LOCK, "id")
    written.edit(EditKind.LOCK)
    assert written.edit(EditKind.UNLOCK) == ("unlocked: crawls change its columns again", "unlocked: id")
    assert written.edit(EditKind.UNLOCK) == ()
