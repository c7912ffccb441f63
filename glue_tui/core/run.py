"""A workflow run as the fold of its events. `apply` is a plain fold: it never refuses a stored event."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import assert_never

from glue_tui.core.attempt import AttemptKey, NodeError
from glue_tui.core.checks import CheckResult
from glue_tui.core.clock import was_set_back
from glue_tui.core.events import (
    AttemptFinished,
    AttemptLost,
    AttemptQueued,
    AttemptRunning,
    AttemptStarting,
    AttemptStopRequested,
    DeadlinesShifted,
    DelayNoticed,
    Event,
    NodeCarriedOver,
    NodeFinished,
    NodeSkipped,
    PropertiesPut,
    Resumed,
    RunFinished,
    RunQueued,
    RunStarted,
    StartCause,
    StopRequested,
    TriggerFired,
    TriggerRuledOut,
)
from glue_tui.core.graph import WorkflowGraph, build_graph
from glue_tui.core.model import NodeId, RunId, Workflow
from glue_tui.core.states import NodeState, Outcome, TriggerRunState, WorkflowRunStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    attempt: int
    state: NodeState
    queued_at: float
    not_before: float | None = None
    arguments: dict[str, str] = field(default_factory=dict)
    timeout_s: float | None = None
    starting_at: float | None = None
    started_at: float | None = None
    stop_requested_at: float | None = None
    stop_because: NodeState | None = None
    delay_noticed_at: float | None = None
    finished_at: float | None = None
    pid: int | None = None
    process_started_at: float | None = None
    error: NodeError | None = None
    exit_code: int | None = None
    rows_in: int | None = None
    rows_out: int | None = None
    bytes_in: int | None = None
    bytes_out: int | None = None
    cpu_s: float | None = None
    peak_memory_bytes: int | None = None
    outputs: tuple[str, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    left_out: int = 0
    was_lost: bool = False
    is_charged: bool = True
    """Whether a loss counts against the node."""

    def is_due(self, now: float) -> bool:
        """Tell whether a waiting attempt may start: its delay is over, or the clock was set back since it began."""
        return self.not_before is None or self.not_before <= now or was_set_back(self.queued_at, now)

    def shifted(self, by_s: float) -> Attempt:
        """Return the attempt as if the clock had always been `by_s` further on."""

        def moved(at: float | None) -> float | None:
            return None if at is None else at + by_s

        return replace(
            self,
            queued_at=self.queued_at + by_s,
            not_before=moved(self.not_before),
            starting_at=moved(self.starting_at),
            started_at=moved(self.started_at),
            stop_requested_at=moved(self.stop_requested_at),
            delay_noticed_at=moved(self.delay_noticed_at),
        )

    def is_to_be_killed(self, now: float, grace_s: float) -> bool:
        """Tell whether the grace of a stop is over."""
        asked_at = self.stop_requested_at or now
        return asked_at + grace_s <= now or was_set_back(asked_at, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeRun:
    node_id: NodeId
    state: NodeState = NodeState.PENDING
    reason: str = ""
    trigger: str = ""
    """The trigger that started it."""
    attempts: tuple[Attempt, ...] = ()
    finished_at: float | None = None
    carried_from: str = ""
    rows_in: int | None = None
    rows_out: int | None = None
    bytes_in: int | None = None
    bytes_out: int | None = None
    outputs: tuple[str, ...] = ()
    skip_reason: str = ""
    """Of a node that ran and is SKIPPED: why it found nothing to do. Empty where no trigger started it."""

    @property
    def did_run(self) -> bool:
        """Whether it was at work, in this run or in the one from which it was taken over."""
        return bool(self.attempts or self.skip_reason) or (
            bool(self.carried_from) and self.state is not NodeState.SKIPPED
        )

    @property
    def last(self) -> Attempt | None:
        return self.attempts[-1] if self.attempts else None


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerRun:
    name: str
    state: TriggerRunState = TriggerRunState.WAITING
    fired_at: float | None = None
    reason: str = ""
    predecessors: tuple[NodeId, ...] = ()
    """Nodes whose states made it fire (rule JR-9)."""
    carried_over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowRun:
    """One run. `started_at` is None while it waits for its turn."""

    run_id: RunId
    number: int
    workflow: Workflow
    graph: WorkflowGraph
    cause: StartCause
    status: WorkflowRunStatus = WorkflowRunStatus.RUNNING
    outcome: Outcome | None = None
    message: str = ""
    properties: dict[str, str]
    previous_run_id: str = ""
    restart_node_ids: tuple[NodeId, ...] = ()
    resumed: Resumed | None = None
    queued_at: float
    started_at: float | None = None
    finished_at: float | None = None
    nodes: dict[NodeId, NodeRun]
    triggers: dict[str, TriggerRun]
    open_node_ids: frozenset[NodeId] = frozenset()
    """Nodes that are WAITING, STARTING, RUNNING or STOPPING: the only ones a clock or a stop concerns."""
    state_counts: dict[NodeState, int]
    """How many nodes are in each state; counted along, as it is asked for at every step of a run of any size."""
    at_work: int = 0
    """How many of them have a worker process, or are about to; counted along, too."""

    @property
    def is_queued(self) -> bool:
        return self.started_at is None and not self.status.is_over

    def open_in_flow_order(self) -> list[NodeId]:
        return sorted(self.open_node_ids, key=self.graph.positions.__getitem__)

    def key(self, node_id: NodeId) -> AttemptKey:
        """Return the key of the node's last attempt."""
        return AttemptKey(run_id=self.run_id, node_id=node_id, attempt=len(self.nodes[node_id].attempts))


