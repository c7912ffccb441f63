"""A dialog that draws its own lines: title in the border, keys in the border below. The base of all dialogs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from rich.segment import Segment
from textual import events
from textual.app import ComposeResult
from textual.geometry import Size
from textual.screen import ModalScreen

from glue_tui.tui.paint import Spans, segments, width_of
from glue_tui.tui.theme import Look
from glue_tui.tui.widgets.pane import Pane

AnswerT = TypeVar("AnswerT")

SHEET_CELLS_MAX = 84
SHEET_CELLS_MIN = 44


class SheetBox(Pane):
    """The box of a sheet: a scrolled run of lines."""

    def __init__(self, look: Look, title: Spans, bottom: Spans) -> None:
        super().__init__(look, id="sheet", title=title, bottom=bottom)
        self.lines: tuple[Spans, ...] = ()
        self.top = 0
        self.marked = -1
        """The line with the cursor; -1: none."""

    def content(self, y: int) -> list[Segment]:
        index = self.top + y
        line = self.lines[index] if index < len(self.lines) else ()
        return segments(((" ", ""), *line), self.inner_width, self.look, "cursor" if index == self.marked else "")

    def thumb(self) -> tuple[int, int]:
        height = self.inner_height
        if len(self.lines) <= height or height <= 0:
            return (0, 0)
        length = max(1, height * height // len(self.lines))
        first = self.top * (height - length) // max(1, len(self.lines) - height)
        return (first, first + length)

    def scroll_to_line(self, top: int) -> None:
        top = max(0, min(top, len(self.lines) - self.inner_height))
        if top != self.top:
            self.top = top
            self.refresh()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self.scroll_to_line(self.top + 3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self.scroll_to_line(self.top - 3)


class Sheet(ModalScreen[AnswerT]):
    """A dialog; `lines(width)` gives its inside. Esc and q leave it without an answer; j and k scroll."""

    cells_max = SHEET_CELLS_MAX

    def __init__(self, look: Look, *, title: Spans, hints: tuple[tuple[str, str], ...]) -> None:
        super().__init__()
        self.look = look
        self.before_leaving: Callable[[], None] = lambda: None
        """Called once this dialog has its answer, before anybody acts on it."""
        bottom: list[tuple[str, str]] = []
        for key, word in hints:
            bottom += [(("  " if bottom else "") + key, "key"), (f" {word}", "text")]
        self.box = SheetBox(look, title, tuple(bottom))

    def lines(self, width: int) -> tuple[Spans, ...]:
        """Return the inside for this width."""
        raise AssertionError("every dialog has its own lines")

    def compose(self) -> ComposeResult:
        yield self.box

    def on_mount(self) -> None:
        self.fit_box(self.app.size)
        self.box.focus()

    def on_resize(self, event: events.Resize) -> None:
        self.fit_box(event.size)

    def fit_box(self, size: Size) -> None:
        """Size the box after its lines."""
        width = min(size.width - 2, self.cells_max)
        natural = max((width_of(line) for line in self.lines(width - 4)), default=0) + 4
        borders = max(width_of(self.box.title_spans), width_of(self.box.bottom_spans)) + 8
        width = min(width, max(SHEET_CELLS_MIN, natural, borders))
        self.box.styles.width = width
        self.box.lines = self.lines(width - 4)
        self.box.styles.height = min(size.height - 2, len(self.box.lines) + 2)
        self.box.refresh()

    def refill(self) -> None:
        """Draw the lines again after the dialog's own state changed."""
        self.box.lines = self.lines(max(10, self.box.size.width - 4))
        self.box.refresh()

    def on_key(self, event: events.Key) -> None:
        event.stop()
        if self.is_current:
            self.take_key(event)
            if not self.is_current:
                self.before_leaving()
        else:  # typed ahead, while this dialog was closing
            self.app.screen.post_message(events.Key(event.key, event.character))

    def take_key(self, event: events.Key) -> None:
        """Obey a key; dialogs with keys of their own ask this one for the rest."""
        match event.key:
            case "escape" | "q":
                self.dismiss(None)
            case "down" | "j":
                self.box.scroll_to_line(self.box.top + 1)
            case "up" | "k":
                self.box.scroll_to_line(self.box.top - 1)
            case "pagedown" | "ctrl+d" | "space":
                self.box.scroll_to_line(self.box.top + self.box.inner_height - 1)
            case "pageup" | "ctrl+u":
                self.box.scroll_to_line(self.box.top - self.box.inner_height + 1)
            case "g" | "home":
                self.box.scroll_to_line(0)
            case "G" | "end":
                self.box.scroll_to_line(len(self.box.lines))
