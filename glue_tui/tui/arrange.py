"""Where the panes stand: a pure function of the screen's size, the focused pane and how far it is grown."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from textual.geometry import NULL_OFFSET, Region, Size, Spacing
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

from glue_tui.tui.widgets.notice import Notice
from glue_tui.tui.widgets.view_pane import DETAIL_LINES

WIDE_CELLS = 100
"""Below this the panes stack."""
NARROW_CELLS = 60
LOW_LINES = 15
"""Below these there is one pane at a time."""

LOG_LINES_MIN = 6

PANES = ("workflows", "triggers", "view", "logs")


class Zoom(IntEnum):
    """How far the focused pane is grown."""

    NORMAL = 0
    HALF = 1
    FULL = 2


@dataclass(frozen=True, slots=True)
class Box:
    """A pane's place on the screen, in cells."""

    x: int
    y: int
    width: int
    height: int


def arrange(width: int, height: int, focus: str, zoom: Zoom, graph_rows: int = 0) -> dict[str, Box]:
    """Return the boxes of the visible panes; the header and the footer take the first and the last line.

    `graph_rows` is how many lines the tallest graph takes as boxes, 0 where that is not known: a wide screen gives the
    view what that needs, and the logs the rest.
    """
    room = max(0, height - 2)
    if zoom is Zoom.FULL or width < NARROW_CELLS or height < LOW_LINES:
        return {focus: Box(0, 1, width, room)}
    if width < WIDE_CELLS:
        return _stacked(width, room, focus, zoom)
    return _side_by_side(width, room, focus, zoom, graph_rows)


def _side_by_side(width: int, room: int, focus: str, zoom: Zoom, graph_rows: int) -> dict[str, Box]:
    left = min(56, max(34, width * 3 // 10))
    if zoom is Zoom.HALF:
        left = width // 2 if focus in ("workflows", "triggers") else min(left, 30)
    triggers = min(max(6, room // 3), 16)
    view = room * 64 // 100
    if graph_rows:
        wanted = graph_rows + DETAIL_LINES + 2
        view = max(room * 45 // 100, wanted) if wanted <= room - LOG_LINES_MIN - 2 else view
    if zoom is Zoom.HALF:
        triggers = {"workflows": 5, "triggers": room - 8}.get(focus, triggers)
        view = {"view": room - 7, "logs": 8}.get(focus, view)
    return {
        "workflows": Box(0, 1, left, room - triggers),
        "triggers": Box(0, 1 + room - triggers, left, triggers),
        "view": Box(left, 1, width - left, view),
        "logs": Box(left, 1 + view, width - left, room - view),
    }


def _stacked(width: int, room: int, focus: str, zoom: Zoom) -> dict[str, Box]:
    """Lists side by side on top, then the view, then the logs; the focused one gets most lines."""
    shares = {"view": (5, 12, 5), "logs": (5, 5, 12)}.get(focus, (8, 9, 5))
    if zoom is Zoom.HALF:
        shares = {"view": (3, 16, 3), "logs": (3, 3, 16)}.get(focus, (15, 4, 3))
    lists = max(3, room * shares[0] // 22)
    logs = max(3, room * shares[2] // 22)
    view = room - lists - logs
    left = width * 55 // 100 if focus != "triggers" else width * 45 // 100
    return {
        "workflows": Box(0, 1, left, lists),
        "triggers": Box(left, 1, width - left, lists),
        "view": Box(0, 1 + lists, width, view),
        "logs": Box(0, 1 + lists + view, width, logs),
    }


class PaneLayout(Layout):
    """Puts header, panes, notice and footer where `arrange` says; a widget's id names its place."""

    name = "panes"

    def __init__(self) -> None:
        self.focus = "workflows"
        self.zoom = Zoom.NORMAL
        self.graph_rows = 0

    def hold(self, graph_rows: int) -> None:
        """Have room for a graph so tall and for those before it: panes that jump about are no help."""
        self.graph_rows = max(self.graph_rows, graph_rows)

    def boxes(self, size: Size) -> dict[str, Box]:
        """Return the boxes of the panes on a screen of this size."""
        return arrange(size.width, size.height, self.focus, self.zoom, self.graph_rows)

    def arrange(self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True) -> ArrangeResult:
        boxes = self.boxes(size)
        boxes["header"] = Box(0, 0, size.width, min(1, size.height))
        boxes["footer"] = Box(0, size.height - 1, size.width, 1 if size.height > 1 else 0)
        placed: list[WidgetPlacement] = []
        for child in children:
            if child.id == "notice":
                boxes["notice"] = _notice_box(child, size)
            box = boxes.get(child.id or "", Box(0, 0, 0, 0))
            region = Region(box.x, box.y, max(0, box.width), max(0, box.height))
            placed.append(WidgetPlacement(region, NULL_OFFSET, Spacing(), child))
        return placed


def _notice_box(child: Widget, size: Size) -> Box:
    assert isinstance(child, Notice)
    height = min(len(child.rows(size.width - 2)), size.height)
    return Box(0, size.height - height, size.width if height else 0, height)
