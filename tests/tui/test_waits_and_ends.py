"""Told on the screen: conditions that hold however a node ends, nodes that wait for others, nodes that take long."""

from __future__ import annotations

import dataclasses

import pytest
from msgspec.structs import replace
from sales_project import NOW

from glue_tui.core.counts import rounded
from glue_tui.protocol.views import (
    EdgeView,
    EngineView,
    NodeDefinition,
    NodeView,
    ProjectView,
    RunSummary,
    RunView,
    Snapshot,
    TriggerRunView,
    TriggerView,
    WorkflowView,
)
from glue_tui.tui.detail import detail_lines
from glue_tui.tui.graph.subject import Mood, subject_of
from glue_tui.tui.model import UiModel, reduce
from glue_tui.tui.paint import Spans
from glue_tui.tui.selection import Looked, Selection, look_up
from glue_tui.tui.theme import Look
from glue_tui.tui.tree_rows import tree_rows
from glue_tui.tui.why import why_lines
from glue_tui.tui.widgets.trigger_list import trigger_rows

WORK, TIDY = "job:work", "job:tidy"
ENDED = TriggerView(
    workflow="w",
    name="ended",
    type="CONDITIONAL",
    state="ACTIVATED",
    logical="AND",
    conditions=("work ANY_TERMINAL",),
    actions=(TIDY,),
)
BY_HAND = TriggerView(workflow="w", name="by_hand", type="ON_DEMAND", state="CREATED", actions=(WORK,))
EDGES = (
    EdgeView(source=WORK, destination="trigger:ended", label="ANY_TERMINAL"),
    EdgeView(source="trigger:ended", destination=TIDY),
)
WORKFLOW = WorkflowView(
    name="w",
    source="workflows/w.toml",
    triggers=(BY_HAND, ENDED),
    nodes=tuple(NodeDefinition(node_id=one, name=one[4:], kind="command") for one in (WORK, TIDY)),
    edges=EDGES,
    last_run_id="wr_1",
)


def looked(work: NodeView, node_id: str = WORK) -> Looked:
    """The node under the cursor, in a run in which `work` is as given."""
    summary = RunSummary(
        run_id="wr_1",
        number=1,
        workflow="w",
        status="RUNNING",
        outcome="",
        trigger="by_hand",
        trigger_type="ON_DEMAND",
        queued_at=NOW,
        started_at=NOW,
    )
    tidy = NodeView(node_id=TIDY, name="tidy", kind="command", state="PENDING")
    ended = TriggerRunView(name="ended", type="CONDITIONAL", state="WAITING", total=1)
    run = RunView(summary=summary, nodes=(work, tidy), triggers=(ended,), edges=EDGES)
    engine = EngineView(pid=1, started_at=NOW, version="0", project_dir="/p", slots=2)
    project = ProjectView(engine=engine, workflows=(WORKFLOW,), runs=(run,))
    model = reduce(UiModel(), Snapshot(project=project))
    return look_up(model, Selection(workflow="w", trigger="ended", node_id=node_id))


def work_in(state: str, **facts: object) -> NodeView:
    ended = None if state in ("RUNNING", "WAITING") else NOW
    node = NodeView(node_id=WORK, name="work", kind="command", state=state, started_at=NOW, finished_at=ended)
    return replace(node, **facts)


def text_of(lines: tuple[Spans, ...]) -> list[str]:
    return ["".join(text for text, _ in line) for line in lines]


@pytest.mark.parametrize(
    ("state", "verdict", "mood"),
    [
        ("SUCCEEDED", "  true     work ANY_TERMINAL  SUCCEEDED as the run began", Mood.TRAVELLED),
        (
            "ERROR",
            "  true     work ANY_TERMINAL  ERROR as the run began: not its work failed but its worker;"
            " only ANY_TERMINAL holds for that",
            Mood.TRAVELLED,
        ),
        ("SKIPPED", "  never    work ANY_TERMINAL  SKIPPED: nobody wants it", Mood.DEAD),
        ("RUNNING", "  not yet  work ANY_TERMINAL  RUNNING for 0.0s", Mood.OPEN),
    ],
)
def test_w_says_in_words_when_any_end_holds_and_the_graph_shows_it(state: str, verdict: str, mood: Mood) -> None:
    """F-2."""
    here = looked(work_in(state, reason="nobody wants it" if state == "SKIPPED" else ""))
    lines = text_of(why_lines(here, NOW)[1])
    assert verdict in lines
    assert "  ANY_TERMINAL: it ended, no matter how; a skipped node has done nothing" in lines
    subject = subject_of(here.run, WORKFLOW)
    assert "any end" in [edge.label for edge in subject.edges]
    assert subject.moods[0] is mood


