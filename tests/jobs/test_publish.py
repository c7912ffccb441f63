from __future__ import annotations

import contextlib
import datetime
import decimal
import subprocess
import sys
import time
import zoneinfo
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from publishing import Project

from glue_tui.core.job import TableSink
from glue_tui.core.problem import InvalidInput
from glue_tui.core.schema import ChangeKind
from glue_tui.jobs.targets import swap

_DAY = datetime.date(2026, 11, 22)
_FRAME = pl.DataFrame(
    {
        "v": [1, 2, 3],
        "text": ["a/b", None, "x=1 é%"],
        "day": [_DAY, None, datetime.date(2026, 1, 3)],
        "count": [1, None, 3],
        "flag": [True, None, False],
        "at": [datetime.datetime(2026, 1, 1, 2, 3, 4), None, datetime.datetime(2026, 1, 1)],
        "price": [decimal.Decimal("1.50"), None, decimal.Decimal("2.25")],
    },
    schema_overrides={"price": pl.Decimal(12, 2)},
)


def sink(**changes: object) -> TableSink:
    return TableSink(**{"table": "marts.sales", "path": "out/sales", **changes})  # type: ignore[arg-type]


def hidden(project: Project) -> list[str]:
    return [path.name for path in (project.folder / "out").iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("file_format", ["parquet", "csv", "json", "ipc"])
@pytest.mark.parametrize("key", ["", "text", "day", "count", "flag", "at", "price"])
def test_what_is_written_is_read_back_as_it_was(project: Project, file_format: str, key: str) -> None:
    change = project.write(_FRAME, sink(format=file_format, partition_by=(key,) if key else ()))
    assert project.read("marts.sales").select(_FRAME.columns).sort("v").equals(_FRAME)
    assert change.kind is ChangeKind.CREATED
    assert sum(file.rows for file in change.files) == 3
    assert all((project.folder / file.path).stat().st_size == file.size_bytes for file in change.files)
    assert hidden(project) == []


@pytest.mark.parametrize("key", ["", "moment", "clock", "span"])
@pytest.mark.parametrize("file_format", ["parquet", "csv", "json", "ipc", "delta"])
def test_values_that_the_catalog_has_no_type_for_are_read_back_alike_from_every_format(
    project: Project, file_format: str, key: str
) -> None:
    moment = datetime.datetime(2026, 1, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"))
    frame = pl.DataFrame(
        {
            "moment": [moment, None],
            "clock": [datetime.time(1, 2, 3, 500_000), None],
            "span": pl.Series([datetime.timedelta(milliseconds=2), None], dtype=pl.Duration("ns")),
            "tiny": pl.Series([-128, None], dtype=pl.Int8),
            "small": pl.Series([40_000, None], dtype=pl.UInt16),
        }
    )
    project.write(frame, sink(format=file_format, partition_by=(key,) if key else ()))
    read = project.read("marts.sales").select(frame.columns).sort("tiny", nulls_last=True)
    assert read.row(0) == (datetime.datetime(2025, 12, 31, 23), "01:02:03.500", 2000, -128, 40_000)
    assert read.row(1) == (None,) * 5


@pytest.mark.parametrize(
    ("file_format", "value", "named"),
    [
        ("csv", [1], "Int64"),
        ("csv", {"a": 1}, "Struct"),
        ("csv", b"x", "Binary"),
        ("json", b"x", "Binary"),
        ("json", [datetime.timedelta(1)], "List.Duration"),
        ("json", {"at": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)}, "Struct"),
        ("parquet", object(), "Object"),
    ],
)
def test_a_column_that_the_files_hold_no_values_of_is_named(
    project: Project, file_format: str, value: object, named: str
) -> None:
    targets = project.targets()
    with pytest.raises(InvalidInput, match=rf"marts.sales: column odd is .*{named}.*, which {file_format} files"):
        targets.stage(pl.DataFrame({"n": [1], "odd": [value]}), sink(format=file_format))
    targets.discard()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.none() | st.text(min_size=1, max_size=8), st.none() | st.integers(-9, 9)), max_size=6))
