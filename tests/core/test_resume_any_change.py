"""Whatever became of a definition since a run: the plan of its resume is what happens, and the new run ends."""

from __future__ import annotations

from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st
from one_run import FAILED, OK, OneRun, by_hand, job, when, workflow

from glue_tui.core.model import Workflow, node_name
from glue_tui.core.problem import GlueTuiError
from glue_tui.core.resume import ResumePlan, plan_resume
from glue_tui.core.states import Logical, NodeState

NAMES = tuple("abcdef")
ENDS = st.sampled_from((OK, FAILED))


@st.composite
def flows(draw: st.DrawFn) -> Workflow:
    """A workflow of some of the names; triggers watch earlier ones and start later ones, so that there is no cycle."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, unique=True).map(sorted))
    starts = draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))
    triggers = [by_hand(*starts, name=draw(st.sampled_from(("start", "begin"))))]
    for number in range(draw(st.integers(0, 5))):
        if len(names) > 1:
            cut = draw(st.integers(1, len(names) - 1))
            watched = draw(st.dictionaries(st.sampled_from(names[:cut]), ENDS, min_size=1, max_size=3))
            started = draw(st.lists(st.sampled_from(names[cut:]), min_size=1, max_size=2, unique=True))
            logical = draw(st.sampled_from(tuple(Logical)))
            triggers.append(when(f"t{number}", watched, *started, logical=logical))
    return workflow([job(name) for name in names], *triggers)


def run_to_its_end(run: OneRun, data: st.DataObject) -> None:
    steps = 0
    while not run.it.status.is_over:
        active = [node_id for node_id in run.it.graph.node_ids if run.it.nodes[node_id].state.is_active]
        assert active, "nothing runs and the run does not end"
        state = NodeState.STOPPED if run.it.status == "STOPPING" else data.draw(ENDS | st.just(NodeState.SKIPPED))
        run.ends(node_name(data.draw(st.sampled_from(active))), state)
        steps += 1
        assert steps <= len(NAMES)
        if data.draw(st.integers(0, 9)) == 0 and not run.it.status.is_over:
            run.stop()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(flows(), flows(), st.data())
def test_what_a_plan_lists_is_what_runs(before: Workflow, after: Workflow, data: st.DataObject) -> None:
    first = OneRun(before)
    run_to_its_end(first, data)
    flow = data.draw(st.sampled_from((after, after, before)))
    ran = [node_name(node_id) for node_id, node in first.it.nodes.items() if node.attempts]
    names = data.draw(st.lists(st.sampled_from(ran), max_size=2))
    try:
        plan = plan_resume(first.it, flow, names)
    except GlueTuiError:
        reject()
    again = first.resumed(*names, flow=flow)
    _check_plan(plan, first, again)
    run_to_its_end(again, data)
    started = {node_id for node_id, node in again.it.nodes.items() if node.attempts}
    assert set(plan.restart) <= started <= {*plan.restart, *plan.follow}
    for one in plan.carried:
        now, then = again.it.nodes[one], first.it.nodes[one]
        assert (bool(now.carried_from), now.did_run, now.skip_reason) == (True, then.did_run, then.skip_reason)


def _check_plan(plan: ResumePlan, first: OneRun, again: OneRun) -> None:
    listed = [*plan.restart, *plan.follow, *plan.carried]
    assert len(listed) == len(set(listed))
    assert set(plan.gone) == first.it.nodes.keys() - again.it.nodes.keys()
    unlisted = again.it.nodes.keys() - set(listed)
    assert all(again.it.nodes[one].state is NodeState.SKIPPED for one in unlisted)
    assert not unlisted & first.it.nodes.keys()
