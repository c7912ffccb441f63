"""Removing old runs: by hand with and without an engine, by a workflow's own limits, and across a crash."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from glue_tui.engine.pruning import history_bytes, prunable
from glue_tui.protocol.requests import PruneHistory
from glue_tui.store import retention
from glue_tui.store.database import open_database
from glue_tui.store.history import open_history
from tests.cli.shell import Shell
from tests.conftest import RunningEngine, wait_for
from tests.history_of import write_history

ONE_JOB = """
{limits}
[triggers.by_hand]
type = "ON_DEMAND"
actions = [{{ job = "only" }}]

[jobs.only]
type = "command"
command = ["sh", "-c", "test ! -e broken"]
"""


@pytest.fixture
def past(project: Path) -> Path:
    """A project with forty finished runs of two workflows in turn, the newest a minute apart, and their logs."""
    for name in ("east", "west"):
        (project / "workflows" / f"{name}.toml").write_text(ONE_JOB.format(limits=""))
    write_history(project, 40, with_logs=True)
    return project


def numbers(project: Path, workflow: str = "") -> list[int]:
    with contextlib.closing(open_history(project / ".glue_tui" / "state.db")) as history:
        return [run.number for run in history.runs(workflow, limit=1000)]


def logged(project: Path) -> set[str]:
    return {path.name for path in (project / ".glue_tui" / "runs").iterdir()}


def test_pruning_keeps_the_newest_of_each_workflow_and_takes_logs_with_it(past: Path) -> None:
    shell = Shell(past)
    before = logged(past)
    told = shell("prune", "--keep", "15", "--dry-run")
    assert "would be removed: 10 runs (east 5, west 5)" in told.stderr
    assert logged(past) == before
    done = shell.json("prune", "--keep", "15")
    assert (done["runs"], done["workflows"], done["has_more"]) == (10, {"east": 5, "west": 5}, False)
    assert numbers(past) == list(range(40, 10, -1))
    with contextlib.closing(sqlite3.connect(past / ".glue_tui" / "state.db")) as conn:
        ids = {row[0] for row in conn.execute("SELECT run_id FROM runs")}
        assert {row[0] for row in conn.execute("SELECT DISTINCT run_id FROM events")} == ids
        assert conn.execute("SELECT count(*) FROM removed_runs").fetchone() == (0,)
        assert conn.execute("PRAGMA freelist_count").fetchone()[0] < 3
    assert logged(past) <= ids
    assert "nothing to remove" in shell("prune", "--keep", "15").stderr


def test_pruning_by_age_size_and_workflow(past: Path) -> None:
    shell = Shell(past)
    assert shell.json("prune", "--older-than", "1d", "--workflow", "east")["workflows"] == {"east": 19}
    assert len(numbers(past, "east")) == 1  # The last run of a workflow stays, however old it is.
    assert len(numbers(past, "west")) == 20
    size_bytes = sum(history_bytes(past / ".glue_tui"))
    done = shell.json("prune", "--max-size", str(size_bytes - 10_000))
    assert 0 < done["runs"] < 19
    assert numbers(past, "west") == list(range(40, 2 * done["runs"], -2))
    assert sum(history_bytes(past / ".glue_tui")) < size_bytes
    assert shell.json("prune", "--max-size", "1GB")["runs"] == 0
    assert shell("prune").returncode == 2
    unknown = shell("prune", "--keep", "1", "--workflow", "wset")
    assert (unknown.returncode, 'did you mean "west"?' in unknown.stderr) == (2, True)


def test_an_engine_at_work_prunes_itself(past: Path, engine: RunningEngine) -> None:
    engine.start()
    done = Shell(past).json("prune", "--keep", "2")
    assert done["workflows"] == {"east": 18, "west": 18}
    assert [run.number for run in engine.ask(lambda client: client.runs())] == [40, 39, 38, 37]
    run = engine.ask(lambda client: client.start_workflow_run("east"))
    assert engine.finished(run.number).summary.number == 41


def test_a_run_that_was_resumed_stays_as_long_as_the_one_that_resumed_it(past: Path, engine: RunningEngine) -> None:
    (past / "broken").touch()
    engine.start()
    failed = engine.finished(engine.ask(lambda client: client.start_workflow_run("east")).number).summary
    (past / "broken").unlink()
    resumed = engine.finished(engine.ask(lambda client: client.resume_workflow_run(failed.run_id)).number).summary
    prune = lambda keep: engine.ask(lambda client: client.prune_history(workflow="east", keep_runs=keep))  # noqa: E731
    prune(1)
    assert numbers(past, "east") == [resumed.number, failed.number]
    again = engine.finished(engine.ask(lambda client: client.start_workflow_run("east")).number).summary
    prune(1)
    assert numbers(past, "east") == [again.number]


def test_a_request_is_forgotten_with_its_run_and_a_running_run_is_never_removed(
    past: Path, engine: RunningEngine
) -> None:
    waits = ONE_JOB.format(limits="").replace("test ! -e broken", "until test -e go; do sleep 0.05; done")
    (past / "workflows" / "slow.toml").write_text(waits)
    engine.start()
    first = engine.ask(lambda client: client.start_workflow_run("slow", request_id="once"))
    second = engine.ask(lambda client: client.start_workflow_run("east", request_id="twice"))
    engine.finished(engine.ask(lambda client: client.start_workflow_run("east")).number)
    engine.finished(second.number)
    engine.ask(lambda client: client.prune_history(keep_runs=1))
    assert first.number in numbers(past)
    assert second.number not in numbers(past)
    (past / "go").touch()
    assert engine.ask(lambda client: client.start_workflow_run("slow", request_id="once")).run_id == first.run_id
    renewed = engine.ask(lambda client: client.start_workflow_run("east", request_id="twice"))
    assert renewed.run_id != second.run_id


def test_a_workflow_s_own_limits_hold_from_the_start_and_after_every_run(past: Path, engine: RunningEngine) -> None:
    limits = 'history = { keep_runs = 3, keep_for = "360d" }'
    (past / "workflows" / "east.toml").write_text(ONE_JOB.format(limits=limits))
    engine.start()
    wait_for(lambda: len(numbers(past, "east")) == 3)
    assert len(numbers(past, "west")) == 20
    for _ in range(2):
        last = engine.finished(engine.ask(lambda client: client.start_workflow_run("east")).number).summary.number
        wait_for(lambda: len(numbers(past, "east")) == 3)
        assert numbers(past, "east")[0] == last
    assert "of east (" in wait_for(lambda: "removed run " in engine.log() and engine.log())
    assert "workflows/east.toml keeps no more" in engine.log()


def test_what_a_crash_left_half_removed_goes_with_the_next_start(past: Path, engine: RunningEngine) -> None:
    """The rows are gone, the log folders are not: as after a crash between the two."""
    conn = open_database(past / ".glue_tui" / "state.db")
    with contextlib.closing(conn):
        gone = [run.run_id for run in retention.removable_runs(conn, retention.Limits(keep_runs=18))]
        retention.remove_runs(conn, gone)
    assert set(gone) <= logged(past)
    engine.start()
    wait_for(lambda: not set(gone) & logged(past))


def test_logs_without_a_run_and_runs_without_logs_do_no_harm(past: Path) -> None:
    runs_dir = past / ".glue_tui" / "runs"
    (runs_dir / "wr_nobody").mkdir()
    (runs_dir / "wr_nobody" / "job.only.1.log").write_text("x" * 100)
    for path in sorted(runs_dir.glob("wr_0*"))[:5]:
        for log in path.iterdir():
            log.unlink()
        path.rmdir()
    done = Shell(past).json("prune", "--keep", "10")
    assert (done["runs"], done["stray_logs"]) == (20, 1)
    assert not (runs_dir / "wr_nobody").exists()
    assert prunable(past / ".glue_tui", PruneHistory(keep_runs=10)).runs == 0


def test_an_engine_killed_while_it_removes_leaves_no_run_without_events_and_soon_no_log_without_a_run(
    past: Path, engine: RunningEngine
) -> None:
    engine.start()
    with Shell(past).start("prune", "--keep", "1") as pruning:
        wait_for(lambda: len(numbers(past)) < 40)
        engine.kill()
        pruning.communicate()
    with contextlib.closing(sqlite3.connect(past / ".glue_tui" / "state.db")) as conn:
        with_events = {row[0] for row in conn.execute("SELECT DISTINCT run_id FROM events")}
        assert with_events == {row[0] for row in conn.execute("SELECT run_id FROM runs")}
    engine.start()
    wait_for(lambda: logged(past) <= with_events)
    assert Shell(past).json("prune", "--keep", "1")["runs"] == len(with_events) - 2
    assert numbers(past) == [40, 39]
