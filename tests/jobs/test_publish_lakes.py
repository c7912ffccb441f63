"""Delta and Iceberg tables that jobs write, in folders and on a real S3 server: read by the catalog and by others."""

from __future__ import annotations

import datetime
import decimal
import sys
from collections.abc import Iterator

import polars as pl
import pytest
from publishing import Project, abandon
from pyiceberg.catalog.sql import SqlCatalog

from glue_tui.catalog.places import Storage
from glue_tui.catalog.readers.lake_tables import DELTA_LOG, ICEBERG_METADATA, newest_in, scan_lake
from glue_tui.catalog.s3_access import storage_for
from glue_tui.core.job import TableSink
from glue_tui.core.model import RunId
from glue_tui.core.problem import InvalidInput
from tests.crawlers.s3_server import ENVIRONMENT, S3Server, running_s3

FORMATS = ["delta", "iceberg"]
DAY = datetime.date(2026, 11, 22)
ROWS = pl.DataFrame(
    {
        "n": [1, 2, 3, 4],
        "part": ["a/b", "x=1 é%+", None, "k" * 100],
        "day": [DAY, None, datetime.date(2026, 1, 2), None],
        "at": [datetime.datetime(2026, 1, 2, 3, 4, 5, 6), None, None, None],
        "price": [decimal.Decimal("1.50"), None, None, None],
        "list": [[1, 2], None, [], None],
        "who": [{"name": "a"}, {"name": None}, None, None],
        "ok": [True, None, False, None],
    },
    schema_overrides={"price": pl.Decimal(12, 2)},
)
PLAIN = pl.DataFrame({"part": ["a", "b", "b"], "n": [1, 2, 3]})


def sink(file_format: str, **changes: object) -> TableSink:
    settings = {"table": "marts.sales", "path": "out/sales", "format": file_format}
    return TableSink(**settings | changes)  # type: ignore[arg-type]


def told(project: Project) -> list[tuple[object, ...]]:
    return sorted(project.read("marts.sales").select("part", "n").rows(), key=str)


def newest(project: Project, file_format: str) -> pl.DataFrame:
    """Return what any reader sees who goes by the table's own log."""
    folder = str(project.folder / "out/sales")
    log = newest_in(folder, DELTA_LOG if file_format == "delta" else ICEBERG_METADATA)
    return scan_lake(f"{folder}/{log}").collect()


def data_files(project: Project) -> set[str]:
    return {str(one.relative_to(project.folder)) for one in (project.folder / "out/sales").rglob("*.parquet")}


def listed(project: Project) -> set[str]:
    return {one.path for one in project.catalog.files("marts.sales") if one.path.endswith(".parquet")}


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("keys", [(), ("part",), ("day", "ok")])
def test_what_is_written_is_read_back_as_it_was(project: Project, file_format: str, keys: tuple[str, ...]) -> None:
    change = project.write(ROWS, sink(file_format, partition_by=keys))
    assert project.read("marts.sales").select(ROWS.columns).sort("n").equals(ROWS)
    assert newest(project, file_format).select(ROWS.columns).sort("n").equals(ROWS)
    entry = project.catalog.table("marts.sales")
    assert (entry.rows, entry.table.classification) == (4, file_format)
    assert [key.name for key in entry.table.partition_keys] == list(keys)
    assert listed(project) == data_files(project)
    assert sum(file.rows for file in change.files) == 4
    assert project.hidden() == []


@pytest.mark.parametrize("file_format", FORMATS)
def test_modes(project: Project, file_format: str) -> None:
    keyed = {"partition_by": ("part",)}
    project.write(PLAIN, sink(file_format, mode="append", **keyed), run="wr_1")
    project.write(PLAIN.head(1), sink(file_format, mode="append", **keyed), run="wr_2")
    assert told(project) == [("a", 1), ("a", 1), ("b", 2), ("b", 3)]
    new = pl.DataFrame({"part": ["b", None], "n": [9, 8]})
    project.write(new, sink(file_format, mode="overwrite_partitions", **keyed), run="wr_3")
    assert told(project) == [("a", 1), ("a", 1), ("b", 9), (None, 8)]
    there = listed(project)
    for mode in ("append", "overwrite_partitions"):
        project.write(new.head(0), sink(file_format, mode=mode, **keyed), run="wr_4")
    assert (listed(project), data_files(project) & there) == (there, there)
    assert told(project) == [("a", 1), ("a", 1), ("b", 9), (None, 8)]
    project.write(new.select("n", "part", x=1.5), sink(file_format, **keyed), run="wr_5")
    assert told(project) == [("b", 9), (None, 8)]
    assert project.read("marts.sales")["x"].to_list() == [1.5, 1.5]
    project.write(new.head(0), sink(file_format, **keyed), run="wr_6")
    assert project.read("marts.sales").height == newest(project, file_format).height == 0


