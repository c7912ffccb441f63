"""How the columns of two versions of a table differ."""

from __future__ import annotations

from collections.abc import Sequence

from glue_tui.core.schema_changes import Difference
from glue_tui.tui.paint import Spans, wrap_spans
from glue_tui.tui.screens.sheet import Sheet
from glue_tui.tui.theme import Look

_MARKS = {"added": ("+", "good"), "removed": ("-", "bad"), "retyped": ("~", "warn"), "moved": ("~", "muted")}


class VersionDiffScreen(Sheet[bool]):
    """A line for each difference, with the value that forced a type; then what the crawl or job noted."""

    def __init__(self, look: Look, title: str, found: Sequence[Difference], notes: Sequence[str]) -> None:
        hints = (("j k", "scroll"), ("Esc", "close"))
        super().__init__(look, title=((title, "accent_strong"),), hints=hints)
        self.found = found
        self.notes = notes

    def lines(self, width: int) -> tuple[Spans, ...]:
        lines: list[Spans] = []
        for one in self.found:
            mark, tone = _MARKS.get(one.kind, ("~", "warn"))
            lines += wrap_spans(((f"{mark} ", tone), (str(one), tone)), width)
        if not self.found:
            lines.append((("the same columns", "muted"),))
        if self.notes:
            lines += [(), (("noted then", "muted"),)]
            lines += [row for note in self.notes for row in wrap_spans(((note, "text"),), width)]
        return tuple(lines)
