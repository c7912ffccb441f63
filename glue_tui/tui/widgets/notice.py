"""The small box above the footer: what a key did, why one did nothing, and the same on the command line."""

from __future__ import annotations

from rich.segment import Segment

from glue_tui.tui.paint import Spans, segments, width_of, wrap
from glue_tui.tui.theme import Look
from glue_tui.tui.widgets.pane import Pane

NOTICE_CELLS_MAX = 72


class Notice(Pane, can_focus=False):
    """Takes no room while it has nothing to say."""

    def __init__(self, look: Look, *, id: str) -> None:
        super().__init__(look, id=id)
        self.lines: tuple[Spans, ...] = ()

    def set_text(self, text: str, cli: str, tone: str) -> None:
        """Say something; empty text says nothing any more."""
        self.lines = tuple(((line, tone),) for line in wrap(text, NOTICE_CELLS_MAX - 4)) if text else ()
        if cli and text:
            self.lines += tuple(
                (("$ " if not at else "  ", "faint+muted"), (line, "muted"))
                for at, line in enumerate(wrap(cli, NOTICE_CELLS_MAX - 6))
            )
        self.refresh(layout=True)

    def box_size(self, width_max: int) -> tuple[int, int]:
        """Return width and height that the layout shall give it."""
        if not self.lines:
            return (0, 0)
        width = max(12, *(width_of(line) for line in self.lines)) + 4
        return (min(width, width_max), len(self.lines) + 2)

    def content(self, y: int) -> list[Segment]:
        line = self.lines[y] if y < len(self.lines) else ()
        return segments(((" ", ""), *line), self.inner_width, self.look)
