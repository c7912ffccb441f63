"""Rows of a job for PostgreSQL beside other targets: all or none, once, and nothing of whoever was killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from typing import Any

import polars as pl
import psycopg
import pytest
from publishing import Project

from glue_tui.core.attempt import AttemptSpec
from glue_tui.core.job import DatabaseSink, Job, Sink, SqlWork, TableSink
from glue_tui.core.model import Connection
from glue_tui.core.problem import InvalidInput
from glue_tui.jobs.session import JobSession

APPEND = DatabaseSink(connection="ware", table="t", mode="append")
OTHERS = (
    DatabaseSink(connection="file", table="t", mode="append"),
    TableSink(table="marts.t", path="out/t", mode="append"),
)


@pytest.fixture
def numbers(project: Project) -> Project:
    project.write(pl.DataFrame({"n": [1, 2, 3]}), TableSink(table="raw.numbers", path="numbers"))
    return project


def spec_of(project: Project, url: str, *targets: Sink, attempt: int = 1) -> AttemptSpec:
    job = Job(name="load", work=SqlWork(query="SELECT n FROM raw.numbers"), targets=targets)
    connections = (Connection(name="ware", url=url), Connection(name="file", url="sqlite:///file.db"))
    spec = project.spec(job, connections=connections)
    return replace(spec, key=replace(spec.key, attempt=attempt))


def numbers_in(url: str) -> list[Any]:
    with closing(psycopg.connect(url)) as conn:
        if conn.execute("SELECT to_regclass('t')").fetchone() == (None,):
            return []
        return [row[0] for row in conn.execute("SELECT n FROM t ORDER BY n")]


def test_an_attempt_that_was_killed_between_two_commits_is_healed(
    numbers: Project, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def kill(session: JobSession) -> None:
        databases = session._targets._databases._databases
        next(one.transaction for one in databases.values() if one.connection == "ware").commit()  # type: ignore[union-attr]
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(JobSession, "publish", kill)
        with pytest.raises(Killed):
            numbers.run_spec(spec_of(numbers, postgres_url, APPEND, *OTHERS))
    assert numbers_in(postgres_url) == [1, 2, 3]
    numbers.run_spec(spec_of(numbers, postgres_url, APPEND, *OTHERS, attempt=2))
    assert numbers_in(postgres_url) == [1, 2, 3]
    assert numbers.read("marts.t")["n"].to_list() == [1, 2, 3]
    assert "t behind ware: an earlier attempt of this node has committed its rows" in numbers.log


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ("CONSTRAINT c CHECK (n < 3)", r"table t in .* violates check constraint"),
        ("CONSTRAINT c REFERENCES known DEFERRABLE INITIALLY DEFERRED", r"constraint in .* violates foreign key"),
    ],
)
def test_what_one_of_two_databases_refuses_appears_in_none(
    numbers: Project, postgres_url: str, declared: str, message: str
) -> None:
    with closing(psycopg.connect(postgres_url, autocommit=True)) as conn:
        conn.execute("CREATE TABLE known (n int PRIMARY KEY)")
        conn.execute(f"CREATE TABLE t (n int {declared})".encode())
    with pytest.raises(InvalidInput, match=message):
        numbers.run_spec(spec_of(numbers, postgres_url, *OTHERS, APPEND))
    assert numbers_in(postgres_url) == []
    assert list((numbers.folder / "out").iterdir()) == []
    with closing(psycopg.connect(postgres_url, autocommit=True)) as conn:
        conn.execute("ALTER TABLE t DROP CONSTRAINT c")
    numbers.run_spec(spec_of(numbers, postgres_url, *OTHERS, APPEND, attempt=2))
    assert numbers_in(postgres_url) == [1, 2, 3]


_WRITER = """
import sys
from pathlib import Path
import polars as pl
from glue_tui.catalog.database_writes import TableWrite, open_transaction
from glue_tui.catalog.row_batches import RowBatches

class Endless(RowBatches):
    def __iter__(self):
        print("brings", flush=True)
        while True:
            yield pl.DataFrame({"n": range(1000)})

rows = Endless(pl.DataFrame({"n": [0]}))
open_transaction(sys.argv[1], Path(), print).write(TableWrite(table="t", rows=rows))
"""


def test_a_writer_that_is_killed_in_the_middle_leaves_its_table_as_it_was_and_free(
    numbers: Project, postgres_url: str
) -> None:
    overwrite = DatabaseSink(connection="ware", table="t")
    numbers.run_spec(spec_of(numbers, postgres_url, overwrite))
    with subprocess.Popen([sys.executable, "-c", _WRITER, postgres_url], stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "brings\n"
        writer.send_signal(signal.SIGKILL)
    assert numbers_in(postgres_url) == [1, 2, 3]
    numbers.run_spec(spec_of(numbers, postgres_url, overwrite, attempt=2))
    assert numbers_in(postgres_url) == [1, 2, 3]
