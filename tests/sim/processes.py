"""Worker processes that obey or don't, and the one who starts and ends them as `engine.supervisor` does."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from glue_tui.core.attempt import AttemptKey, AttemptResult, NodeError
from glue_tui.core.model import node_name
from glue_tui.core.states import NodeState
from glue_tui.core.stimuli import WorkerExited, WorkerLost, WorkerStarted
from glue_tui.core.wanted import Command, StartWorker, StopWorker

if TYPE_CHECKING:
    from sim_engine import SimEngine
    from world import World

Report = WorkerStarted | WorkerExited | WorkerLost


@dataclass(slots=True)
class Process:
    key: AttemptKey
    pid: int
    behaviour: str
    """obeys | fails | skips | hangs | deaf (hangs and ignores TERM) | vanishes | dies (after its result) |
    lingers (on TERM)"""
    engine_number: int
    is_over: bool = False


@dataclass(slots=True)
class _Worker:
    pid: int | None = None
    was_termed: bool = False
    was_killed: bool = False


class SimSupervisor:
    """Does with simulated processes what `engine.supervisor.Supervisor.reconcile` does with real ones."""

    def __init__(self, world: World, engine: SimEngine) -> None:
        self._world = world
        self._engine = engine
        self.workers: dict[AttemptKey, _Worker] = {}

    def reconcile(self, wanted: Iterable[Command]) -> None:
        keys: set[AttemptKey] = set()
        for command in wanted:
            self._world.maybe_crash(self._world.plan.crash_while_acting * 0.3, "while acting")
            match command:
                case StartWorker(key=key):
                    keys.add(key)
                    if key not in self.workers:
                        self._start(key)
                case StopWorker(key=key, is_kill=is_kill):
                    keys.add(key)
                    if is_kill:
                        self._world.checkers.stopwatch.kills(key)
                    self._stop(key, is_kill)
                case _:
                    pass
        for key in [one for one in self.workers if one not in keys]:
            self._stop(key, is_kill=True)

    def _start(self, key: AttemptKey) -> None:
        world = self._world
        self.workers[key] = _Worker()
        begins_after_s = world.random.choice((0.01, 0.05, 1.0))
        process = world.start_process(key, begins_after_s)
        world.after(begins_after_s, lambda: self._started(process), engine=self._engine)

    def _stop(self, key: AttemptKey, is_kill: bool) -> None:
        worker = self.workers.get(key)
        if worker is None:
            self._engine.report(WorkerLost(key=key, reason="it had not begun"))
            return
        if worker.pid is None:
            return
        process = self._world.processes.get(key)
        if is_kill and not worker.was_killed:
            worker.was_killed = True
            if process is not None:
                self._world.end_process(process, signal=9)
        elif not is_kill and not worker.was_termed:
            worker.was_termed = True
            if process is not None and process.behaviour != "deaf":
                delay_s = 3.0 if process.behaviour == "lingers" else 0.05
                self._world.after(delay_s, lambda: self._world.end_process(process, signal=15))

    def _started(self, process: Process) -> None:
        worker = self.workers.get(process.key)
        if worker is None:
            self._world.end_process(process, signal=9)
            return
        worker.pid = process.pid
        wall = self._world.wall_s
        self._send(WorkerStarted(key=process.key, pid=process.pid, process_started_at=wall))

    def exited(self, process: Process, exit_code: int | None, signal: int | None) -> None:
        """Report the end of a process; without code and signal nobody saw how it ended."""
        worker = self.workers.pop(process.key, None)
        if worker is None:
            return
        if exit_code is None and signal is None:
            self._send(WorkerLost(key=process.key, reason="the worker vanished"))
            return
        result = self._world.results.get(process.key)
        self._send(WorkerExited(key=process.key, result=result, exit_code=exit_code, signal=signal))

    def _send(self, report: Report) -> None:
        world = self._world
        if world.chance(world.plan.report_late):
            # Not for ends: a worker that has ended, and of which the kernel has not heard, would be started again.
            if isinstance(report, WorkerStarted):
                world.after(world.random.uniform(0.1, 8.0), lambda: self._engine.report(report), engine=self._engine)
                return
            world.after(world.random.uniform(0.1, 8.0), lambda: self._engine.report(report), engine=self._engine)
        self._engine.report(report)
        if world.chance(world.plan.report_doubled):
            self._engine.report(report)


def result_of(process: Process) -> AttemptResult:
    """Return what a worker leaves behind as its last act."""
    name = node_name(process.key.node_id)
    if process.behaviour == "skips":
        return AttemptResult(state=NodeState.SKIPPED, reason="exit code 99", properties={name: "skipped"})
    if process.behaviour == "fails":
        error = NodeError(type="ValueError", message="no good", location=f"jobs/{name}.py:1")
        return AttemptResult(state=NodeState.FAILED, error=error)
    return AttemptResult(
        state=NodeState.SUCCEEDED, rows_in=2, rows_out=1, outputs=(f"out/{name}",), properties={name: "done"}
    )
