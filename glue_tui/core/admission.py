"""Who may start: runs of a workflow under its `max_concurrent_runs`; attempts of nodes under that of their job, and
under the machine's worker slots.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from glue_tui.core.attempt import AttemptKey
from glue_tui.core.model import NodeId, RunId, Workflow, runs_at_once_max
from glue_tui.core.run import WorkflowRun
from glue_tui.core.states import NodeState, OnOverlap


@dataclass(frozen=True, slots=True, kw_only=True)
class MayQueue:
    """The run may be made; `cancel_run_ids` are to be stopped for it first."""

    cancel_run_ids: tuple[RunId, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """No run is made (`on_overlap = "skip"`)."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """Glue's way: the start is an error (rule WF-14)."""

    message: str


UNFINISHED_RUNS_MAX = 1_000
"""Of one workflow. More would only pile up faster than they can end: what starts them is to slow down."""


def admit_start(workflow: Workflow, unfinished: Sequence[WorkflowRun]) -> MayQueue | Skip | Refuse:
    """Decide about one more start of a workflow, given its unfinished runs, oldest first."""
    limit = workflow.max_concurrent_runs
    if len(unfinished) >= UNFINISHED_RUNS_MAX:
        return Skip(message=f"{len(unfinished):,} runs of {workflow.name} are not over, the most there may be")
    if limit == 0 or len(unfinished) < limit:
        return MayQueue()
    match workflow.on_overlap:
        case OnOverlap.QUEUE:
            return MayQueue()
        case OnOverlap.CANCEL_PREVIOUS:
            oldest = unfinished[: len(unfinished) - limit + 1]
            return MayQueue(cancel_run_ids=tuple(run.run_id for run in oldest))
        case OnOverlap.SKIP:
            return Skip(message=f"{len(unfinished)} of {limit} runs of {workflow.name} are going; on_overlap is skip")
        case OnOverlap.ERROR:
            return Refuse(message=f"Concurrent runs exceeded for workflow: {workflow.name}.")


def turns(runs: Iterable[WorkflowRun], limits: dict[str, int]) -> tuple[RunId, ...]:
    """Return the queued runs whose turn has come, oldest first, under each workflow's limit (0 = unlimited).

    A crawler by itself has its turn at once, and takes nobody's.
    """
    unfinished = [run for run in runs if not run.status.is_over]
    queued = sorted((run for run in unfinished if run.started_at is None), key=lambda one: one.number)
    if not queued:
        return ()
    going = Counter(run.workflow.name for run in unfinished if run.started_at is not None and not run.cause.crawler)
    ready: list[RunId] = []
    for run in queued:
        name = run.workflow.name
        limit = limits.get(name, run.workflow.max_concurrent_runs)
        if run.cause.crawler:
            ready.append(run.run_id)
        elif limit == 0 or going[name] < limit:
            going[name] += 1
            ready.append(run.run_id)
    return tuple(ready)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The runs that have a node at work, or are next to have it; other runs of the workflow wait for them."""

    run_numbers: tuple[int, ...]
    at_once_max: int


class Lines:
    """Who waits for whom at nodes that run only so often at a time (rules JR-3, JR-4, CR-1). `runs`: oldest first.

    A node's limit is the one that its run has pinned; where runs differ in it, the lowest of those concerned counts.
    """

    def __init__(self, runs: Iterable[WorkflowRun], now: float) -> None:
        self._now = now
        self._runs_of: dict[str, list[WorkflowRun]] = {}
        self._busy_of: dict[str, list[WorkflowRun]] = {}
        self._lines: dict[tuple[str, NodeId], Line | None] = {}
        for run in runs:
            self._runs_of.setdefault(run.workflow.name, []).append(run)
            if run.at_work:
                self._busy_of.setdefault(run.workflow.name, []).append(run)

    def before(self, run: WorkflowRun, node_id: NodeId) -> Line | None:
        """Return whom a waiting node of this run has to wait for; None: its line holds it back no longer."""
        name = run.workflow.name
        if len(self._runs_of[name]) < 2:
            return None
        if (name, node_id) not in self._lines:
            self._lines[name, node_id] = self._line(name, node_id)
        line = self._lines[name, node_id]
        return line if line is not None and run.number not in line.run_numbers else None

    def _line(self, workflow: str, node_id: NodeId) -> Line | None:
        """Return the line at a node; None where nothing limits it."""
        first: list[int] = []
        limit = math.inf
        for run in self._busy_of.get(workflow, ()):
            if node_id in run.open_node_ids and run.nodes[node_id].state.is_active:
                limit = min(limit, runs_at_once_max(run.graph.nodes[node_id]))
                first.append(run.number)
        for run in self._runs_of[workflow]:
            if first and limit == 1:
                break  # No limit is lower: the others, who may be a thousand, only wait.
            if node_id in run.open_node_ids and is_waiting(run, node_id, self._now):
                limit = min(limit, runs_at_once_max(run.graph.nodes[node_id]))
                if len(first) < limit:
                    first.append(run.number)
        return None if limit == math.inf else Line(run_numbers=tuple(sorted(first)), at_once_max=int(limit))


def is_waiting(run: WorkflowRun, node_id: NodeId, now: float) -> bool:
    """Tell whether a node waits for nothing but leave to start: no delay before a retry is left."""
    last = run.nodes[node_id].last
    return last is not None and last.state is NodeState.WAITING and last.is_due(now)


def grants(runs: Iterable[WorkflowRun], slots: int, now: float) -> tuple[AttemptKey, ...]:
    """Return the waiting attempts that get the free slots.

    A slot goes to the run with the fewest nodes at work, among equals to the oldest, there to the first in flow order:
    so a run with many long nodes cannot keep a later one from its next free slot.
    """
    ordered = sorted((run for run in runs if run.open_node_ids), key=lambda one: one.number)
    at_work = [run.at_work for run in ordered]
    free = slots - sum(at_work)
    if free <= 0:
        return ()
    standing = Lines(ordered, now)
    lines = [
        (count, run.number, _may_start(run, standing, now))
        for count, run in zip(at_work, ordered, strict=True)
        if any(standing.before(run, node_id) is None for node_id in run.open_node_ids)
    ]
    heapq.heapify(lines)
    granted: list[AttemptKey] = []
    while lines and len(granted) < free:
        count, number, line = heapq.heappop(lines)
        key = next(line, None)
        if key is not None:
            granted.append(key)
            heapq.heappush(lines, (count + 1, number, line))
    return tuple(granted)


def _may_start(run: WorkflowRun, lines: Lines, now: float) -> Iterator[AttemptKey]:
    """Yield the attempts of a run that may start, in flow order; only as far as somebody asks."""
    for node_id in run.open_in_flow_order():
        if is_waiting(run, node_id, now) and lines.before(run, node_id) is None:
            yield run.key(node_id)
