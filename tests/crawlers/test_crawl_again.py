"""What a crawl reads again: what is new, changed, or was changing; and walks through folders that are in the way."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from crawl_project import Project

from glue_tui.catalog.places import LOCAL
from glue_tui.core.model import Classifier, Crawler, FolderTarget
from glue_tui.core.problem import InvalidInput
from glue_tui.core.schema import UNSETTLED_TAG, ChangeKind
from glue_tui.core.states import RecrawlBehavior
from glue_tui.crawlers.crawl import crawl
from glue_tui.crawlers.listing import Troubles, list_folders

ROWS = "id,x\n1,2\n"
LONG_AGO_S = 1_700_000_000


def paths_in(folder: Path, *exclude: str) -> list[str]:
    troubles = Troubles(lambda _: None, lambda _: None, [])
    found = list_folders(".", exclude, LOCAL, project_dir=folder, troubles=troubles)
    return sorted("/".join((*one.folders, name)) for one in found for name, *_ in one.entries)


def test_a_file_that_was_modified_just_before_the_crawl_is_read_again_next_time(project: Project) -> None:
    project.write("in/old.csv", ROWS)
    project.write("in/fresh.csv", ROWS, age_s=0)
    assert project.crawl("in").files_read == 2
    os.utime(project.folder / "in/fresh.csv", (1_700_000_000, 1_700_000_000))
    assert project.crawl("in").files_read == 1
    assert project.crawl("in").files_read == 0


def test_a_fresh_file_that_is_as_it_was_leaves_its_table_unchanged(project: Project) -> None:
    fresh = project.write("in/fresh.csv", ROWS, age_s=0)
    os.utime(fresh, (fresh.stat().st_mtime + 3600,) * 2)
    for _ in range(2):
        report = project.crawl("in")
    assert report.files_read == 1
    assert [change.kind for change in report.table_changes] == [ChangeKind.UNCHANGED]
    assert project.catalog.table("raw.in").updated_at == 1.0


def test_a_rewrite_that_sets_the_time_of_modification_back_is_seen(project: Project) -> None:
    file = project.write("in/a.csv", ROWS)
    project.crawl("in")
    before = file.stat()
    file.write_text("id,x\n8,9\n")
    os.utime(file, ns=(before.st_mtime_ns, before.st_mtime_ns))
    assert project.crawl("in").files_read == 1
    assert project.rows("raw.in") == [(8, 9)]


def test_a_file_that_grows_while_it_is_read_is_read_again_next_time(project: Project) -> None:
    file = project.write("in/a.csv", ROWS)
    log: list[str] = []

    def write_on(done: int, _total: int) -> None:
        if done == 0:  # all is listed, nothing read yet
            with file.open("a") as more:
                more.write("3,4\n")

    report = crawl(
        Crawler(name="landing", database="raw", targets=(FolderTarget(path="in"),)),
        {},
        project.catalog,
        project_dir=project.folder,
        log=lambda level, text: log.append(f"{level} {text}"),
        progress=write_on,
    )
    assert "INFO in/a.csv changed while it was read: it is read again next time" in log
    assert [one.tag for change in report.table_changes for one in change.files] == [UNSETTLED_TAG]


def test_a_parquet_file_that_is_replaced_while_it_is_read_is_read_again_next_time(project: Project) -> None:
    """Nothing looks at such files twice: the next listing shows that it is another than was listed before."""
    parts = [project.folder / f"in/{name}.parquet" for name in ("a", "b")]
    parts[0].parent.mkdir()
    for part in parts:
        pl.DataFrame({"id": [1, 2]}).write_parquet(part)
        os.utime(part, (LONG_AGO_S, LONG_AGO_S))

    def replace_one(done: int, _total: int) -> None:
        if done == 0:
            fresh = project.folder / "fresh"
            pl.DataFrame({"id": [3, 4]}).write_parquet(fresh)
            os.utime(fresh, (LONG_AGO_S + 1, LONG_AGO_S + 1))
            fresh.replace(parts[1])

    assert project.crawl("in", progress=replace_one).files_read == 2
    assert project.crawl("in").files_read == 1
    assert project.crawl("in").files_read == 0


def test_a_file_that_goes_away_while_it_is_read_is_left_out(project: Project) -> None:
    project.write("in/a.csv", ROWS)
    file = project.write("in/b.csv", ROWS)
    report = crawl(
        Crawler(name="landing", database="raw", targets=(FolderTarget(path="in"),)),
        {},
        project.catalog,
        project_dir=project.folder,
        log=lambda _level, _text: None,
        progress=lambda _done, _total: file.unlink(missing_ok=True),
    )
    assert [text.partition(":")[0] for text in report.problems] == ["in/b.csv"]
    assert report.files == 1


def test_cl_3_a_new_word_about_the_files_has_them_all_read_again(project: Project) -> None:
    """Better than the rule, by which only a new crawler would do."""
    project.write("in/a.csv", "id,x\n1,2\n")
    target = FolderTarget(path="in")
    project.crawl(target)
    assert project.crawl(replace(target, classifier=Classifier(header=False))).files_read == 1
    assert any("all are read again" in line for line in project.log)
    assert project.crawl(replace(target, classifier=Classifier(header=False))).files_read == 0


def test_cr_9_a_crawl_again_sees_deleted_files_and_a_partition_goes_with_its_last(project: Project) -> None:
    for name in ("day=1/a", "day=1/b", "day=2/c"):
        project.write(f"in/{name}.csv", ROWS)
    project.crawl("in")
    (project.folder / "in/day=1/a.csv").unlink()
    report = project.crawl("in")
    assert (report.files_read, report.files) == (0, 2)
    (project.folder / "in/day=1/b.csv").unlink()
    project.crawl("in")
    assert [one.values for one in project.catalog.partitions("raw.in")] == [("2",)]


def test_files_that_hold_no_data_do_not_make_a_crawl_look_at_all_the_others(project: Project) -> None:
    project.write("in/a.csv", ROWS)
    project.write("in/README.md", "# What lies here\n")
    project.write("in/empty.csv", "")
    project.crawl("in")
    report = project.crawl("in")
    assert (report.files_read, report.files, report.rows) == (0, 1, 1)
    assert report.problems == ("in/empty.csv: the file is empty",)
    assert [change.kind for change in report.table_changes] == [ChangeKind.UNCHANGED]


def test_cr_10_new_folders_only_sees_no_changed_files_but_those_that_are_gone(project: Project) -> None:
    project.write("in/day=1/a.csv", ROWS)
    project.write("in/day=1/b.csv", ROWS)
    settings = {"recrawl": RecrawlBehavior.CRAWL_NEW_FOLDERS_ONLY}
    assert project.crawl("in", **settings).files_read == 2
    project.write("in/day=1/a.csv", "id,x\n1,2\n3,4\n")
    (project.folder / "in/day=1/b.csv").unlink()
    project.write("in/day=1/c.csv", ROWS)
    project.write("in/day=2/d.csv", ROWS)
    report = project.crawl("in", **settings)
    assert (report.files_read, report.files) == (1, 2)
    assert [file.path for file in project.catalog.files("raw.in")] == ["in/day=1/a.csv", "in/day=2/d.csv"]


def test_gr_9_globs_are_matched_with_whole_paths_of_files(project: Project) -> None:
    for name in (
        "a.csv", "b.json", "foo.x", "foo.xy", ".hid.csv", "myfolder.txt", "myfolder/mysource", "myfolder/x/data",
        "myfolder/x/y/data", "departments/market-us.json", "departments/market/eu.json", "departments/hr.json",
        "1a", "2b", "we*rd",
    ):  # fmt: skip
        project.write(f"in/{name}", "x")
    top = project.folder / "in"
    everything = set(paths_in(top))
    for glob, left_out in {
        "*.csv": {"a.csv"},
        "**.csv": {"a.csv"},
        "*.{csv,json}": {"a.csv", "b.json"},
        "foo.?": {"foo.x"},
        "myfolder/*": {"myfolder/mysource"},
        "myfolder/*/*": {"myfolder/x/data"},
        "myfolder/**": {"myfolder/mysource", "myfolder/x/data", "myfolder/x/y/data"},
        "myfolder**": {"myfolder.txt", "myfolder/mysource", "myfolder/x/data", "myfolder/x/y/data"},
        "departments/market*": {"departments/market-us.json"},
        "departments/market**": {"departments/market-us.json", "departments/market/eu.json"},
        "[12][a-b]": {"1a", "2b"},
        "[!1]?": {"2b"},
        r"we\*rd": {"we*rd"},
        "departments": set(),
    }.items():
        assert everything - set(paths_in(top, glob)) == left_out, glob


def test_a_glob_that_names_a_folder_is_answered_with_the_one_that_is_meant(project: Project) -> None:
    project.write("in/archive/a.csv", ROWS)
    project.crawl(FolderTarget(path="in", exclude=("archive",)))
    assert any('"archive/**" leaves out what is in it' in line for line in project.log)


def test_what_links_lead_to_is_taken_once(project: Project) -> None:
    project.write("in/2024/a.csv", ROWS)
    project.write("in/_kept/5/k.csv", ROWS)
    project.write("outside/o.csv", ROWS)
    top = project.folder / "in"
    (top / "latest").symlink_to("2024")
    (top / "latest.csv").symlink_to("2024/a.csv")
    (top / "2024/up").symlink_to(top)
    (top / "2024/self.csv").symlink_to("self.csv")
    (top / "current").symlink_to("_kept/5")
    (top / "one").symlink_to("../outside")
    (top / "two").symlink_to("../outside")
    (project.folder / "outside/back").symlink_to(top)
    (project.folder / "outside/again").symlink_to("../outside")
    assert paths_in(top) == ["2024/a.csv", "current/k.csv", "one/o.csv"]


def test_names_with_every_letter_come_through(project: Project) -> None:
    for place, name in enumerate(("per%20cent", "new\nline", "a=b", "sp ace", "quo'te", "Ü", "ques?tion", "#tag")):
        project.write(f"in/{name}/{name}.csv", f"id,x\n{place},2\n")
    report = project.crawl("in")
    assert (report.problems, report.files) == ((), 8)
    found = [row for name in project.tables() for row in project.scan(name).select("id").collect()["id"]]
    assert sorted(found) == list(range(8))
    assert project.crawl("in").files_read == 0


def test_what_may_not_be_read_is_told_and_the_rest_is_listed() -> None:
    """As a user who may not read all: for root, nothing is forbidden."""
    script = """
