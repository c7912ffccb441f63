"""The sheet with two runs beside each other."""

from __future__ import annotations

from textual import events

from glue_tui.client.compare import Comparison
from glue_tui.client.compare_words import ComparisonLine, comparison_lines, note_lines
from glue_tui.protocol.views import RunSummary
from glue_tui.tui.format import node_look, run_look
from glue_tui.tui.paint import Span, Spans, cut, width_of, wrap_spans
from glue_tui.tui.screens.sheet import Sheet
from glue_tui.tui.theme import Look

STATE_CELLS = 17
"""Enough for `succeeded 1m 29s`; on a narrow screen the columns share what there is."""
DIFFERENCE_CELLS = 20
"""Enough for `-1 204 113, -100 %`."""


class CompareScreen(Sheet[bool]):
    """Shows a comparison until it is closed; it scrolls."""

    def __init__(self, look: Look, found: Comparison, cli: str) -> None:
        title = f"Runs {found.before.number} and {found.after.number} of {found.after.workflow}"
        super().__init__(look, title=((title, "accent_strong"),), hints=(("j k", "scroll"), ("Esc", "close")))
        self.found = found
        self.cli = cli

    def lines(self, width: int) -> tuple[Spans, ...]:
        drawn = comparison_lines(self.found)
        notes = [
            wrapped
            for note in note_lines(self.found)
            for wrapped in wrap_spans(((note, "text"),), width, 2 + len(note) - len(note.lstrip()))
        ]
        return (
            ((self.cli, "muted"),),
            (),
            self._columns(("", ""), self._head(self.found.before), self._head(self.found.after), ("", ""), width),
            *(self._line(line, width) for line in drawn),
            (),
            *notes,
        )

    def take_key(self, event: events.Key) -> None:
        if event.key in ("enter", "c"):
            self.dismiss(True)
        else:
            super().take_key(event)

    def _head(self, run: RunSummary) -> Span:
        return (f"run {run.number}", run_look(run).tone)

    def _line(self, line: ComparisonLine, width: int) -> Spans:
        mark = "! " if line.is_notable else "  "
        label = mark + ("  " if line.is_part else "") + line.label
        label_tone = "warn" if line.is_notable else "muted" if line.is_part else "strong"
        return self._columns(
            (label, label_tone),
            (line.before, _tone(line.state_before)),
            (line.after, _tone(line.state_after)),
            (line.difference, "warn" if line.is_notable else "muted"),
            width,
        )

    def _columns(self, label: Span, before: Span, after: Span, difference: Span, width: int) -> Spans:
        """Return a line in four columns, each cut to its share."""
        difference_cells = min(DIFFERENCE_CELLS, width * 28 // 100)
        cells = min(STATE_CELLS, width * 23 // 100)
        label_cells = width - difference_cells - 2 * cells
        columns = ((label, label_cells), (before, cells), (after, cells), (difference, difference_cells))
        spans: list[Span] = []
        for (text, tone), room in columns:
            shown = cut(text, room - 1, self.look)
            spans += [(shown, tone), (" " * (room - width_of(((shown, ""),))), "")]
        return tuple(spans)


def _tone(state: str) -> str:
    """Return the tone of a node's state or a run's outcome."""
    match state:
        case "":
            return "text"
        case "RECOVERED":
            return "warn"
        case _:
            return node_look(state).tone
