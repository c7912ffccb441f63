"""What a key did, why one did nothing, and the same on the command line: in place of the footer, while it lasts."""

from __future__ import annotations

from rich.segment import Segment

from glue_tui.tui.paint import Spans, segments, width_of, wrap
from glue_tui.tui.theme import Look
from glue_tui.tui.widgets.pane import Pane


class Notice(Pane, can_focus=False):
    """One line where that is enough, and the lines above the footer where it is not; nothing while it says nothing."""

    is_framed = False

    def __init__(self, look: Look, *, id: str) -> None:
        super().__init__(look, id=id)
        self.text = ""
        self.cli = ""
        self.tone = ""

    def set_text(self, text: str, cli: str, tone: str) -> None:
        """Say something; empty text says nothing any more."""
        self.text, self.cli, self.tone = text, cli, tone
        self.refresh(layout=True)

    def rows(self, width: int) -> tuple[Spans, ...]:
        """Return what it says in lines of at most `width` cells."""
        if not self.text:
            return ()
        said = tuple(((line, self.tone),) for line in wrap(self.text, width))
        if not self.cli:
            return said
        twin: Spans = (("   $ ", "muted"), (self.cli, "text"))
        if len(said) == 1 and width_of(said[0]) + width_of(twin) <= width:
            return ((*said[0], *twin),)
        twins = enumerate(wrap(self.cli, width - 2))
        return (*said, *((("$ " if not at else "  ", "muted"), (line, "text")) for at, line in twins))

    def content(self, y: int) -> list[Segment]:
        rows = self.rows(self.inner_width - 2)
        line = rows[y] if y < len(rows) else ()
        return segments(((" ", ""), *line), self.inner_width, self.look, "bar")
