"""SIGTERM to an attempt's process group, as the engine sends it when a run is stopped."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from forking import ServerUnderTest, command_job, make_spec, read_result, script, wait_for

from glue_tui.catalog.write import MIGRATIONS, apply_changes
from glue_tui.core.attempt import AttemptSpec
from glue_tui.core.job import Job, SqlWork, TableSink
from glue_tui.core.model import job_id
from glue_tui.core.schema import ChangeKind, Column, DataFile, FileFormat, Table, TableChange
from glue_tui.protocol.worker import Exited


@pytest.fixture(scope="module")
def server() -> Iterator[ServerUnderTest]:
    server = ServerUnderTest()
    yield server
    server.close()


def stop(server: ServerUnderTest, spec: AttemptSpec, sign: Path, *, times: int = 1) -> Exited:
    """Start an attempt, send SIGTERM to its group as soon as `sign` is there, and return how it ended."""
    started = server.start(spec)
    wait_for(sign.exists, f"{sign} is there")
    for _ in range(times):
        os.killpg(started.pid, signal.SIGTERM)
    exited, _ = server.until_exit(spec)
    return exited


def last_lines(spec: AttemptSpec, count: int) -> list[str]:
    """Return the texts of the last lines of the log, without time and level."""
    return [line[31:] for line in Path(spec.log_path).read_text().splitlines()[-count:]]


_TIDY = """
import signal, time
import polars as pl
from contextlib import contextmanager
@contextmanager
def held(glue):
    try:
        yield
    finally:
        (glue.project_dir / "released").touch()
def run(glue):
    glue.write(pl.DataFrame({"a": [1]}), "x.y", path="out/y")
    try:
        with held(glue):
            (glue.project_dir / "ready").touch()
            time.sleep(600)
    finally:
        time.sleep(0.1)
        print("tidied up")
"""


@pytest.mark.parametrize("times", [1, 2])
def test_a_stopped_script_tidies_up_and_publishes_nothing(server: ServerUnderTest, tmp_path: Path, times: int) -> None:
    spec = make_spec(tmp_path, script(tmp_path, "tidy", _TIDY))
    exited = stop(server, spec, tmp_path / "ready", times=times)
    assert (exited.exit_code, exited.signal) == (None, signal.SIGTERM)
    assert (tmp_path / "released").exists()
    said, gone, end = last_lines(spec, 3)
    assert said == "tidied up"
    assert gone == "stopped; nothing published; 1 temporary folder removed"
    assert end.startswith("ended as it was asked to, ")
    assert "Traceback" not in Path(spec.log_path).read_text()
    assert list((tmp_path / "out").iterdir()) == []
    error = read_result(spec).error
    assert error is not None
    assert (error.type, error.location) == ("Stopped", "tidy.py:16")


def test_a_script_that_catches_everything_and_ends_does_not_succeed(server: ServerUnderTest, tmp_path: Path) -> None:
    text = """
import time
import polars as pl
def run(glue):
    glue.write(pl.DataFrame({"a": [1]}), "x.y", path="out/y")
    try:
        (glue.project_dir / "ready").touch()
        time.sleep(600)
    except BaseException:
        pass
"""
    spec = make_spec(tmp_path, script(tmp_path, "greedy", text))
    stop(server, spec, tmp_path / "ready")
    assert read_result(spec).table_changes == ()
    assert last_lines(spec, 1)[0].startswith("ended as it was asked to, ")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_program_that_was_asked_to_end_is_waited_for(server: ServerUnderTest, tmp_path: Path) -> None:
    job = command_job(
        "slow", "sh", "-c", "trap 'sleep 0.3; echo bye; exit 0' TERM; touch ready; while :; do sleep 0.05; done"
    )
    spec = make_spec(tmp_path, job)
    stop(server, spec, tmp_path / "ready")
    bye, ended, gone, end = last_lines(spec, 4)
    assert bye == "bye"
    assert ended == "the program ended with exit code 0 after it was asked to"
    assert gone == "stopped; nothing published"
    assert end.startswith("ended as it was asked to, ")


def test_a_stop_reaches_a_job_that_is_deep_in_a_query(server: ServerUnderTest, tmp_path: Path) -> None:
    query = "SELECT SUM(a.x * b.x * c.x) AS s FROM t.n AS a CROSS JOIN t.n AS b CROSS JOIN t.n AS c"
    job = Job(name="endless", work=SqlWork(query=query), targets=(TableSink(table="x.y", path="out/y"),))
    spec = make_spec(tmp_path, job)
    make_table(tmp_path)
    started = server.start(spec)
    wait_for(lambda: any((tmp_path / "out").glob(".y.tmp-*")) if (tmp_path / "out").exists() else False, "it writes")
    os.killpg(started.pid, signal.SIGTERM)
    server.until_exit(spec)
    assert last_lines(spec, 2)[0] == "stopped; nothing published; 1 temporary folder removed"
    assert last_lines(spec, 1)[0].startswith("ended as it was asked to, ")
    assert list((tmp_path / "out").iterdir()) == []
    error = read_result(spec).error
    assert error is not None
    assert error.type == "Stopped"


def test_a_child_that_a_script_ends_does_not_stop_the_script(server: ServerUnderTest, tmp_path: Path) -> None:
    text = """
import multiprocessing, time
def run(glue):
    child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(600,))
    child.start()
    child.terminate()
    child.join()
    print("ended by", child.exitcode)
"""
    spec = make_spec(tmp_path, script(tmp_path, "parent", text))
    assert server.run(spec).state == "SUCCEEDED"
    assert "ended by -15" in Path(spec.log_path).read_text()


def make_table(folder: Path) -> None:
    (folder / "state").mkdir(exist_ok=True)
    (folder / "n").mkdir()
    pl.DataFrame({"x": range(20_000)}).write_parquet(folder / "n" / "a.parquet")
    status = (folder / "n" / "a.parquet").stat()
    columns = (Column(name="x", type="bigint"),)
    table = Table(
        database="t",
        name="n",
        classification="parquet",
        location="n",
        columns=columns,
        formats=(FileFormat(classification="parquet", columns=("x",), types=("Int64",)),),
        parameters={},
    )
    file = DataFile(
        path="n/a.parquet", size_bytes=status.st_size, mtime_ns=status.st_mtime_ns, rows=20_000, partition_values=()
    )
    change = TableChange(
        kind=ChangeKind.CREATED, table=table, written_by=job_id("x"), files=(file,), replace_files=True
    )
    conn = sqlite3.connect(folder / "state" / "state.db")
    for statement in MIGRATIONS:
        conn.execute(statement)
    with conn:
        apply_changes(conn, (change,), run_id="wr_1", at=1.0)
    conn.close()
