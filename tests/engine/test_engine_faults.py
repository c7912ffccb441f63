"""What the machine does to a working engine: full disks, locked files, read-only folders, killed workers."""

from __future__ import annotations

import asyncio
import fcntl
import resource
import sqlite3
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from glue_tui.client.find import is_lock_held
from glue_tui.client.launch import connect
from glue_tui.core.decide import LOST_ATTEMPTS_MAX
from glue_tui.core.problem import EngineUnavailable, StoreFailed
from tests.conftest import RunningEngine, wait_for

WORK = """
[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ job = "work" }]

[triggers.then]
type = "CONDITIONAL"
conditions = [{ job = "work", state = "SUCCEEDED" }]
actions = [{ job = "after" }]

[jobs.work]
type = "command"
command = ["sh", "-c", "echo work >> trace.txt; until test -e go; do sleep 0.05; done"]
max_retries = 1

[jobs.after]
type = "command"
command = ["sh", "-c", "echo after >> trace.txt"]
"""

only_linux = pytest.mark.skipif(sys.platform != "linux", reason="limits of another process can be set on Linux alone")


@pytest.fixture
def working(project: Path, engine: RunningEngine) -> RunningEngine:
    """An engine with one run, whose first node waits for the file `go`."""
    (project / "workflows" / "work.toml").write_text(WORK)
    engine.start()
    engine.ask(lambda client: client.start_workflow_run("work"))
    wait_for(lambda: (project / "trace.txt").exists())
    wait_for(lambda: engine.node(1, "work").state == "RUNNING")
    return engine


@contextmanager
def full_disk(engine: RunningEngine) -> Iterator[None]:
    """Let no file of the engine grow meanwhile, its own log neither."""
    assert engine.process is not None
    pid = engine.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, before[1]))
    try:
        yield
    finally:
        with suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


@only_linux
def test_on_a_full_disk_the_engine_refuses_new_work_keeps_what_it_was_told_and_goes_on(
    project: Path, working: RunningEngine
) -> None:
    with full_disk(working):
        with pytest.raises(StoreFailed, match="could not be saved") as caught:
            working.ask(lambda client: client.start_workflow_run("work"))
        assert "free disk space" in caught.value.hint
        (project / "go").touch()
        message = lambda: working.ask(lambda client: client.project()).engine.message  # noqa: E731
        wait_for(lambda: "could not be saved" in message())
        assert working.run(1).summary.outcome == ""
    assert working.finished(1).summary.outcome == "SUCCEEDED"
    assert (project / "trace.txt").read_text().split() == ["work", "after"]
    assert message() == ""
    assert len(working.ask(lambda client: client.runs())) == 1


@only_linux
def test_an_engine_killed_on_a_full_disk_loses_nothing(project: Path, working: RunningEngine) -> None:
    with full_disk(working):
        (project / "go").touch()
        wait_for(lambda: working.ask(lambda client: client.project()).engine.message)
        working.kill()
    working.start()
    assert working.finished(1).summary.outcome == "SUCCEEDED"
    assert (project / "trace.txt").read_text().split() == ["work", "after"], "its result was found"


def test_a_state_that_another_program_keeps_locked_is_told_and_waited_for(
    project: Path, working: RunningEngine
) -> None:
    with closing(sqlite3.connect(working.state_dir / "state.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreFailed, match="database is locked") as caught:
            working.ask(lambda client: client.start_workflow_run("work"))
        assert "another program" in caught.value.hint
        (project / "go").touch()
        other.execute("ROLLBACK")
    assert working.finished(1).summary.outcome == "SUCCEEDED"
    assert len(working.ask(lambda client: client.runs())) == 1


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="needs a folder in which nobody can write")
def test_a_state_folder_that_can_not_be_written_is_told_with_its_name(project: Path, engine: RunningEngine) -> None:
    (project / "workflows" / "work.toml").write_text(WORK)
    (project / ".glue_tui").symlink_to("/sys/kernel")
    with pytest.raises(EngineUnavailable, match="can't be started") as caught:
        asyncio.run(connect(project))
    assert ".glue_tui writable?" in caught.value.hint


def test_an_engine_that_starts_while_somebody_asks_whether_one_lives_does_not_give_up(
    project: Path, engine: RunningEngine
) -> None:
    (project / ".glue_tui").mkdir()
    lock = project / ".glue_tui" / "engine.lock"
    with lock.open("w") as asked, ThreadPoolExecutor(1) as starter:
        fcntl.flock(asked, fcntl.LOCK_SH)
        started = starter.submit(engine.start)
        wait_for(lambda: any(str(lock) == file.path for process in engine.processes() for file in process.open_files()))
        time.sleep(0.1)  # It has tried by now, and an engine that gave up would be gone.
        fcntl.flock(asked, fcntl.LOCK_UN)
        started.result()
    assert is_lock_held(project)


def test_an_engine_that_nobody_could_reach_does_not_stay(project: Path) -> None:
    in_the_way = project / ".glue_tui" / "engine.sock"
    in_the_way.mkdir(parents=True)
    with pytest.raises(EngineUnavailable, match=r"engine\.sock"):
        asyncio.run(connect(project))
    assert not is_lock_held(project)


def test_an_engine_that_is_stopped_again_and_again_gives_no_node_up(project: Path, working: RunningEngine) -> None:
    for stops in range(1, LOST_ATTEMPTS_MAX + 2):
        working.stop()
        working.start()
        wait_for(lambda stops=stops: working.node(1, "work").attempt == stops + 1)  # type: ignore[misc]
    (project / "go").touch()
    assert working.finished(1).summary.outcome == "SUCCEEDED"


def test_a_worker_that_is_killed_is_retried_as_often_as_its_job_says(project: Path, working: RunningEngine) -> None:
    def running_pid(attempt: int) -> int | None:
        story = working.ask(lambda client: client.story("1"))
        pids = [int(line.text.rsplit(" ", 1)[1]) for line in story if line.kind == "AttemptRunning"]
        return pids[-1] if len(pids) == attempt else None

    for attempt in (1, 2):
        psutil.Process(wait_for(lambda attempt=attempt: running_pid(attempt))).kill()  # type: ignore[misc]
    assert working.finished(1).summary.outcome == "FAILED"
    attempts = working.node(1, "work").attempts
    assert [one.state for one in attempts] == ["FAILED", "FAILED"]
    assert all(one.error is not None and "killed (signal 9)" in one.error.message for one in attempts)
    assert all("ended by signal 9" in Path(one.log_path).read_text().splitlines()[-1] for one in attempts)
