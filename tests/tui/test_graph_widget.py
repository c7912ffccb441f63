"""The graph on screen: states by glyph and colour, moving among nodes, scrolling, both glyph sets."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
from lone_pane import obey
from textual import events
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from glue_tui.protocol.views import (
    EdgeView,
    NodeDefinition,
    NodeView,
    RunSummary,
    RunView,
    TriggerRunView,
    TriggerView,
    WorkflowView,
)
from glue_tui.tui.graph.drawing import Shape
from glue_tui.tui.graph.layout import layout
from glue_tui.tui.graph.paint import Painter
from glue_tui.tui.graph.subject import Mood, subject_of
from glue_tui.tui.graph.widget import GraphView
from glue_tui.tui.place import Place
from glue_tui.tui.theme import Look

DEADLINE_S = 20

TRIGGERS = {
    "nightly": "SCHEDULED",
    "by_hand": "ON_DEMAND",
    "ready": "CONDITIONAL",
    "cleaned": "CONDITIONAL",
    "clean_failed": "CONDITIONAL",
}
NODES = ("crawler:landing", "crawler:shop", "job:clean", "job:aggregate", "job:quarantine")
EDGES = tuple(
    EdgeView(source=source, destination=destination, label=label)
    for source, destination, label in (
        ("trigger:nightly", "crawler:landing", ""),
        ("trigger:nightly", "crawler:shop", ""),
        ("trigger:by_hand", "crawler:landing", ""),
        ("trigger:by_hand", "crawler:shop", ""),
        ("crawler:landing", "trigger:ready", "SUCCEEDED"),
        ("crawler:shop", "trigger:ready", "SUCCEEDED"),
        ("trigger:ready", "job:clean", ""),
        ("job:clean", "trigger:cleaned", "SUCCEEDED"),
        ("job:clean", "trigger:clean_failed", "FAILED"),
        ("trigger:cleaned", "job:aggregate", ""),
        ("trigger:clean_failed", "job:quarantine", ""),
    )
)
WORKFLOW = WorkflowView(
    name="daily_sales",
    source="workflows/daily_sales.toml",
    triggers=tuple(
        TriggerView(workflow="daily_sales", name=name, type=kind, state="ACTIVATED") for name, kind in TRIGGERS.items()
    ),
    nodes=tuple(NodeDefinition(node_id=node, name=node.split(":")[1], kind="python") for node in NODES),
    edges=EDGES,
)
STATES = ("SUCCEEDED", "SUCCEEDED", "FAILED", "SKIPPED", "RUNNING")
TRIGGER_STATES = ("FIRED", "NEVER", "FIRED", "NEVER", "FIRED")
RUN = RunView(
    summary=RunSummary(
        run_id="wr_1",
        number=1,
        workflow="daily_sales",
        status="RUNNING",
        outcome="",
        trigger="nightly",
        trigger_type="SCHEDULED",
        queued_at=0,
    ),
    nodes=tuple(
        NodeView(
            node_id=node,
            name=node.split(":")[1],
            kind="python",
            state=state,
            attempt=3 if state == "FAILED" else 1,
            max_attempts=3,
            started_by="nightly" if node.startswith("crawler") else "",
            progress=0.5 if state == "RUNNING" else None,
        )
        for node, state in zip(NODES, STATES, strict=True)
    ),
    triggers=tuple(
        TriggerRunView(name=name, type=kind, state=state)
        for (name, kind), state in zip(TRIGGERS.items(), TRIGGER_STATES, strict=True)
    ),
    edges=EDGES,
)


def played(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test that plays an app, with a deadline."""

    @functools.wraps(test)
    def run(**fixtures: Any) -> None:
        asyncio.run(asyncio.wait_for(test(**fixtures), DEADLINE_S))

    return run


class GraphApp(App[None]):
    CSS = "GraphView { width: 100%; height: 100%; }"
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, look: Look, run: RunView | None, selected: str) -> None:
        super().__init__()
        self.graph = GraphView(look)
        self.shown_run = run
        self.first = selected
        self.picked: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.graph

    def on_mount(self) -> None:
        self.graph.show(self.shown_run, WORKFLOW, self.first)
        self.graph.focus()

    def on_key(self, event: events.Key) -> None:
        obey(self, self.graph, Place.GRAPH, event)

    def on_graph_view_node_selected(self, message: GraphView.NodeSelected) -> None:
        self.picked.append(message.node_id)


def app_of(*, look: Look | None = None, run: RunView | None = RUN, selected: str = "") -> GraphApp:
    return GraphApp(look or Look(), run, selected)


async def press(app: GraphApp, pilot: Pilot[Any], *keys: str) -> str:
    for key in keys:
        app._driver.send_message(events.Key(key, key if len(key) == 1 else None))  # type: ignore[union-attr]
    await pilot.pause()
    return screen_of(app)


def screen_of(app: GraphApp) -> str:
    return "\n".join(strip.text.rstrip() for strip in app.screen._compositor.render_strips())


