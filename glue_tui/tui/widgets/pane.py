"""A bordered pane that draws its own lines, and a list pane with a cursor. Nothing about workflows here.

The border carries the titles (`╭─ 1 Workflows ──╮`), its right side the scroll position. Only rows that changed are
painted again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from glue_tui.tui.paint import Spans, fit, segments, width_of
from glue_tui.tui.theme import Look

RowT = TypeVar("RowT")

WHEEL_LINES = 3


class Scrolling:
    """What a frame asks of the view inside it: how much of it is off the screen."""

    after_scroll: Callable[[], None] = staticmethod(lambda: None)
    """Called whenever that may have changed."""

    def hidden_rows(self) -> tuple[int, int]:
        """Return how many rows there are above and below what is on screen."""
        raise AssertionError("every pane has its own")


class Pane(Widget, can_focus=True):
    """A box with titles in its border. Subclasses give `content(y)` for the inside.

    One that stands inside a `Frame` has no border of its own (`is_framed`).
    """

    is_framed = True
    border_tone = ""
    """Of the border, whoever has the focus; empty: as the focus says."""

    class Clicked(Message):
        """A row was clicked; the pane has the focus already."""

        def __init__(self, pane: Pane) -> None:
            super().__init__()
            self.pane = pane

    def __init__(self, look: Look, *, id: str, title: Spans = (), bottom: Spans = ()) -> None:
        super().__init__(id=id)
        self.look = look
        self.title_spans = title
        self.title_right_spans: Spans = ()
        self.bottom_spans = bottom

    @property
    def inner_width(self) -> int:
        return max(0, self.size.width - (2 if self.is_framed else 0))

    @property
    def inner_height(self) -> int:
        return max(0, self.size.height - (2 if self.is_framed else 0))

    @property
    def bottom_spans_x(self) -> int:
        """Column at which what the bottom border says begins."""
        return self.size.width - 3 - width_of(self.bottom_spans)

    def bottom_left_spans(self) -> Spans:
        """Return what the bottom border says at its left end."""
        return ()

    def set_titles(self, title: Spans, bottom: Spans = (), title_right: Spans = ()) -> None:
        """Set what the border says; painted again only where it differs."""
        if (title, title_right) != (self.title_spans, self.title_right_spans):
            self.title_spans, self.title_right_spans = title, title_right
            self.refresh(Region(0, 0, self.size.width, 1))
        if bottom != self.bottom_spans:
            self.bottom_spans = bottom
            self.refresh(Region(0, self.size.height - 1, self.size.width, 1))

    def take_key(self, event: events.Key) -> bool:
        """Take a key before it means anything else, as what is typed into a prompt; return False for others."""
        return False

    def content(self, y: int) -> list[Segment]:
        """Return line `y` of the inside, `inner_width` cells wide."""
        raise AssertionError("every pane has its own")

    def thumb(self) -> tuple[int, int]:
        """Return first and last line (exclusive) of the scroll mark; equal where everything is visible."""
        return (0, 0)

    def render_line(self, y: int) -> Strip:
        width, height = self.size
        if not self.is_framed:
            return Strip(self.content(y), width)
        if width < 10 or height < 2:
            return Strip.blank(width)
        border = self._border()
        if y == 0:
            return self._edge("top", self.title_spans, self.title_right_spans)
        if y == height - 1:
            return self._edge("bottom", self.bottom_left_spans(), self.bottom_spans)
        first, last = self.thumb()
        side = self.look.glyph("vertical")
        right = Segment(self.look.glyph("thumb"), border) if first <= y - 1 < last else Segment(side, border)
        return Strip([Segment(side, border), *self.content(y - 1), right], width)

    def set_border(self, tone: str) -> None:
        """Give the border a tone of its own, or take it away again."""
        if tone != self.border_tone:
            self.border_tone = tone
            self.refresh()

    def _border(self) -> Style:
        return self.look.style(self.border_tone or ("accent" if self.has_focus_within else "faint"))

    def _edge(self, side: str, left: Spans, right: Spans) -> Strip:
        style = self._border()
        bar = self.look.glyph("horizontal")
        width = self.size.width
        room = width - 6
        right = fit(right, room, self.look) if right else ()
        left = fit(left, room - (width_of(right) + 3 if right else 0), self.look) if left else ()
        parts = [Segment(self.look.glyph(f"{side}_left") + bar, style)]
        used = 2
        if left:
            parts += [Segment(" ", style), *segments(left, width_of(left), self.look), Segment(" ", style)]
            used += width_of(left) + 2
        tail = width_of(right) + 4 if right else 2
        parts.append(Segment(bar * (width - used - tail), style))
        if right:
            parts += [Segment(" ", style), *segments(right, width_of(right), self.look), Segment(" ", style)]
        parts.append(Segment(bar + self.look.glyph(f"{side}_right"), style))
        return Strip(parts, width)


class ListPane(Scrolling, Pane, Generic[RowT]):
    """Rows with a cursor. A row is a value with everything that is drawn, so that equal rows need no painting.

    A subclass may keep lines above the rows (`head_rows`, `head_spans`); they do not scroll.
    """

    def __init__(self, look: Look, *, id: str, title: Spans = ()) -> None:
        super().__init__(look, id=id, title=title)
        self.rows: tuple[RowT, ...] = ()
        self.cursor = 0
        self.top = 0

    def row_spans(self, row: RowT, width: int) -> Spans:
        """Return a row as spans of at most `width` cells."""
        raise AssertionError("every pane has its own")

    @property
    def head_rows(self) -> int:
        """Return how many lines there are above the rows."""
        return 0

    def head_spans(self, y: int, width: int) -> Spans:
        """Return line `y` of those above the rows."""
        raise AssertionError("only of a pane that has such lines")

    @property
    def list_height(self) -> int:
        """Return how many lines the rows have."""
        return max(0, self.inner_height - self.head_rows)

    def refresh_head(self) -> None:
        """Paint the lines above the rows again."""
        if self.head_rows:
            self.refresh(Region(0, 1 if self.is_framed else 0, self.size.width, self.head_rows))

    def is_selectable(self, row: RowT) -> bool:
        """Return whether the cursor may rest on a row."""
        return True

    def empty_spans(self) -> Spans:
        """Return what is said in place of rows."""
        return ()

    @property
    def current(self) -> RowT | None:
        return self.rows[self.cursor] if self.cursor < len(self.rows) else None

    def show_rows(self, rows: tuple[RowT, ...], cursor: int | None = None) -> None:
        """Replace the rows and, if given, the cursor; paints only the lines that differ."""
        before, top, old_cursor = self.rows, self.top, self.cursor
        self.rows = rows
        self.cursor = max(0, min(self.cursor if cursor is None else cursor, len(rows) - 1))
        self._keep_cursor_visible()
        if self.top != top or (len(before) != len(rows) and self._overflows(before, rows)) or not before or not rows:
            self.refresh()
            return
        for index in range(top, top + self.list_height):
            old = before[index] if index < len(before) else None
            new = rows[index] if index < len(rows) else None
            if old != new or (old_cursor != self.cursor and index in (old_cursor, self.cursor)):
                self._refresh_row(index)

    def move(self, delta: int) -> None:
        """Move the cursor by `delta` rows, over rows it may not rest on."""
        self.move_to(self.cursor + delta, 1 if delta > 0 else -1)

    def move_to(self, index: int, direction: int = -1) -> None:
        """Put the cursor on the row at `index` or the next one in `direction` that takes it."""
        index = max(0, min(index, len(self.rows) - 1))
        while 0 <= index < len(self.rows) and not self.is_selectable(self.rows[index]):
            index += direction
        if not 0 <= index < len(self.rows) or index == self.cursor:
            return
        before, top = self.cursor, self.top
        self.cursor = index
        self._keep_cursor_visible()
        if self.top != top:
            self.refresh()
        else:
            self._refresh_row(before)
            self._refresh_row(index)

    def hidden_rows(self) -> tuple[int, int]:
        return self.top, max(0, len(self.rows) - self.top - self.list_height)

    def page(self) -> int:
        return max(1, self.list_height - 1)

    def thumb(self) -> tuple[int, int]:
        height = self.list_height
        if len(self.rows) <= height or height == 0:
            return (0, 0)
        length = max(1, height * height // len(self.rows))
        first = self.head_rows + self.top * (height - length) // max(1, len(self.rows) - height)
        return (first, first + length)

    def content(self, y: int) -> list[Segment]:
        width = self.inner_width
        if y < self.head_rows:
            return segments(self.head_spans(y, width), width, self.look)
        y -= self.head_rows
        index = self.top + y
        if not self.rows and y == 0:
            return segments((("  ", ""), *self.empty_spans()), width, self.look)
        if index >= len(self.rows):
            return segments((), width, self.look)
        tone = "" if index != self.cursor else ("cursor" if self.has_focus else "cursor_idle")
        return segments(self.row_spans(self.rows[index], width), width, self.look, tone)

    def on_resize(self) -> None:
        self._keep_cursor_visible()
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        y = event.y - (1 if self.is_framed else 0) - self.head_rows
        index = self.top + y
        if 0 <= y < self.list_height and index < len(self.rows):
            self.move_to(index)
            self.post_message(self.Clicked(self))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._scroll(WHEEL_LINES)
        event.stop()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._scroll(-WHEEL_LINES)
        event.stop()

    def _scroll(self, lines: int) -> None:
        top = max(0, min(self.top + lines, len(self.rows) - self.list_height))
        if top != self.top:
            self.top = top
            self.refresh()
            self.after_scroll()

    def _overflows(self, before: tuple[RowT, ...], rows: tuple[RowT, ...]) -> bool:
        return max(len(before), len(rows)) > self.list_height

    def _keep_cursor_visible(self) -> None:
        height = self.list_height
        if height <= 0:
            return
        self.top = max(0, min(self.top, len(self.rows) - height))
        if self.cursor < self.top:
            self.top = self.cursor
        elif self.cursor >= self.top + height:
            self.top = self.cursor - height + 1
        self.after_scroll()

    def _refresh_row(self, index: int) -> None:
        y = index - self.top
        if 0 <= y < self.list_height:
            top = self.head_rows + (1 if self.is_framed else 0)
            self.refresh(Region(0, y + top, self.size.width, 1))
