"""Crawls that look into new folders only: what is known stays, and is counted once."""

from __future__ import annotations

import polars as pl
from crawl_project import Project
from deltalake import write_deltalake

from glue_tui.core.states import RecrawlBehavior

NEW_FOLDERS = RecrawlBehavior.CRAWL_NEW_FOLDERS_ONLY


def test_files_beside_the_project_file_are_known_the_second_time(project: Project) -> None:
    project.write("a.csv", "x,y\n1,2\n3,4\n")
    project.crawl(".", recrawl=NEW_FOLDERS)
    project.write("new/b.csv", "x,y\n5,6\n")
    report = project.crawl(".", recrawl=NEW_FOLDERS)
    assert report.files_read == 1
    assert report.rows == 3


def test_a_delta_table_stays_one_table_when_it_gets_a_version(project: Project) -> None:
    frame = pl.DataFrame({"id": [1, 2]})
    write_deltalake(project.folder / "lake/orders", frame)
    project.crawl("lake", recrawl=NEW_FOLDERS)
    write_deltalake(project.folder / "lake/orders", frame, mode="append")
    project.crawl("lake", recrawl=NEW_FOLDERS)
    assert project.tables() == ["raw.orders"]
    assert project.catalog.table("raw.orders").rows == 2


def test_files_of_a_former_target_are_none_of_the_new_one(project: Project) -> None:
    project.write("data/a/x.csv", "x,y\n1,2\n3,4\n")
    project.write("data/b/z.csv", "p,q,r\n1,2,a\n3,4,b\n")
    project.crawl("data/a", recrawl=NEW_FOLDERS)
    project.crawl("data/b", recrawl=NEW_FOLDERS)
    assert project.tables() == ["raw.a", "raw.b"]


def test_files_and_folders_that_are_gone_or_renamed_leave_the_table(project: Project) -> None:
    for day in range(1, 5):
        project.write(f"in/day={day}/a.csv", f"id,x\n{day},2\n")
    project.write("in/day=1/b.csv", "id,x\n9,2\n")
    project.crawl("in", recrawl=NEW_FOLDERS)
    (project.folder / "in/day=1/b.csv").unlink()
    (project.folder / "in/day=2/a.csv").rename(project.folder / "in/day=2/renamed.csv")
    (project.folder / "in/day=3").rename(project.folder / "in/day=7")
    report = project.crawl("in", recrawl=NEW_FOLDERS)
    assert report.files_read == 2
    assert sorted(project.rows("raw.in")) == [(1, 2, "1"), (2, 2, "2"), (3, 2, "7"), (4, 2, "4")]
    (project.folder / "in/day=4/a.csv").unlink()
    project.crawl("in", recrawl=NEW_FOLDERS)
    assert sorted(project.rows("raw.in")) == [(1, 2, "1"), (2, 2, "2"), (3, 2, "7")]
