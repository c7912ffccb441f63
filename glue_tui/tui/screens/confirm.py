"""The question before something that is hard to take back; it names what is meant."""

from __future__ import annotations

from textual import events

from glue_tui.tui.paint import Spans, wrap
from glue_tui.tui.screens.sheet import Sheet
from glue_tui.tui.theme import Look


class ConfirmScreen(Sheet[bool]):
    """Only `y` says yes, Enter is pressed too easily; `n` and Esc leave everything as it is."""

    def __init__(self, look: Look, question: str, consequence: str, *, verb: str) -> None:
        super().__init__(look, title=(("please confirm", "accent_strong"),), hints=(("y", verb), ("n", "leave it")))
        self.question = question
        self.consequence = consequence

    def lines(self, width: int) -> tuple[Spans, ...]:
        said = [((line, "strong"),) for line in wrap(self.question, width)]
        then = [((line, "text"),) for line in wrap(self.consequence, width)]
        return ((), *said, (), *then, ())

    def take_key(self, event: events.Key) -> None:
        match event.key:
            case "y":
                self.dismiss(True)
            case "n":
                self.dismiss(None)
            case _:
                super().take_key(event)
