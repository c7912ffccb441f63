"""The fold of the feed: every message against the views it brings."""

from __future__ import annotations

from dataclasses import replace

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from sales_project import busy_engine, daily_sales, stock_watch

from glue_tui.protocol.views import (
    EngineChanged,
    FeedMessage,
    NodeProgress,
    RunChanged,
    RunOpened,
    RunView,
    Snapshot,
    TriggersChanged,
    WorkflowsChanged,
)
from glue_tui.tui.model import FINISHED_RUNS_KEPT, Connection, UiModel, lost, node_in, reduce

ENGINE = busy_engine()
SNAPSHOT = Snapshot(project=ENGINE.project())
FAILED = f"wr_{41:016x}"
GOING = f"wr_{42:016x}"


def after(*messages: FeedMessage) -> UiModel:
    model = UiModel()
    for message in messages:
        model = reduce(model, message)
    return model


def numbered(number: int) -> RunView:
    run = ENGINE.runs[FAILED]
    summary = msgspec.structs.replace(run.summary, run_id=f"wr_{number:016x}", number=number)
    return msgspec.structs.replace(run, summary=summary)


def test_a_snapshot_replaces_everything_and_makes_the_connection_live() -> None:
    model = after(SNAPSHOT)
    assert model.connection is Connection.LIVE
    assert set(model.runs) == set(ENGINE.runs)
    gone = lost(model, "killed", 5.0)
    assert gone.connection is Connection.LOST
    assert gone.workflows == model.workflows
    assert reduce(gone, SNAPSHOT) == replace(model, inbox_news=2)


def test_workflows_are_replaced_as_a_whole_and_triggers_one_by_one() -> None:
    model = after(SNAPSHOT, WorkflowsChanged(workflows=(daily_sales(), stock_watch())))
    assert [one.name for one in model.workflows] == ["daily_sales", "stock_watch"]
    paused = msgspec.structs.replace(daily_sales().triggers[0], state="DEACTIVATED")
    model = reduce(model, TriggersChanged(triggers=(paused,)))
    assert model.trigger("daily_sales", "nightly") == paused
    assert model.trigger("daily_sales", "by_hand") == daily_sales().triggers[1]


def test_a_change_touches_only_its_nodes_and_triggers() -> None:
    run = ENGINE.runs[GOING]
    node = msgspec.structs.replace(run.nodes[1], state="SUCCEEDED")
    summary = msgspec.structs.replace(run.summary, outcome="SUCCEEDED", status="COMPLETED")
    model = after(SNAPSHOT, RunChanged(summary=summary, nodes=(node,)))
    assert model.runs[GOING].nodes == (run.nodes[0], node)
    assert model.runs[GOING].triggers == run.triggers
    assert model.runs[GOING].summary == summary
    assert model.runs[FAILED] == ENGINE.runs[FAILED]


def test_a_change_of_an_unknown_run_is_left_alone() -> None:
    before = after(SNAPSHOT)
    unknown = numbered(99)
    assert reduce(before, RunChanged(summary=unknown.summary, nodes=unknown.nodes)) == before
    assert reduce(before, NodeProgress(run_id="wr_none", node_id="job:x", progress=0.5)) == before


def test_progress_reaches_the_node() -> None:
    model = after(SNAPSHOT, NodeProgress(run_id=GOING, node_id="job:reprice", progress=0.9))
    node = node_in(model.runs[GOING], "job:reprice")
    assert node is not None
    assert node.progress == 0.9


def test_the_engine_s_own_news_are_taken_over() -> None:
    engine = msgspec.structs.replace(ENGINE.engine, message="disk full")
    assert after(SNAPSHOT, EngineChanged(engine=engine)).engine == engine


def test_finished_runs_are_dropped_beyond_the_limit_but_never_a_workflow_s_last() -> None:
    model = after(SNAPSHOT, *(RunOpened(run=numbered(number)) for number in range(100, 100 + 3 * FINISHED_RUNS_KEPT)))
    assert len(model.runs) <= FINISHED_RUNS_KEPT + 4
    last = model.last_run("daily_sales")
    assert last is not None
    assert last.summary.number == 99 + 3 * FINISHED_RUNS_KEPT
    assert model.last_run("price_repair") is not None
    assert GOING in model.runs


@given(st.lists(st.sampled_from(["open", "change", "progress", "workflows"]), max_size=20))
def test_any_order_of_messages_keeps_runs_under_their_own_id(kinds: list[str]) -> None:
    messages: dict[str, FeedMessage] = {
        "open": RunOpened(run=numbered(77)),
        "change": RunChanged(summary=numbered(77).summary, nodes=numbered(77).nodes[:1]),
        "progress": NodeProgress(run_id=f"wr_{77:016x}", node_id="job:clean_sales", progress=0.1),
        "workflows": WorkflowsChanged(workflows=(stock_watch(),)),
    }
    model = after(*(messages[kind] for kind in kinds))
    assert all(run.summary.run_id == run_id for run_id, run in model.runs.items())
    assert (f"wr_{77:016x}" in model.runs) == ("open" in kinds)
