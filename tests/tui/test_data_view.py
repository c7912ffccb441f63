"""The Data view: the catalog, one table in its facets, queries answered by a process of their own, files saved."""

from __future__ import annotations

import json
import os
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest
from sales_project import busy_engine
from screen import Shown, show

from glue_tui.catalog.read import TableEntry
from glue_tui.core.schema import Column, DataFile, FileFormat, Table
from glue_tui.tui.theme import Look
from glue_tui.tui.widgets.data_grid import GridColumn, GridRow, grid, row_spans
from glue_tui.tui.widgets.data_pages import catalog_grid
from tests.catalog.test_catalog_write_read import change, make_catalog, store

VALUES = pl.DataFrame(
    {
        "id": [1, 22, 333],
        "note": ["first\nline", "\x1b[31mred\x1b[0m 日本", None],
        "amount": [1.5, None, 1234.25],
    }
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three tables: values of all kinds, one with partitions and two versions of its columns, one nearly empty."""
    folder = tmp_path_factory.mktemp("shown")
    for name in ("workflows", ".glue_tui", "lake", "lake/sales"):
        (folder / name).mkdir()
    VALUES.write_parquet(folder / "lake/values.parquet")
    for day in ("2026-11-20", "2026-11-21"):
        (folder / f"lake/sales/{day}.csv").write_text("amount\n1\n12,50\n")
    with closing(make_catalog(folder / ".glue_tui/state.db")) as conn:
        _store(
            conn,
            folder,
            _table("marts", "values", "parquet", {"id": "bigint", "note": "string", "amount": "double"}),
            ("lake/values.parquet",),
        )
        before = _table("raw", "sales", "csv", {"amount": "bigint"}, ("day",))
        files = tuple(f"lake/sales/{day}.csv" for day in ("2026-11-20", "2026-11-21"))
        _store(conn, folder, before, files)
        why = "'12,50' in 2026-11-21.csv line 3"
        _store(conn, folder, _table("raw", "sales", "csv", {"amount": "string"}, ("day",), why), files)
    return folder


def _table(
    database: str, name: str, kind: str, columns: dict[str, str], keys: tuple[str, ...] = (), reason: str = ""
) -> Table:
    return Table(
        database=database,
        name=name,
        classification=kind,
        location="lake",
        columns=tuple(Column(name=one, type=type, reason=reason) for one, type in columns.items()),
        partition_keys=tuple(Column(name=one, type="string") for one in keys),
        formats=(FileFormat(classification=kind, columns=tuple(columns)),),
    )


def _store(conn: object, folder: Path, table: Table, paths: tuple[str, ...]) -> None:
    files = [
        DataFile(
            path=path,
            size_bytes=(found := (folder / path).stat()).st_size,
            mtime_ns=found.st_mtime_ns,
            rows=3,
            partition_values=(Path(path).stem,) if table.partition_keys else (),
        )
        for path in paths
    ]
    store(conn, change(table, *files))  # type: ignore[arg-type]


async def to_data(shown: Shown) -> None:
    await shown.press("[", "[", "4")
    await shown.until_text("2 databases")
    await shown.press("+", "+")


def test_the_catalog_lists_tables_by_database_and_finds_columns_as_one_types(project: Path) -> None:
    async def scenario(shown: Shown) -> None:
        await to_data(shown)
        assert "2 databases · 2 tables" in shown.text
        await shown.press("enter")
        assert "values" not in shown.text
        await shown.press("enter", "/")
        await shown.type("amo")
        assert shown.text.count("    amount") == 2
        await shown.type("zzz")
        assert 'no table and no column has "amozzz" in its name' in shown.text
        await shown.press("escape")
        assert "    amount" not in shown.text
        assert "values" in shown.text

    show(busy_engine(), scenario, (120, 30), project_dir=project)


def test_a_table_opens_into_columns_with_reasons_partitions_versions_and_uses(project: Path) -> None:
    async def scenario(shown: Shown) -> None:
        await to_data(shown)
        await shown.press("G", "enter")
        await shown.until_text("raw.sales")
        await shown.until_text("'12,50' in 2026-11-21.csv line 3")
        assert "partition key" in shown.text
        await shown.press("<")
        await shown.until_text("written by")
        await shown.press("enter")
        assert "no workflow has" in shown.text
        await shown.press("<")
        await shown.until_text("what changed")
        await shown.press("enter")
        await shown.until_text("raw.sales, version 2 against 1")
        assert "column amount: bigint → string: '12,50' in 2026-11-21.csv line 3" in shown.text
        await shown.press("escape", "G", "v")
        assert "against version 1" in shown.text
        await shown.press("escape", "<", "/")
        await shown.type("-21")
        await shown.press("enter")
        assert "2026-11-21" in shown.text
        assert "2026-11-20" not in shown.text
        await shown.press("escape", "escape")
        await shown.until_text("2 databases")

    show(busy_engine(), scenario, (120, 30), project_dir=project)


def test_first_rows_are_aligned_and_harmless_and_a_row_opens_in_full(project: Path) -> None:
    async def scenario(shown: Shown) -> None:
        await to_data(shown)
        await shown.press("j", "enter", ">")
        await shown.until_text("first⏎line")
        assert "\x1b" not in shown.text
        lines = [line for line in shown.lines if "null" in line or "first" in line]
        assert [line.index("1 ") for line in lines[:1]] == [line.index("22 ") + 1 for line in lines[1:2]]
        assert "red 日本" in lines[1]
        await shown.press("l", "l", "l")
        assert shown.app.main.view.data.first == 0, "all columns are on screen"
        await shown.press("G", "enter")
        await shown.until_text("row 3 of 3")
        assert "amount  1234.25" in shown.text
        await shown.press("escape")
        await shown.press("S", *["backspace"] * 30)
        await shown.type("out.parquet")
        await shown.press("enter")
        await shown.until_text("saved 3 rows to out.parquet")

    show(busy_engine(), scenario, (120, 30), project_dir=project)
    assert pl.read_parquet(project / "out.parquet").equals(VALUES)
    assert not list(project.glob(".out*"))


def test_a_query_is_completed_answered_kept_and_its_mistake_has_a_way_out(project: Path) -> None:
    async def scenario(shown: Shown) -> None:
        await to_data(shown)
        await shown.press("i")
        await shown.type("SELECT amuont FROM mar")
        await shown.press("tab", "enter")
        await shown.until_text('did you mean "amount"?')
        await shown.press("escape", "i", "up")
        assert "SQL› SELECT amuont FROM marts.values" in shown.text
        await shown.press("escape", "escape")

    show(busy_engine(), scenario, (120, 30), project_dir=project)
    assert json.loads((project / ".glue_tui/queries.json").read_text()) == ["SELECT amuont FROM marts.values"]


def test_escape_ends_a_running_query_with_its_process(project: Path) -> None:

    async def scenario(shown: Shown) -> None:
        await to_data(shown)
        await shown.press("i")
        joins = " CROSS JOIN ".join(f"marts.values t{number}" for number in range(14))
        await shown.type(f"SELECT COUNT(*) FROM {joins}")
        await shown.press("enter")
        await shown.until(lambda: bool(children()))
        await shown.press("escape")
        assert "its process is gone" in shown.text
        await shown.until(lambda: not children())

    show(busy_engine(), scenario, (120, 30), project_dir=project)


def children() -> list[str]:
    """Return the processes of this one that answer queries."""
    own = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    told = [Path(f"/proc/{pid}/cmdline") for pid in own]
    return [path.parent.name for path in told if path.exists() and b"catalog.answering" in path.read_bytes()]


def test_the_charts_of_a_run_are_drawn_with_the_path_of_their_page(tmp_path: Path) -> None:
    engine = busy_engine()
    run_id = f"wr_{41:016x}"
    made = ("out.html", "run.charts.json")
    bars = {"title": "By store", "kind": "bar", "columns": ["store", "revenue"], "rows": [["Köln", 3], ["Lyon", 1]]}
    told = {"title": "Daily sales", "made_at": 0, "charts": [{**bars, "x": 0, "y": 1}]}
    (tmp_path / "run.charts.json").write_text(json.dumps(told))

    async def scenario(shown: Shown) -> None:
        await shown.press("g", "g", "[", "[", "4", "c")
        assert "has drawn charts in the run on show" in shown.text
        engine.play(run_id, "job:update_dashboard", "SUCCEEDED", 0.1, outputs=made)
        await shown.settle()
        await shown.press("c")
        await shown.until_text("charts of run 41")
        assert str(tmp_path / "out.html")[:30] in shown.text
        assert "Köln 3 ██" in shown.text
        await shown.press("escape")
        (tmp_path / "run.charts.json").write_text("{")
        await shown.press("c")
        await shown.until_text("the charts of update_dashboard can't be read: run.charts.json")

    show(engine, scenario, (120, 30), project_dir=tmp_path)


def test_a_click_opens_a_table_and_a_second_click_its_row(project: Path) -> None:
    async def scenario(shown: Shown) -> None:
        await to_data(shown)
        at = next(index for index, line in enumerate(shown.lines) if "values" in line)
        await shown.pilot.click(offset=(6, at))
        await shown.until_text("marts.values › Columns 3")
        at = next(index for index, line in enumerate(shown.lines) if "amount" in line)
        await shown.pilot.click(offset=(6, at))
        await shown.settle()
        assert "row 3 of 3" not in shown.text
        await shown.pilot.click(offset=(6, at))
        await shown.until_text("marts.values, row 3 of 3")

    show(busy_engine(), scenario, (120, 30), project_dir=project)


def test_nulls_are_counted_column_by_column(project: Path) -> None:
    async def scenario(shown: Shown) -> None:
        await to_data(shown)
        await shown.press("j", "enter")
        await shown.until_text("bigint")
        await shown.press("N")
        await shown.until_text("nulls")
        counted = {line.split()[1]: line.split()[3] for line in shown.lines if " bigint" in line or " double" in line}
        assert counted == {"id": "0", "amount": "1"}

    show(busy_engine(), scenario, (120, 30), project_dir=project)


def test_a_column_that_the_edge_cuts_and_a_letter_that_is_in_every_column_stay_readable() -> None:
    look = Look()
    columns = (GridColumn(name="text"), GridColumn(name="figure", is_right=True))
    rows = (GridRow(cells=("a" * 90, "7")), GridRow(cells=(None, "123456789")))
    made = grid(columns, rows)
    assert made.widths == (40, 9)
    drawn = ["".join(text for text, _ in row_spans(made, row, 0, 46, look)) for row in rows]
    assert [line.rstrip() for line in drawn] == [" " + "a" * 39 + "…    7", " null" + " " * 38 + "12…"]
    entry = TableEntry(
        table=_table("raw", "wide", "csv", {f"c{number}": "string" for number in range(100)}),
        version=1,
        rows=0,
        files=0,
        size_bytes=0,
        partitions=0,
        created_at=0.0,
        updated_at=0.0,
        written_by="crawler:wide",
        run_id="",
    )
    found = catalog_grid((entry,), (), "c", 0.0).rows
    assert [row.cells[0] for row in found[-2:]] == ["    c4", "    and 95 more columns"]
