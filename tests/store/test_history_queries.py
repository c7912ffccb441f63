"""Questions to the history: what they find, and that none of them walks through years of runs to find it."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from glue_tui.core.problem import EntityNotFound, StoreFailed
from glue_tui.store import event_log
from glue_tui.store.database import migrate, open_database
from glue_tui.store.history import EventFilter, History, RunFilter, open_history
from tests.history_of import write_history

STATE = Path(__file__).parents[1] / "data" / "states" / "0.1.0" / "state" / "state.db"
WORKFLOW = """
[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ job = "only" }]

[jobs.only]
type = "command"
command = ["true"]
"""


@pytest.fixture(params=["as it was left", "migrated"])
def history(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[History]:
    """The history of `tests.store.make_state`: eight runs of four workflows, one of them going."""
    state_db = shutil.copy(STATE, tmp_path / "state.db")
    if request.param == "migrated":
        conn = open_database(state_db)
        migrate(conn, "runs", event_log.MIGRATIONS)
        conn.close()
    with contextlib.closing(open_history(state_db)) as history:
        yield history


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (RunFilter(), [8, 7, 6, 5, 4, 3, 2, 1]),
        (RunFilter(workflow="etl"), [3, 2, 1]),
        (RunFilter(outcomes=("FAILED", "STOPPED")), [5, 2]),
        (RunFilter(outcomes=("FAILED",), workflow="long"), []),
        (RunFilter(statuses=("COMPLETED",)), [6, 4, 3, 2, 1]),
        (RunFilter(statuses=("RUNNING",)), [8]),
        (RunFilter(statuses=("STOPPING",)), []),
        (RunFilter(statuses=("COMPLETED", "ERROR"), outcomes=("ERROR", "STOPPED")), [7]),
        (RunFilter(statuses=("STOPPED",), outcomes=("FAILED",)), []),
        (RunFilter(trigger="files"), [7, 6]),
    ],
)
def test_runs_are_found_by_what_became_of_them_and_who_started_them(
    history: History, wanted: RunFilter, numbers: list[int]
) -> None:
    assert [run.number for run in history.find_runs(wanted)] == numbers
    assert [run.number for run in history.find_runs(wanted, limit=1)] == numbers[:1]


def test_runs_are_found_by_the_time_at_which_they_were_queued(history: History) -> None:
    at = {run.number: run.queued_at for run in history.runs()}
    assert [run.number for run in history.find_runs(RunFilter(since=at[6]))] == [8, 7, 6]
    assert [run.number for run in history.find_runs(RunFilter(until=at[3]))] == [2, 1]
    between = RunFilter(since=at[2], until=at[7], workflow="etl")
    assert [run.number for run in history.find_runs(between)] == [3, 2]


def test_a_node_s_runs_tell_its_attempts_and_rows(history: History) -> None:
    checks = history.node_of_runs("check", RunFilter(workflow="etl"))
    assert [(one.run.number, one.node.state, one.node.attempt) for one in checks] == [
        (3, "SUCCEEDED", 1),
        (2, "FAILED", 2),
        (1, "SUCCEEDED", 1),
    ]
    cleans = history.node_of_runs("job:clean", RunFilter(workflow="etl"))
    assert [(one.node.rows_out, bool(one.node.carried_from)) for one in cleans] == [(2, True), (2, False), (1, False)]
    with pytest.raises(EntityNotFound, match="clean"):
        history.node_of_runs("claen", RunFilter(workflow="etl"))


def test_the_usual_duration_is_the_median_of_successful_attempts(history: History) -> None:
    usual = {one.node_id: one for one in history.usual("etl")}
    checks = [one.node for one in history.node_of_runs("check", RunFilter(workflow="etl")) if one.run.number != 2]
    took = sorted(one.finished_at - one.started_at for one in checks if one.finished_at and one.started_at)
    assert usual["job:check"].attempts == len(took) == 2
    assert usual["job:check"].usual_s == sum(took) / 2
    assert history.usual("unknown") == ()


def test_events_of_a_run_are_its_story_and_more(history: History) -> None:
    run_id = history.run_id("2")
    events = history.events(EventFilter(run_id=run_id))
    assert [(one.at, one.kind, one.text) for one in events] == [
        (line.at, line.kind, line.text) for line in history.story("2")
    ]
    assert [one.seq for one in events] == list(range(1, len(events) + 1))
    of_check = history.events(EventFilter(run_id=run_id, node="check", kinds=("AttemptFinished",)))
    assert [one.node_id for one in of_check] == ["job:check"] * 2
    assert b'"exit_code":1' in bytes(of_check[0].body)
    with pytest.raises(EntityNotFound, match="AttemptFinished"):
        history.events(EventFilter(kinds=("AtemptFinished",)))


def test_a_run_that_was_removed_a_moment_ago_is_not_there(history: History) -> None:
    with pytest.raises(EntityNotFound, match="wr_gone"):
        history.core_run("wr_gone")


def test_events_over_all_runs_come_in_the_order_in_which_they_happened(history: History) -> None:
    every = history.events(EventFilter())
    assert [one.at for one in every] == sorted(one.at for one in every)
    assert {one.number for one in every} == set(range(1, 9))
    middle = every[len(every) // 2].at
    assert history.events(EventFilter(since=middle)) == tuple(one for one in every if one.at >= middle)
    assert history.events(EventFilter(until=middle)) == tuple(one for one in every if one.at < middle)
    assert history.events(EventFilter(), limit=5) == every[-5:]


def asked_in_years_of_history(history: History) -> list[Callable[[], object]]:
    since = history.runs(limit=1)[0].queued_at
    return [
        history.last_run_ids,
        history.current_runs,
        lambda: history.runs(limit=30),
        lambda: history.runs("small", limit=30),
        lambda: history.find_runs(RunFilter(outcomes=("ERROR",))),
        lambda: history.find_runs(RunFilter(statuses=("RUNNING",))),
        lambda: history.find_runs(RunFilter(since=since)),
        lambda: history.find_runs(RunFilter(since=since, workflow="small")),
        lambda: history.run("small"),
        lambda: history.run("7"),
        lambda: history.events(EventFilter(since=since)),
        lambda: history.events(EventFilter(run_id=history.run_id("small"))),
    ]


@pytest.fixture
def years(project: Path) -> Path:
    """A project with some hundred runs: enough to tell a walk through all from a few steps."""
    (project / "workflows" / "small.toml").write_text(WORKFLOW)
    write_history(project, 400)
    return project / ".glue_tui" / "state.db"


def test_no_question_walks_through_all_runs(years: Path) -> None:
    """SQLite counts its own steps: each question must take a fraction of what one look at every run takes."""
    with contextlib.closing(open_history(years)) as history:
        conn = history._conn
        assert conn is not None
        at_every_run = steps_of(conn, lambda: conn.execute("SELECT sum(length(workflow)) FROM runs").fetchall())
        for ask in asked_in_years_of_history(history):
            plans: list[str] = []
            conn.set_trace_callback(lambda sql: plans.append(sql))  # noqa: B023
            ask()
            conn.set_trace_callback(None)
            for sql in plans:
                steps = [row[3] for row in conn.execute(f"EXPLAIN QUERY PLAN {sql}")]
                assert not [one for one in steps if one in ("SCAN runs", "SCAN events")], (sql, steps)
            assert steps_of(conn, ask) < at_every_run, plans


def steps_of(conn: sqlite3.Connection, ask: Callable[[], object]) -> int:
    """Return how many instructions of SQLite a question takes, in tens."""
    count = 0

    def tick() -> int:
        nonlocal count
        count += 1
        return 0

    conn.set_progress_handler(tick, 10)
    ask()
    conn.set_progress_handler(None, 0)
    return count


def test_a_damaged_page_is_told_by_whoever_reads_it(tmp_path: Path) -> None:
    state_db = Path(shutil.copy(STATE, tmp_path / "state.db"))
    with contextlib.closing(sqlite3.connect(state_db)) as conn:
        page = conn.execute("SELECT rootpage FROM sqlite_master WHERE name = 'events'").fetchone()[0]
        page_bytes = conn.execute("PRAGMA page_size").fetchone()[0]
    body = bytearray(state_db.read_bytes())
    body[(page - 1) * page_bytes : page * page_bytes] = b"\xff" * page_bytes
    state_db.write_bytes(body)
    with contextlib.closing(open_history(state_db)) as history:
        assert history.runs()
        with pytest.raises(StoreFailed, match="could not be read"):
            history.story("1")