def test_rows_of_a_delta_table_are_upserted_by_their_keys(project: Project) -> None:
    upsert = sink("delta", mode="upsert", keys=("part", "n"))
    project.write(PLAIN.with_columns(text=pl.lit("old")), upsert, run="wr_1")
    new = pl.DataFrame({"n": [2, 7, 7], "part": ["b", "c", "c"], "text": ["new", "first", "last"], "more": [1, 1, 1]})
    for attempt in (1, 2):
        project.write(new, upsert, run="wr_2", attempt=attempt)
        assert sorted(project.read("marts.sales").select("part", "n", "text", "more").rows()) == [
            ("a", 1, "old", None),
            ("b", 2, "new", 1),
            ("b", 3, "old", None),
            ("c", 7, "last", 1),
        ]


@pytest.mark.parametrize("file_format", FORMATS)
def test_readers_by_the_catalog_see_the_old_version_until_the_commit(project: Project, file_format: str) -> None:
    project.write(PLAIN, sink(file_format))
    targets = project.targets(run="wr_2")
    targets.stage(PLAIN.head(1), sink(file_format))
    targets.prepare()
    assert newest(project, file_format).height == 3
    changes = targets.publish()
    targets.discard()
    assert newest(project, file_format).height == 1
    assert project.read("marts.sales").height == 3
    project.apply(changes)
    assert project.read("marts.sales").height == 1


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize("mode", ["append", "overwrite"])
def test_an_attempt_killed_after_its_commit_is_not_doubled(project: Project, file_format: str, mode: str) -> None:
    project.write(PLAIN, sink(file_format), run="wr_1")
    killed = project.targets(run="wr_2")
    killed.stage(PLAIN.head(1), sink(file_format, mode=mode))
    killed.prepare()
    killed.publish()
    abandon(killed)
    again = project.targets(run="wr_3", unfinished_in=(RunId("wr_2"),))
    again.stage(PLAIN.head(1), sink(file_format, mode=mode))
    again.prepare()
    project.apply(again.publish())
    again.discard()
    assert project.read("marts.sales").height == (4 if mode == "append" else 1)
    assert newest(project, file_format).height == (4 if mode == "append" else 1)
    assert project.hidden() == []
    project.write(PLAIN.head(1), sink(file_format, mode="append"), run="wr_4")
    assert project.read("marts.sales").height == (5 if mode == "append" else 2)


@pytest.mark.parametrize("file_format", FORMATS)
def test_data_files_of_a_killed_attempt_are_removed(project: Project, file_format: str) -> None:
    project.write(PLAIN, sink(file_format), run="wr_1")
    killed = project.targets(run="wr_2")
    killed.stage(PLAIN, sink(file_format, mode="append"))
    killed.prepare()
    abandon(killed)
    assert project.read("marts.sales").height == newest(project, file_format).height == 3
    project.write(PLAIN, sink(file_format, mode="append"), run="wr_3")
    assert project.read("marts.sales").height == newest(project, file_format).height == 6
    assert data_files(project) == listed(project)
    assert project.hidden() == []


@pytest.mark.parametrize("file_format", FORMATS)
def test_what_fails_leaves_nothing(project: Project, file_format: str) -> None:
    targets = project.targets()
    targets.stage(PLAIN, sink(file_format))
    targets.prepare()
    targets.discard()
    assert data_files(project) == set()
    assert project.hidden() == []


@pytest.mark.parametrize("file_format", FORMATS)
def test_columns_are_united_by_name(project: Project, file_format: str) -> None:
    project.write(PLAIN, sink(file_format), run="wr_1")
    small = pl.DataFrame({"n": [4], "new": ["x"]}, schema_overrides={"n": pl.Int16})
    project.write(small, sink(file_format, mode="append"), run="wr_2")
    frame = project.read("marts.sales")
    assert frame.schema == {"part": pl.String, "n": pl.Int64, "new": pl.String}
    assert frame.filter(n=4).row(0) == (None, 4, "x")
    assert "these rows have no part: null" in project.log


