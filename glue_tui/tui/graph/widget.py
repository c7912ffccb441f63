"""The graph on screen: follows the model, scrolls, lets a node be picked. Layout and painting are next door."""

from __future__ import annotations

from functools import lru_cache

from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from glue_tui.protocol.views import RunView, WorkflowView
from glue_tui.tui.graph.drawing import Drawing, GraphEdge, GraphNode, PlacedNode, Shape
from glue_tui.tui.graph.layout import RAIL_BELOW_COLUMNS, fitting, layout
from glue_tui.tui.graph.paint import Painter
from glue_tui.tui.graph.subject import Subject, subject_of, trigger_id
from glue_tui.tui.theme import Look
from glue_tui.tui.widgets.pane import Scrolling

WHEEL_ROWS = 3
WHEEL_COLUMNS = 6
MARGIN_CELLS = 1
"""Kept free around the selected node when the picture scrolls to it."""


class GraphView(Scrolling, Widget, can_focus=True):
    """The picture of one workflow, with the states of one of its runs."""

    class NodeSelected(Message):
        """A node was picked: `job:…`, `crawler:…` or `trigger:…`."""

        def __init__(self, node_id: str) -> None:
            super().__init__()
            self.node_id = node_id

    def __init__(self, look: Look, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.look = look
        self.selected = ""
        self.drawing: Drawing | None = None
        self._subject: Subject | None = None
        self._painter: Painter | None = None
        self._of = ""
        self.offset_x = 0
        self.offset_y = 0

    def show(
        self, run: RunView | None, workflow: WorkflowView | None, selected: str = "", path: tuple[str, ...] = ()
    ) -> None:
        """Show a run, or a workflow that has none; `selected` is a node id, or a trigger's name or id.

        `path` has the nodes that decide when the run ends.
        """
        subject = subject_of(run, workflow, path) if workflow is not None else None
        if subject is not None and selected and selected not in subject.faces:
            selected = trigger_id(selected)
        of = workflow.name if workflow is not None else ""
        if subject == self._subject and selected == self.selected:
            return
        is_new = of != self._of
        moved = selected != self.selected or is_new
        old, self._subject, self.selected, self._of = self._subject, subject, selected, of
        if is_new:
            self.offset_x = self.offset_y = 0
        if old is None or subject is None or (old.nodes, old.edges) != (subject.nodes, subject.edges):
            self.drawing = None
        self._prepare()
        if moved:
            self._reveal()

    def box_rows(self, run: RunView | None, workflow: WorkflowView | None, width: int) -> int:
        """Return how many lines the graph takes as boxes in a pane so wide; 0 where it is drawn otherwise."""
        if workflow is None or width < RAIL_BELOW_COLUMNS:
            return 0
        subject = subject_of(run, workflow)
        return layout_height(subject.nodes, subject.edges, width)

    def select(self, node_id: str) -> None:
        """Pick a node: shown at once, told by `NodeSelected`."""
        if node_id == self.selected:
            return
        self.selected = node_id
        self._prepare()
        self._reveal()
        self.post_message(self.NodeSelected(node_id))

    def move(self, direction: str) -> None:
        """Pick the nearest node in a direction: left, right, up or down."""
        drawing = self.drawing
        if drawing is None or not drawing.nodes:
            return
        here = drawing.node(self.selected)
        if here is None:
            self.select(drawing.nodes[0].node_id)
            return
        near = _neighbour(drawing, here, direction)
        if near is not None:
            self.select(near.node_id)

    def scroll_by_cells(self, columns: int, rows: int) -> None:
        """Move the picture under the window, no further than its edges."""
        if self.drawing is None:
            return
        x = max(0, min(self.offset_x + columns, self.drawing.width - self.size.width))
        y = max(0, min(self.offset_y + rows, self.drawing.height - self.size.height))
        if (x, y) != (self.offset_x, self.offset_y):
            self.offset_x, self.offset_y = x, y
            self.refresh()
            self.after_scroll()

    def hidden_rows(self) -> tuple[int, int]:
        if self.drawing is None:
            return (0, 0)
        return self.offset_y, max(0, self.drawing.height - self.offset_y - self.size.height)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if self._painter is None or self.drawing is None:
            return Strip.blank(width, self.look.style("text"))
        return Strip(self._painter.segments(y + self.offset_y, self.offset_x, width), width)

    def _prepare(self) -> None:
        """Lay out anew where there is need, hand states and selection to the painter, refresh what differs."""
        if self._subject is None or not self.size:
            self.drawing = self._painter = None
            self.refresh()
            self.after_scroll()
            return
        if self.drawing is None or self._painter is None:
            width, height = self.size
            self.drawing = fitting(self._subject.nodes, self._subject.edges, width, height)
            self._painter = Painter(self.drawing, self.look)
            self.scroll_by_cells(0, 0)
            self.refresh()
        for y in self._painter.show(self._subject, self.selected, self.has_focus):
            if 0 <= y - self.offset_y < self.size.height:
                self.refresh(Region(0, y - self.offset_y, self.size.width, 1))
        self.after_scroll()

    def _reveal(self) -> None:
        """Scroll such that the selected node is whole in the window."""
        node = self.drawing.node(self.selected) if self.drawing is not None else None
        if node is None:
            return
        width, height = self.size
        left, right = node.x - MARGIN_CELLS, node.x + node.width + MARGIN_CELLS
        top, bottom = node.y, node.y + node.height
        x = min(max(self.offset_x, right - width), left)
        y = min(max(self.offset_y, bottom - height), top)
        self.scroll_by_cells(x - self.offset_x, y - self.offset_y)

    def on_resize(self, event: events.Resize) -> None:
        self.drawing = None
        self._prepare()
        self._reveal()
        self.refresh()

    def on_focus(self) -> None:
        self._prepare()

    def on_blur(self) -> None:
        self._prepare()

    def move_cursor(self, where: str) -> None:
        """Pick a node by left, right, up, down; scroll by page_up, page_down, top, bottom; enter tells the node."""
        match where:
            case "left" | "right" | "up" | "down":
                self.move(where)
            case "page_up" | "page_down":
                rows = self.size.height - 1
                self.scroll_by_cells(0, rows if where == "page_down" else -rows)
            case "top" | "bottom" if self.drawing is not None:
                self.scroll_by_cells(0, self.drawing.height if where == "bottom" else -self.drawing.height)
            case "enter" if self.selected:
                self.post_message(self.NodeSelected(self.selected))

    def on_click(self, event: events.Click) -> None:
        node = self.drawing.node_at(event.x + self.offset_x, event.y + self.offset_y) if self.drawing else None
        if node is not None:
            self.select(node.node_id)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, 1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel(event, -1)

    def _wheel(self, event: events.MouseEvent, direction: int) -> None:
        if event.shift:
            self.scroll_by_cells(direction * WHEEL_COLUMNS, 0)
        else:
            self.scroll_by_cells(0, direction * WHEEL_ROWS)
        event.stop()


@lru_cache(maxsize=64)
def layout_height(nodes: tuple[GraphNode, ...], edges: tuple[GraphEdge, ...], width: int) -> int:
    """Return the height of a graph of boxes; asked for with every refresh, so it is kept."""
    return layout(nodes, edges, width, Shape.BOXES).height


def _neighbour(drawing: Drawing, here: PlacedNode, direction: str) -> PlacedNode | None:
    """Return the next node along an edge to the right or left, or the nearest one above or below."""
    if direction in ("left", "right"):
        linked = [
            edge.target if direction == "right" else edge.source
            for edge in drawing.edges
            if (edge.source if direction == "right" else edge.target) == here.node_id
        ]
        nodes = [node for node in drawing.nodes if node.node_id in linked]
        return min(nodes, key=lambda node: (abs(_row(node) - _row(here)), node.y), default=None)
    below = direction == "down"
    nodes = [node for node in drawing.nodes if (node.y > here.y if below else node.y < here.y)]
    return min(
        nodes, key=lambda node: (abs(_middle(node) - _middle(here)) + 2 * abs(node.y - here.y), node.x), default=None
    )


def _row(node: PlacedNode) -> int:
    return node.y + node.text_row


def _middle(node: PlacedNode) -> int:
    return node.x + node.width // 2
