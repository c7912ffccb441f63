"""What may go of a history: never what is going, what is last, or what a run that stays has resumed."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from glue_tui.protocol.views import RunSummary
from glue_tui.store import event_log, retention
from glue_tui.store.database import migrate, open_database, transaction
from glue_tui.store.history import History
from glue_tui.store.retention import Limits, removable_runs

STATE = Path(__file__).parents[1] / "data" / "states" / "0.1.0" / "state" / "state.db"
NOW = 1_000_000.0

RUNS = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), st.booleans(), st.integers(0, 100), st.integers(0, 5)),
    min_size=1,
    max_size=25,
)
"""Workflow, whether it is over, its age at the end, and the how manieth run before it, it resumes (0: none)."""
LIMITS = st.builds(
    Limits,
    keep_runs=st.none() | st.integers(1, 10),
    finished_before=st.none() | st.integers(0, 100).map(lambda age: NOW - age),
    number_up_to=st.none() | st.integers(0, 25),
)


def filled(runs: list[tuple[str, bool, int, int]]) -> tuple[sqlite3.Connection, list[RunSummary]]:
    conn = open_database(":memory:")
    migrate(conn, "runs", event_log.MIGRATIONS)
    summaries: list[RunSummary] = []
    for number, (workflow, is_over, age, back) in enumerate(runs, start=1):
        same = [one for one in summaries if one.workflow == workflow]
        summary = RunSummary(
            run_id=f"wr_{number}",
            number=number,
            workflow=workflow,
            status="COMPLETED" if is_over else "RUNNING",
            outcome="SUCCEEDED" if is_over else "",
            trigger="t",
            trigger_type="ON_DEMAND",
            queued_at=0.0,
            finished_at=NOW - age if is_over else None,
            previous_run_id=same[-back].run_id if 0 < back <= len(same) else "",
        )
        summaries.append(summary)
        conn.execute(
            "INSERT INTO runs VALUES (?, ?, ?, ?, ?, 0, ?, ?)",
            (
                summary.run_id,
                number,
                workflow,
                int(is_over),
                summary.outcome,
                summary.finished_at,
                msgspec.json.encode(summary),
            ),
        )
    return conn, summaries


@settings(deadline=None)
@given(RUNS, LIMITS)
def test_what_goes_is_over_beyond_a_limit_not_last_and_not_needed(
    runs: list[tuple[str, bool, int, int]], limits: Limits
) -> None:
    conn, summaries = filled(runs)
    with contextlib.closing(conn):
        going = {run.run_id for run in removable_runs(conn, limits)}
        staying = [one for one in summaries if one.run_id not in going]
        needed = {one.previous_run_id for one in staying}
        for one in summaries:
            same = [other for other in summaries if other.workflow == one.workflow]
            newer = sum(1 for other in same if other.number > one.number)
            is_beyond = one.finished_at is not None and (
                (limits.keep_runs is not None and newer >= limits.keep_runs)
                or (limits.finished_before is not None and one.finished_at < limits.finished_before)
                or (limits.number_up_to is not None and one.number <= limits.number_up_to)
            )
            assert (one.run_id in going) == (is_beyond and newer > 0 and one.run_id not in needed)
        retention.remove_runs(conn, sorted(going))
        assert {run.run_id for run in History(conn, "").runs(limit=100)} == {one.run_id for one in staying}
        assert set(retention.removed_run_ids(conn)) == going


@settings(deadline=None)
@given(RUNS, LIMITS)
def test_one_workflow_s_limits_touch_no_other(runs: list[tuple[str, bool, int, int]], limits: Limits) -> None:
    conn, _ = filled(runs)
    with contextlib.closing(conn):
        every = removable_runs(conn, limits)
        assert removable_runs(conn, limits, "a") == tuple(run for run in every if run.workflow == "a")
        assert [run.number for run in every] == sorted(run.number for run in every)


def test_a_file_of_version_0_1_0_learns_to_shrink_when_it_is_compacted(tmp_path: Path) -> None:
    state_db = Path(shutil.copy(STATE, tmp_path / "state.db"))
    conn = open_database(state_db)
    with contextlib.closing(conn):
        migrate(conn, "runs", event_log.MIGRATIONS)
        retention.remove_runs(conn, [run.run_id for run in removable_runs(conn, Limits(keep_runs=1))])
        assert not retention.give_back_pages(conn)
        retention.compact(conn)
        assert conn.execute("PRAGMA freelist_count").fetchone()[0] < 3
        assert conn.execute("PRAGMA auto_vacuum").fetchone() == (2,)
        assert conn.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_new_file_gives_pages_back_a_few_at_a_time(tmp_path: Path) -> None:
    conn = open_database(tmp_path / "state.db")
    with contextlib.closing(conn):
        migrate(conn, "runs", event_log.MIGRATIONS)
        conn.execute("CREATE TABLE large (body BLOB) STRICT")
        with transaction(conn):
            conn.executemany("INSERT INTO large VALUES (?)", [(bytes(4000),)] * 2 * retention.PAGES_PER_RETURN)
        conn.execute("DELETE FROM large")
        assert retention.give_back_pages(conn)
        while retention.give_back_pages(conn):
            pass
        assert conn.execute("PRAGMA freelist_count").fetchone()[0] < 3
