"""Resuming a finished run: what runs again, what is carried over, which triggers are open (RS-2 to RS-7)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from one_run import FAILED, OK, OneRun, by_hand, crawler, job, node, when, workflow

from glue_tui.core.model import RunId
from glue_tui.core.problem import IllegalWorkflowState, InvalidInput
from glue_tui.core.resume import plan_resume, resume_events
from glue_tui.core.states import Logical, NodeState, Outcome, TriggerRunState
from glue_tui.core.story import describe

STOPPED = NodeState.STOPPED
CHAIN = workflow(
    ["crawl_a", "crawl_b", "clean", "load", "repair"],
    by_hand("crawl_a", "crawl_b"),
    when("crawled", {"crawl_a": OK, "crawl_b": OK}, "clean"),
    when("cleaned", {"clean": OK}, "load"),
    when("not_cleaned", {"clean": FAILED}, "repair"),
)


def _lived(flow: object, *ends: tuple[str, NodeState]) -> OneRun:
    run = OneRun(flow)  # type: ignore[arg-type]
    for name, state in ends:
        run.ends(name, state)
    return run


def _recovered() -> OneRun:
    return _lived(CHAIN, ("crawl_a", OK), ("crawl_b", OK), ("clean", FAILED), ("repair", OK))


def _names(ids: tuple[str, ...]) -> list[str]:
    return [one.split(":")[1] for one in ids]


def test_the_failed_nodes_and_everything_downstream_run_again() -> None:
    """RS-5, RS-6."""
    plan = plan_resume(_recovered().it, CHAIN)
    assert _names(plan.restart) == ["clean"]
    assert _names(plan.follow) == ["load", "repair"]
    assert _names(plan.carried) == ["crawl_a", "crawl_b"]


def test_carried_nodes_keep_their_state_and_origin_and_count_for_and() -> None:
    """RS-6."""
    first = _lived(CHAIN, ("crawl_a", OK), ("crawl_b", FAILED))
    again = first.resumed()
    assert again.it.nodes[node("crawl_a")].carried_from == "wr_1"
    assert again.states() == {
        "crawl_a": "SUCCEEDED",
        "crawl_b": "STARTING",
        "clean": "PENDING",
        "load": "PENDING",
        "repair": "PENDING",
    }
    again.ends("crawl_b")
    assert again.state("clean") is NodeState.STARTING


def test_after_the_mend_the_run_succeeds_and_its_failure_branch_does_not_run() -> None:
    """RS-5: the branch lies downstream, so it is judged anew."""
    again = _recovered().resumed()
    again.ends("clean")
    again.ends("load")
    assert again.it.outcome is Outcome.SUCCEEDED
    assert again.state("repair") is NodeState.SKIPPED


def test_if_it_fails_again_the_failure_branch_runs_again() -> None:
    again = _recovered().resumed()
    again.ends("clean", FAILED)
    again.ends("repair")
    assert again.it.outcome is Outcome.RECOVERED


def test_a_failure_carried_over_still_counts() -> None:
    first = _lived(workflow(["a", "b"], by_hand("a", "b")), ("a", FAILED), ("b", FAILED))
    again = first.resumed("a")
    again.ends("a")
    assert again.it.outcome is Outcome.FAILED
    last = again.resumed()
    assert last.it.nodes[node("a")].carried_from == "wr_2"
    last.ends("b")
    assert last.it.outcome is Outcome.SUCCEEDED


def test_a_selected_node_downstream_of_another_runs_in_normal_flow() -> None:
    """RS-5."""
    plan = plan_resume(_recovered().it, CHAIN, ["clean", "repair"])
    assert _names(plan.restart) == ["clean"]
    assert _names(plan.redundant) == ["repair"]


def test_a_node_that_is_gone_from_the_definition_needs_the_old_one() -> None:
    first = _lived(workflow(["a", "b"], by_hand("a", "b")), ("a", FAILED), ("b", OK))
    without = workflow(["b"], by_hand("b"))
    with pytest.raises(InvalidInput, match="no longer in"):
        plan_resume(first.it, without)
    assert plan_resume(first.it, first.it.workflow).restart == (node("a"),)


def test_restarted_nodes_keep_the_arguments_of_their_action_in_todays_definition() -> None:
    """TR-15, RS-5: the mended definition is in force."""
    first = _lived(workflow([job("a", arguments={"--x": "1"})], by_hand("a")), ("a", FAILED))
    mended = workflow([job("a", arguments={"--x": "2"}, timeout_s=5)], by_hand("a"))
    again = first.resumed(flow=mended)
    attempt = again.it.nodes[node("a")].attempts[0]
    assert (attempt.arguments, attempt.timeout_s, attempt.attempt) == ({"--x": "2"}, 5, 1)


def test_a_stopped_run_goes_on_where_it_was_cut_off() -> None:
    """RS-1, and RS-2 widened: what had not come to its turn has it now."""
    flow = workflow(["a", "b", "c", "d"], by_hand("a", "b"), when("t", {"a": OK}, "c"), when("u", {"c": OK}, "d"))
    first = OneRun(flow)
    first.stop()
    first.ends("a")
    first.ends("b", STOPPED)
    assert first.states() == {"a": "SUCCEEDED", "b": "STOPPED", "c": "SKIPPED", "d": "SKIPPED"}
    again = first.resumed()
    assert again.states() == {"a": "SUCCEEDED", "b": "STARTING", "c": "STARTING", "d": "PENDING"}
    for name in ("b", "c", "d"):
        again.ends(name)
    assert again.it.outcome is Outcome.SUCCEEDED


def test_a_stopped_run_of_which_nothing_failed_is_continued() -> None:
    flow = workflow(["a", "b"], by_hand("a"), when("t", {"a": OK}, "b"))
    first = OneRun(flow)
    first.stop()
    first.ends("a")
    again = first.resumed()
    assert again.states() == {"a": "SUCCEEDED", "b": "STARTING"}


def test_any_that_still_holds_by_what_was_carried_fires_at_once() -> None:
    """RS-6, TR-9."""
    nodes = ["a", "b", "c"]
    first = _lived(
        workflow(nodes, by_hand("a", "b"), when("t", {"a": OK, "b": OK}, "c", logical=Logical.ANY)),
        ("a", OK),
        ("c", OK),
        ("b", FAILED),
    )
    again = first.resumed()
    assert again.states() == {"a": "SUCCEEDED", "b": "STARTING", "c": "STARTING"}


def test_a_node_that_runs_again_is_not_lost_when_its_other_trigger_had_fired() -> None:
    """RS-5: `c` lies downstream of `b`, though it was `a` that started it."""
    nodes = ["a", "b", "c", "d"]
    of_a, of_b, of_c = when("t", {"a": OK}, "c"), when("u", {"b": FAILED}, "c"), when("v", {"c": OK}, "d")
    flow = workflow(nodes, by_hand("a", "b"), of_a, of_b, of_c)
    first = _lived(flow, ("a", OK), ("c", OK), ("d", OK), ("b", FAILED))
    again = first.resumed()
    for name in ("b", "c", "d"):
        again.ends(name)
    assert again.states() == {"a": "SUCCEEDED", "b": "SUCCEEDED", "c": "SUCCEEDED", "d": "SUCCEEDED"}


def test_a_node_that_runs_again_is_not_lost_when_the_start_trigger_starts_it_too() -> None:
    flow = workflow(["a", "b"], by_hand("a", "b"), when("t", {"a": FAILED}, "b"))
    first = _lived(flow, ("a", FAILED), ("b", OK))
    again = first.resumed()
    assert again.states() == {"a": "STARTING", "b": "STARTING"}


def test_a_trigger_paused_today_does_not_fire_in_a_resumed_run() -> None:
    """TR-2."""
    first = _lived(workflow(["a", "b"], by_hand("a"), when("t", {"a": OK}, "b")), ("a", FAILED))
    paused = replace(first.it.workflow.triggers[1], enabled=False)
    flow = replace(first.it.workflow, triggers=(first.it.workflow.triggers[0], paused))
    again = first.resumed(flow=flow)
    again.ends("a")
    assert again.state("b") is NodeState.SKIPPED


def test_nodes_and_triggers_new_in_the_definition_take_part() -> None:
    first = _lived(workflow(["a", "b"], by_hand("a", "b")), ("a", OK), ("b", FAILED))
    grown = workflow(
        ["a", "b", "c", "d", "e"],
        by_hand("a", "b"),
        by_hand("e", name="newer"),
        when("t", {"a": OK}, "c"),
        when("u", {"e": OK}, "d"),
    )
    again = first.resumed(flow=grown)
    again.ends("b")
    again.ends("c")
    assert again.states() == {"a": "SUCCEEDED", "b": "SUCCEEDED", "c": "SUCCEEDED", "d": "SKIPPED", "e": "SKIPPED"}
    assert TriggerRunState.WAITING not in {one.state for one in again.it.triggers.values()}


def test_a_job_and_a_crawler_of_one_name_are_told_apart() -> None:
    flow = workflow([job("x"), crawler("x")], by_hand("x"))
    run = _lived(flow, ("x", FAILED))
    with pytest.raises(InvalidInput, match='"x" is a job and a crawler'):
        plan_resume(run.it, flow, ["x"])
    assert plan_resume(run.it, flow, ["job:x"]).restart == (node("x"),)


def test_of_several_failed_nodes_those_still_in_the_definition_run_again() -> None:
    first = _lived(workflow(["a", "b"], by_hand("a", "b")), ("a", FAILED), ("b", FAILED))
    plan = plan_resume(first.it, workflow(["b"], by_hand("b")))
    assert (_names(plan.restart), _names(plan.gone)) == (["b"], ["a"])


def test_a_node_that_is_newer_than_the_run_comes_to_its_turn() -> None:
    """RS-5 widened: what waits for the new node would else never start."""
    first = _lived(workflow(["a", "b"], by_hand("a"), when("t", {"a": OK}, "b")), ("a", OK), ("b", FAILED))
    flow = workflow(
        ["a", "new", "b", "late", "aside"],
        by_hand("a", "new"),
        by_hand("aside", name="other"),
        when("t", {"a": OK}, "b"),
        when("u", {"b": OK, "new": OK}, "late"),
    )
    plan = plan_resume(first.it, flow)
    assert (_names(plan.restart), _names(plan.follow), _names(plan.carried)) == (["b"], ["new", "late"], ["a"])
    again = first.resumed(flow=flow)
    assert again.states() == {
        "a": "SUCCEEDED",
        "new": "STARTING",
        "aside": "SKIPPED",
        "b": "STARTING",
        "late": "PENDING",
    }
    again.ends("b")
    again.ends("new")
    again.ends("late")
    assert first.resumed(flow=replace(flow, triggers=(by_hand("a", name="anew"), *flow.triggers[2:]))).states() == {
        **again.states(),
        "new": "SKIPPED",
        "b": "STARTING",
        "late": "SKIPPED",
    }
    assert again.it.outcome is Outcome.SUCCEEDED


def test_a_new_node_alone_is_no_reason_to_resume() -> None:
    first = _lived(workflow(["a"], by_hand("a")), ("a", OK))
    with pytest.raises(IllegalWorkflowState, match="nothing failed"):
        plan_resume(first.it, workflow(["a", "new"], by_hand("a", "new")))


def test_a_resumed_run_says_what_it_goes_on_from_and_with_which_definition() -> None:
    first = _lived(workflow([job("a")], by_hand("a")), ("a", FAILED))
    mended = workflow([job("a", timeout_s=5, max_retries=1)], by_hand("a"))
    texts = []
    for flow, as_it_ran in ((mended, False), (first.it.workflow, False), (first.it.workflow, True)):
        plan = plan_resume(first.it, flow)
        events = resume_events(first.it, flow, plan, run_id=RunId("wr_2"), number=2, as_it_ran=as_it_ran)
        texts.append(describe(events[0]))
    assert texts == [
        "run 2 of w resumes run 1 with the definition of now (2 changes); first started by by_hand",
        "run 2 of w resumes run 1 with the definition of now (nothing changed); first started by by_hand",
        "run 2 of w resumes run 1 as it ran; first started by by_hand",
    ]


def test_what_a_resumed_run_was_to_repeat_is_not_lost_when_it_is_stopped_before_its_turn() -> None:
    """RS-5: found by seed 23306, in which the node stayed SKIPPED for good."""
    flow = workflow(["a", "b"], by_hand("a", "b"))
    first = _lived(flow, ("a", FAILED), ("b", OK))
    events = resume_events(first.it, flow, plan_resume(first.it, flow), run_id=RunId("wr_2"), number=2)
    cut_off = OneRun(flow, first=events, has_turn=False)
    cut_off.stop()
    assert cut_off.states() == {"a": "SKIPPED", "b": "SUCCEEDED"}
    again = cut_off.resumed("b")
    assert again.states() == {"a": "STARTING", "b": "STARTING"}
