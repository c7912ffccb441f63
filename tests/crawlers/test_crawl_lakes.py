"""Delta and Iceberg tables, written by their own libraries: their logs say what they hold, not their folders."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from crawl_project import Project
from deltalake import DeltaTable, write_deltalake
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.expressions import EqualTo
from pyiceberg.table import Table

from glue_tui.catalog.result import QueryResult, query_result
from glue_tui.core.problem import InvalidInput
from glue_tui.core.schema import ChangeKind, DataFile

DAYS = [date(2025, 1, 1), date(2025, 1, 1), date(2025, 1, 2)]
FRAME = pl.DataFrame({"id": [1, 2, 3], "day": DAYS, "who": [{"name": "a"}, {"name": None}, None]})
ROWS = [(1, {"name": "a"}, DAYS[0]), (3, None, DAYS[2])]
TYPES = {"id": "bigint", "who": "struct<name:string>", "day": "date"}


def write_delta(folder: Path) -> DeltaTable:
    write_deltalake(folder, FRAME, partition_by=["day"])
    table = DeltaTable(folder)
    table.delete("id = 2")
    return table


def write_iceberg(folder: Path) -> Table:
    table = new_iceberg(folder, FRAME, "day")
    table.delete(EqualTo("id", 2))
    return table


def new_iceberg(folder: Path, frame: pl.DataFrame, *keys: str, **properties: str) -> Table:
    """Make a table partitioned by these columns, with these rows."""
    rows = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    place = f"file://{folder}" if not properties else str(folder)
    catalog = SqlCatalog("c", uri="sqlite://", warehouse=place, **properties)
    catalog.create_namespace("lake")
    table = catalog.create_table("lake.orders", schema=rows.schema, location=place)
    with table.update_spec() as spec:
        for key in keys:
            spec.add_identity(key)
    table.append(rows)
    return table


@pytest.mark.parametrize(("kind", "write"), [("delta", write_delta), ("iceberg", write_iceberg)])
def test_a_table_has_the_rows_that_its_log_says(project: Project, kind: str, write: object) -> None:
    write(project.folder / "lake/orders")  # type: ignore[operator]
    project.write("lake/plain/a.csv", "x,y\n1,2\n3,4\n")
    assert project.crawl("lake").problems == ()
    assert project.tables() == ["raw.orders", "raw.plain"]
    entry = project.catalog.table("raw.orders")
    assert (entry.table.classification, entry.table.location) == (kind, "lake/orders")
    assert project.types("raw.orders") == TYPES
    assert sorted(project.rows("raw.orders"), key=str) == ROWS
    assert project.scan("raw.orders").filter(id=3).select("day").collect().item() == DAYS[2]
    assert {change.kind for change in project.crawl("lake").table_changes} == {ChangeKind.UNCHANGED}
    assert project.tables() == ["raw.orders", "raw.plain"]


def test_a_new_version_is_found_and_the_old_one_gone(project: Project) -> None:
    table = write_delta(project.folder / "lake/orders")
    project.crawl("lake")
    more = pl.DataFrame({"id": [4], "day": DAYS[:1], "who": [{"name": "d"}], "extra": [1.5]})
    write_deltalake(table, more, mode="append", schema_mode="merge")
    project.crawl("lake")
    assert project.types("raw.orders") == TYPES | {"extra": "double"}
    assert {row[0] for row in project.rows("raw.orders")} == {1, 3, 4}
    paths = [file.path for file in project.catalog.files("raw.orders")]
    assert [path for path in paths if path.endswith(".json")] == [f"lake/orders/_delta_log/{2:020}.json"]
    assert "files are gone" not in " ".join(project.log)


def test_tables_that_are_alike_and_the_target_itself_stay_tables_of_their_own(project: Project) -> None:
    write_delta(project.folder / "lake/y2024")
    write_delta(project.folder / "lake/y2025")
    project.crawl("lake")
    assert project.tables() == ["raw.y2024", "raw.y2025"]
    project.crawl("lake/y2024", name="other", table_prefix="only_")
    assert "raw.only_y2024" in project.tables()


def test_a_table_whose_log_is_broken_is_told(project: Project) -> None:
    project.write("lake/plain/a.csv", "x,y\n1,2\n3,4\n")
    write_iceberg(project.folder / "lake/ice")
    project.write("lake/ice/metadata/00009-cut.metadata.json", '{"cut')
    write_delta(project.folder / "lake/delta")
    (project.folder / "lake/delta/_delta_log/00000000000000000002.json").write_text('{"cut')
    report = project.crawl("lake")
    assert project.tables() == ["raw.plain"]
    assert len(report.problems) == 2
    assert any("its Delta table can't be read: " in problem for problem in report.problems)
    assert any("its Iceberg table can't be read: " in problem for problem in report.problems)


def test_a_missing_package_is_named_and_the_crawl_goes_on(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write("lake/plain/a.csv", "x,y\n1,2\n3,4\n")
    write_delta(project.folder / "lake/delta")
    write_iceberg(project.folder / "lake/ice")
    monkeypatch.setitem(sys.modules, "deltalake", None)
    monkeypatch.setitem(sys.modules, "pyiceberg", None)
    problems = " ".join(project.crawl("lake").problems)
    assert "pip install 'glue-tui[delta]'" in problems
    assert "pip install 'glue-tui[iceberg]'" in problems
    assert project.tables() == ["raw.plain"]


def test_a_query_over_an_iceberg_table_warns_of_nothing(project: Project, recwarn: pytest.WarningsRecorder) -> None:
    write_iceberg(project.folder / "lake/orders")
    report = project.crawl("lake")
    assert "of an Iceberg table" in report.tables[0].why
    recwarn.clear()
    assert sorted(project.rows("raw.orders")) == ROWS
    assert [str(one.message) for one in recwarn if "Iceberg" in str(one.message)] == []


KEYED = pl.DataFrame(
    {
        "id": range(8),
        "town": ["Ulm", "Ulm", "a/b=c d", "a/b=c d", None, None, "x", "x"],
        "day": [DAYS[0], DAYS[2]] * 4,
        "ok": [True, True, False, False, None, None, True, False],
    }
)


def write_keyed(kind: str, folder: Path, frame: pl.DataFrame, *keys: str) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    if kind == "delta":
        write_deltalake(folder, frame, partition_by=list(keys))
    else:
        new_iceberg(folder, frame, *keys)


@pytest.mark.parametrize("kind", ["delta", "iceberg"])
def test_partitions_are_those_of_the_log(project: Project, kind: str) -> None:
    write_keyed(kind, project.folder / "lake/orders", KEYED, "town", "day", "ok")
    assert project.crawl("lake").problems == ()
    entry = project.catalog.table("raw.orders")
    assert [(key.name, key.type) for key in entry.table.partition_keys] == [
        ("town", "string"),
        ("day", "date"),
        ("ok", "boolean"),
    ]
    partitions = project.catalog.partitions("raw.orders")
    right = {
        ("" if town is None else town, str(day), "" if ok is None else str(ok).lower())
        for _, town, day, ok in KEYED.rows()
    }
    assert {one.values for one in partitions} == right
    assert (entry.partitions, entry.rows) == (len(right), 8) == (len(partitions), sum(one.rows for one in partitions))
    assert all((project.folder / file.path).stat().st_size == file.size_bytes for file in entry_files(project))
    assert sorted(project.rows("raw.orders")) == KEYED.rows()
    for name in KEYED.columns:
        for value in KEYED[name]:
            wanted = pl.col(name).eq_missing(pl.lit(value))
            assert project.scan("raw.orders").filter(wanted).sort("id").collect().rows() == KEYED.filter(wanted).rows()


def entry_files(project: Project) -> tuple[DataFile, ...]:
    return project.catalog.files("raw.orders")


@pytest.mark.parametrize("kind", ["delta", "iceberg"])
def test_a_query_opens_the_log_and_the_files_of_its_partitions_alone(project: Project, kind: str) -> None:
    write_keyed(kind, project.folder / "lake/orders", FRAME, "day")
    project.crawl("lake")
    gone = next(file for file in entry_files(project) if file.partition_values == ("2025-01-01",))
    (project.folder / gone.path).unlink()
    found = query(project, "SELECT id FROM raw.orders WHERE day = '2025-01-02'")
    assert found.rows == ((3,),)
    assert [(one.files, one.of_files) for one in found.reads] == [(2, 3)]
    plan = query(project, "EXPLAIN SELECT id FROM raw.orders WHERE day > '2025-01-01'").rows[0]
    assert plan[0].startswith("raw.orders: 2 of 3 files")
    assert query(project, "SELECT id FROM raw.orders WHERE day = '2030-01-01'").rows == ()
    with pytest.raises(InvalidInput, match="no longer on disk"):
        query(project, "SELECT id FROM raw.orders WHERE day = '2025-01-01'")


def query(project: Project, text: str) -> QueryResult:
    return query_result(project.catalog, text, project_dir=project.folder, environment={})


@pytest.mark.parametrize("kind", ["delta", "iceberg"])
def test_many_partitions_are_read_whole_and_in_part(project: Project, kind: str) -> None:
    frame = pl.DataFrame({"id": range(70), "part": range(70)})
    write_keyed(kind, project.folder / "lake/orders", frame, "part")
    project.crawl("lake")
    assert project.catalog.table("raw.orders").partitions == 70
    assert sorted(project.rows("raw.orders")) == frame.rows()
    assert query(project, "SELECT sum(id) FROM raw.orders WHERE part < 67").rows == ((sum(range(67)),),)
    assert len(query(project, "SELECT * FROM raw.orders LIMIT 3").rows) == 3


def test_a_lake_that_stands_keeps_its_partitions_when_files_beside_it_change(project: Project) -> None:
    write_delta(project.folder / "lake/orders")
    project.crawl("lake")
    files = entry_files(project)
    project.write("lake/plain/a.csv", "x,y\n1,2\n3,4\n")
    report = project.crawl("lake")
    assert {change.table.name: change.kind for change in report.table_changes} == {
        "orders": ChangeKind.UNCHANGED,
        "plain": ChangeKind.CREATED,
    }
    assert entry_files(project) == files
    assert project.catalog.table("raw.orders").table.parameters["lakeVersion"] == "version 1"


def test_a_column_by_which_only_newer_files_are_parted_or_with_empty_texts_is_no_key(project: Project) -> None:
    table = new_iceberg(project.folder / "lake/orders", FRAME)
    with table.update_spec() as spec:
        spec.add_identity("day")
    table.append(FRAME.to_arrow(compat_level=pl.CompatLevel.oldest()))
    texts = pl.DataFrame({"id": [1, 2, 3], "part": ["", "x", None]})
    new_iceberg(project.folder / "lake/texts", texts, "part")
    assert project.crawl("lake").problems == ()
    for name in ("raw.orders", "raw.texts"):
        assert project.catalog.table(name).table.partition_keys == ()
    assert query(project, "SELECT count(*) FROM raw.orders WHERE day = '2025-01-01'").rows == ((4,),)
    assert query(project, "SELECT id FROM raw.texts WHERE part = ''").rows == ((1,),)


def change_log(folder: Path, kind: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the actions of a kind in the first version of a Delta table, as other writers would have written them."""
    log = folder / f"_delta_log/{0:020}.json"
    actions = [json.loads(line) for line in log.read_text().splitlines()]
    for action in actions:
        if kind in action:
            change(action[kind])
    log.write_text("\n".join(map(json.dumps, actions)))


