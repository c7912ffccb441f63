"""Removing finished runs from the history: beyond the limits of their workflow's file, or because a person says so.

In small steps between those of the kernel, so that no run waits for it. What may go is decided by `store.retention`.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from glue_tui.core.model import Workflow
from glue_tui.core.problem import StoreFailed
from glue_tui.logs.remove import delete_folders, folder_bytes, run_folders
from glue_tui.protocol.pruned_view import PrunedView
from glue_tui.protocol.requests import PruneHistory
from glue_tui.store import retention
from glue_tui.store.database import Connection, open_readonly, reading, size_bytes
from glue_tui.store.retention import Limits, RemovableRun

CALL_BUDGET_S = 5.0
"""A request that removes for so long is answered with what it has done: a client does not wait for ever."""
STRAYS_PER_CALL = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What may go."""

    runs: tuple[RemovableRun, ...] = ()
    """Oldest first."""
    stray_run_ids: tuple[str, ...] = ()
    """Log folders without a run."""


def prunable(state_dir: Path, ask: PruneHistory) -> PrunedView:
    """Return what a request would remove. Changes nothing. Raises StoreFailed."""
    conn = open_readonly(state_dir / "state.db")
    if conn is None:
        return PrunedView(runs=0)
    with contextlib.closing(conn), reading():
        found = _plan(conn, state_dir, ask)
        in_database = sum(retention.run_bytes(conn, run.run_id) for run in found.runs)
    logs = [*(run.run_id for run in found.runs), *found.stray_run_ids]
    return _view(found.runs, found.stray_run_ids, in_database + _logs_bytes(state_dir, logs), found)


def _planned(state_dir: Path, ask: PruneHistory) -> Plan:
    """Return what a request lets go, by a connection of its own: this takes a moment and is done in a thread."""
    conn = open_readonly(state_dir / "state.db")
    assert conn is not None
    with contextlib.closing(conn), reading():
        return _plan(conn, state_dir, ask)


def _plan(conn: Connection, state_dir: Path, ask: PruneHistory) -> Plan:
    folders = run_folders(state_dir / "runs")  # Before the runs: a folder is made after its run.
    limits = Limits(keep_runs=ask.keep_runs, finished_before=ask.finished_before)
    if ask.bytes_max is not None:
        limits = replace(limits, number_up_to=_last_to_go(conn, state_dir, ask.bytes_max, ask.workflow))
    return Plan(
        runs=retention.removable_runs(conn, limits, ask.workflow),
        stray_run_ids=retention.unknown_run_ids(conn, folders),
    )


def _view(removed: Sequence[RemovableRun], strays: Sequence[str], freed_bytes: int, found: Plan) -> PrunedView:
    return PrunedView(
        runs=len(removed),
        workflows=dict(sorted(Counter(run.workflow for run in removed).items())),
        bytes=freed_bytes,
        stray_logs=len(strays),
        has_more=len(found.runs) > len(removed) or len(found.stray_run_ids) > len(strays),
    )


def history_bytes(state_dir: Path) -> tuple[int, int]:
    """Return the size of the database and of all logs. The logs of years take a second to look at."""
    conn = open_readonly(state_dir / "state.db")
    in_database = 0
    if conn is not None:
        with contextlib.closing(conn), reading():
            in_database = size_bytes(conn)
    return in_database, sum(folder_bytes(state_dir / "runs" / one) for one in run_folders(state_dir / "runs"))


def _last_to_go(conn: Connection, state_dir: Path, bytes_max: int, workflow: str) -> int:
    """Return the number of the last run to go for history and logs to be no larger; 0 where they are not."""
    over_bytes = sum(history_bytes(state_dir)) - bytes_max
    number = 0
    for run in retention.removable_runs(conn, Limits(keep_runs=1), workflow):
        if over_bytes <= 0:
            break
        over_bytes -= retention.run_bytes(conn, run.run_id) + folder_bytes(state_dir / "runs" / run.run_id)
        number = run.number
    return number


