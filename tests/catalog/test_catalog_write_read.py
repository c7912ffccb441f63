"""What a crawl or job did is stored in the caller's transaction and read back, with versions and sums."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from glue_tui.catalog.lineage import note_uses, rename_workflow
from glue_tui.catalog.query import run_sql
from glue_tui.catalog.read import Catalog
from glue_tui.catalog.write import DEPRECATED_PARAMETER, MIGRATIONS, VERSIONS_MAX, apply_changes
from glue_tui.core.model import job_id
from glue_tui.core.problem import EntityNotFound, InvalidInput
from glue_tui.core.schema import ChangeKind, Column, DataFile, FileFormat, Table, TableChange


def make_catalog(path: Path) -> sqlite3.Connection:
    conn = sqlite3.connect(path, isolation_level=None)
    conn.execute("PRAGMA journal_mode = WAL")
    for step in MIGRATIONS:
        conn.execute(step)
    return conn


def sales(**changes: object) -> Table:
    table = Table(
        database="raw",
        name="sales",
        classification="csv",
        location="landing/sales",
        columns=(Column(name="id", type="bigint"), Column(name="price", type="double", reason="1.5 in a.csv:2")),
        partition_keys=(Column(name="day", type="string"),),
        formats=(FileFormat(classification="csv", columns=("id", "price")),),
        parameters={"classification": "csv"},
    )
    return replace(table, **changes)  # type: ignore[arg-type]


def file(path: str, rows: int, day: str = "01", **changes: object) -> DataFile:
    made = DataFile(path=path, size_bytes=rows * 10, mtime_ns=1, rows=rows, partition_values=(day,))
    return replace(made, **changes)  # type: ignore[arg-type]


def change(table: Table, *files: DataFile, kind: ChangeKind = ChangeKind.UPDATED, **changes: object) -> TableChange:
    made = TableChange(kind=kind, table=table, written_by="crawler:landing", files=files)
    return replace(made, **changes)  # type: ignore[arg-type]


def store(conn: sqlite3.Connection, *changes: TableChange, run_id: str = "wr_1", at: float = 100.0) -> None:
    conn.execute("BEGIN")
    apply_changes(conn, changes, run_id=run_id, at=at)
    conn.execute("COMMIT")


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("DROP TABLE raw.sales", "only queries: DROP is none"),
        ("  -- all of it\n/* ; */ truncate raw.sales", "only queries: TRUNCATE is none"),
        ("create table x as select 1", "only queries: CREATE is none"),
        ("SELEC 1", 'did you mean "SELECT"'),
        (" -- nothing", "the query is empty"),
        ("SELECT 1; DROP TABLE raw.sales", "the query is wrong"),
    ],
)
def test_only_queries_are_run(tmp_path: Path, query: str, told: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        run_sql(Catalog.open(tmp_path / "state.db"), query, project_dir=tmp_path, environment={})
    assert told in str(raised.value)


@pytest.mark.parametrize(
    "query",
    ["-- one\nSELECT 1 AS a", "((select 1 AS a))", "WITH x AS (SELECT 1 AS a) SELECT * FROM x", "/**/SHOW TABLES"],
)
def test_every_kind_of_query_is_run(tmp_path: Path, query: str) -> None:
    run_sql(Catalog.open(tmp_path / "state.db"), query, project_dir=tmp_path, environment={}).collect()


def test_a_missing_file_is_an_empty_catalog(tmp_path: Path) -> None:
    catalog = Catalog.open(tmp_path / "state.db")
    assert catalog.tables() == ()
    assert catalog.databases() == ()
    with pytest.raises(EntityNotFound, match="run a crawler first"):
        catalog.table("raw.sales")
    assert not (tmp_path / "state.db").exists()


def test_a_state_file_without_catalog_tables_is_an_empty_catalog(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "state.db")) as conn:
        conn.execute("CREATE TABLE other (x)")
    assert Catalog.open(tmp_path / "state.db").tables() == ()


def test_a_stored_table_is_read_back_with_its_files_and_sums(tmp_path: Path) -> None:
    with closing(make_catalog(tmp_path / "state.db")) as conn:
        store(conn, change(sales(), file("a.csv", 3), file("b.csv", 4, "02"), file("c.csv", 5, "02")))
    catalog = Catalog.open(tmp_path / "state.db")
    entry = catalog.table("RAW.Sales")
    assert entry.table == sales()
    assert (entry.rows, entry.files, entry.size_bytes, entry.partitions, entry.version) == (12, 3, 120, 2, 1)
    assert (entry.written_by, entry.run_id, entry.created_at, entry.updated_at) == (
        "crawler:landing",
        "wr_1",
        100.0,
        100.0,
    )
    assert [item.path for item in catalog.files("raw.sales")] == ["a.csv", "b.csv", "c.csv"]
    assert [(item.values, item.files, item.rows) for item in catalog.partitions("raw.sales")] == [
        (("01",), 1, 3),
        (("02",), 2, 9),
    ]
    assert [(item.name, item.tables, item.rows) for item in catalog.databases()] == [("raw", 1, 12)]
    assert catalog.tables("nowhere") == ()


def test_sums_follow_files_that_are_added_replaced_and_removed(tmp_path: Path) -> None:
    catalog = Catalog.open(tmp_path / "state.db")
    with closing(make_catalog(tmp_path / "state.db")) as conn:

        def sums() -> tuple[int, int, int, int]:
            (entry,) = catalog.tables()
            return entry.files, entry.rows, entry.size_bytes, entry.partitions

        store(conn, change(sales(), file("a.csv", 3), file("b.csv", 4, "02")))
        assert sums() == (2, 7, 70, 2)
        store(conn, change(sales(), file("a.csv", 5), file("c.csv", 1, "03"), replace_files=False))
        assert sums() == (3, 10, 100, 3)
        store(conn, change(sales(), removed_paths=("b.csv", "c.csv"), replace_files=False))
        assert sums() == (1, 5, 50, 1)
        store(conn, change(sales(partition_keys=()), file("d.csv", 2, partition_values=())))
        assert sums() == (1, 2, 20, 0)
        conn.execute("UPDATE catalog_table SET sums = NULL")
        assert sums() == (1, 2, 20, 0)


def test_uses_follow_a_workflow_that_is_renamed_and_go_with_their_table(tmp_path: Path) -> None:
    catalog = Catalog.open(tmp_path / "state.db")
    with closing(make_catalog(tmp_path / "state.db")) as conn:
        store(conn, change(sales()))
        (writer,) = catalog.uses("raw.sales")
        assert (writer.workflow, writer.node_id, writer.access, writer.run_id) == (
            "",
            "crawler:landing",
            "writes",
            "wr_1",
        )
        for at in (1.0, 2.0):
            note_uses(conn, "old", job_id("a"), reads=["raw.sales"], writes=["raw.sales"], run_id=f"wr_{at:.0f}", at=at)
        rename_workflow(conn, "old", "new")
        assert [(one.workflow, one.access, one.run_id, one.at) for one in catalog.uses("raw.sales")] == [
            ("new", "reads", "wr_2", 2.0),
            ("new", "writes", "wr_2", 2.0),
        ]
        store(conn, change(sales(), kind=ChangeKind.DELETED))
        assert conn.execute("SELECT count(*) FROM catalog_use").fetchone() == (0,)


def test_an_unknown_table_is_answered_with_the_nearest_name(tmp_path: Path) -> None:
    with closing(make_catalog(tmp_path / "state.db")) as conn:
        store(conn, change(sales()))
    with pytest.raises(EntityNotFound, match=r'did you mean "raw\.sales"'):
        Catalog.open(tmp_path / "state.db").table("raw.slaes")


def test_only_a_changed_schema_makes_a_new_version(tmp_path: Path) -> None:
    catalog = Catalog.open(tmp_path / "state.db")
    with closing(make_catalog(tmp_path / "state.db")) as conn:
        store(conn, change(sales()))
        store(conn, change(sales(columns=(Column(name="id", type="bigint"), Column(name="price", type="double")))))
        assert catalog.table("raw.sales").version == 1
        store(
            conn,
            change(sales(columns=(Column(name="id", type="string"),)), notes=("widened",)),
            run_id="wr_2",
            at=200.0,
        )
    assert [(item.version, len(item.columns), item.run_id, item.notes) for item in catalog.versions("raw.sales")] == [
        (2, 1, "wr_2", ("widened",)),
        (1, 2, "wr_1", ()),
    ]


def test_old_versions_are_forgotten(tmp_path: Path) -> None:
    with closing(make_catalog(tmp_path / "state.db")) as conn:
        for number in range(VERSIONS_MAX + 5):
            store(conn, change(sales(columns=(Column(name=f"c{number}", type="bigint"),))))
    kept = Catalog.open(tmp_path / "state.db").versions("raw.sales")
    assert len(kept) == VERSIONS_MAX
    assert kept[0].version == VERSIONS_MAX + 5


def test_two_writers_that_add_files_keep_each_others_and_their_formats(tmp_path: Path) -> None:
    semicolons = FileFormat(classification="csv", columns=("id", "price"), delimiter=";")
    tabs = FileFormat(classification="csv", columns=("id", "price"), delimiter="\t")
    comma = sales().formats[0]
    with closing(make_catalog(tmp_path / "state.db")) as conn:
        store(conn, change(sales(), file("a.csv", 1), file("gone.csv", 1)))
        one = change(sales(formats=(comma, semicolons)), file("b.csv", 1, format=1), replace_files=False)
        two = change(sales(formats=(tabs, comma)), file("c.csv", 1, format=0), replace_files=False)
        store(conn, replace(one, removed_paths=("gone.csv",)))
        store(conn, two)
    entry, files = Catalog.open(tmp_path / "state.db").contents("raw.sales")
    assert entry.table.formats == (comma, semicolons, tabs)
    assert {item.path: entry.table.formats[item.format].delimiter for item in files} == {
        "a.csv": ",",
        "b.csv": ";",
        "c.csv": "\t",
    }


def test_a_deprecated_table_keeps_everything_and_is_marked(tmp_path: Path) -> None:
    with closing(make_catalog(tmp_path / "state.db")) as conn:
        store(conn, change(sales(), file("a.csv", 3)))
        store(conn, change(sales(), kind=ChangeKind.DEPRECATED), at=200.0)
    entry = Catalog.open(tmp_path / "state.db").table("raw.sales")
    assert entry.is_deprecated
    assert entry.rows == 3
    assert entry.table.parameters[DEPRECATED_PARAMETER] == "200000"


def test_a_deleted_table_is_gone_and_an_unchanged_one_untouched(tmp_path: Path) -> None:
    catalog = Catalog.open(tmp_path / "state.db")
    with closing(make_catalog(tmp_path / "state.db")) as conn:
        store(conn, change(sales(), file("a.csv", 3)))
        store(conn, change(sales(), kind=ChangeKind.UNCHANGED), at=200.0)
        assert catalog.table("raw.sales").updated_at == 100.0
        assert catalog.table("raw.sales").rows == 3
        store(conn, change(sales(), kind=ChangeKind.DELETED))
        assert conn.execute("SELECT count(*) FROM catalog_file").fetchone() == (0,)
    assert catalog.tables() == ()


def test_a_reader_sees_the_catalog_of_before_while_a_writer_is_in_its_transaction(tmp_path: Path) -> None:
    catalog = Catalog.open(tmp_path / "state.db")
    with closing(make_catalog(tmp_path / "state.db")) as conn:
        store(conn, change(sales(), file("a.csv", 3)))
        conn.execute("BEGIN IMMEDIATE")
        apply_changes(conn, [change(sales(), file("a.csv", 99))], run_id="wr_2", at=1.0)
        assert catalog.table("raw.sales").rows == 3
        conn.execute("ROLLBACK")
        assert catalog.table("raw.sales").rows == 3
