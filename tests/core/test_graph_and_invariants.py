"""The graph that follows from triggers (WF-1 to WF-3), the table of transitions, and that broken runs are noticed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from one_run import OK, OneRun, by_hand, node, when, workflow

from glue_tui.core.graph import build_graph, start_trigger
from glue_tui.core.invariants import InvariantViolation, check_run, check_slots
from glue_tui.core.run import Attempt, WorkflowRun
from glue_tui.core.states import FINAL_NODE_STATES, NODE_TRANSITIONS, NodeState, Outcome, TriggerRunState

FLOW = workflow(
    ["load", "crawl_a", "clean", "alone", "crawl_b"],
    when("cleaned", {"clean": OK}, "load"),
    when("crawled", {"crawl_a": OK, "crawl_b": OK}, "clean"),
    by_hand("crawl_b", "crawl_a"),
)


def test_nodes_stand_in_flow_order_and_each_once() -> None:
    """WF-1, WF-3: whatever the order in the file; what nothing starts comes last."""
    names = [one.split(":")[1] for one in build_graph(FLOW).node_ids]
    assert names == ["crawl_b", "crawl_a", "clean", "load", "alone"]


def test_downstream_is_what_triggers_may_start_in_consequence() -> None:
    graph = build_graph(FLOW)
    assert graph.downstream([node("crawl_a")]) == {node("clean"), node("load")}
    assert graph.downstream([node("load")]) == frozenset()
    assert graph.reached_from("by_hand") == {node(one) for one in ("crawl_a", "crawl_b", "clean", "load")}


def test_a_start_by_hand_uses_the_trigger_made_for_it() -> None:
    """WF-6, widened to several start triggers."""
    first = start_trigger(FLOW)
    assert first is not None
    assert first.name == "by_hand"
    assert start_trigger(FLOW, "cleaned") is None
    assert start_trigger(workflow(["a"], when("t", {"a": OK}, "a"))) is None


def test_nothing_follows_a_final_state_and_every_state_is_in_the_table() -> None:
    assert set(NODE_TRANSITIONS) == set(NodeState)
    assert all(NODE_TRANSITIONS[state] == frozenset() for state in FINAL_NODE_STATES)


def _with_node(run: WorkflowRun, name: str, **changes: object) -> WorkflowRun:
    changed = replace(run.nodes[node(name)], **changes)  # type: ignore[arg-type]
    return replace(run, nodes={**run.nodes, node(name): changed})


def _attempt(run: WorkflowRun, number: int) -> Attempt:
    return replace(run.nodes[node("crawl_a")].attempts[0], attempt=number)


BREAKS: dict[str, Callable[[WorkflowRun], WorkflowRun]] = {
    "two attempts live": lambda run: _with_node(
        run,
        "crawl_a",
        attempts=(*run.nodes[node("crawl_a")].attempts, replace(run.nodes[node("crawl_a")].attempts[0], attempt=2)),
    ),
    "attempts do not count up": lambda run: _with_node(
        run, "crawl_a", attempts=(replace(run.nodes[node("crawl_a")].attempts[0], attempt=3),)
    ),
    "open without work": lambda run: replace(run, open_node_ids=run.open_node_ids | {node("load")}),
    "work that is not open": lambda run: replace(run, open_node_ids=frozenset()),
    "an outcome while it goes": lambda run: replace(run, outcome=Outcome.FAILED),
    "started by a trigger that did not fire": lambda run: replace(
        run, triggers={**run.triggers, "by_hand": replace(run.triggers["by_hand"], state=TriggerRunState.WAITING)}
    ),
    "fired without its predicate": lambda run: replace(
        run, triggers={**run.triggers, "cleaned": replace(run.triggers["cleaned"], state=TriggerRunState.FIRED)}
    ),
}


@pytest.mark.parametrize("broken", BREAKS.values(), ids=BREAKS.keys())
def test_a_run_that_can_not_be_is_noticed(broken: Callable[[WorkflowRun], WorkflowRun]) -> None:
    run = OneRun(FLOW).it
    check_run(run)
    with pytest.raises(InvariantViolation):
        check_run(broken(run))


def test_more_workers_than_slots_are_noticed() -> None:
    run = OneRun(FLOW).it
    check_slots([run], 2)
    with pytest.raises(InvariantViolation):
        check_slots([run], 1)
