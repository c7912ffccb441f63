"""For which news a screen rings: once for each run that ends as chosen, never for what ended before it looked."""

from __future__ import annotations

from msgspec.structs import replace

from glue_tui.protocol.views import (
    EngineView,
    ErrorView,
    FeedMessage,
    NodeView,
    ProjectView,
    RunChanged,
    RunOpened,
    RunSummary,
    RunView,
    Snapshot,
)
from glue_tui.tui.model import UiModel, reduce
from glue_tui.tui.ringing import notices

GOING = RunSummary(
    run_id="wr_7",
    number=7,
    workflow="daily",
    status="RUNNING",
    outcome="",
    trigger="by_hand",
    trigger_type="ON_DEMAND",
    queued_at=1.0,
    rings_on=("FAILED", "DELAYED"),
)
FAILED = replace(GOING, status="COMPLETED", outcome="FAILED", finished_at=9.0, failed_nodes=("load",))
NODE = NodeView(node_id="job:load", name="load", kind="python", state="RUNNING")
BROKEN = replace(NODE, state="FAILED", error=ErrorView(type="ValueError", message="no number\nat all"))


def view(summary: RunSummary, node: NodeView = NODE) -> RunView:
    return RunView(summary=summary, nodes=(node,), triggers=(), edges=())


def snapshot(*runs: RunView) -> Snapshot:
    engine = EngineView(pid=1, started_at=0.0, version="", project_dir="/p", slots=2)
    return Snapshot(project=ProjectView(engine=engine, workflows=(), runs=runs))


def rung(*messages: FeedMessage) -> list[tuple[str, str]]:
    model, found = UiModel(), []
    for message in messages:
        before, model = model, reduce(model, message)
        found += notices(before, message, model)
    return found


def test_a_run_that_ends_as_chosen_rings_once() -> None:
    ended = RunChanged(summary=FAILED, nodes=(BROKEN,))
    assert rung(snapshot(), RunOpened(run=view(GOING)), ended, ended) == [
        ("daily FAILED", "run 7: load ValueError: no number")
    ]


def test_a_run_that_is_over_as_soon_as_it_is_known_rings() -> None:
    assert rung(snapshot(), RunOpened(run=view(FAILED, BROKEN))) == [
        ("daily FAILED", "run 7: load ValueError: no number")
    ]


def test_other_outcomes_and_what_ended_before_are_silent() -> None:
    succeeded = replace(FAILED, outcome="SUCCEEDED", failed_nodes=())
    assert rung(snapshot(view(GOING)), RunChanged(summary=succeeded)) == []
    assert rung(snapshot(view(FAILED, BROKEN)), snapshot(view(FAILED, BROKEN))) == []
    assert rung(snapshot(view(GOING)), snapshot(view(FAILED, BROKEN)), RunChanged(summary=FAILED)) == []
    assert rung(snapshot(view(replace(GOING, rings_on=()))), RunChanged(summary=replace(FAILED, rings_on=()))) == []


def test_a_job_that_takes_long_rings_once() -> None:
    slow = replace(NODE, warning="still at work after 600 s")
    told = RunChanged(summary=GOING, nodes=(slow,))
    assert rung(snapshot(view(GOING)), told, told) == [("daily DELAYED", "run 7: load still at work after 600 s")]
