"""The supervisor with a fork server that answers in an order which the real one gives only when the machine is busy."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from glue_tui.core.attempt import AttemptKey, AttemptSpec
from glue_tui.core.job import Job, PythonWork
from glue_tui.core.model import NodeId, RunId
from glue_tui.core.states import NodeState
from glue_tui.core.stimuli import WorkerExited, WorkerLost, WorkerStarted
from glue_tui.core.wanted import StartWorker
from glue_tui.engine.fork_servers import ForkServers
from glue_tui.engine.supervisor import Report, Supervisor
from tests.conftest import DEADLINE_S

KEY = AttemptKey(run_id=RunId("wr_1"), node_id=NodeId("job:x"), attempt=1)
SERVER = """
import json, os, pathlib, sys
key = {"run_id": "wr_1", "node_id": "job:x", "attempt": 1}
sys.stdin.readline()
pathlib.Path("result.json").write_text('{"is": "AttemptResult", "state": "SUCCEEDED"}')
for answer in json.loads(sys.argv[1]):
    print(json.dumps({"key": key, **answer}), flush=True)
sys.stdin.read()
"""
STARTED = '{"kind": "started", "pid": 999999999, "process_started_at": 1.5}'
FINISHED = '{"kind": "finished", "exit_code": 0, "peak_memory_bytes": 7}'
LAST = '{"kind": "progress", "fraction": 1.0}'
EXITED = '{"kind": "exited", "exit_code": 0, "signal": null, "peak_memory_bytes": 9}'


class _ScriptedServers(ForkServers):
    def __init__(self, folder: Path, answers: str, *, refusals: int = 0) -> None:
        super().__init__(folder)
        self._folder, self._answers, self._refusals = folder, answers, refusals

    def next(self) -> subprocess.Popen[bytes]:
        if self._refusals:
            self._refusals -= 1
            raise BlockingIOError("no more processes")
        command = [sys.executable, "-c", SERVER, self._answers]
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, cwd=self._folder, start_new_session=True
        )


def _reports(folder: Path, *answers: str, refusals: int = 0) -> list[Report]:
    """Return what the supervisor tells the kernel of these answers. It asks for the worker only once."""
    spec = AttemptSpec(
        key=KEY,
        run_number=1,
        workflow="flow",
        node=Job(name="x", work=PythonWork(script="x.py")),
        connections=(),
        project_dir=str(folder),
        catalog_path="",
        log_path="",
        result_path=str(folder / "result.json"),
    )
    reports: list[Report] = []
    asked: list[AttemptKey] = []

    def spec_of(key: AttemptKey) -> AttemptSpec:
        asked.append(key)
        return spec

    async def watch() -> None:
        heard_all = asyncio.Event()
        supervisor = Supervisor(
            fork_servers=_ScriptedServers(folder, f"[{', '.join((*answers, LAST))}]", refusals=refusals),
            spec_of=spec_of,
            report=reports.append,
            progress=lambda key, fraction: heard_all.set(),
            note=print,
        )
        supervisor.reconcile((StartWorker(key=KEY),))
        running = asyncio.create_task(supervisor.run())
        async with asyncio.timeout(DEADLINE_S):
            await heard_all.wait()
        supervisor.reconcile((StartWorker(key=KEY),))  # By a kernel that has not taken in the last report.
        running.cancel()
        await asyncio.wait({running})

    asyncio.run(watch())
    assert asked == [KEY]
    return reports


def test_a_result_that_is_told_before_the_start_counts_after_it(tmp_path: Path) -> None:
    started, exited = _reports(tmp_path, FINISHED, STARTED, EXITED)
    assert isinstance(started, WorkerStarted)
    assert isinstance(exited, WorkerExited)
    assert exited.result is not None
    assert (exited.result.state, exited.exit_code, exited.peak_memory_bytes) == (NodeState.SUCCEEDED, 0, 7)


def test_a_worker_that_answers_twice_is_reported_once(tmp_path: Path) -> None:
    reports = _reports(tmp_path, STARTED, FINISHED, FINISHED, EXITED, EXITED)
    assert [type(one) for one in reports] == [WorkerStarted, WorkerExited]


def test_a_worker_that_can_not_begin_is_lost_with_its_reason(tmp_path: Path) -> None:
    refusal = '{"kind": "exited", "reason": "the log can\'t be written"}'
    (lost,) = _reports(tmp_path, refusal, EXITED)
    assert lost == WorkerLost(key=KEY, reason="the log can't be written")


def test_a_fork_server_that_can_not_be_started_just_now_is_started_later(tmp_path: Path) -> None:
    reports = _reports(tmp_path, STARTED, FINISHED, EXITED, refusals=1)
    assert [type(one) for one in reports] == [WorkerStarted, WorkerExited]
