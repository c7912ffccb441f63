"""What a new engine does before it starts anything: fence the workers of the one before, and declare what was lost."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

import psutil

from glue_tui.core.attempt import result_path
from glue_tui.core.run import WorkflowRun
from glue_tui.core.stimuli import WorkerExited, WorkerLost
from glue_tui.engine.inputs import WorkerReported
from glue_tui.engine.supervisor import read_result
from glue_tui.store import ledger
from glue_tui.store.database import Connection, transaction

FENCE_PATIENCE_S = 1.0
"""How long workers may take to notice by themselves that their engine is gone."""
FENCE_TIMEOUT_S = 15.0
CRASH_LOOP_STARTS = 3
CRASH_LOOP_WINDOW_S = 60.0


class FenceHeld(Exception):
    """Workers of an engine that died are still alive and could not be ended."""


def take_fence(descriptor: int, runs: Iterable[WorkflowRun]) -> None:
    """Lock the fence. Workers of a dead engine end by themselves within milliseconds; those that don't are killed, if
    pid and start time say it is them. Raises FenceHeld.
    """
    begun = time.monotonic()
    has_killed = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > begun + FENCE_PATIENCE_S and not has_killed:
                has_killed = True
                _kill_recorded(runs)
            if time.monotonic() > begun + FENCE_TIMEOUT_S:
                raise FenceHeld("workers of an earlier engine are still alive and hold their lock") from None
            time.sleep(0.01)  # There is no waiting with a deadline on a lock.


def leftovers(runs: Iterable[WorkflowRun], state_dir: Path, *, was_stopped: bool) -> tuple[WorkerReported, ...]:
    """Return what became of every attempt that was starting or running: a complete result, or lost.

    `was_stopped`: the last engine ended as asked, which is no fault of what it was doing.
    """
    reason = "the engine was stopped while it ran" if was_stopped else "the engine ended while it ran"
    found: list[WorkerReported] = []
    for run in runs:
        for node_id in run.graph.node_ids:
            if node_id not in run.open_node_ids or not run.nodes[node_id].state.is_active:
                continue
            key = run.key(node_id)
            result = read_result(result_path(str(state_dir), key))
            if result is not None:
                found.append(WorkerReported(report=WorkerExited(key=key, result=result)))
            else:
                found.append(WorkerReported(report=WorkerLost(key=key, reason=reason, is_charged=not was_stopped)))
    return tuple(found)


def note_start(conn: Connection, now: float) -> bool:
    """Remember this start and tell whether it is one too many in a crash loop."""
    with transaction(conn):
        times = ledger.note_engine_start(conn, now, os.getpid())
    recent = [at for at in times if now - CRASH_LOOP_WINDOW_S <= at <= now]
    return len(recent) > CRASH_LOOP_STARTS


def forget_crashes(conn: Connection) -> None:
    """Crashes so far count as no part of a crash loop any more. Raises StoreFailed."""
    with transaction(conn):
        ledger.forget_engine_starts(conn)


def _kill_recorded(runs: Iterable[WorkflowRun]) -> None:
    for run in runs:
        for node_id in run.open_node_ids:
            last = run.nodes[node_id].last
            if last is None or last.pid is None or last.process_started_at is None:
                continue
            with contextlib.suppress(psutil.Error, ProcessLookupError, PermissionError):
                if abs(psutil.Process(last.pid).create_time() - last.process_started_at) < 1:
                    os.killpg(last.pid, signal.SIGKILL)
