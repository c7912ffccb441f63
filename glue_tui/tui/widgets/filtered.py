"""A list that shows what fits a text; it follows what is typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from textual import events

from glue_tui.tui.theme import Look
from glue_tui.tui.widgets.pane import ListPane
from glue_tui.tui.widgets.prompt import Prompt

RowT = TypeVar("RowT")


class FilteredList(ListPane[RowT]):
    """Rows by a text that is asked for below them."""

    def __init__(self, look: Look, *, id: str) -> None:
        super().__init__(look, id=id)
        self.filter_text = ""
        self.after_change: Callable[[], None] = lambda: None
        """Called when what is said below the list, or which rows it shows, may have changed."""
        self._prompt: Prompt | None = None

    def filter_by(self, text: str) -> None:
        """Show the rows that fit a text; empty: all."""
        self.filter_text = text
        self.after_change()

    def begin_filter(self) -> None:
        """Ask what to show; the rows follow what is typed."""
        self._prompt = Prompt("/", self.filter_text)
        self.after_change()

    def take_key(self, event: events.Key) -> bool:
        """Obey a key of the filter while it is typed; return False for others."""
        prompt = self._prompt
        if prompt is None:
            return False
        if event.key in ("escape", "enter", "up", "down", "tab"):
            self._prompt = None
            self.filter_by("" if event.key == "escape" else prompt.text)
            return event.key in ("escape", "enter")
        prompt.take(event.key, event.character)
        self.filter_by(prompt.text)
        return True

    def on_blur(self) -> None:
        if self._prompt is not None:
            self._prompt = None
            self.after_change()
