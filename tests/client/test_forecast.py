"""What is foretold of a run: its end by usual durations, and the chain of nodes that decides it."""

from __future__ import annotations

from itertools import pairwise

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from glue_tui.client.forecast import forecast, is_slow, told_view, usual_seconds
from glue_tui.protocol.usual_views import UsualView
from glue_tui.protocol.views import EdgeView, NodeView, RunSummary, RunView, TriggerRunView

START = 1000.0
Sources = list[set[int]]
"""Of each node those whose success starts it, all of them or any; none: it starts at once."""


@st.composite
def flows(draw: st.DrawFn) -> tuple[Sources, list[bool], list[float]]:
    count = draw(st.integers(1, 9))
    sources = [draw(st.sets(st.integers(0, index - 1), max_size=3)) if index else set() for index in range(count)]
    is_any = [draw(st.booleans()) for _ in range(count)]
    lengths = [draw(st.integers(0, 50)) / 4 for _ in range(count)]
    return sources, is_any, lengths


def run_of(sources: Sources, is_any: list[bool]) -> RunView:
    nodes = tuple(
        NodeView(
            node_id=f"job:{index}",
            name=str(index),
            kind="python",
            state="PENDING" if before else "WAITING",
            started_by="" if before else "start",
            queued_at=None if before else START,
        )
        for index, before in enumerate(sources)
    )
    triggers = [TriggerRunView(name="start", type="ON_DEMAND", state="FIRED", fired_at=START)]
    edges = [EdgeView(source="trigger:start", destination=f"job:{at}") for at, one in enumerate(sources) if not one]
    for index, before in enumerate(sources):
        if not before:
            continue
        name = f"t{index}"
        logical = "ANY" if is_any[index] else "AND"
        triggers.append(TriggerRunView(name=name, type="CONDITIONAL", state="WAITING", logical=logical))
        edges += [EdgeView(source=f"job:{one}", destination=f"trigger:{name}", label="SUCCEEDED") for one in before]
        edges.append(EdgeView(source=f"trigger:{name}", destination=f"job:{index}"))
    summary = RunSummary(
        run_id="wr_1",
        number=1,
        workflow="w",
        status="RUNNING",
        outcome="",
        trigger="start",
        trigger_type="ON_DEMAND",
        queued_at=START,
        started_at=START,
    )
    return RunView(summary=summary, nodes=nodes, triggers=tuple(triggers), edges=tuple(edges))


def ends_of(sources: Sources, is_any: list[bool], lengths: list[float]) -> list[float]:
    """Return when each node ends, from first to last: those before it stand before it."""
    ends: list[float] = []
    for before, any_will_do, length in zip(sources, is_any, lengths, strict=True):
        start = (min if any_will_do else max)((ends[one] for one in before), default=START)
        ends.append(start + length)
    return ends


def after_its_end(run: RunView, sources: Sources, is_any: list[bool], ends: list[float]) -> RunView:
    """Return the run as it is told once every node has succeeded at these times."""
    nodes = tuple(
        msgspec.structs.replace(
            node,
            state="SUCCEEDED",
            queued_at=START,
            finished_at=end,
            started_by=f"t{index}" if sources[index] else "start",
        )
        for index, (node, end) in enumerate(zip(run.nodes, ends, strict=True))
    )
    fired = {"start": TriggerRunView(name="start", type="ON_DEMAND", state="FIRED")}
    for index, before in enumerate(sources):
        if before:
            at = (min if is_any[index] else max)(ends[one] for one in before)
            met = tuple(f"job:{one}" for one in sorted(before) if ends[one] <= at)
            fired[f"t{index}"] = TriggerRunView(name=f"t{index}", type="CONDITIONAL", state="FIRED", predecessors=met)
    summary = msgspec.structs.replace(run.summary, status="COMPLETED", outcome="SUCCEEDED", finished_at=max(ends))
    return msgspec.structs.replace(run, summary=summary, nodes=nodes, triggers=tuple(fired.values()))


@given(flows())
def test_the_critical_path_lasts_as_long_as_the_run_and_no_other_is_longer(
    flow: tuple[Sources, list[bool], list[float]],
) -> None:
    sources, is_any, lengths = flow
    run = run_of(sources, is_any)
    usual_s = {f"job:{index}": length for index, length in enumerate(lengths)}
    ends = ends_of(*flow)
    told = forecast(run, usual_s, START)
    assert told.ends_at == max(ends)
    assert {key: end for key, (_, end) in told.expected.items()} == {f"job:{at}": end for at, end in enumerate(ends)}
    over = forecast(after_its_end(run, sources, is_any, ends), {}, START)
    assert (over.ends_at, over.expected) == (None, {})
    for path in (told.path, over.path):
        assert sum(usual_s[one] for one in path) == max(ends) - START
        indexes = [int(one.removeprefix("job:")) for one in path]
        assert not sources[indexes[0]]
        assert all(low in sources[high] for low, high in pairwise(indexes))


def test_what_has_begun_ends_after_its_usual_time_and_never_in_the_past() -> None:
    run = run_of([set(), {0}], [False, False])
    going = msgspec.structs.replace(run.nodes[0], state="RUNNING", started_at=START + 2)
    run = msgspec.structs.replace(run, nodes=(going, run.nodes[1]))
    assert forecast(run, {"job:0": 10.0, "job:1": 5.0}, START + 4).ends_at == START + 17
    assert forecast(run, {"job:0": 10.0, "job:1": 5.0}, START + 60).ends_at == START + 65


def test_nothing_is_guessed_without_history_nor_of_a_run_that_waits_or_is_stopped() -> None:
    run = run_of([set(), {0}], [False, False])
    told = told_view(run, (UsualView(node_id="job:0", usual_s=1.0, attempts=3),), START)
    assert (told.ends_at, told.critical_path) == (None, ())
    assert told.no_estimate == "none of the last runs tells how long 1 takes"
    for changes, why in (({"status": "STOPPING"}, "stopped"), ({"started_at": None}, "waits for its turn")):
        one = msgspec.structs.replace(run, summary=msgspec.structs.replace(run.summary, **changes))
        assert why in forecast(one, usual_seconds(told.usual), START).no_estimate


def test_a_failure_that_no_trigger_listens_to_is_not_expected() -> None:
    run = run_of([set(), {0}], [False, False])
    edges = tuple(msgspec.structs.replace(one, label="FAILED") if one.label else one for one in run.edges)
    told = forecast(msgspec.structs.replace(run, edges=edges), {"job:0": 3.0}, START)
    assert (told.ends_at, told.path) == (START + 3, ("job:0",))


def test_slow_is_half_as_much_again_and_a_second_more() -> None:
    assert is_slow(16, 10)
    assert not is_slow(14, 10)
    assert not is_slow(0.9, 0.1)
    assert not is_slow(100, None)