@pytest.mark.parametrize("file_format", FORMATS)
@pytest.mark.parametrize(
    ("frame", "changes", "message"),
    [
        (PLAIN.with_columns(pl.col("n").cast(pl.String)), {}, "column n is bigint in the table, string"),
        (PLAIN.with_columns(n=0.5), {}, "column n is bigint in the table, double"),
        (PLAIN, {"partition_by": ("part",)}, "is partitioned by nothing, these rows by part"),
        (PLAIN, {"path": "else"}, r"holds .*notes\.txt"),
        (PLAIN, {"path": "else/notes.txt"}, "is a file"),
    ],
)
def test_rows_that_the_table_can_not_take_are_refused(
    project: Project, file_format: str, frame: pl.DataFrame, changes: dict[str, object], message: str
) -> None:
    project.write(PLAIN, sink(file_format))
    (project.folder / "else").mkdir()
    (project.folder / "else/notes.txt").write_text("mine")
    targets = project.targets(run="wr_2")
    with pytest.raises(InvalidInput, match=message):
        targets.stage(frame, sink(file_format, mode="append", **changes))
    targets.discard()
    assert project.hidden() == []


@pytest.mark.parametrize(("file_format", "package"), [("delta", "deltalake"), ("iceberg", "pyiceberg")])
def test_a_missing_package_is_named(
    project: Project, file_format: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InvalidInput) as raised:
        project.targets().stage(PLAIN, sink(file_format))
    assert raised.value.hint == f"pip install 'glue-tui[{file_format}]'"


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with running_s3() as started:
        yield started


@pytest.mark.parametrize("file_format", FORMATS)
def test_on_s3(project: Project, server: S3Server, file_format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    server.empty()
    project.connections = (server.connection,)
    project.environment = ENVIRONMENT
    with pytest.raises(InvalidInput, match=r"^marts\.sales: s3://nowhere/\S+: there is no bucket nowhere$"):
        project.targets().stage(ROWS, sink(file_format, path="s3://nowhere/sales", connection="lake"))
    keyed = {"path": "s3://lake/marts/sales", "connection": "lake", "partition_by": ("part",)}
    project.write(ROWS, sink(file_format, **keyed), run="wr_1")
    assert project.read("marts.sales").select(ROWS.columns).sort("n").equals(ROWS)
    killed = project.targets(run="wr_2")
    killed.stage(ROWS, sink(file_format, mode="append", **keyed))
    killed.prepare()
    abandon(killed)
    project.write(ROWS.head(1), sink(file_format, mode="append", **keyed), run="wr_2", attempt=2)
    assert project.read("marts.sales").height == 5
    project.write(ROWS.head(1), sink(file_format, mode="overwrite_partitions", **keyed), run="wr_3")
    assert sorted(project.read("marts.sales")["n"]) == [1, 2, 3, 4]
    storage = storage_for("s3://lake", server.connection.url, ENVIRONMENT)
    below = [url for url, _ in storage.list_objects("s3://lake/marts", lambda key, folder: None)]
    assert len([url for url in below if url.endswith(".parquet")]) == 6  # Two of versions of before.


def test_an_iceberg_table_that_a_catalog_keeps_is_not_written(project: Project) -> None:
    folder = project.folder / "out/sales"
    catalog = SqlCatalog("c", uri="sqlite://", warehouse=str(folder))
    catalog.create_namespace("lake")
    rows = PLAIN.to_arrow(compat_level=pl.CompatLevel.oldest())
    catalog.create_table("lake.orders", schema=rows.schema, location=str(folder)).append(rows)
    targets = project.targets()
    with pytest.raises(InvalidInput, match="that a catalog keeps"):
        targets.stage(PLAIN, sink("iceberg", mode="append"))
    targets.discard()


@pytest.mark.parametrize("file_format", FORMATS)
def test_two_that_append_at_once_lose_nothing(project: Project, file_format: str) -> None:
    project.write(PLAIN, sink(file_format))
    both = [project.targets(run=run) for run in ("wr_2", "wr_3")]
    for targets in both:
        targets.stage(PLAIN, sink(file_format, mode="append"))
        targets.prepare()
    for targets in both:
        project.apply(targets.publish())
        targets.discard()
    assert project.read("marts.sales").height == newest(project, file_format).height == 9
    assert data_files(project) == listed(project)


def test_an_iceberg_commit_that_comes_too_late_is_made_on_top_of_the_other(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write(PLAIN, sink("iceberg"))
    late = project.targets(run="wr_2")
    late.stage(PLAIN, sink("iceberg", mode="append"))
    late.prepare()
    create = Storage.create

    def outrun(self: Storage, path: str, content: bytes) -> None:
        monkeypatch.setattr(Storage, "create", create)
        project.write(PLAIN, sink("iceberg", mode="append"), run="wr_3")
        create(self, path, content)

    monkeypatch.setattr(Storage, "create", outrun)
    project.apply(late.publish())
    late.discard()
    assert newest(project, "iceberg").height == project.read("marts.sales").height == 9
    assert data_files(project) == listed(project)
