"""Who may start: no limit is broken, nobody who could go is held back, nobody is passed by for ever."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from one_run import OneRun, by_hand, job, workflow

from glue_tui.core.admission import MayQueue, Refuse, Skip, admit_start, grants, turns
from glue_tui.core.model import RunId, Workflow
from glue_tui.core.run import WorkflowRun
from glue_tui.core.states import NodeState, OnOverlap
from glue_tui.core.stimuli import SlotGranted


def _run(
    number: int, nodes: int = 1, active: int = 0, name: str = "w", limit: int = 0, queued: bool = False
) -> WorkflowRun:
    names = [f"j{n}" for n in range(nodes)]
    flow = workflow([job(one) for one in names], by_hand(*names), max_concurrent_runs=limit)
    one = OneRun(replace(flow, name=name), grant=False, has_turn=not queued)
    for n in range(active):
        one.feed(SlotGranted(key=one.key(f"j{n}")))
    return replace(one.it, number=number, run_id=RunId(f"wr_{number}"))


SHAPES = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 4)), min_size=1, max_size=5)


@given(SHAPES, st.integers(1, 6))
def test_slots_are_never_exceeded_and_none_stays_free_while_somebody_waits(
    shapes: list[tuple[int, int]], slots: int
) -> None:
    runs = [_run(n, nodes, min(active, nodes)) for n, (nodes, active) in enumerate(shapes)]
    active = sum(min(active, nodes) for nodes, active in shapes)
    waiting = sum(nodes for nodes, _ in shapes) - active
    granted = grants(reversed(runs), slots, now=2000.0)
    assert len(granted) == min(max(slots - active, 0), waiting)
    assert len(set(granted)) == len(granted)


@given(SHAPES, st.integers(1, 6))
def test_runs_take_turns_and_the_older_comes_first(shapes: list[tuple[int, int]], slots: int) -> None:
    runs = [_run(n, nodes) for n, (nodes, _) in enumerate(shapes)]
    counts = [sum(key.run_id == run.run_id for key in grants(runs, slots, now=2000.0)) for run in runs]
    for older in range(len(runs)):
        for younger in range(older + 1, len(runs)):
            has_more = shapes[older][0] > counts[older]
            assert counts[younger] <= counts[older] or not has_more
            assert counts[older] <= counts[younger] + 1 or counts[younger] == shapes[younger][0]


def test_nodes_of_one_run_start_in_flow_order() -> None:
    run = _run(1, nodes=3)
    assert [key.node_id for key in grants([run], 2, now=2000.0)] == ["job:j0", "job:j1"]


def test_an_attempt_that_waits_for_its_delay_takes_no_slot() -> None:
    one = OneRun(workflow([job("a", max_retries=1, retry_delay_s=30), "b"], by_hand("a", "b")), grant=False)
    one.feed(SlotGranted(key=one.key("a")))
    one.ends("a", NodeState.FAILED)
    assert [key.node_id for key in grants([one.it], 1, now=one.now)] == ["job:b"]
    assert [key.node_id for key in grants([one.it], 2, now=one.now + 30)] == ["job:a", "job:b"]


@given(st.lists(st.tuples(st.sampled_from("xyz"), st.booleans()), max_size=8), st.integers(0, 3))
def test_turns_keep_every_workflows_limit_and_leave_no_place_free(kinds: list[tuple[str, bool]], limit: int) -> None:
    """WF-14."""
    runs = [_run(n, name=name, queued=queued) for n, (name, queued) in enumerate(kinds)]
    ready = turns(reversed(runs), dict.fromkeys("xyz", limit))
    for name in "xyz":
        going = [run for run in runs if run.workflow.name == name and not run.is_queued]
        queued = [run.run_id for run in runs if run.workflow.name == name and run.is_queued]
        chosen = [run_id for run_id in ready if run_id in queued]
        free = len(queued) if limit == 0 else max(limit - len(going), 0)
        assert chosen == queued[:free]


def test_a_workflow_that_is_not_loaded_any_more_keeps_its_pinned_limit() -> None:
    runs = [_run(1, limit=1), _run(2, limit=1, queued=True)]
    assert turns(runs, {}) == ()
    assert turns(runs, {"w": 2}) == (RunId("wr_2"),)


def _flow(limit: int, overlap: OnOverlap) -> Workflow:
    return workflow([job("j0")], by_hand("j0"), max_concurrent_runs=limit, on_overlap=overlap)


def test_below_the_limit_every_start_is_admitted() -> None:
    """WF-14: 0 is unlimited."""
    going = [_run(1), _run(2)]
    for overlap in OnOverlap:
        assert admit_start(_flow(3, overlap), going) == MayQueue()
        assert admit_start(_flow(0, overlap), going) == MayQueue()


def test_at_the_limit_on_overlap_decides() -> None:
    """WF-14."""
    going = [_run(1), _run(2)]
    assert admit_start(_flow(2, OnOverlap.QUEUE), going) == MayQueue()
    assert admit_start(_flow(2, OnOverlap.CANCEL_PREVIOUS), going) == MayQueue(cancel_run_ids=(RunId("wr_1"),))
    assert isinstance(admit_start(_flow(2, OnOverlap.SKIP), going), Skip)
    refused = admit_start(_flow(2, OnOverlap.ERROR), going)
    assert refused == Refuse(message="Concurrent runs exceeded for workflow: w.")
