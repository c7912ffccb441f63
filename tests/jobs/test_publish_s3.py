"""What jobs write to a real S3 server: whole for who goes by the catalog, and nothing left of what failed."""

from __future__ import annotations

import datetime
import errno
import os
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from publishing import Project, abandon

from glue_tui.catalog.places import Storage
from glue_tui.catalog.s3_access import storage_for
from glue_tui.core.job import TableSink
from glue_tui.core.model import Connection
from glue_tui.core.problem import InvalidInput
from glue_tui.jobs.targets import folder
from tests.crawlers.s3_server import ENVIRONMENT, S3Server, running_s3

LOCATION = "s3://lake/marts/sales"
ROWS = pl.DataFrame(
    {
        "n": [1, 2, 3, 4],
        "part": ["a/b", "x=1 é%+", None, "k" * 100],
        "day": [datetime.date(2026, 11, 22), None, datetime.date(2026, 1, 2), None],
    }
)


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    with running_s3() as started:
        yield started


@pytest.fixture
def s3(server: S3Server, project: Project, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    server.empty()
    project.connections = (server.connection,)
    project.environment = ENVIRONMENT
    for name, value in ENVIRONMENT.items():  # What the engine removes after its commit it reaches by its own.
        monkeypatch.setenv(name, value)
    return server


def sink(**changes: object) -> TableSink:
    settings = {"table": "marts.sales", "path": LOCATION, "connection": "lake"}
    return TableSink(**settings | changes)  # type: ignore[arg-type]


def storage(s3: S3Server) -> Storage:
    return storage_for(LOCATION, s3.connection.url, ENVIRONMENT)


def objects(s3: S3Server) -> list[str]:
    return sorted(url for url, _ in storage(s3).list_objects("s3://lake/", lambda key, folder: None))


def listed(project: Project) -> list[str]:
    return sorted(file.path for file in project.catalog.files("marts.sales"))


@pytest.mark.parametrize("file_format", ["parquet", "csv", "json", "ipc"])
@pytest.mark.parametrize("keys", [(), ("part",), ("day", "part")])
def test_what_is_written_is_read_back_as_it_was(
    project: Project, s3: S3Server, file_format: str, keys: tuple[str, ...]
) -> None:
    change = project.write(ROWS, sink(format=file_format, partition_by=keys))
    assert project.read("marts.sales").select(ROWS.columns).sort("n").equals(ROWS)
    assert objects(s3) == listed(project)
    assert sum(file.rows for file in change.files) == 4
    assert all(file.tag and file.size_bytes for file in change.files)
    assert project.hidden() == []


def test_old_objects_are_read_until_the_commit_and_gone_after_it(project: Project, s3: S3Server) -> None:
    project.write(ROWS, sink())
    before = listed(project)
    targets = project.targets(run="wr_2")
    targets.stage(ROWS.head(1), sink())
    targets.prepare()
    assert objects(s3) == sorted([*before, *(one for one in objects(s3) if "/.sales.tmp-" in one)])
    changes = targets.publish()
    targets.discard()
    assert project.read("marts.sales").height == 4
    project.apply(changes)
    assert project.read("marts.sales").height == 1
    assert objects(s3) == listed(project)


def test_append_and_overwrite_partitions(project: Project, s3: S3Server) -> None:
    parts = {"partition_by": ("part",)}
    project.write(ROWS, sink(**parts), run="wr_1")
    project.write(ROWS.head(2), sink(mode="append", **parts), run="wr_2")
    assert project.read("marts.sales").height == 6
    assert project.write(ROWS.clear(), sink(mode="append", **parts), run="wr_0").files == ()
    new = pl.DataFrame({"n": [9, 9], "part": ["a/b", None], "day": [None, None]}, schema=ROWS.schema)
    project.write(new, sink(mode="overwrite_partitions", **parts), run="wr_3")
    assert sorted(project.read("marts.sales").select("n").to_series()) == [2, 2, 4, 9, 9]
    assert objects(s3) == listed(project)


@pytest.mark.parametrize("killed_after", ["prepare", "publish"])
@pytest.mark.parametrize("mode", ["append", "overwrite"])
def test_the_next_attempt_removes_what_a_killed_one_left(
    project: Project, s3: S3Server, killed_after: str, mode: str
) -> None:
    project.write(ROWS, sink(), run="wr_1")
    killed = project.targets(run="wr_2")
    killed.stage(ROWS.head(1), sink(mode=mode))
    killed.prepare()
    if killed_after == "publish":
        killed.publish()
        killed.discard()
        other = project.targets(run="wr_9", job="other")
        other.stage(ROWS.head(1), sink(mode="append"))  # May yet be committed, for all that others know.
        other.discard()
    else:
        abandon(killed)
    assert project.read("marts.sales").height == 4
    project.write(ROWS.head(1), sink(mode=mode), run="wr_2", attempt=2)
    assert project.read("marts.sales").height == (5 if mode == "append" else 1)
    assert objects(s3) == listed(project)
    assert project.hidden() == []


def test_what_fails_leaves_nothing(project: Project, s3: S3Server) -> None:
    project.write(ROWS, sink())
    before = objects(s3)
    targets = project.targets(run="wr_2")
    targets.stage(ROWS, sink())
    targets.prepare()
    assert objects(s3) != before
    targets.discard()
    assert objects(s3) == before
    assert project.hidden() == []


def test_what_appeared_is_taken_back_if_another_target_fails_then(
    project: Project, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write(ROWS, sink())
    before = objects(s3)
    targets = project.targets(run="wr_2")
    targets.stage(ROWS, sink(mode="append"))
    targets.stage(ROWS, TableSink(table="marts.local", path="out/local"))
    targets.prepare()

    def unplugged(folder: Path, target: Path) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO), str(target))

    monkeypatch.setattr(folder, "_put_in_place", unplugged)
    with pytest.raises(OSError, match="Input/output error"):
        targets.publish()
    targets.discard()
    assert objects(s3) == before
    assert project.hidden() == []


