"""Partitions that are replaced while others stay, and rows whose columns are not those of the table."""

from __future__ import annotations

import datetime
import subprocess

import polars as pl
import pytest
from publishing import Project

from glue_tui.core.job import TableSink
from glue_tui.core.problem import InvalidInput


def sink(**changes: object) -> TableSink:
    settings = {"table": "marts.sales", "path": "out/sales", "mode": "overwrite_partitions", "partition_by": ("part",)}
    return TableSink(**settings | changes)  # type: ignore[arg-type]


def rows(*values: tuple[object, int]) -> pl.DataFrame:
    return pl.DataFrame({"part": [part for part, _ in values], "n": [n for _, n in values]}, strict=False)


def told(project: Project) -> list[tuple[object, ...]]:
    return sorted(project.read("marts.sales").select("part", "n").rows(), key=str)


def on_disk(project: Project) -> list[str]:
    return sorted(str(file.relative_to(project.folder)) for file in (project.folder / "out/sales").rglob("*.*"))


@pytest.mark.parametrize("file_format", ["parquet", "csv", "json", "ipc"])
def test_partitions_of_the_new_rows_are_replaced_and_others_stay(project: Project, file_format: str) -> None:
    names = ["a/b", "x=1 é%", None, "k" * 200]
    project.write(rows(*((name, 1) for name in names)), sink(format=file_format), run="wr_1")
    project.write(rows((None, 2), ("a/b", 2), ("a/b", 3), ("new", 2)), sink(format=file_format), run="wr_2")
    assert told(project) == sorted(
        [("a/b", 2), ("a/b", 3), ("x=1 é%", 1), (None, 2), ("k" * 200, 1), ("new", 2)], key=str
    )
    assert on_disk(project) == sorted(file.path for file in project.catalog.files("marts.sales"))
    assert [path.name for path in (project.folder / "out").iterdir()] == ["sales"]
    assert project.catalog.table("marts.sales").partitions == 5


def test_a_partition_that_another_program_wrote_with_zeros_is_the_same(project: Project) -> None:
    folder = project.folder / "out/sales/part=01"
    folder.mkdir(parents=True)
    rows(("-", 7)).select("n").write_parquet(folder / "theirs.parquet")
    project.write(rows((1, 8)), sink())
    assert told(project) == [(1, 8)]
    assert not folder.exists()


def test_readers_by_the_catalog_see_old_partitions_until_the_commit(project: Project) -> None:
    project.write(rows(("a", 1), ("b", 1)), sink())
    targets = project.targets(run="wr_2")
    targets.stage(rows(("b", 2)), sink())
    targets.prepare()
    changes = targets.publish()
    targets.discard()
    assert told(project) == [("a", 1), ("b", 1)]
    project.apply(changes)
    assert told(project) == [("a", 1), ("b", 2)]


def test_a_retry_takes_back_what_a_killed_attempt_has_replaced(project: Project) -> None:
    project.write(rows(("a", 1), ("b", 1)), sink())
    killed = project.targets(run="wr_2")
    killed.stage(rows(("a", 2), ("c", 2)), sink())
    killed.publish()
    killed.discard()
    project.write(rows(("b", 3)), sink(), run="wr_2", attempt=2)
    assert told(project) == [("a", 1), ("b", 3)]
    assert on_disk(project) == sorted(file.path for file in project.catalog.files("marts.sales"))
    assert [path.name for path in (project.folder / "out").iterdir()] == ["sales"]


def test_a_folder_without_partitions_is_refused_before_anything_appears(project: Project) -> None:
    project.write(rows(("a", 1)), sink(mode="overwrite", partition_by=(), table="marts.other"))
    targets = project.targets(run="wr_2")
    targets.stage(rows(("a", 2)), sink())
    with pytest.raises(InvalidInput, match=r"in no partition by part"):
        targets.prepare()
    targets.discard()


def test_rows_without_any_partition_replace_none(project: Project) -> None:
    project.write(rows(("a", 1)), sink())
    project.write(rows(("a", 1)).clear(), sink(), run="wr_2")
    assert told(project) == [("a", 1)]