DELETION_VECTOR = {
    "storageType": "i",
    "pathOrInlineDv": "^Bg9^0rr910000000000iXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L",
    "sizeInBytes": 44,
    "cardinality": 6,
}
"""A roaring bitmap, as Delta's specification writes it: rows 3, 4, 7, 11, 18 and 29 are deleted."""


def with_deletion_vector(folder: Path) -> None:
    write_deltalake(folder, pl.DataFrame({"id": range(40)}))
    features = {"readerFeatures": ["deletionVectors"], "writerFeatures": ["deletionVectors"]}
    change_log(folder, "protocol", lambda one: one.update(minReaderVersion=3, minWriterVersion=7, **features))
    change_log(folder, "add", lambda one: one.update(deletionVector=DELETION_VECTOR))


def test_rows_of_a_deletion_vector_are_not_there(project: Project) -> None:
    with_deletion_vector(project.folder / "lake/orders")
    assert project.crawl("lake").problems == ()
    assert [row[0] for row in project.rows("raw.orders")] == sorted({*range(40)} - {3, 4, 7, 11, 18, 29})


def test_rows_are_counted_where_the_log_does_not_tell_them(project: Project) -> None:
    write_deltalake(project.folder / "lake/orders", FRAME, partition_by=["day"])
    change_log(project.folder / "lake/orders", "add", lambda one: one.pop("stats"))
    assert project.crawl("lake").problems == ()
    assert [one.rows for one in project.catalog.partitions("raw.orders")] == [2, 1]


