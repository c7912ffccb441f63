"""The engine killed, doubled, stopped: no run lost, none doubled, nothing left behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import psutil

from glue_tui.core.attempt import AttemptResult
from glue_tui.core.codec import to_data
from glue_tui.core.states import NodeState
from glue_tui.engine.supervisor import read_result
from tests.conftest import RunningEngine, wait_for

CHAIN = """
[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ job = "first" }]

[triggers.then]
type = "CONDITIONAL"
conditions = [{ job = "first", state = "SUCCEEDED" }]
actions = [{ job = "second" }]

[jobs.first]
type = "command"
command = ["sh", "-c", "echo first $$ >> trace.txt; until test -e go; do sleep 0.05; done"]

[jobs.second]
type = "command"
command = ["sh", "-c", "echo second $$ >> trace.txt"]
"""


def test_a_killed_engine_takes_its_workers_with_it_and_the_next_one_goes_on(
    project: Path, engine: RunningEngine
) -> None:
    (project / "workflows" / "chain.toml").write_text(CHAIN)
    engine.start()
    engine.ask(lambda client: client.start_workflow_run("chain"))
    wait_for(lambda: (project / "trace.txt").exists())
    wait_for(lambda: engine.node(1, "first").state == "RUNNING")
    family = engine.processes()
    assert len(family) >= 4  # engine, fork server, worker, shell
    engine.kill()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive

    engine.start()
    wait_for(lambda: engine.node(1, "first").attempt == 2)
    (project / "go").touch()
    run = engine.finished(1)
    assert run.summary.outcome == "SUCCEEDED"
    first = engine.node(1, "first")
    assert [attempt.state for attempt in first.attempts] == ["ERROR", "SUCCEEDED"]
    assert first.attempts[0].error is not None
    assert first.attempts[0].error.type == "WorkerLost"
    assert [line.split()[0] for line in (project / "trace.txt").read_text().splitlines()] == [
        "first",
        "first",
        "second",
    ]


def test_a_killed_fork_server_is_started_again_and_the_node_tried_again(project: Path, engine: RunningEngine) -> None:
    (project / "workflows" / "chain.toml").write_text(CHAIN)
    engine.start()
    engine.ask(lambda client: client.start_workflow_run("chain"))
    wait_for(lambda: engine.node(1, "first").state == "RUNNING")
    assert engine.process is not None
    (server,) = psutil.Process(engine.process.pid).children()
    workers = server.children(recursive=True)
    server.kill()
    _, alive = psutil.wait_procs(workers, timeout=10)
    assert not alive
    (project / "go").touch()
    assert engine.finished(1).summary.outcome == "SUCCEEDED"
    assert engine.node(1, "first").attempt == 2


def test_a_worker_killed_by_the_system_says_so(project: Path, engine: RunningEngine) -> None:
    (project / "workflows" / "chain.toml").write_text(CHAIN)
    engine.start()
    engine.ask(lambda client: client.start_workflow_run("chain"))
    wait_for(lambda: engine.node(1, "first").state == "RUNNING")
    story = engine.ask(lambda client: client.story("1"))
    pid = next(int(line.text.rsplit(" ", 1)[1]) for line in story if line.kind == "AttemptRunning")
    psutil.Process(pid).kill()
    run = engine.finished(1)
    assert run.summary.outcome == "FAILED"
    error = engine.node(1, "first").error
    assert error is not None
    assert "signal 9" in error.message
    assert "memory" in error.hint


def test_a_second_engine_gives_up(project: Path, engine: RunningEngine) -> None:
    (project / "workflows" / "chain.toml").write_text(CHAIN)
    engine.start()
    second = subprocess.run(
        [sys.executable, "-P", "-m", "glue_tui.engine", "--project", str(project)], capture_output=True, check=False
    )
    assert second.returncode == 3
    assert b"another engine" in second.stderr
    assert engine.ask(lambda client: client.project()).workflows[0].name == "chain"


def test_stopping_the_engine_leaves_no_process_and_the_run_goes_on_later(project: Path, engine: RunningEngine) -> None:
    (project / "workflows" / "chain.toml").write_text(CHAIN)
    engine.start()
    engine.ask(lambda client: client.start_workflow_run("chain"))
    wait_for(lambda: engine.node(1, "first").state == "RUNNING")
    family = engine.processes()
    engine.ask(lambda client: client.stop_engine())
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive
    assert not (engine.state_dir / "engine.json").exists()
    assert not (engine.state_dir / "engine.sock").exists()
    engine.start()
    (project / "go").touch()
    assert engine.finished(1).summary.outcome == "SUCCEEDED"


def test_a_crash_loop_starts_held(project: Path, engine: RunningEngine) -> None:
    """After three crashes within a minute, schedules and files wait; history and starts by hand work."""
    (project / "incoming").mkdir()
    watched = CHAIN + '\n[triggers.files]\ntype = "EVENT"\nwatch = ["incoming/*"]\nactions = [{ job = "second" }]\n'
    (project / "workflows" / "chain.toml").write_text(watched)
    for _ in range(3):
        engine.start()
        engine.kill()
    engine.start()
    project_view = engine.ask(lambda client: client.project())
    assert "held" in project_view.engine.message
    (project / "incoming" / "a").write_text("x")
    files = lambda: next(  # noqa: E731
        one for one in engine.ask(lambda client: client.project()).workflows[0].triggers if one.name == "files"
    )
    wait_for(lambda: files().batch_files == 1)
    assert engine.ask(lambda client: client.runs()) == ()
    engine.stop()
    engine.start()
    wait_for(lambda: engine.ask(lambda client: client.runs()))
    assert engine.finished(1).summary.event_files == ("incoming/a",)


def test_an_engine_whose_state_folder_is_removed_ends_and_touches_nothing_of_the_next(
    project: Path, engine: RunningEngine
) -> None:
    """`git clean -fdx` removes the folder, as it is ignored; a second engine must not share the work with the first."""
    (project / "incoming").mkdir()
    watched = CHAIN + '\n[triggers.files]\ntype = "EVENT"\nwatch = ["incoming/*"]\nactions = [{ job = "second" }]\n'
    (project / "workflows" / "chain.toml").write_text(watched)
    engine.start()
    first = engine.processes()
    shutil.rmtree(engine.state_dir)
    engine.start()
    (project / "incoming" / "a").write_text("x")
    _, alive = psutil.wait_procs(first, timeout=20)
    assert not alive
    wait_for(lambda: engine.ask(lambda client: client.runs()))
    engine.finished(1)
    assert (project / "trace.txt").read_text().count("second") == 1


def test_a_file_whose_name_is_no_text_ends_no_engine(project: Path, engine: RunningEngine) -> None:
    (project / "incoming").mkdir()
    watched = CHAIN + '\n[triggers.files]\ntype = "EVENT"\nwatch = ["incoming/*"]\nactions = [{ job = "second" }]\n'
    (project / "workflows" / "chain.toml").write_text(watched)
    os.mkfifo(project / "workflows" / "pipe.toml")
    os.mkfifo(project / "incoming" / "pipe")
    engine.start()
    for folder in ("incoming", "workflows"):
        Path(os.fsdecode(os.fsencode(project / folder) + b"/caf\xe9.toml")).touch()
    wait_for(lambda: "caf\\xe9.toml is not seen: its name is no UTF-8" in engine.log())
    (project / "incoming" / "good").write_text("x")
    wait_for(lambda: engine.ask(lambda client: client.runs()))
    assert engine.finished(1).summary.event_files == ("incoming/good",)
    assert [one.name for one in engine.ask(lambda client: client.project()).workflows] == ["chain"]


def test_a_result_that_a_kill_cut_off_counts_for_nothing(tmp_path: Path) -> None:
    whole = msgspec.json.encode(to_data(AttemptResult(state=NodeState.SUCCEEDED, rows_out=12, outputs=("a",))))
    path = tmp_path / "job.x.1.result.json"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert read_result(str(path)) is None
    path.write_bytes(whole)
    assert read_result(str(path)) is not None
