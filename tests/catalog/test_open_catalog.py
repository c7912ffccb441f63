"""`glue_tui.open_catalog` in a program or notebook: no engine, nothing written, nothing loaded before it is called."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest

import glue_tui
from glue_tui.core.problem import EntityNotFound, InvalidInput
from glue_tui.core.schema import DataFile
from tests.catalog.test_catalog_write_read import change, file, make_catalog, sales, store


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "workflows").mkdir()
    (tmp_path / ".glue_tui").mkdir()
    files: list[DataFile] = []
    for day, rows in (("01", "id,price\n1,1.5\n2,2.5\n"), ("02", "id,price\n3,3.5\n")):
        (tmp_path / f"landing/sales/{day}").mkdir(parents=True)
        (tmp_path / f"landing/sales/{day}/a.csv").write_text(rows)
        files.append(file(f"landing/sales/{day}/a.csv", rows.count("\n") - 1, day))
    with closing(make_catalog(tmp_path / ".glue_tui/state.db")) as conn:
        store(conn, change(sales(), *files))
    return tmp_path


def test_a_table_is_two_lines_away_from_any_folder_of_the_project(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project / "landing" / "sales")
    catalog = glue_tui.open_catalog()
    assert catalog["raw.sales"].filter(pl.col("day") == "02").collect().rows() == [(3, 3.5, "02")]
    assert catalog.project_dir == project
    assert glue_tui.open_catalog(str(project)).table("RAW.sales").collect().height == 3
    assert catalog.sql("SELECT sum(price) AS s FROM raw.sales").collect().item() == 7.5


def test_what_there_is_comes_as_frames(project: Path) -> None:
    catalog = glue_tui.open_catalog(project)
    (entry,) = catalog.tables().to_dicts()
    assert (entry["table"], entry["rows"], entry["files"], entry["partitions"]) == ("raw.sales", 3, 2, 2)
    assert entry["written_by"] == "landing"
    assert catalog.tables("nowhere").is_empty()
    assert catalog.describe("raw.sales").select("column", "type", "is_partition_key").rows() == [
        ("id", "bigint", False),
        ("price", "double", False),
        ("day", "string", True),
    ]
    assert catalog.partitions("raw.sales").select("day", "rows").rows() == [("01", 2), ("02", 1)]


def test_it_is_a_collection_of_names_that_a_notebook_can_show(project: Path) -> None:
    catalog = glue_tui.open_catalog(project)
    assert list(catalog) == ["raw.sales"]
    assert len(catalog) == 1
    assert "raw.sales" in catalog
    assert "raw.nothing" not in catalog
    assert repr(catalog) == f"<catalog of {project}: raw.sales>"
    assert "raw.sales" in catalog._repr_html_()
    assert catalog._ipython_key_completions_() == ["raw.sales"]


def test_what_is_not_there_is_told_with_the_way_out(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    catalog = glue_tui.open_catalog(project)
    with pytest.raises(EntityNotFound, match=r"no table raw\.sale") as raised:
        catalog["raw.sale"]
    assert raised.value.hint == 'did you mean "raw.sales"?'
    with pytest.raises(InvalidInput, match="only queries"):
        catalog.sql("DROP TABLE raw.sales")
    with pytest.raises(EntityNotFound, match="no project at or above"):
        glue_tui.open_catalog(tmp_path_factory.mktemp("elsewhere") / "nothing")


def test_a_project_that_has_never_run_has_an_empty_catalog(tmp_path: Path) -> None:
    (tmp_path / "workflows").mkdir()
    (tmp_path / "workflows" / "a.toml").write_text("")
    catalog = glue_tui.open_catalog(tmp_path)
    assert (list(catalog), catalog.tables().height) == ([], 0)
    assert "empty" in repr(catalog)
    assert not (tmp_path / ".glue_tui").exists()


def test_importing_the_package_loads_nothing() -> None:
    heavy = ("polars", "sqlite3", "msgspec", "click")
    code = f"import sys, glue_tui; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