def fold(events: Iterable[tuple[float, Event]]) -> WorkflowRun:
    """Return the run that these events, each with its time, make up. The first must be RunQueued."""
    run: WorkflowRun | None = None
    for at, event in events:
        run = apply(run, event, at)
    assert run is not None, "a run without events"
    return run


def apply(run: WorkflowRun | None, event: Event, at: float) -> WorkflowRun:
    """Return the run after `event`, which was recorded at `at` (seconds since the epoch)."""
    if isinstance(event, RunQueued):
        return _opened(event, at)
    assert run is not None, "a run's first event is RunQueued"
    match event:
        case RunStarted():
            return replace(run, started_at=at)
        case NodeCarriedOver():
            return _with_node(run, _carried_over(event))
        case TriggerFired():
            fired = TriggerRun(
                name=event.trigger,
                state=TriggerRunState.FIRED,
                fired_at=None if event.carried_over else at,
                predecessors=event.predecessors,
                carried_over=event.carried_over,
            )
            return replace(run, triggers={**run.triggers, event.trigger: fired})
        case TriggerRuledOut():
            never = TriggerRun(name=event.trigger, state=TriggerRunState.NEVER, reason=event.reason)
            return replace(run, triggers={**run.triggers, event.trigger: never})
        case NodeSkipped():
            skipped = replace(_node(run, event.node_id), state=NodeState.SKIPPED, reason=event.reason, finished_at=at)
            return _with_node(run, skipped)
        case NodeFinished():
            done = replace(
                _node(run, event.node_id),
                state=event.state,
                finished_at=at,
                reason=event.reason,
                skip_reason=event.reason if event.state is NodeState.SKIPPED else "",
            )
            return _with_node(run, done)
        case PropertiesPut():
            return replace(run, properties={**run.properties, **event.properties})
        case StopRequested():
            return replace(run, status=WorkflowRunStatus.STOPPING, message=event.reason)
        case RunFinished():
            return replace(
                run, status=event.status, outcome=event.outcome, finished_at=at, message=event.message or run.message
            )
        case (
            AttemptQueued()
            | AttemptStarting()
            | AttemptRunning()
            | AttemptStopRequested()
            | AttemptFinished()
            | AttemptLost()
            | DelayNoticed()
        ):
            return _with_node(run, _node_after(_node(run, event.node_id), event, at))
        case DeadlinesShifted():
            return _shifted(run, event.by_s)
        case _:
            assert_never(event)


def _carried_over(event: NodeCarriedOver) -> NodeRun:
    return NodeRun(
        node_id=event.node_id,
        state=event.state,
        carried_from=event.from_run_id,
        reason="carried over",
        rows_in=event.rows_in,
        rows_out=event.rows_out,
        bytes_in=event.bytes_in,
        bytes_out=event.bytes_out,
        outputs=event.outputs,
        skip_reason=event.skip_reason,
    )


def _opened(event: RunQueued, at: float) -> WorkflowRun:
    graph = build_graph(event.workflow)
    return WorkflowRun(
        run_id=event.run_id,
        number=event.number,
        workflow=event.workflow,
        graph=graph,
        cause=event.cause,
        properties=event.properties,
        previous_run_id=event.previous_run_id,
        restart_node_ids=event.restart_node_ids,
        resumed=event.resumed,
        queued_at=at,
        nodes={node_id: NodeRun(node_id=node_id) for node_id in graph.node_ids},
        state_counts={NodeState.PENDING: len(graph.node_ids)},
        triggers={name: TriggerRun(name=name) for name in graph.triggers},
    )


