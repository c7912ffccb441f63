"""Who may start: runs of a workflow under `max_concurrent_runs`, and node attempts under the machine's worker slots."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from glue_tui.core.attempt import AttemptKey
from glue_tui.core.model import RunId, Workflow
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


def admit_start(workflow: Workflow, unfinished: Sequence[WorkflowRun]) -> MayQueue | Skip | Refuse:
    """Decide about one more start of a workflow, given its unfinished runs, oldest first."""
    limit = workflow.max_concurrent_runs
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
    """Return the queued runs whose turn has come, oldest first, under each workflow's limit (0 = unlimited)."""
    going: dict[str, int] = {}
    queued: list[WorkflowRun] = []
    for run in sorted(runs, key=lambda one: one.number):
        if run.status.is_over:
            continue
        if run.is_queued:
            queued.append(run)
        else:
            going[run.workflow.name] = going.get(run.workflow.name, 0) + 1
    ready: list[RunId] = []
    for run in queued:
        name = run.workflow.name
        limit = limits.get(name, run.workflow.max_concurrent_runs)
        if limit == 0 or going.get(name, 0) < limit:
            going[name] = going.get(name, 0) + 1
            ready.append(run.run_id)
    return tuple(ready)


def grants(runs: Iterable[WorkflowRun], slots: int, now: float) -> tuple[AttemptKey, ...]:
    """Return the waiting attempts that get the free slots: runs take turns, oldest first, nodes in flow order."""
    active = 0
    lines: list[deque[AttemptKey]] = []
    for run in sorted(runs, key=lambda one: one.number):
        if not run.open_node_ids:
            continue
        line: deque[AttemptKey] = deque()
        for node_id in run.graph.node_ids:
            if node_id not in run.open_node_ids:
                continue
            last = run.nodes[node_id].last
            assert last is not None
            if last.state is not NodeState.WAITING:
                active += 1
            elif last.is_due(now):
                line.append(AttemptKey(run_id=run.run_id, node_id=node_id, attempt=last.attempt))
        if line:
            lines.append(line)
    granted: list[AttemptKey] = []
    while lines and active + len(granted) < slots:
        line = lines.pop(0)
        granted.append(line.popleft())
        if line:
            lines.append(line)
    return tuple(granted)
