"""One row in full: a line for each name, long values wrapped."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual import events

from glue_tui.logs.clean import clean
from glue_tui.tui.paint import Span, Spans, wrap
from glue_tui.tui.screens.sheet import Sheet
from glue_tui.tui.theme import Look
from glue_tui.tui.widgets.copying import copy_text

NAME_CELLS_MAX = 28
VALUE_LINES_MAX = 400
"""Of one value; what is left out is told."""


class RecordScreen(Sheet[bool]):
    """Names and values; None is a value that is missing. `y` copies them."""

    def __init__(self, look: Look, title: str, fields: Sequence[tuple[str, str | None]]) -> None:
        hints = (("j k", "scroll"), ("y", "copy"), ("Esc", "close"))
        super().__init__(look, title=((title, "accent_strong"),), hints=hints)
        self.fields = fields

    def lines(self, width: int) -> tuple[Spans, ...]:
        names = [clean(name) for name, _ in self.fields]
        room = min(NAME_CELLS_MAX, max((cell_len(name) for name in names), default=0))
        lines: list[Spans] = []
        for name, (_, value) in zip(names, self.fields, strict=True):
            told: list[Span] = [("null", "muted")]
            if value is not None:
                wrapped = wrap(value, max(10, width - room - 2))
                told = [(line, "text") for line in wrapped[:VALUE_LINES_MAX]]
                left_out = len(wrapped) - VALUE_LINES_MAX
                told += [(f"… {left_out} lines more", "warn")] if left_out > 0 else []
            shown = name if cell_len(name) <= room else name[: room - 1] + "…"
            pad = " " * (room - cell_len(shown))
            lines.append(((pad + shown + "  ", "key"), told[0]))
            lines += [((" " * (room + 2), ""), rest) for rest in told[1:]]
        return tuple(lines)

    def take_key(self, event: events.Key) -> None:
        if event.key != "y":
            super().take_key(event)
            return
        text = "\n".join(f"{name}: {'null' if value is None else value}" for name, value in self.fields)
        said, is_good = copy_text(self.app, text)
        self.box.set_titles(
            (*self.box.title_spans[:1], (f"  {said}", "good" if is_good else "warn")), self.box.bottom_spans
        )
