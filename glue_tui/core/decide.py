"""All rules of a running workflow: a stimulus becomes events, carried on to a fixed point. Pure.

Rule ids are those of Glue's semantics as this project numbers them: WF workflow and run, TR triggers, JR job runs,
RS stop and resume.
"""

from __future__ import annotations

from typing import assert_never

from glue_tui.core import run as runs
from glue_tui.core import stopped
from glue_tui.core.attempt import AttemptKey, NodeError
from glue_tui.core.deadlines import deadline, delay_notice_at
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
    NodeFinished,
    NodeSkipped,
    PropertiesPut,
    RunFinished,
    RunStarted,
    StopRequested,
    TriggerFired,
    TriggerRuledOut,
)
from glue_tui.core.job import Job
from glue_tui.core.model import Action, Crawler, NodeId
from glue_tui.core.outcome import outcome_of
from glue_tui.core.predicate import Truth, conditions_met, judge, why_never
from glue_tui.core.run import Attempt, WorkflowRun
from glue_tui.core.states import NodeState, Outcome, TriggerRunState, WorkflowRunStatus
from glue_tui.core.stimuli import (
    ClockStepped,
    ClockTicked,
    RunStopRequested,
    SlotGranted,
    StartRefused,
    Stimulus,
    TurnCame,
    WorkerExited,
    WorkerLost,
    WorkerStarted,
)
from glue_tui.core.verdict import stop_error, verdict

LOST_ATTEMPTS_MAX = 3
"""How often a node is tried again because its worker vanished, on top of the user's own `max_retries`."""


def decide(run: WorkflowRun, stimulus: Stimulus, now: float) -> tuple[Event, ...]:
    """Return what is to be recorded because of `stimulus`; nothing where it is late or repeated."""
    if run.status.is_over:
        return ()
    draft = _Draft(run, now)
    match stimulus:
        case TurnCame():
            draft.start()
        case StartRefused(message=message):
            draft.add(RunFinished(status=WorkflowRunStatus.ERROR, outcome=Outcome.ERROR, message=message))
        case SlotGranted(key=key):
            if draft.attempt_in(key, NodeState.WAITING):
                draft.add(AttemptStarting(node_id=key.node_id, attempt=key.attempt))
        case WorkerStarted(key=key):
            if draft.attempt_in(key, NodeState.STARTING, NodeState.STOPPING):
                draft.add(
                    AttemptRunning(
                        node_id=key.node_id,
                        attempt=key.attempt,
                        pid=stimulus.pid,
                        process_started_at=stimulus.process_started_at,
                    )
                )
        case WorkerExited(key=key):
            if attempt := draft.attempt_in(key, NodeState.STARTING, NodeState.RUNNING, NodeState.STOPPING):
                draft.worker_exited(attempt, stimulus)
        case WorkerLost(key=key):
            if attempt := draft.attempt_in(key, NodeState.STARTING, NodeState.RUNNING, NodeState.STOPPING):
                draft.worker_lost(attempt, stimulus)
        case RunStopRequested(reason=reason):
            draft.stop(reason)
        case ClockTicked():
            draft.look_at_clock()
        case ClockStepped(by_s=by_s):
            if run.open_node_ids:
                draft.add(DeadlinesShifted(by_s=by_s))
        case _:
            assert_never(stimulus)
    draft.settle()
    return tuple(draft.events)


