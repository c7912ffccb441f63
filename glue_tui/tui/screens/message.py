"""A sheet with something to read."""

from __future__ import annotations

from textual import events

from glue_tui.tui.paint import Spans
from glue_tui.tui.screens.sheet import Sheet
from glue_tui.tui.theme import Look


class MessageScreen(Sheet[bool]):
    """Shows lines until a key is pressed."""

    def __init__(self, look: Look, title: str, lines: tuple[Spans, ...]) -> None:
        super().__init__(look, title=((title, "accent_strong"),), hints=(("Esc", "close"),))
        self.said = lines

    def lines(self, width: int) -> tuple[Spans, ...]:
        return ((), *(wrapped for line in self.said for wrapped in wrap_spans(line, width)), ())

    def on_key(self, event: events.Key) -> None:
        if event.key in ("enter", "w"):
            event.stop()
            self.dismiss(True)
        else:
            super().on_key(event)


def wrap_spans(line: Spans, width: int) -> list[Spans]:
    """Return a line broken at blanks; what follows the first line is indented."""
    rows: list[list[tuple[str, str]]] = [[]]
    used = 0
    for text, tone in line:
        for piece in _pieces(text):
            if used + len(piece) > width and used and piece.strip():
                rows.append([("    ", "")])
                used = 4
                piece = piece.lstrip()
            rows[-1].append((piece, tone))
            used += len(piece)
    return [tuple(row) for row in rows]


def _pieces(text: str) -> list[str]:
    pieces: list[str] = []
    for char in text:
        if pieces and (char != " " or pieces[-1].isspace()) and not (char != " " and pieces[-1].endswith(" ")):
            pieces[-1] += char
        else:
            pieces.append(char)
    return pieces