def test_columns_are_united_by_name_and_what_differs_is_told(project: Project) -> None:
    day = datetime.date(2026, 11, 22)
    plain = sink(mode="append", partition_by=())
    project.write(pl.DataFrame({"n": [1], "old": ["x"], "at": [day]}), plain, run="wr_1")
    more = pl.DataFrame({"new": [True], "n": [0.5], "at": [datetime.datetime(2026, 1, 2, 3)]})
    project.write(more, plain, run="wr_2")
    frame = project.read("marts.sales").sort("n")
    assert frame.schema == {"n": pl.Float64, "old": pl.String, "at": pl.Datetime("us"), "new": pl.Boolean}
    assert frame.rows() == [
        (0.5, None, datetime.datetime(2026, 1, 2, 3), True),
        (1.0, "x", datetime.datetime(2026, 11, 22), None),
    ]
    assert "marts.sales: n becomes double: it was bigint, here it is double" in project.log
    assert "these rows have no old: null" in project.log
    assert "new: new; null in the rows of before" in project.log


@pytest.mark.parametrize(
    ("frame", "partition_by", "path", "message"),
    [
        (pl.DataFrame({"part": ["a"], "n": ["text"]}), ("part",), "out/sales", "n is bigint in the table, string"),
        (pl.DataFrame({"part": ["a"], "n": [1]}), (), "out/sales", "is partitioned by part, these rows by nothing"),
        (pl.DataFrame({"part": ["a"], "n": [1]}), ("part",), "out/else", r"lies in out/sales, says the catalog"),
    ],
)
def test_rows_that_the_table_can_not_take_are_refused(
    project: Project, frame: pl.DataFrame, partition_by: tuple[str, ...], path: str, message: str
) -> None:
    project.write(rows(("a", 1)), sink(mode="append"))
    targets = project.targets(run="wr_2")
    with pytest.raises(InvalidInput, match=message):
        targets.stage(frame, sink(mode="append", partition_by=partition_by, path=path))
    targets.discard()
    assert told(project) == [("a", 1)]


def test_two_jobs_that_add_columns_at_once_lose_none(project: Project) -> None:
    project.write(pl.DataFrame({"n": [0]}), sink(mode="append", partition_by=()), run="wr_0")
    changes = []
    for run, name in (("wr_1", "one"), ("wr_2", "two")):
        targets = project.targets(run=run)
        targets.stage(pl.DataFrame({"n": [1], name: ["x"]}), sink(mode="append", partition_by=()))
        changes.append(targets.publish())
        targets.discard()
    for change in changes:
        project.apply(change)
    assert project.read("marts.sales").select("n", "one", "two").sort("n", "one").rows() == [
        (0, None, None),
        (1, None, "x"),
        (1, "x", None),
    ]


def test_a_table_that_is_overwritten_and_added_to_at_once_has_its_new_columns(project: Project) -> None:
    plain = {"partition_by": ()}
    project.write(pl.DataFrame({"n": [1]}), sink(mode="overwrite", **plain), run="wr_1")
    targets = project.targets(run="wr_2")
    targets.stage(pl.DataFrame({"n": ["x"]}), sink(mode="overwrite", **plain))
    targets.stage(pl.DataFrame({"n": ["y"]}), sink(mode="append", **plain))
    project.apply(targets.publish())
    targets.discard()
    assert project.read("marts.sales").to_series().sort().to_list() == ["x", "y"]


def test_a_partition_whose_name_is_too_long_for_a_folder_is_refused(project: Project) -> None:
    project.write(rows(("a", 1)), sink())
    targets = project.targets(run="wr_2")
    with pytest.raises(InvalidInput, match=r"partition part=k{35}… has a name of 305 bytes"):
        targets.stage(rows(("k" * 300, 2)), sink())
    targets.discard()
    assert told(project) == [("a", 1)]
    assert [path.name for path in (project.folder / "out").iterdir()] == ["sales"]


def test_a_disk_without_space_is_told(project: Project) -> None:
    full = project.folder / "full"
    full.mkdir()
    try:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(full)], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs the right to mount a small file system")
    try:
        targets = project.targets()
        numbers = pl.DataFrame({"n": range(100_000)})
        with pytest.raises(InvalidInput, match=r"the disk of .* is full"):
            targets.stage(numbers, sink(path="full/sales", mode="overwrite", partition_by=()))
        targets.discard()
        assert list(full.iterdir()) == []
        subprocess.run(["mount", "-o", "remount,ro", str(full)], check=True)
        with pytest.raises(InvalidInput, match=r"marts\.sales: .*full can't be written: Read-only file system"):
            targets.stage(numbers, sink(path="full/sales", mode="overwrite", partition_by=()))
        targets.discard()
    finally:
        subprocess.run(["umount", str(full)], check=True)
