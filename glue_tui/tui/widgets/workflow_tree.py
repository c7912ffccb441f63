"""Draws the rows of the workflow tree."""

from __future__ import annotations

from collections.abc import Callable

from textual import events

from glue_tui.tui.model import Connection
from glue_tui.tui.paint import Span, Spans, columns, width_of
from glue_tui.tui.tree_rows import TreeRow
from glue_tui.tui.widgets.pane import ListPane
from glue_tui.tui.widgets.prompt import Prompt

BAR_CELLS = 9
PROMPT_CELLS = 20

WHEN_EMPTY = {
    Connection.CONNECTING: "looking for the engine…",
    Connection.LIVE: "no workflows: glue-tui init",
    Connection.LOST: "no engine",
    Connection.STOPPED: "engine stopped",
}


class WorkflowTree(ListPane[TreeRow]):
    """The tree; what its cursor is on decides what the rest of the screen shows."""

    on_filter: Callable[[str], None] = staticmethod(lambda text: None)
    """Told which names are wanted; empty: all of them."""
    connection = Connection.CONNECTING
    filter_text = ""
    _prompt: Prompt | None = None

    def begin_filter(self) -> None:
        """Ask which names to show; they follow what is typed."""
        self._prompt = Prompt("/", self.filter_text)
        self.tell_filter(self.filter_text)

    def tell_filter(self, text: str) -> None:
        """Have the title say what is filtered by."""
        self.filter_text = text
        said: Spans = ()
        if self._prompt is not None:
            said = (("  ", ""), *self._prompt.spans(PROMPT_CELLS))
        elif text:
            said = (("  /", "key"), (text, "strong"), ("  Esc: all", "muted"))
        self.set_titles((("1 Workflows", "accent"), *said))

    def take_key(self, event: events.Key) -> bool:
        """Obey a key of the filter; return False for others. The screen asks, so that keys keep their order."""
        prompt = self._prompt
        if prompt is None:
            if event.key != "escape" or not self.filter_text:
                return False
            self._ask_for("")
        elif event.key in ("escape", "enter", "up", "down", "tab"):
            self._prompt = None
            self._ask_for("" if event.key == "escape" else prompt.text)
            return event.key in ("escape", "enter")
        else:
            prompt.take(event.key, event.character)
            self._ask_for(prompt.text)
        return True

    def on_blur(self) -> None:
        if self._prompt is not None:
            self._prompt = None
            self.tell_filter(self.filter_text)

    def _ask_for(self, text: str) -> None:
        self.tell_filter(text)
        self.on_filter(text)

    def empty_spans(self) -> Spans:
        return ((self.look.plain("no such name" if self.filter_text else WHEN_EMPTY[self.connection]), "muted"),)

    def row_spans(self, row: TreeRow, width: int) -> Spans:
        return columns(self._left(row), self._right(row, width), width, self.look)

    def _left(self, row: TreeRow) -> list[Span]:
        glyph = (self.look.glyph(row.glyph) + " ", row.tone)
        opener = " " if row.is_open is None else self.look.glyph("open" if row.is_open else "closed")
        match row.depth:
            case 0:
                return [(f" {opener} ", "faint+muted"), glyph, (row.name, "strong")]
            case 1:
                return [(f"   {opener} ", "faint+muted"), glyph, (row.name, "muted" if row.is_dim else "text")]
            case _:
                branch = self.look.glyph("last" if row.is_last else "branch")
                name_tone = "bad_strong" if row.tone == "bad" else "muted" if row.is_dim else "text"
                return [(f"     {branch} ", "faint"), glyph, (row.name, name_tone)]

    def _right(self, row: TreeRow, width: int) -> list[Span]:
        note: list[Span] = [(row.note + " ", row.note_tone)] if row.note else []
        if row.progress is not None and width - width_of(self._left(row)) > BAR_CELLS + width_of(note) + 2:
            full = round(max(0.0, min(1.0, row.progress)) * BAR_CELLS)
            bar: list[Span] = [
                (self.look.glyph("bar_full") * full, "running"),
                (self.look.glyph("bar_empty") * (BAR_CELLS - full) + " ", "faint"),
            ]
            return bar + note
        return note
