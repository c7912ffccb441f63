"""Delta and Iceberg tables, written by their own libraries: their logs say what they hold, not their folders."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from crawl_project import Project
from deltalake import DeltaTable, write_deltalake
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.expressions import EqualTo

from glue_tui.core.schema import ChangeKind

DAYS = [date(2025, 1, 1), date(2025, 1, 1), date(2025, 1, 2)]
FRAME = pl.DataFrame({"id": [1, 2, 3], "day": DAYS, "who": [{"name": "a"}, {"name": None}, None]})
ROWS = [(1, DAYS[0], {"name": "a"}), (3, DAYS[2], None)]
TYPES = {"id": "bigint", "day": "date", "who": "struct<name:string>"}


def write_delta(folder: Path) -> DeltaTable:
    write_deltalake(folder, FRAME, partition_by=["day"])
    table = DeltaTable(folder)
    table.delete("id = 2")
    return table


def write_iceberg(folder: Path) -> object:
    folder.mkdir(parents=True, exist_ok=True)
    catalog = SqlCatalog(
        "c", uri=f"sqlite:///{folder.parents[1]}/{folder.name}.db", warehouse=f"file://{folder.parent}"
    )
    catalog.create_namespace("lake")
    rows = FRAME.to_arrow(compat_level=pl.CompatLevel.oldest())
    table = catalog.create_table("lake.orders", schema=rows.schema, location=f"file://{folder}")
    table.append(rows)
    table.delete(EqualTo("id", 2))
    catalog.close()
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
    assert len(project.catalog.files("raw.orders")) == 1


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
