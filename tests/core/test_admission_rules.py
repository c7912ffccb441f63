"""Who may start: no limit is broken, nobody who could go is held back, nobody is passed by for ever."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from one_run import OneRun, by_hand, job, workflow

from glue_tui.core.admission import UNFINISHED_RUNS_MAX, MayQueue, Refuse, Skip, admit_start, grants, turns
from glue_tui.core.model import RunId, Workflow, job_id
from glue_tui.core.run import WorkflowRun
from glue_tui.core.states import NodeState, OnOverlap
from glue_tui.core.stimuli import SlotGranted


def _run(
    number: int,
    nodes: int = 1,
    active: int = 0,
    name: str = "w",
    limit: int = 0,
    queued: bool = False,
    at_once: int = 0,
) -> WorkflowRun:
    names = [f"j{n}" for n in range(nodes)]
    jobs = [job(one, max_concurrent_runs=at_once) for one in names]
    flow = workflow(jobs, by_hand(*names), max_concurrent_runs=limit)
    one = OneRun(replace(flow, name=name), grant=False, has_turn=not queued)
    for n in range(active):
        one.feed(SlotGranted(key=one.key(f"j{n}")))
    return replace(one.it, number=number, run_id=RunId(f"wr_{number}"))


SHAPES = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 4)), min_size=1, max_size=5)


@settings(deadline=None)
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


@settings(deadline=None)
@given(SHAPES, st.integers(1, 6))
def test_a_slot_goes_to_the_run_with_the_fewest_nodes_at_work_and_among_equals_to_the_oldest(
    shapes: list[tuple[int, int]], slots: int
) -> None:
    runs = [_run(n, nodes, min(active, nodes)) for n, (nodes, active) in enumerate(shapes)]
    before = [min(active, nodes) for nodes, active in shapes]
    granted = [key.run_id for key in grants(reversed(runs), slots, now=2000.0)]
    for place, run_id in enumerate(granted):
        at_work = [count + granted[:place].count(run.run_id) for run, count in zip(runs, before, strict=True)]
        hungry = [n for n, (nodes, _) in enumerate(shapes) if at_work[n] < nodes]
        assert run_id == runs[min(hungry, key=lambda n: (at_work[n], n))].run_id


def test_a_run_of_many_long_nodes_does_not_keep_a_small_one_from_the_next_slot() -> None:
    wide, small = _run(1, nodes=200, active=4), _run(2, nodes=1, name="small")
    assert grants([wide, small], 4, now=2000.0) == ()
    (granted,) = grants([wide, small], 5, now=2000.0)
    assert granted.run_id == small.run_id


@settings(deadline=None)
@given(SHAPES, st.integers(0, 3), st.integers(1, 12))
def test_a_job_is_at_work_in_as_many_runs_as_its_limit_and_older_runs_go_first(
    shapes: list[tuple[int, int]], at_once: int, slots: int
) -> None:
    """JR-3."""
    limit = at_once or len(shapes)
    runs: list[WorkflowRun] = []
    for n, (nodes, active) in enumerate(shapes):
        runs.append(_run(n, nodes, min(active, nodes) if n < limit else 0, at_once=at_once))
    granted = grants(reversed(runs), slots, now=2000.0)
    for node_id in (f"job:j{n}" for n in range(4)):
        has_it = [run for run in runs if node_id in run.nodes]
        at_work = [run.run_id for run in has_it if run.nodes[job_id(node_id[4:])].state.is_active]
        waiting = [run.run_id for run in has_it if run.run_id not in at_work]
        chosen = [key.run_id for key in granted if key.node_id == node_id]
        assert set(chosen) <= set(waiting[: limit - len(at_work)])


def test_a_crawler_runs_one_crawl_at_a_time() -> None:
    """CR-1."""
    flow = workflow(["crawl_a"], by_hand("crawl_a"))
    runs = [replace(OneRun(flow, grant=False).it, number=n, run_id=RunId(f"wr_{n}")) for n in (1, 2)]
    assert [key.run_id for key in grants(runs, 5, now=2000.0)] == ["wr_1"]


def test_where_runs_have_pinned_different_limits_the_lowest_of_those_concerned_counts() -> None:
    one, two, three = _run(1, active=1, at_once=3), _run(2, at_once=3), _run(3, at_once=1)
    assert [key.run_id for key in grants([one, two, three], 5, now=2000.0)] == ["wr_2"]
    assert grants([_run(1, active=1, at_once=1), two], 5, now=2000.0) == ()


def test_a_run_that_waits_for_its_delay_lets_a_later_one_have_its_job() -> None:
    flow = workflow([job("a", max_retries=1, retry_delay_s=30)], by_hand("a"))
    one = OneRun(flow, grant=False)
    one.feed(SlotGranted(key=one.key("a")))
    one.ends("a", NodeState.FAILED)
    later = replace(OneRun(flow, grant=False).it, number=2, run_id=RunId("wr_2"))
    assert [key.run_id for key in grants([one.it, later], 5, now=one.now)] == ["wr_2"]
    assert [key.run_id for key in grants([one.it, later], 5, now=one.now + 30)] == ["wr_1"]


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


def test_runs_do_not_pile_up_for_ever() -> None:
    for limit in (0, 1):
        runs = [_run(1, queued=True, limit=limit)] * UNFINISHED_RUNS_MAX
        assert admit_start(runs[0].workflow, runs[1:]) == MayQueue()
        refused = admit_start(runs[0].workflow, runs)
        assert isinstance(refused, Skip)
        assert "1,000 runs of w are not over" in refused.message