import os, sys
from pathlib import Path
from glue_tui.catalog.places import LOCAL
from glue_tui.crawlers.listing import Troubles, list_folders
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
lines = []
troubles = Troubles(lines.append, lines.append, [])
folders = list_folders("in", (), LOCAL, project_dir=Path(sys.argv[1]), troubles=troubles)
print([folder.path + name for folder in folders for name, *_ in folder.entries], lines)
"""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        top = Path(folder) / "in"
        for name in ("open/a.csv", "shut/b.csv", "blind/c.csv"):
            (top / name).parent.mkdir(parents=True)
            (top / name).write_text(ROWS)
        (top / "shut").chmod(0o300)
        (top / "blind").chmod(0o444)
        try:
            done = subprocess.run([sys.executable, "-c", script, folder], capture_output=True, text=True, timeout=60)
        finally:
            for name in ("shut", "blind"):
                (top / name).chmod(0o755)
    assert "['in/open/a.csv']" in done.stdout, done.stderr
    assert "in/shut: it can't be listed: Permission denied" in done.stdout
    assert "in/blind/c.csv: it can't be looked at: Permission denied" in done.stdout


def test_what_lies_in_a_folder_that_can_not_be_listed_is_not_taken_for_deleted(project: Project) -> None:
    project.write("in/day=1/a.csv", ROWS)
    project.write("in/day=2/b.csv", ROWS)
    project.crawl("in")
    folder = project.folder / "in/day=2"
    folder.rename(project.folder / "away")
    folder.symlink_to(folder)  # a link to itself can't be followed
    report = project.crawl("in")
    assert report.problems == ("in/day=2: it can't be looked at: Too many levels of symbolic links",)
    assert [file.path for file in project.catalog.files("raw.in")] == ["in/day=1/a.csv", "in/day=2/b.csv"]


def test_a_query_over_a_table_that_is_deprecated_says_so(project: Project) -> None:
    project.write("in/a/x.csv", "id,n\n1,2\n")
    project.write("in/b/x.csv", "name,day\nx,2025-01-01\n")
    project.crawl("in")
    shutil.rmtree(project.folder / "in/b")
    project.crawl("in")
    with pytest.raises(InvalidInput, match=r"raw\.b is deprecated: its data is no longer found.*put its files back"):
        project.scan("raw.b")


def test_one_file_is_told_of_as_one(project: Project) -> None:
    project.write("in/a.csv", "id,n\n1,2\n")
    project.write("in/b.csv", "id,n\n1,2\n")
    project.crawl("in")
    (project.folder / "in/b.csv").unlink()
    report = project.crawl("in")
    assert "1 file is gone: in/b.csv" in report.table_changes[0].notes
    (project.folder / "in/a.csv").unlink()
    project.write("in/c.csv", "id,n\n1,2\n", age_s=30.0)
    project.crawl("in")
    assert "INFO in: 1 file to read" in project.log
