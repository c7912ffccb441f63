"""What must hold for every run after every step, whatever happened. Tests, simulator and debug mode call these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from glue_tui.core.model import NodeId, runs_at_once_max
from glue_tui.core.run import NodeRun, WorkflowRun
from glue_tui.core.states import Logical, NodeState, TriggerRunState


class InvariantViolation(AssertionError):
    """A rule of our own is broken: a bug, never the user's mistake."""


def check_run(run: WorkflowRun) -> None:
    """Raise InvariantViolation if `run` is in a state that can't be."""
    for node in run.nodes.values():
        _check_node(run, node)
    for name in run.triggers:
        _check_trigger(run, name)
    counted = Counter(node.state for node in run.nodes.values())
    _require(run, counted == +Counter(run.state_counts), "state_counts counts the nodes")
    at_work = sum(count for state, count in counted.items() if state.is_active)
    _require(run, at_work == run.at_work, "at_work counts the nodes that are")
    _require(run, (run.outcome is not None) == run.status.is_over, "an outcome exactly when the run is over")
    if run.status.is_over:
        _require(run, not run.open_node_ids, f"over, yet open: {sorted(run.open_node_ids)}")


def _check_node(run: WorkflowRun, node: NodeRun) -> None:
    live = [one for one in node.attempts if one.state.is_active or one.state is NodeState.WAITING]
    _require(run, len(live) <= 1, f"{node.node_id} has {len(live)} live attempts")
    _require(run, [one.attempt for one in node.attempts] == list(range(1, len(node.attempts) + 1)), "attempts count up")
    is_open = bool(live)
    _require(run, is_open == (node.node_id in run.open_node_ids), f"{node.node_id} open or not")
    if node.attempts and run.previous_run_id == "":
        starters = run.graph.triggers_starting.get(node.node_id, ())
        fired = [name for name in starters if run.triggers[name].state is TriggerRunState.FIRED]
        _require(run, bool(fired), f"{node.node_id} was started, but no trigger of it fired")


def _check_trigger(run: WorkflowRun, name: str) -> None:
    trigger, state = run.graph.triggers[name], run.triggers[name]
    if trigger.predicate is None or state.state is not TriggerRunState.FIRED or state.carried_over:
        return
    held = [
        run.nodes[one.node_id].state.is_over and one.holds_for(run.nodes[one.node_id].state)
        for one in trigger.predicate.conditions
    ]
    holds = all(held) if trigger.predicate.logical is Logical.AND else any(held)
    _require(run, holds, f"trigger {name} fired without its predicate")


def check_slots(runs: Iterable[WorkflowRun], slots: int) -> None:
    """Raise InvariantViolation if more workers are wanted than there are slots."""
    active = sum(1 for run in runs for node_id in run.open_node_ids if run.nodes[node_id].state.is_active)
    if active > slots:
        raise InvariantViolation(f"{active} active attempts on {slots} slots")


def check_job_limits(runs: Iterable[WorkflowRun]) -> None:
    """Raise InvariantViolation if a node is at work in more runs of its workflow than any of them allows (JR-3)."""
    at_work: dict[tuple[str, NodeId], list[WorkflowRun]] = {}
    for run in runs:
        for node_id in run.open_node_ids:
            if run.nodes[node_id].state.is_active:
                at_work.setdefault((run.workflow.name, node_id), []).append(run)
    for (name, node_id), same in at_work.items():
        if len(same) > min(runs_at_once_max(run.graph.nodes[node_id]) for run in same):
            numbers = ", ".join(str(run.number) for run in same)
            raise InvariantViolation(f"{node_id} of {name} is at work in runs {numbers} at once")


def _require(run: WorkflowRun, holds: bool, what: str) -> None:
    if not holds:
        raise InvariantViolation(f"run {run.number} ({run.workflow.name}): {what}")
