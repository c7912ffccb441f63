"""What would come of it if nodes ended otherwise: the rules themselves say so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from one_run import FAILED, OK, OneRun, by_hand, crawler, job, node, when, workflow

from glue_tui.core.invariants import check_run
from glue_tui.core.model import Workflow
from glue_tui.core.problem import EntityNotFound, InvalidInput
from glue_tui.core.states import Logical, NodeState, Outcome, TriggerRunState
from glue_tui.core.what_if import OUTCOMES, play, read_outcomes

FLOW = workflow(
    ["crawl_in", job("clean", max_retries=2), "sum", "rescue", "publish"],
    by_hand("crawl_in"),
    when("ready", {"crawl_in": OK}, "clean"),
    when("cleaned", {"clean": OK}, "sum"),
    when("dirty", {"clean": FAILED}, "rescue"),
    when("any_way", {"sum": OK, "rescue": OK}, "publish", logical=Logical.ANY),
)


def states(flow: Workflow, **outcomes: NodeState) -> dict[str, str]:
    run = play(flow, flow.triggers[0], {node(name): state for name, state in outcomes.items()})
    check_run(run)
    return {node_id.split(":")[1]: one.state.value for node_id, one in run.nodes.items()}


def test_other_nodes_succeed_and_triggers_fire_by_the_rules() -> None:
    run = play(FLOW, FLOW.triggers[0], {node("clean"): FAILED})
    assert run.outcome is Outcome.RECOVERED
    assert len(run.nodes[node("clean")].attempts) == 3
    assert run.triggers["cleaned"].state is TriggerRunState.NEVER
    assert states(FLOW, clean=FAILED) == {
        "crawl_in": "SUCCEEDED",
        "clean": "FAILED",
        "sum": "SKIPPED",
        "rescue": "SUCCEEDED",
        "publish": "SUCCEEDED",
    }
    assert states(FLOW, crawl_in=NodeState.TIMEOUT)["clean"] == "SKIPPED"


@given(st.dictionaries(st.sampled_from(["crawl_in", "clean", "sum", "rescue", "publish"]), st.sampled_from(OUTCOMES)))
def test_every_node_that_starts_ends_as_it_was_supposed_to(outcomes: dict[str, NodeState]) -> None:
    run = play(FLOW, FLOW.triggers[0], {node(name): state for name, state in outcomes.items()})
    check_run(run)
    assert run.status.is_over
    for node_id, one in run.nodes.items():
        if one.attempts:
            assert one.state is outcomes.get(node_id.split(":")[1], OK)


@given(st.sampled_from([OK, FAILED]), st.sampled_from([OK, FAILED]))
def test_it_is_what_a_real_run_comes_to(first: NodeState, second: NodeState) -> None:
    flow = workflow(["a", "b", "c", "d"], by_hand("a", "b"), when("t", {"a": OK, "b": FAILED}, "c", "d"))
    real = OneRun(flow)
    for name, state in (("a", first), ("b", second), ("c", OK), ("d", OK)):
        if real.state(name) is NodeState.STARTING:
            real.begins(name)
            real.ends(name, state)
    assert states(flow, a=first, b=second) == real.states()


def test_outcomes_are_read_by_name_or_id_and_in_the_words_of_conditions() -> None:
    flow = workflow([job("same"), crawler("same"), "other"], by_hand("other"))
    told = {"job:same": "failed", "crawler:same": "CANCELLED", "other": "ERROR"}
    assert list(read_outcomes(flow, told).values()) == [FAILED, NodeState.STOPPED, NodeState.ERROR]
    with pytest.raises(InvalidInput, match="a job and a crawler"):
        read_outcomes(flow, {"same": "FAILED"})
    with pytest.raises(InvalidInput, match='no node ends in "RUNNING"'):
        read_outcomes(flow, {"other": "RUNNING"})
    with pytest.raises(EntityNotFound, match='no node "othr"'):
        read_outcomes(flow, {"othr": "FAILED"})
