"""What became of a run that has come to rest, which Glue does not say (rule WF-11)."""

from __future__ import annotations

from glue_tui.core.model import NodeId
from glue_tui.core.run import WorkflowRun
from glue_tui.core.states import NodeState, Outcome, TriggerRunState


def outcome_of(run: WorkflowRun) -> Outcome:
    """Judge a run that has come to rest: RECOVERED when for every failure a trigger listening for it fired."""
    failed = [node for node in run.nodes.values() if node.state.is_failure]
    if not failed:
        return Outcome.SUCCEEDED
    if any(node.state is NodeState.ERROR for node in failed):
        return Outcome.ERROR
    return Outcome.RECOVERED if all(_is_handled(run, node.node_id, node.state) for node in failed) else Outcome.FAILED


def _is_handled(run: WorkflowRun, node_id: NodeId, state: NodeState) -> bool:
    for name in run.graph.triggers_watching.get(node_id, ()):
        predicate = run.graph.triggers[name].predicate
        listens = predicate and any(
            one.node_id == node_id and one.state and one.holds_for(state) for one in predicate.conditions
        )
        if listens and run.triggers[name].state is TriggerRunState.FIRED:
            return True
    return False