def test_a_table_without_rows_and_rows_with_other_columns(project: Project, s3: S3Server) -> None:
    project.write(ROWS.clear(), sink())
    assert project.read("marts.sales").schema == ROWS.schema
    project.write(ROWS.select("n", extra=pl.lit("x")), sink(mode="append"), run="wr_2")
    there = objects(s3)
    project.write(ROWS.clear(), sink(mode="append"), run="wr_3")
    assert objects(s3) == there
    assert project.read("marts.sales").columns == ["n", "part", "day", "extra"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"path": "s3://lake"}, "is a whole bucket"),
        ({"path": "s3://nowhere/marts"}, "there is no bucket nowhere"),
        ({"path": "gs://lake/marts"}, "is no folder of this machine"),
        ({"mode": "overwrite_partitions"}, "without partition_by"),
    ],
)
def test_a_target_that_can_not_be_is_refused(
    project: Project, s3: S3Server, changes: dict[str, str], message: str
) -> None:
    targets = project.targets()
    with pytest.raises(InvalidInput, match=message):
        targets.stage(ROWS, sink(**changes))
    targets.discard()
    assert project.hidden() == []


def test_credentials_that_may_not_write_are_told(project: Project, s3: S3Server) -> None:
    targets = project.targets()
    targets.stage(ROWS, sink(mode="append"))
    with s3.refusing_everybody(), pytest.raises(InvalidInput, match=r"marts\.sales: .*(denied|refused)"):
        targets.prepare()
    targets.discard()
    assert objects(s3) == []


def test_overwriting_other_peoples_files_is_refused(project: Project, s3: S3Server) -> None:
    s3.put("marts/sales/notes.docx", "x")
    targets = project.targets()
    with pytest.raises(InvalidInput, match=r"would remove s3://lake/marts/sales/notes\.docx"):
        targets.stage(ROWS, sink())
    targets.discard()


def test_without_a_connection_the_environment_says_how(
    project: Project, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {"AWS_ENDPOINT_URL": s3.endpoint, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    for name, value in said.items():
        monkeypatch.setenv(name, value)
    project.environment = said
    project.connections = ()
    project.write(ROWS, sink(connection=""))
    project.write(ROWS.head(1), sink(connection=""), run="wr_2")
    assert project.read("marts.sales").height == 1
    assert len(objects(s3)) == 1


def test_an_unknown_connection_is_refused(project: Project, s3: S3Server) -> None:
    project.connections = (Connection(name="lake", url=s3.connection.url),)
    with pytest.raises(Exception, match='no connection named "lakes"'):
        project.targets().stage(ROWS, sink(connection="lakes"))
