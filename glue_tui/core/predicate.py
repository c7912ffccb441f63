"""Predicates of CONDITIONAL triggers judged against a run: true, false for now, or never any more."""

from __future__ import annotations

from enum import Enum

from glue_tui.core.model import Condition, NodeId, Predicate, node_name, node_type
from glue_tui.core.run import WorkflowRun
from glue_tui.core.states import ANY_TERMINAL, Logical, NodeState, glue_state, state_word


class Truth(Enum):
    TRUE = "true"
    NOT_YET = "not yet"
    NEVER = "never"


def judge_condition(condition: Condition, run: WorkflowRun) -> Truth:
    """Judge one condition. Only a node's final state counts, after its retries (rule JR-8)."""
    node = run.nodes.get(condition.node_id)
    if node is None:
        return Truth.NEVER
    is_final = node.finished_at is not None or bool(node.carried_from)
    if not is_final:
        return Truth.NOT_YET
    return Truth.TRUE if condition.holds_for(node.state) else Truth.NEVER


def judge(predicate: Predicate, run: WorkflowRun) -> Truth:
    """Judge a predicate: AND needs every condition, ANY at least one (rule TR-9)."""
    truths = [judge_condition(condition, run) for condition in predicate.conditions]
    match predicate.logical:
        case Logical.AND:
            if all(truth is Truth.TRUE for truth in truths):
                return Truth.TRUE
            return Truth.NEVER if Truth.NEVER in truths else Truth.NOT_YET
        case Logical.ANY:
            if Truth.TRUE in truths:
                return Truth.TRUE
            return Truth.NOT_YET if Truth.NOT_YET in truths else Truth.NEVER


def conditions_met(predicate: Predicate, run: WorkflowRun) -> tuple[NodeId, ...]:
    """Return the nodes whose states make the predicate true, each once (rule JR-9)."""
    met = [one.node_id for one in predicate.conditions if judge_condition(one, run) is Truth.TRUE]
    return tuple(dict.fromkeys(met))


def condition_text(condition: Condition) -> str:
    """Return a condition as people write it: `clean_sales SUCCEEDED`."""
    word = ANY_TERMINAL if condition.state is None else state_word(node_type(condition.node_id), condition.state)
    return f"{node_name(condition.node_id)} {word}"


def why_never(predicate: Predicate, run: WorkflowRun) -> str:
    """Return which condition rules the predicate out, in words: `clean_sales is FAILED, not SUCCEEDED`."""
    parts: list[str] = []
    for condition in predicate.conditions:
        if judge_condition(condition, run) is not Truth.NEVER:
            continue
        node = run.nodes[condition.node_id]
        now = "SKIPPED" if node.state is NodeState.SKIPPED else glue_state(node_type(node.node_id), node.state)
        wished = condition_text(condition).rsplit(" ", 1)[1]
        if node.skip_reason:
            parts.append(f"{node_name(condition.node_id)} was skipped: {node.skip_reason}")
        elif condition.state is None:
            parts.append(f"{node_name(condition.node_id)} did not run")
        else:
            parts.append(f"{node_name(condition.node_id)} is {now}, not {wished}")
    return "; ".join(parts)
