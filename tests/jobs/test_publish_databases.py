"""Rows of a job for databases: all targets or none, and once, whatever was killed in between."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from publishing import Project

from glue_tui.catalog import database_writes_sqlite
from glue_tui.core.attempt import AttemptSpec
from glue_tui.core.job import DatabaseSink, Job, SqlWork, TableSink
from glue_tui.core.model import Connection, RunId
from glue_tui.core.problem import InvalidInput
from glue_tui.jobs.session import JobSession

_CONNECTIONS = (
    Connection(name="one", url="sqlite:///one.db"),
    Connection(name="same", url="sqlite:///{{ run.number }}/../one.db"),
    Connection(name="two", url="sqlite:///two.db"),
)


@pytest.fixture
def numbers(project: Project) -> Project:
    project.write(pl.DataFrame({"n": [1, 2, 3]}), TableSink(table="raw.numbers", path="numbers"))
    return project


def spec_of(project: Project, *targets: TableSink | DatabaseSink, run: str = "wr_1", attempt: int = 1) -> AttemptSpec:
    job = Job(name="load", work=SqlWork(query="SELECT n FROM raw.numbers"), targets=targets)
    spec = project.spec(job, connections=_CONNECTIONS)
    return replace(spec, key=replace(spec.key, run_id=RunId(run), attempt=attempt))


def rows_of(project: Project, file: str, query: str = "SELECT n FROM t ORDER BY n") -> list[Any]:
    with closing(sqlite3.connect(project.folder / file)) as conn:
        return [row[0] for row in conn.execute(query)]


APPEND = DatabaseSink(connection="one", table="t", mode="append")


def test_an_attempt_that_was_killed_after_its_commit_is_not_written_again(numbers: Project) -> None:
    numbers.run_spec(spec_of(numbers, APPEND))
    report = numbers.run_spec(spec_of(numbers, APPEND, attempt=2))
    assert rows_of(numbers, "one.db") == [1, 2, 3]
    assert (report.rows_out, report.outputs) == (3, ("one:t",))
    assert "t behind one: an earlier attempt of this node has committed its rows" in numbers.log


def test_a_later_run_appends_again(numbers: Project) -> None:
    for run in ("wr_1", "wr_2"):
        numbers.run_spec(spec_of(numbers, APPEND, run=run))
    assert rows_of(numbers, "one.db") == [1, 1, 2, 2, 3, 3]


def test_a_resumed_run_does_not_add_again_what_a_killed_attempt_has_added(numbers: Project) -> None:
    files = TableSink(table="marts.t", path="out/t", mode="append")
    numbers.run_spec(spec_of(numbers, APPEND, files))
    resumed = replace(spec_of(numbers, APPEND, files, run="wr_2"), unfinished_in=(RunId("wr_1"),))
    numbers.run_spec(resumed)
    assert rows_of(numbers, "one.db") == [1, 2, 3]
    assert pl.read_parquet(numbers.folder / "out/t")["n"].to_list() == [1, 2, 3]


@pytest.mark.parametrize(("mode", "keys"), [("overwrite", ()), ("upsert", ("n",))])
def test_a_target_that_can_be_written_twice_needs_no_table_of_ours(
    numbers: Project, mode: str, keys: Sequence[str]
) -> None:
    for attempt in (1, 2):
        sink = DatabaseSink(connection="one", table="t", mode=mode, keys=tuple(keys))
        numbers.run_spec(spec_of(numbers, sink, attempt=attempt))
    assert rows_of(numbers, "one.db") == [1, 2, 3]
    assert rows_of(numbers, "one.db", "SELECT name FROM sqlite_master WHERE type = 'table'") == ["t"]


def test_what_one_database_refuses_appears_in_none(numbers: Project) -> None:
    with closing(sqlite3.connect(numbers.folder / "two.db")) as conn:
        conn.execute("CREATE TABLE t (other INTEGER)")
    two = DatabaseSink(connection="two", table="t", mode="append")
    with pytest.raises(InvalidInput, match="table t has no column 'n'"):
        numbers.run_spec(spec_of(numbers, APPEND, TableSink(table="marts.t", path="out/t"), two))
    assert rows_of(numbers, "one.db", "SELECT name FROM sqlite_master") == []
    assert list((numbers.folder / "out").iterdir()) == []
    with closing(sqlite3.connect(numbers.folder / "two.db")) as conn:
        conn.execute("ALTER TABLE t ADD COLUMN n INTEGER")
    numbers.run_spec(spec_of(numbers, APPEND, TableSink(table="marts.t", path="out/t"), two, attempt=2))
    assert rows_of(numbers, "one.db") == rows_of(numbers, "two.db") == [1, 2, 3]


def test_a_kill_between_the_commits_of_two_databases_and_a_folder_is_healed(
    numbers: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets = (
        APPEND,
        DatabaseSink(connection="two", table="t", mode="append"),
        TableSink(table="marts.t", path="out/t", mode="append"),
    )

    class Killed(BaseException):
        pass

    def kill(session: JobSession) -> None:
        next(iter(session._targets._databases._databases.values())).transaction.commit()  # type: ignore[union-attr]
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(JobSession, "publish", kill)
        with pytest.raises(Killed):
            numbers.run_spec(spec_of(numbers, *targets))
    assert rows_of(numbers, "one.db") == [1, 2, 3]
    assert rows_of(numbers, "two.db", "SELECT name FROM sqlite_master") == []
    numbers.run_spec(spec_of(numbers, *targets, attempt=2))
    assert rows_of(numbers, "one.db") == rows_of(numbers, "two.db") == [1, 2, 3]
    assert numbers.read("marts.t")["n"].to_list() == [1, 2, 3]


def test_a_commit_that_is_refused_behind_another_says_what_stays_and_a_retry_doubles_nothing(
    numbers: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = DatabaseSink(connection="two", table="u", mode="append")
    lake = TableSink(table="lake.t", path="lake/t", format="delta", mode="append")
    targets = (APPEND, two, TableSink(table="marts.t", path="out/t", mode="append"), lake)
    with closing(sqlite3.connect(numbers.folder / "two.db", isolation_level=None)) as reader:
        reader.execute("CREATE TABLE u (n INTEGER)")
        reader.execute("BEGIN")
        assert not reader.execute("SELECT n FROM u").fetchall()  # It reads on, which keeps a commit waiting.
        monkeypatch.setattr(database_writes_sqlite, "BUSY_TIMEOUT_S", 0.1)
        with pytest.raises(InvalidInput, match=r"published before that stays: lake\.t, t behind one ") as raised:
            numbers.run_spec(spec_of(numbers, *targets))
    assert raised.value.hint.endswith("`glue-tui retry 3` brings in the rest, and nothing twice")
    assert not (numbers.folder / "out/t").exists()
    numbers.run_spec(replace(spec_of(numbers, *targets, run="wr_2"), unfinished_in=(RunId("wr_1"),)))
    assert rows_of(numbers, "one.db") == rows_of(numbers, "two.db", "SELECT n FROM u ORDER BY n") == [1, 2, 3]
    assert numbers.read("marts.t")["n"].to_list() == numbers.read("lake.t")["n"].to_list() == [1, 2, 3]


def test_two_connections_to_one_file_are_one_transaction(numbers: Project) -> None:
    (numbers.folder / "3").mkdir()
    numbers.run_spec(spec_of(numbers, APPEND, DatabaseSink(connection="same", table="u", mode="append")))
    assert rows_of(numbers, "one.db") == rows_of(numbers, "one.db", "SELECT n FROM u ORDER BY n") == [1, 2, 3]