class _Draft:
    """A run being carried forward: every event is applied as soon as it is decided."""

    def __init__(self, run: WorkflowRun, now: float) -> None:
        self.run = run
        self.now = now
        self.events: list[Event] = []
        self._to_judge: dict[str, None] = {}

    def add(self, event: Event) -> None:
        self.events.append(event)
        self.run = runs.apply(self.run, event, self.now)
        if isinstance(event, (NodeFinished, NodeSkipped)):
            self._to_judge.update(dict.fromkeys(self.run.graph.triggers_watching.get(event.node_id, ())))

    def attempt_in(self, key: AttemptKey, *states: NodeState) -> Attempt | None:
        """Return the attempt if it is the node's last and in one of `states`; late messages find none."""
        node = self.run.nodes.get(key.node_id)
        last = node.last if node else None
        return last if last and last.attempt == key.attempt and last.state in states else None

    # How a run begins and ends

    def start(self) -> None:
        if self.run.started_at is not None:
            return
        self.add(RunStarted())
        if self.run.previous_run_id:
            self._resume()
        else:
            self._start_afresh()
        for name, trigger in self.run.graph.triggers.items():
            if trigger.predicate and not trigger.enabled and self._is_waiting(name):
                self._rule_out(name, "paused when the run started")

    def _start_afresh(self) -> None:
        self._fire(self.run.cause.trigger)
        reached = self.run.graph.reached_from(self.run.cause.trigger)
        for name, trigger in self.run.graph.triggers.items():
            if trigger.type.starts_runs and name != self.run.cause.trigger:
                self.add(TriggerRuledOut(trigger=name, reason=f"this run was started by {self.run.cause.trigger}"))
        for node_id in self.run.graph.node_ids:
            if node_id not in reached:
                reason = f"not reached from trigger {self.run.cause.trigger}"
                self.add(NodeSkipped(node_id=node_id, reason=reason))

    def _resume(self) -> None:
        """Rules RS-5 and RS-6: chosen nodes start at once, the states that were carried over count for triggers."""
        for node_id in self.run.restart_node_ids:
            self._queue_first(node_id, _action_of(self.run, node_id), reason="restarted by resume")
        for name, trigger in self.run.graph.triggers.items():
            if trigger.type.starts_runs and self._is_waiting(name):
                self._fire(name)
        self._to_judge.update(dict.fromkeys(self.run.triggers))

    def stop(self, reason: str) -> None:
        """Rule RS-1: what runs ends, what has not started never will."""
        if self.run.status is WorkflowRunStatus.STOPPING:
            return
        self.add(StopRequested(reason=reason))
        for node_id in self.run.open_in_flow_order():
            last = self.run.nodes[node_id].last
            assert last is not None
            if last.state is NodeState.WAITING:
                self.add(AttemptFinished(node_id=node_id, attempt=last.attempt, state=NodeState.STOPPED))
                self._finish_node(node_id, NodeState.STOPPED)
            elif last.state in (NodeState.STARTING, NodeState.RUNNING):
                because = NodeState.STOPPED
                self.add(AttemptStopRequested(node_id=node_id, attempt=last.attempt, because=because))

    def look_at_clock(self) -> None:
        """Rule JR-5: a timeout is counted from the start of the worker. Rule JR-11: a delay is told once."""
        for node_id in self.run.open_in_flow_order():
            last = self.run.nodes[node_id].last
            assert last is not None
            notice_at = delay_notice_at(self.run, node_id)
            if notice_at is not None and notice_at <= self.now:
                self.add(DelayNoticed(node_id=node_id, attempt=last.attempt))
            due = deadline(last)
            if due is not None and due <= self.now and last.state in (NodeState.STARTING, NodeState.RUNNING):
                self.add(AttemptStopRequested(node_id=node_id, attempt=last.attempt, because=NodeState.TIMEOUT))

    def settle(self) -> None:
        """Fire and rule out triggers, skip nodes nobody can start, end the run: until nothing changes (rule WF-12)."""
        self._judge_triggers()
        waits_for_turn = self.run.is_queued and self.run.status is WorkflowRunStatus.RUNNING
        if self.run.status.is_over or waits_for_turn:
            return
        if not self.run.open_node_ids:
            self._finish()

    def _judge_triggers(self) -> None:
        while self._to_judge and self.run.status is WorkflowRunStatus.RUNNING:
            name = next(iter(self._to_judge))
            del self._to_judge[name]
            predicate = self.run.graph.triggers[name].predicate
            if predicate is None or not self._is_waiting(name):
                continue
            match judge(predicate, self.run):
                case Truth.TRUE:
                    self._fire(name)
                case Truth.NEVER:
                    self._rule_out(name, why_never(predicate, self.run))
                case Truth.NOT_YET:
                    pass

    def _finish(self) -> None:
        stopping = self.run.status is WorkflowRunStatus.STOPPING
        pending = [one for one in self.run.graph.node_ids if self.run.nodes[one].state is NodeState.PENDING]
        for node_id in pending:
            reason = "the run was stopped" if stopping else "no trigger started it"
            self.add(NodeSkipped(node_id=node_id, reason=reason))
        self._judge_triggers()
        if stopping:
            message = stopped.run_end(self.run, pending)
            self.add(RunFinished(status=WorkflowRunStatus.STOPPED, outcome=Outcome.STOPPED, message=message))
        else:
            self.add(RunFinished(status=WorkflowRunStatus.COMPLETED, outcome=outcome_of(self.run)))

    def _finish_node(self, node_id: NodeId, state: NodeState) -> None:
        last = self.run.nodes[node_id].last
        assert last is not None
        is_stopped = state is NodeState.STOPPED
        reason = stopped.node_end(self.run.graph.nodes[node_id], last) if is_stopped else ""
        self.add(NodeFinished(node_id=node_id, state=state, reason=reason))

    # Triggers

    def _is_waiting(self, trigger: str) -> bool:
        return self.run.triggers[trigger].state is TriggerRunState.WAITING

    def _fire(self, name: str) -> None:
        """Start every action of a trigger together (rule TR-13); it fires once a run (rule TR-16)."""
        trigger = self.run.graph.triggers[name]
        met = conditions_met(trigger.predicate, self.run) if trigger.predicate else ()
        self.add(TriggerFired(trigger=name, predecessors=met))
        for action in trigger.actions:
            if self.run.nodes[action.node_id].state is NodeState.PENDING:
                self._queue_first(action.node_id, action, trigger=name)

    def _rule_out(self, name: str, reason: str) -> None:
        self.add(TriggerRuledOut(trigger=name, reason=reason))
        for node_id in self.run.graph.nodes_started_by(name):
            if self.run.nodes[node_id].state is not NodeState.PENDING:
                continue
            starters = self.run.graph.triggers_starting[node_id]
            if all(self.run.triggers[one].state is TriggerRunState.NEVER for one in starters):
                self.add(NodeSkipped(node_id=node_id, reason=f"{name} can't fire: {reason}"))

    # Attempts

    def _queue_first(self, node_id: NodeId, action: Action | None, *, trigger: str = "", reason: str = "") -> None:
        node = self.run.graph.nodes[node_id]
        own, fixed = (node.arguments, node.non_overridable_arguments) if isinstance(node, Job) else ({}, {})
        given = action.arguments if action else {}
        timeout_s = action.timeout_s if action and action.timeout_s is not None else node.timeout_s
        self.add(
            AttemptQueued(
                node_id=node_id,
                attempt=1,
                trigger=trigger,
                arguments={**own, **given, **fixed},
                timeout_s=timeout_s,
                reason=reason,
            )
        )

    def worker_exited(self, attempt: Attempt, exited: WorkerExited) -> None:
        node_id, result = exited.key.node_id, exited.result
        state, error = verdict(attempt, exited)
        self.add(
            AttemptFinished(
                node_id=node_id,
                attempt=attempt.attempt,
                state=state,
                error=error,
                exit_code=result.exit_code if result and result.exit_code is not None else exited.exit_code,
                rows_in=result.rows_in if result else None,
                rows_out=result.rows_out if result else None,
                bytes_in=result.bytes_in if result else None,
                bytes_out=result.bytes_out if result else None,
                cpu_s=result.cpu_s if result and result.cpu_s is not None else exited.cpu_s,
                peak_memory_bytes=_larger(result.peak_memory_bytes if result else None, exited.peak_memory_bytes),
                outputs=result.outputs if result else (),
                checks=result.checks if result else (),
                left_out=result.left_out if result else 0,
            )
        )
        if result and result.properties and state is NodeState.SUCCEEDED:
            self.add(PropertiesPut(node_id=node_id, properties=result.properties))
        if state is NodeState.FAILED and self.run.status is WorkflowRunStatus.RUNNING and self._retries_left(node_id):
            self._queue_retry(node_id, attempt, error)
        elif state is NodeState.SKIPPED and result:
            self.add(NodeFinished(node_id=node_id, state=state, reason=result.reason))
        else:
            self._finish_node(node_id, state)

    def worker_lost(self, attempt: Attempt, lost: WorkerLost) -> None:
        node_id = lost.key.node_id
        if attempt.state is NodeState.STOPPING:
            because = attempt.stop_because or NodeState.STOPPED
            self.add(
                AttemptFinished(node_id=node_id, attempt=attempt.attempt, state=because, error=stop_error(attempt))
            )
            self._finish_node(node_id, because)
            return
        self.add(AttemptLost(node_id=node_id, attempt=attempt.attempt, reason=lost.reason, is_charged=lost.is_charged))
        times = sum(1 for one in self.run.nodes[node_id].attempts if one.was_lost and one.is_charged)
        if times > LOST_ATTEMPTS_MAX or self.run.status is not WorkflowRunStatus.RUNNING:
            self.add(NodeFinished(node_id=node_id, state=NodeState.ERROR))
            return
        self.add(
            AttemptQueued(
                node_id=node_id,
                attempt=attempt.attempt + 1,
                arguments=attempt.arguments,
                timeout_s=attempt.timeout_s,
                reason=f"again: {lost.reason}",
            )
        )

    def _retries_left(self, node_id: NodeId) -> bool:
        """Rule JR-6; a timeout is not retried, a lost worker does not use up a retry."""
        node = self.run.graph.nodes[node_id]
        tries = sum(1 for one in self.run.nodes[node_id].attempts if not one.was_lost)
        return tries <= node.max_retries

    def _queue_retry(self, node_id: NodeId, attempt: Attempt, error: NodeError | None) -> None:
        node = self.run.graph.nodes[node_id]
        tries = sum(1 for one in self.run.nodes[node_id].attempts if not one.was_lost)
        delay_s = retry_delay_s(node, tries)
        self.add(
            AttemptQueued(
                node_id=node_id,
                attempt=attempt.attempt + 1,
                arguments=attempt.arguments,
                timeout_s=attempt.timeout_s,
                not_before=self.now + delay_s if delay_s > 0 else None,
                reason=f"retry {tries} of {node.max_retries} after {error.type if error else 'a failure'}",
            )
        )


def _larger(one: int | None, other: int | None) -> int | None:
    known = [value for value in (one, other) if value is not None]
    return max(known, default=None)


def retry_delay_s(node: Job | Crawler, retry: int) -> float:
    """Return the wait before the n-th retry (from 1)."""
    backoff = node.backoff if isinstance(node, Job) else 1.0
    return float(node.retry_delay_s * backoff ** (retry - 1))


def _action_of(run: WorkflowRun, node_id: NodeId) -> Action | None:
    """Return the action by which a restarted node is started in normal flow, for its arguments and timeout."""
    names = run.graph.triggers_starting.get(node_id, ())
    preferred = [name for name in names if run.triggers[name].state is TriggerRunState.FIRED]
    for name in (*preferred, *names):
        for action in run.graph.triggers[name].actions:
            if action.node_id == node_id:
                return action
    return None