class Pruner:
    """Removes on behalf of an engine, or of a command while no engine runs. The connection is the only writer's."""

    def __init__(
        self,
        conn: Connection,
        state_dir: Path,
        *,
        needed_run_ids: Callable[[], Collection[str]],
        workflows: Callable[[], Mapping[str, Workflow]],
        note: Callable[[str], None],
    ) -> None:
        self._conn = conn
        self._state_dir = state_dir
        self._needed_run_ids = needed_run_ids
        """Runs that one at work has resumed."""
        self._workflows = workflows
        self._note = note
        self._due: set[str] = set()
        self._bell = asyncio.Event()

    def run_ended(self, workflow: str) -> None:
        """Look soon whether a run of this workflow is to go."""
        self._due.add(workflow)
        self._bell.set()

    async def run(self) -> None:
        """Apply the limits of the definition files: to all at first, then to each workflow when a run of it ends."""
        try:
            await self._sweep()
        except StoreFailed as error:
            self._note(f"logs of removed runs are still there: {error}")
        for name in self._workflows():
            self.run_ended(name)
        while True:
            await self._bell.wait()
            self._bell.clear()
            while self._due:
                workflow = self._workflows().get(self._due.pop())
                if workflow is not None and not workflow.history.is_unlimited:
                    await self._apply_limits(workflow)

    async def prune(self, ask: PruneHistory) -> PrunedView:
        """Remove what a request lets go, for CALL_BUDGET_S at most; the answer tells if there is more.

        Raises StoreFailed.
        """
        await self._sweep()
        found = await asyncio.to_thread(_planned, self._state_dir, ask)
        strays = found.stray_run_ids[:STRAYS_PER_CALL]
        _, stray_bytes = await asyncio.to_thread(_delete_logs, self._state_dir, strays)
        runs, freed_bytes = await self._remove(found.runs, budget_s=CALL_BUDGET_S)
        return _view(runs, strays, freed_bytes + stray_bytes, found)

    async def _apply_limits(self, workflow: Workflow) -> None:
        keep = workflow.history
        limits = Limits(
            keep_runs=keep.keep_runs or None,
            finished_before=time.time() - keep.keep_for_s if keep.keep_for_s else None,
        )
        try:
            with reading():
                runs = retention.removable_runs(self._conn, limits, workflow.name)
            runs, freed_bytes = await self._remove(runs)
        except StoreFailed as error:
            self._note(f"the history of {workflow.name} could not be shortened: {error}")
            return
        if runs:
            which = f"run {runs[0].number}" if len(runs) == 1 else f"{len(runs)} runs up to {runs[-1].number}"
            self._note(f"removed {which} of {workflow.name} ({freed_bytes:,} bytes): {workflow.source} keeps no more")

    async def _remove(
        self, runs: Sequence[RemovableRun], budget_s: float = math.inf
    ) -> tuple[tuple[RemovableRun, ...], int]:
        """Remove runs and their logs, as many as the time allows; return those removed, and the bytes."""
        began, freed_bytes = time.monotonic(), 0
        removed: list[RemovableRun] = []
        for start in range(0, len(runs), retention.RUNS_PER_REMOVAL):
            if time.monotonic() > began + budget_s:
                break
            needed = self._needed_run_ids()
            some = [run for run in runs[start : start + retention.RUNS_PER_REMOVAL] if run.run_id not in needed]
            run_ids = [run.run_id for run in some]
            removed += some
            with reading():
                freed_bytes += sum(retention.run_bytes(self._conn, run_id) for run_id in run_ids)
            retention.remove_runs(self._conn, run_ids)
            freed_bytes += await self._delete_removed(run_ids)
        has_more = bool(runs)
        while has_more:
            with reading():
                has_more = retention.give_back_pages(self._conn)
            await asyncio.sleep(0)  # Other work goes on in between.
        return tuple(removed), freed_bytes

    async def _sweep(self) -> None:
        """Delete the logs of runs that an earlier removal left behind."""
        with reading():
            left = retention.removed_run_ids(self._conn)
        if left:
            await self._delete_removed(left)

    async def _delete_removed(self, run_ids: Sequence[str]) -> int:
        """Delete the logs of runs that are removed; return their bytes."""
        gone, freed_bytes = await asyncio.to_thread(_delete_logs, self._state_dir, run_ids)
        retention.forget_removed(self._conn, gone)
        return freed_bytes


def _delete_logs(state_dir: Path, run_ids: Sequence[str]) -> tuple[tuple[str, ...], int]:
    """Delete log folders; return the runs whose folder is gone, and the bytes."""
    freed_bytes = _logs_bytes(state_dir, run_ids)
    return delete_folders(state_dir / "runs", run_ids), freed_bytes


def _logs_bytes(state_dir: Path, run_ids: Sequence[str]) -> int:
    return sum(folder_bytes(state_dir / "runs" / run_id) for run_id in run_ids)