def test_no_partition_value_loses_a_row(project: Project, values: list[tuple[str | None, int | None]]) -> None:
    values = [(text and text.replace("\0", "0").replace("\ud800", "?"), number) for text, number in values]
    values = [(text and text.encode("utf-8", "replace").decode(), number) for text, number in values]
    frame = pl.DataFrame(
        [(text, number, row) for row, (text, number) in enumerate(values)],
        schema={"text": pl.String, "number": pl.Int64, "row": pl.Int64},
        orient="row",
    )
    project.write(frame, sink(partition_by=("number", "text")))
    assert project.read("marts.sales").select("text", "number", "row").sort("row").equals(frame)


def test_overwrite_leaves_exactly_the_new_files(project: Project) -> None:
    first = project.write(pl.DataFrame({"a": [1]}), sink(), run="wr_1")
    second = project.write(pl.DataFrame({"a": [2], "b": ["x"]}), sink(), run="wr_2")
    assert (first.kind, second.kind) == (ChangeKind.CREATED, ChangeKind.UPDATED)
    assert [str(path.relative_to(project.folder)) for path in (project.folder / "out/sales").iterdir()] == [
        file.path for file in second.files
    ]
    assert project.read("marts.sales").rows() == [(2, "x")]


def test_append_adds_to_what_is_there(project: Project) -> None:
    for run in ("wr_1", "wr_2", "wr_3"):
        change = project.write(pl.DataFrame({"a": [run], "k": [1]}), sink(mode="append", partition_by=("k",)), run=run)
        assert not change.replace_files
        assert len(change.files) == 1
    assert sorted(project.read("marts.sales")["a"]) == ["wr_1", "wr_2", "wr_3"]
    assert pl.read_parquet(project.folder / "out/sales").height == 3


@pytest.mark.parametrize("file_format", ["parquet", "csv"])
def test_no_rows_add_a_table_once_and_no_file_to_one_that_is_there(project: Project, file_format: str) -> None:
    rows = pl.DataFrame({"a": [1]})
    files = [
        len(project.write(frame, sink(mode="append", format=file_format), run=f"wr_{number}").files)
        for number, frame in enumerate((rows.clear(), rows.clear(), rows, rows.clear()))
    ]
    assert files == [1, 0, 1, 0]
    assert project.read("marts.sales").rows() == [(1,)]


def test_a_retry_of_an_append_that_was_killed_after_publishing_does_not_double_it(project: Project) -> None:
    lost = project.targets(attempt=1)
    lost.stage(pl.DataFrame({"a": [1]}), sink(mode="append"))
    lost.publish()
    lost.discard()
    project.write(pl.DataFrame({"a": [1]}), sink(mode="append"), attempt=2)
    assert pl.read_parquet(project.folder / "out/sales").height == 1
    assert project.read("marts.sales").height == 1


def test_a_retry_leaves_files_of_a_node_with_a_longer_name_alone(project: Project) -> None:
    """The run's files of `writer-1` begin as those of `writer` do."""
    other = project.targets(job="writer-1")
    other.stage(pl.DataFrame({"a": [1]}), sink(mode="append"))
    project.apply(other.publish())
    other.discard()
    project.write(pl.DataFrame({"a": [2]}), sink(mode="append"), attempt=2)
    assert sorted(pl.read_parquet(project.folder / "out/sales")["a"]) == [1, 2]
    assert sorted(project.read("marts.sales")["a"]) == [1, 2]