def test_a_node_that_waits_says_for_whom_in_its_detail_and_under_w() -> None:
    """JR-4."""
    why = "waits for run 4: work runs once at a time"
    here = looked(work_in("WAITING", reason=why, started_at=None))
    assert why in text_of(detail_lines(here, Look(), NOW, 100))
    assert f"It {why}." in text_of(why_lines(here, NOW)[1])


def test_a_node_that_takes_long_is_marked_in_its_detail_and_in_the_tree() -> None:
    """JR-11."""
    here = looked(work_in("RUNNING", warning="still at work after 600 s"))
    assert "still at work after 600 s" in text_of(detail_lines(here, Look(), NOW, 100))
    opened = Selection(workflow="w", opened=frozenset({"w", "w/by_hand"}))
    tones = {row.note_tone for row in tree_rows(here.model, opened, NOW) if row.name == "work"}
    assert tones == {"warn"}


def test_where_lines_are_cut_a_node_tells_its_figures_in_fewer_letters() -> None:
    node = replace(
        work_in("SUCCEEDED"),
        started_at=NOW - 107,
        finished_at=NOW,
        rows_in=10_299_637,
        bytes_in=584_000_000,
        rows_out=9_999_990,
        bytes_out=148_000_000,
        peak_memory_bytes=1_600_000_000,
        cpu_s=31.0,
    )
    whole = "10 299 637 rows in (584 MB) · 9 999 990 rows out (148 MB) · peak 1.6 GB · cpu 31s"
    for width, told in (
        (120, f"{whole} · command"),
        (108, whole),
        (76, "10.3 M in · 10.0 M out · peak 1.6 GB · cpu 31s"),
    ):
        head, *_ = text_of(detail_lines(looked(node), Look(), NOW, width, rows=2))
        assert head == f"work  succeeded · 1m 47s · {told}"
        assert len(head) <= width
    assert [rounded(one) for one in (7, 999, 1000, 99_949, 999_499, 999_500, 2_000_000_000)] == [
        *("7", "999", "1.0 k", "99.9 k", "999 k", "1.0 M", "2.0 G"),
    ]


def test_a_run_that_a_schedule_started_late_says_so_first() -> None:
    """CN-9."""
    here = looked(work_in("SUCCEEDED"))
    assert here.run is not None
    late = replace(here.run.summary, trigger="nightly", trigger_type="SCHEDULED", scheduled_at=NOW - 3 * 3600, missed=2)
    model = dataclasses.replace(here.model, runs={late.run_id: replace(here.run, summary=late)})
    selected = look_up(model, Selection(workflow="w"))
    assert text_of(detail_lines(selected, Look(), NOW, 100))[0].endswith("nightly  3h 00m late, for 2 missed starts")


def test_a_scheduled_trigger_says_when_it_fires_next_in_its_time_zone_and_what_is_odd_about_it() -> None:
    nightly = TriggerView(
        workflow="w",
        name="nightly",
        type="SCHEDULED",
        state="ACTIVATED",
        schedule="cron(0 22 * * ? *)",
        next_fire_at=1_795_381_200.0,
        notes=("left out 2 missed starts",),
    )
    here = looked(work_in("SUCCEEDED"))
    zoned = replace(WORKFLOW, timezone="Europe/Paris", triggers=(*WORKFLOW.triggers, nightly))
    model = dataclasses.replace(here.model, workflows=(zoned,))
    lines = text_of(detail_lines(look_up(model, Selection(workflow="w", trigger="nightly")), Look(), NOW, 100))
    assert "cron(0 22 * * ? *)   next Sun 2026-11-22 22:00 +01:00" in lines[2]
    assert lines[1] == "left out 2 missed starts"


def test_a_trigger_shows_that_it_is_paused_what_waits_and_that_there_is_more_to_know() -> None:
    trigger = TriggerView(
        workflow="w", name="files", type="EVENT", state="DEACTIVATED", watch=("in/*",), batch_size=3, batch_files=2
    )
    told = replace(trigger, state="ACTIVATED", notes=("polled every 5 s: nfs tells of no changes",))
    for one, shown in ((trigger, "paused · 2 wait"), (told, "! 2/3")):
        workflow = WorkflowView(name="w", source="workflows/w.toml", triggers=(one,))
        model = UiModel(workflows=(workflow,))
        selection = Selection(workflow="w", trigger="files", pane="triggers", listed_trigger=("w", "files"))
        (row,) = trigger_rows(model, selection, 0.0)
        assert "".join(text for text, _ in row.note) == shown
        lines = ["".join(text for text, _ in line) for line in detail_lines(look_up(model, selection), Look(), 0.0, 80)]
        assert [line for line in lines if line in one.notes] == list(one.notes)
