"""The line at the bottom: the keys that matter here, drawn from the action table."""

from __future__ import annotations

from dataclasses import dataclass

from textual.strip import Strip
from textual.widget import Widget

from glue_tui.tui.paint import Span, strip, width_of
from glue_tui.tui.theme import Look


@dataclass(frozen=True, slots=True)
class Hint:
    """A key and its word; a disabled one is shown grey, it stays in its place."""

    key: str
    label: str
    is_enabled: bool = True


class Footer(Widget):
    """Key hints. What does not fit is left out from the middle: `?` and `q` are always there."""

    def __init__(self, look: Look, *, id: str) -> None:
        super().__init__(id=id)
        self.look = look
        self.hints: tuple[Hint, ...] = ()

    def show(self, hints: tuple[Hint, ...]) -> None:
        if hints != self.hints:
            self.hints = hints
            self.refresh()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        drawn = [self._spans(hint) for hint in self.hints]
        kept = drawn[-2:]
        room = width - sum(width_of(spans) for spans in kept)
        head: list[list[Span]] = []
        for spans in drawn[:-2]:
            room -= width_of(spans)
            if room < 0:
                break
            head.append(spans)
        return strip([span for spans in (*head, *kept) for span in spans], width, self.look, "bar")

    def _spans(self, hint: Hint) -> list[Span]:
        if hint.is_enabled:
            return [(f" {hint.key}", "key"), (f" {hint.label} ", "text")]
        return [(f" {hint.key} {hint.label} ", "faint+muted")]
