"""Draws the rows of the workflow tree."""

from __future__ import annotations

from glue_tui.tui.paint import Span, Spans, columns, width_of
from glue_tui.tui.tree_rows import TreeRow
from glue_tui.tui.widgets.pane import ListPane

BAR_CELLS = 9


class WorkflowTree(ListPane[TreeRow]):
    """The tree; what its cursor is on decides what the rest of the screen shows."""

    says_when_empty = ""

    def empty_spans(self) -> Spans:
        return ((self.look.plain(self.says_when_empty), "muted"),)

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