def test_one_attempt_may_overwrite_and_then_append(project: Project) -> None:
    project.write(pl.DataFrame({"a": [0]}), sink(), run="wr_0")
    targets = project.targets()
    targets.stage(pl.DataFrame({"a": [1]}), sink())
    targets.stage(pl.DataFrame({"a": [2]}), sink(mode="append"))
    project.apply(targets.publish())
    targets.discard()
    assert sorted(project.read("marts.sales")["a"]) == [1, 2]
    assert sorted(pl.read_parquet(project.folder / "out/sales")["a"]) == [1, 2]


def test_two_that_append_at_once_lose_nothing(project: Project) -> None:
    one, other = project.targets(job="one"), project.targets(job="other")
    one.stage(pl.DataFrame({"a": [1]}), sink(mode="append"))
    other.stage(pl.DataFrame({"a": [2]}), sink(mode="append"))
    project.apply(other.publish())
    project.apply(one.publish())
    one.discard()
    other.discard()
    assert sorted(project.read("marts.sales")["a"]) == [1, 2]
    assert sorted(pl.read_parquet(project.folder / "out/sales")["a"]) == [1, 2]


def test_what_is_discarded_leaves_nothing(project: Project) -> None:
    project.write(pl.DataFrame({"a": [0]}), sink(), run="wr_0")
    targets = project.targets()
    targets.stage(pl.DataFrame({"a": [1]}), sink())
    with pytest.raises(pl.exceptions.PolarsError):
        targets.stage(pl.LazyFrame({"a": ["x"]}).select(pl.col("a").cast(pl.Int64)), sink(path="out/other"))
    targets.discard()
    assert sorted(path.name for path in (project.folder / "out").iterdir()) == ["sales"]
    assert project.read("marts.sales")["a"].to_list() == [0]


def test_leftovers_of_a_killed_attempt_are_removed_and_those_at_work_left_alone(project: Project) -> None:
    (project.folder / "out" / ".sales.tmp-wr_0-writer-1-0").mkdir(parents=True)
    (project.folder / "out" / ".sales.tmp-wr_0-writer-1-0" / "half.parquet").write_text("half")
    at_work = project.targets(job="other")
    at_work.stage(pl.DataFrame({"a": [1]}), sink())
    project.write(pl.DataFrame({"a": [2]}), sink())
    assert hidden(project) == [".sales.tmp-wr_1-other-1-0"]
    assert "removed .sales.tmp-wr_0-writer-1-0, left behind by an earlier attempt" in project.log
    at_work.publish()
    at_work.discard()
    assert pl.read_parquet(project.folder / "out/sales")["a"].to_list() == [1]


def test_a_page_that_waits_is_left_alone_by_another_attempt_at_it(project: Project) -> None:
    first, second = project.targets(run="wr_1"), project.targets(run="wr_2")
    first.stage_file("out/page.html", b"first")
    second.stage_file("out/page.html", b"second")
    for targets in (second, first):
        targets.publish()
        targets.discard()
    assert (project.folder / "out" / "page.html").read_bytes() == b"first"
    assert hidden(project) == []


def test_a_frame_without_rows_is_a_table_without_rows(project: Project) -> None:
    for keys in ((), ("a",)):
        project.write(pl.DataFrame(schema={"a": pl.Int64, "b": pl.String}), sink(partition_by=keys))
        assert project.read("marts.sales").select("a", "b").schema == {"a": pl.Int64, "b": pl.String}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"path": "."}, "holds the whole project"),
        ({"path": ".."}, "holds the whole project"),
        ({"path": "state"}, "would remove state/"),
        ({"path": "state/state.db"}, "is a file"),
        ({"path": "gs://bucket/x"}, "is no folder of this machine"),
        ({"partition_by": ("dya",)}, "no column dya"),
        ({"partition_by": ("day", "v")}, "every column"),
        ({"table": "sales"}, 'table "sales"'),
        ({"format": "xml"}, "no format"),
    ],
)
def test_a_target_that_can_not_be_is_refused(project: Project, changes: dict[str, object], message: str) -> None:
    targets = project.targets()
    with pytest.raises(InvalidInput, match=message):
        targets.stage(_FRAME.select("day", "v"), sink(**changes))
    targets.discard()
    assert (project.folder / "state" / "state.db").exists()


