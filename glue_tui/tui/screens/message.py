"""A sheet with something to read."""

from __future__ import annotations

from textual import events

from glue_tui.tui.paint import Spans, wrap_spans
from glue_tui.tui.screens.sheet import Sheet
from glue_tui.tui.theme import Look


class MessageScreen(Sheet[bool]):
    """Shows lines until a key is pressed."""

    def __init__(self, look: Look, title: str, lines: tuple[Spans, ...]) -> None:
        super().__init__(look, title=((title, "accent_strong"),), hints=(("Esc", "close"),))
        self.said = lines

    def lines(self, width: int) -> tuple[Spans, ...]:
        return ((), *(wrapped for line in self.said for wrapped in wrap_spans(line, width)), ())

    def take_key(self, event: events.Key) -> None:
        if event.key in ("enter", "w"):
            self.dismiss(True)
        else:
            super().take_key(event)
