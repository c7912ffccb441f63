"""A bordered box around other widgets, one of which is shown at a time, and lines of text below it."""

from __future__ import annotations

from rich.segment import Segment
from textual.app import ComposeResult
from textual.geometry import NULL_OFFSET, Region, Size, Spacing
from textual.layout import ArrangeResult, Layout, WidgetPlacement
from textual.widget import Widget

from glue_tui.tui.paint import Spans, segments
from glue_tui.tui.theme import Look
from glue_tui.tui.widgets.pane import Pane, Scrolling

RULE_FROM_LINES = 12
"""A frame with so many lines inside has a rule between the view and the text below it."""


class _FrameLayout(Layout):
    """The visible child takes the inside, less the text's lines."""

    name = "frame"

    def arrange(self, parent: Widget, children: list[Widget], size: Size, greedy: bool = True) -> ArrangeResult:
        assert isinstance(parent, Frame)
        parent.text_rows = parent.text_height(size.height - 2)
        room = Region(1, 1, max(0, size.width - 2), max(0, size.height - 2 - parent.text_rows))
        return [WidgetPlacement(room, NULL_OFFSET, Spacing(), child) for child in children]


class Frame(Pane, can_focus=False):
    """Its children draw no border; the one shown has the focus for it."""

    def __init__(self, look: Look, *children: Widget, id: str) -> None:
        super().__init__(look, id=id)
        self._frame_layout = _FrameLayout()
        self._views = children
        self.text: tuple[Spans, ...] = ()
        self.text_rows = 0
        """So many lines the text has in the arrangement that stands."""
        self._hidden = (0, 0)
        for child in children[1:]:
            child.display = False
        for child in children:
            if isinstance(child, Scrolling):
                child.after_scroll = self._tell_hidden

    @property
    def layout(self) -> Layout:
        return self._frame_layout

    def compose(self) -> ComposeResult:
        yield from self._views

    @property
    def shown(self) -> Widget:
        return next(child for child in self._views if child.display)

    def show_child(self, id: str) -> None:
        """Show the child with this id; it takes the focus if the frame had it."""
        had_focus = self.has_focus_within
        for child in self._views:
            child.display = child.id == id
        if had_focus:
            self.screen.set_focus(self.shown)
        self._tell_hidden()
        self.refresh()

    def bottom_left_spans(self) -> Spans:
        """Say how much of the view is off the screen: `▲ 2 ▼ 3 more rows`."""
        above, below = self._hidden
        parts = [f"{self.look.glyph(name)} {rows}" for name, rows in (("above", above), ("below", below)) if rows]
        if not parts:
            return ()
        return ((" ".join(parts), "warn"), (" more row" if above + below == 1 else " more rows", "muted"))

    def _tell_hidden(self) -> None:
        rows = [child.hidden_rows() for child in self._views if child.display and isinstance(child, Scrolling)]
        hidden = rows[0] if rows else (0, 0)
        if hidden != self._hidden:
            self._hidden = hidden
            self.refresh(Region(0, self.size.height - 1, self.size.width, 1))

    def show_text(self, text: tuple[Spans, ...]) -> None:
        """Set the lines below the view."""
        is_same = text == self.text
        self.text = text
        if self.text_height(self.inner_height) != self.text_rows:
            self._clear_arrangement_cache()
            self.refresh(layout=True)
        elif not is_same:
            self.refresh(Region(0, self.size.height - 1 - self.text_rows, self.size.width, self.text_rows))

    def text_height(self, inside: int) -> int:
        """Return how many of `inside` lines the text takes, its rule included."""
        if not self.text or inside < 3:
            return 0
        if inside < RULE_FROM_LINES:
            return min(len(self.text), self.text_rows_max(inside))
        return min(len(self.text) + 1, inside // 2)

    def text_rows_max(self, inside: int) -> int:
        """Return how many of `inside` lines the text takes at most where there is no rule."""
        return max(1, inside // 3)

    def content(self, y: int) -> list[Segment]:
        width, inside = self.inner_width, self.inner_height
        height = self.text_rows
        index = y - (inside - height)
        if height and inside >= RULE_FROM_LINES:
            if index == 0:
                rule = " " + self.look.glyph("horizontal") * (width - 2)
                return segments(((rule, "faint"),), width, self.look)
            index -= 1
        if 0 <= index < len(self.text):
            return segments(((" ", ""), *self.text[index]), width, self.look)
        return segments((), width, self.look)

    def on_descendant_focus(self) -> None:
        self.refresh()

    def on_descendant_blur(self) -> None:
        self.refresh()