def test_without_an_exchange_in_the_file_system_folders_are_swapped_by_renames(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(swap, "_RENAME_EXCHANGE", 1 << 20)
    project.write(pl.DataFrame({"a": [1]}), sink(), run="wr_1")
    project.write(pl.DataFrame({"a": [2]}), sink(), run="wr_2")
    assert pl.read_parquet(project.folder / "out/sales")["a"].to_list() == [2]
    assert hidden(project) == []


def test_whoever_reads_the_folder_never_sees_half_a_result(project: Project) -> None:
    """A writer is killed again and again at any moment, while this process looks at its folders."""
    folders = {mode: project.folder / "out" / mode for mode in ("overwrite", "append")}
    generation = 0

    def look() -> int:
        return max(generation, *(number for mode, folder in folders.items() for number in seen(folder, mode)))

    for kill in range(5):
        command = [sys.executable, "-c", _WRITER, str(project.folder), str(generation)]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parent)
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        deadline = time.monotonic() + 0.02 + 0.037 * kill
        while time.monotonic() < deadline:
            generation = look()
        writer.kill()
        writer.wait(30)
        writer.stdout.close()
        generation = look()
    assert generation > 0
    for folder in folders.values():
        project.write(pl.DataFrame({"g": [0]}), sink(path=str(folder)), run="wr_last")
    assert hidden(project) == []


def seen(folder: Path, mode: str) -> list[int]:
    """Return the generations whose files lie in the folder, after a check that each is whole."""
    if not folder.exists():
        return [0]
    paths = list(folder.iterdir())
    assert len(paths) == 1 if mode == "overwrite" else len(paths) == len({path.name for path in paths})
    with contextlib.suppress(FileNotFoundError):
        assert pl.read_parquet(max(paths), glob=False).height == 1000
    return [int(path.name.split("-")[0].removeprefix("wr_")) for path in paths]


_WRITER = """
import os, pathlib, sys
import polars as pl
from publishing import Project
from glue_tui.core.job import (TableSink)
folder, generation = pathlib.Path(sys.argv[1]), int(sys.argv[2])
project = Project(folder, folder / "state" / "attempt.log", os.open(os.devnull, os.O_WRONLY))
frame = pl.DataFrame({"g": range(1000)})
print("ready", flush=True)
while True:
    generation += 1
    targets = project.targets(run=f"wr_{generation}")
    for mode in ("overwrite", "append"):
        targets.stage(frame, TableSink(table=f"marts.{mode}", path=f"out/{mode}", mode=mode))
    targets.publish()
    targets.discard()
"""


@pytest.mark.parametrize("format", ["parquet", "csv", "json", "ipc"])
def test_rows_are_written_in_the_order_of_the_frame(project: Project, format: str) -> None:
    source = pl.LazyFrame({"a": range(400_000)}).filter(pl.col("a") % 3 != 0).sort("a", descending=True)
    for keys in ((), ("part",)):
        frame = source.with_columns(part=pl.col("a") % 2)
        targets = project.targets(job=f"w{len(keys)}")
        targets.stage(frame, TableSink(table="t.o", path=f"o{len(keys)}", format=format, partition_by=keys))
        for change in targets.publish():
            for file in change.files:
                written = _read_file(project.folder / file.path, format).get_column("a").cast(pl.Int64)
                assert written.is_sorted(descending=True), (keys, file.path)
        targets.discard()


def _read_file(path: Path, format: str) -> pl.DataFrame:
    match format:
        case "parquet":
            return pl.read_parquet(path, hive_partitioning=False)
        case "csv":
            return pl.read_csv(path)
        case "ipc":
            return pl.read_ipc(path)
        case _:
            return pl.read_ndjson(path)
