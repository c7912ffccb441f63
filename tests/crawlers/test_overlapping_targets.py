"""Targets of one crawler that hold the same files: no file is in two tables, and the crawl says whose it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from crawl_project import Project

from glue_tui.core.model import Classifier, FolderTarget
from glue_tui.definitions.load import load_file

ROWS = "id,x\n1,2\n2,3\n"


def holdings(project: Project) -> dict[str, list[str]]:
    found = {entry.full_name: [file.path for file in project.catalog.files(entry.full_name)] for entry in
             project.catalog.tables() if not entry.is_deprecated}  # fmt: skip
    paths = [path for files in found.values() for path in files]
    assert len(paths) == len(set(paths)), "a file is in two tables"
    return found


@pytest.mark.parametrize("order", [("data", "data/sales"), ("data/sales", "data")])
def test_a_folder_within_another_target_has_its_own_table(project: Project, order: tuple[str, str]) -> None:
    project.write("data/sales/a.csv", ROWS)
    project.write("data/b.csv", ROWS)
    project.crawl(*order)
    assert holdings(project) == {"raw.data": ["data/b.csv"], "raw.sales": ["data/sales/a.csv"]}
    assert "WARN data: 1 file is left to target data/sales, which holds them, too" in project.log
    assert project.crawl(*order).files_read == 0
    assert len(holdings(project)) == 2
    project.write("data/sales/c.csv", ROWS)
    (project.folder / "data/b.csv").unlink()
    project.write("data/d.csv", ROWS)
    assert project.crawl(*order).files_read == 2
    assert holdings(project) == {
        "raw.data": ["data/d.csv"],
        "raw.sales": ["data/sales/a.csv", "data/sales/c.csv"],
    }


def test_a_target_that_is_added_takes_its_files_from_the_table_that_had_them(project: Project) -> None:
    for name in ("sales/a", "stock/b", "till/c"):
        project.write(f"data/{name}.csv", ROWS)
    project.crawl("data")
    assert len(holdings(project)["raw.data"]) == 3
    project.crawl("data", "data/sales")
    assert holdings(project) == {"raw.data": ["data/stock/b.csv", "data/till/c.csv"], "raw.sales": ["data/sales/a.csv"]}


@pytest.mark.parametrize("other", ["./data/", "data/../data", "link"])
def test_a_folder_named_twice_is_crawled_once_however_it_is_spelt(project: Project, other: str) -> None:
    project.write("data/a.csv", ROWS)
    (project.folder / "link").symlink_to("data")
    for _ in range(2):
        project.crawl("data", other)
        assert holdings(project) == {"raw.data": ["data/a.csv"]}
    assert any(f"{other}: 1 file is left to target data" in line for line in project.log)


def test_a_file_within_a_folder_that_is_a_target_is_a_table_by_itself(project: Project) -> None:
    project.write("data/a.csv", ROWS)
    project.write("data/b.csv", ROWS)
    for _ in range(2):
        project.crawl("data", "data/b.csv")
        assert sorted(holdings(project).values()) == [["data/a.csv"], ["data/b.csv"]]


def test_files_of_one_folder_may_be_parted_between_targets(project: Project) -> None:
    project.write("data/a.csv", ROWS)
    project.write("data/b.txt", "3;4\n5;6\n")
    texts = FolderTarget(path="data", exclude=("*.csv",), classifier=Classifier(header=False))
    project.crawl(FolderTarget(path="data", exclude=("*.txt",)), texts)
    assert sorted(holdings(project).values()) == [["data/a.csv"], ["data/b.txt"]]
    assert not any("left to target" in line for line in project.log)


def test_a_target_that_holds_what_another_holds_is_told_where_it_is_written(tmp_path: Path) -> None:
    file = tmp_path / "workflow.toml"
    file.write_text(
        'glue = 1\n[crawlers.a]\ndatabase = "raw"\ntargets = [{ path = "in" }, { path = "in/b" }, { path = "./in/" }]\n'
    )
    told = [problem for problem in load_file(file, tmp_path).problems if problem.is_warning]
    assert [(one.line, one.key, one.message) for one in told] == [
        (4, "crawlers.a.targets[2].path", "holds only what target 1 holds")
    ]