LaterEvent = AttemptStarting | AttemptRunning | AttemptStopRequested | AttemptFinished | AttemptLost | DelayNoticed
"""Of an attempt that was queued before."""


def _node_after(node: NodeRun, event: AttemptQueued | LaterEvent, at: float) -> NodeRun:
    if isinstance(event, AttemptQueued):
        queued = Attempt(
            attempt=event.attempt,
            state=NodeState.WAITING,
            queued_at=at,
            not_before=event.not_before,
            arguments=event.arguments,
            timeout_s=event.timeout_s,
        )
        return replace(
            node,
            state=NodeState.WAITING,
            reason=event.reason,
            trigger=event.trigger or node.trigger,
            attempts=(*node.attempts, queued),
        )
    attempt = next((one for one in node.attempts if one.attempt == event.attempt), None)
    if attempt is None:
        return node
    changed = _attempt_after(attempt, event, at)
    attempts = tuple(changed if one.attempt == event.attempt else one for one in node.attempts)
    is_last = attempts[-1].attempt == event.attempt
    # An attempt's end is not yet its node's: a retry or NodeFinished follows in the same breath.
    state = changed.state if is_last and not node.state.is_over and not changed.state.is_over else node.state
    return replace(
        node,
        state=state,
        reason="",
        attempts=attempts,
        rows_in=changed.rows_in,
        rows_out=changed.rows_out,
        bytes_in=changed.bytes_in,
        bytes_out=changed.bytes_out,
        outputs=changed.outputs,
    )


def _attempt_after(attempt: Attempt, event: LaterEvent, at: float) -> Attempt:
    match event:
        case AttemptStarting():
            return replace(attempt, state=NodeState.STARTING, starting_at=at)
        case AttemptRunning():
            state = attempt.state if attempt.state is NodeState.STOPPING else NodeState.RUNNING
            return replace(
                attempt, state=state, started_at=at, pid=event.pid, process_started_at=event.process_started_at
            )
        case AttemptStopRequested():
            return replace(attempt, state=NodeState.STOPPING, stop_requested_at=at, stop_because=event.because)
        case DelayNoticed():
            return replace(attempt, delay_noticed_at=at)
        case AttemptFinished():
            return replace(
                attempt,
                state=event.state,
                finished_at=at,
                error=event.error,
                exit_code=event.exit_code,
                rows_in=event.rows_in,
                rows_out=event.rows_out,
                bytes_in=event.bytes_in,
                bytes_out=event.bytes_out,
                cpu_s=event.cpu_s,
                peak_memory_bytes=event.peak_memory_bytes,
                outputs=event.outputs,
                checks=event.checks,
                left_out=event.left_out,
            )
        case AttemptLost():
            lost = NodeError(type="WorkerLost", message=event.reason)
            return replace(
                attempt, state=NodeState.ERROR, finished_at=at, error=lost, was_lost=True, is_charged=event.is_charged
            )
        case _:
            assert_never(event)


def _shifted(run: WorkflowRun, by_s: float) -> WorkflowRun:
    """Return the run with the moments of its open attempts told by the clock as it is now."""
    nodes = dict(run.nodes)
    for node_id in run.open_node_ids:
        *earlier, last = nodes[node_id].attempts
        nodes[node_id] = replace(nodes[node_id], attempts=(*earlier, last.shifted(by_s)))
    return replace(run, nodes=nodes)


def _node(run: WorkflowRun, node_id: NodeId) -> NodeRun:
    return run.nodes.get(node_id) or NodeRun(node_id=node_id)


def _with_node(run: WorkflowRun, node: NodeRun) -> WorkflowRun:
    is_open = node.state is NodeState.WAITING or node.state.is_active
    ids = run.open_node_ids | {node.node_id} if is_open else run.open_node_ids - {node.node_id}
    counts, at_work, before = run.state_counts, run.at_work, run.nodes.get(node.node_id)
    if before is None or before.state is not node.state:
        counts = {**counts, node.state: counts.get(node.state, 0) + 1}
        at_work += node.state.is_active
        if before is not None:
            counts[before.state] -= 1
            at_work -= before.state.is_active
    nodes = {**run.nodes, node.node_id: node}
    return replace(run, nodes=nodes, open_node_ids=ids, state_counts=counts, at_work=at_work)