def with_mapped_columns(folder: Path) -> None:
    write_deltalake(folder, FRAME, configuration={"delta.columnMapping.mode": "name"})


def with_values_in_the_log_alone(folder: Path) -> None:
    write_deltalake(folder, FRAME, partition_by=["day"])

    def moved(added: dict[str, Any]) -> None:
        name = Path(added["path"]).name
        (folder / added["path"]).rename(folder / name)
        added["path"] = name

    change_log(folder, "add", moved)


def with_other_values_in_the_log(folder: Path) -> None:
    write_deltalake(folder, pl.DataFrame({"id": [1], "town": ["Ulm"]}), partition_by=["town"])
    change_log(folder, "add", lambda one: one.update(partitionValues={"town": "Bonn"}))


def without_a_file(folder: Path) -> None:
    write_deltalake(folder, FRAME)
    next(folder.glob("*.parquet")).unlink()


def with_a_wrong_count(folder: Path) -> None:
    write_deltalake(folder, FRAME)
    change_log(folder, "add", lambda one: one.update(stats='{"numRecords": 7}'))


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (with_mapped_columns, "column mapping"),
        (with_values_in_the_log_alone, "lies in no folder day=2025-01-0"),
        (with_other_values_in_the_log, "lies in no folder town=Bonn, only the log has this value"),
        (without_a_file, "is in its log, but gone"),
        (with_a_wrong_count, "its log tells of 7 rows, its files hold 3"),
    ],
)
def test_a_delta_table_that_would_be_read_wrongly_is_left_out(
    project: Project, write: Callable[[Path], None], reason: str
) -> None:
    project.write("lake/plain/a.csv", "x,y\n1,2\n3,4\n")
    write(project.folder / "lake/orders")
    (problem,) = project.crawl("lake").problems
    assert reason in problem
    assert project.tables() == ["raw.plain"]