@played
async def test_the_picture_tells_states_by_glyph_and_what_will_never_be_by_dashes() -> None:
    app = app_of(selected="job:clean")
    async with app.run_test(size=(130, 20)) as pilot:
        await pilot.pause()
        screen = screen_of(app)
        for words in ("◷ nightly ─", "▷ by_hand ╌", "✓ landing", "✗ clean", "– aggregate", "● quarantine"):
            assert words in screen
        assert "╌success╌▶ ∧ cleaned ╌" in screen
        assert "─failure─▶ ∧ clean_failed ─" in screen
        assert " 3/3 " in screen
        assert "━━━" in screen


def test_edges_say_whether_they_were_travelled() -> None:
    subject = subject_of(RUN, WORKFLOW)
    moods = {(edge.source, edge.target): mood for edge, mood in zip(subject.edges, subject.moods, strict=True)}
    assert moods["trigger:nightly", "crawler:landing"] is Mood.TRAVELLED
    assert moods["trigger:by_hand", "crawler:landing"] is Mood.DEAD
    assert moods["job:clean", "trigger:clean_failed"] is Mood.TRAVELLED
    assert moods["job:clean", "trigger:cleaned"] is Mood.DEAD
    assert {edge.label for edge in subject.edges} == {"", "success", "failure"}
    assert set(subject_of(None, WORKFLOW).moods) == {Mood.OPEN}


def test_states_alone_do_not_change_the_layout() -> None:
    before, after = subject_of(None, WORKFLOW), subject_of(RUN, WORKFLOW)
    assert (before.nodes, before.edges) == (after.nodes, after.edges)


@played
async def test_arrows_follow_the_edges_and_tell_which_node_was_picked() -> None:
    app = app_of(selected="trigger:nightly")
    async with app.run_test(size=(130, 20)) as pilot:
        await press(app, pilot, "right", "l", "right", "right")
        assert app.graph.selected in ("trigger:cleaned", "trigger:clean_failed")
        assert app.picked[:3] == ["crawler:landing", "trigger:ready", "job:clean"]
        await press(app, pilot, "h", "h")
        assert app.graph.selected == "trigger:ready"
        await press(app, pilot, "enter")
        assert app.picked[-1] == "trigger:ready"


@played
async def test_a_click_picks_a_node() -> None:
    app = app_of()
    async with app.run_test(size=(130, 20)) as pilot:
        await pilot.pause()
        assert app.graph.drawing is not None
        node = app.graph.drawing.node("job:quarantine")
        assert node is not None
        await pilot.click(GraphView, offset=(node.x + 3, node.y + 1))
        await pilot.pause()
        assert app.picked == ["job:quarantine"]


@played
async def test_the_selected_node_comes_into_view_and_what_is_outside_is_marked() -> None:
    app = app_of(selected="trigger:nightly")
    async with app.run_test(size=(20, 9)) as pilot:
        await pilot.pause()
        assert app.graph.drawing is not None
        assert app.graph.drawing.shape is Shape.RAIL
        assert "…" in screen_of(app)
        await press(app, pilot, *["down"] * 12)
        assert app.graph.offset_y > 0
        node = app.graph.drawing.node(app.graph.selected)
        assert node is not None
        assert 0 <= node.y - app.graph.offset_y < 9


@played
async def test_the_picture_fits_the_pane_after_every_resize() -> None:
    app = app_of(selected="job:clean")
    async with app.run_test(size=(130, 20)) as pilot:
        for width, height in ((80, 24), (60, 12), (30, 20), (200, 50), (1, 1), (100, 30)):
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            drawing = app.graph.drawing
            assert drawing is not None
            assert drawing.width <= max(width, 60)
            assert len(screen_of(app).splitlines()) <= height
        assert "✗ clean" in screen_of(app)


@played
async def test_new_states_are_painted_without_a_new_layout() -> None:
    app = app_of(run=None)
    async with app.run_test(size=(130, 20)) as pilot:
        await pilot.pause()
        drawing = app.graph.drawing
        assert "✗" not in screen_of(app)
        app.graph.show(RUN, WORKFLOW, "")
        await pilot.pause()
        assert "✗ clean" in screen_of(app)
        assert app.graph.drawing is drawing


@played
async def test_ascii_and_no_colour_tell_the_same() -> None:
    app = app_of(look=Look(has_colour=False, is_ascii=True))
    async with app.run_test(size=(130, 20)) as pilot:
        await pilot.pause()
        screen = screen_of(app)
        assert screen.isascii()
        for words in ("x clean", "+ landing", "> & ready", "failure-> & clean_failed"):
            assert words in screen


def test_hostile_names_are_drawn_harmless() -> None:
    nasty = msgspec.structs.replace(WORKFLOW.nodes[0], name="a\x1b[2J[/red]\x00日本")
    workflow = msgspec.structs.replace(WORKFLOW, nodes=(nasty, *WORKFLOW.nodes[1:]))
    subject = subject_of(None, workflow)
    drawing = layout(subject.nodes, subject.edges, 120)
    painter = Painter(drawing, Look())
    painter.show(subject, "", False)
    for y in range(drawing.height):
        text = "".join(segment.text for segment in painter.segments(y, 0, 120))
        assert "\x1b" not in text
        assert sum(segment.cell_length for segment in painter.segments(y, 0, 120)) == 120
