"""One line of typing inside a pane. Its caret stands still: a blinking one would send bytes for ever. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from glue_tui.tui.paint import Spans


@dataclass(slots=True)
class Prompt:
    """What is asked, and what has been typed."""

    question: str
    text: str = ""
    caret: int = -1
    earlier: tuple[str, ...] = ()
    """What was typed here before, the last one last: the arrows up and down bring it back."""
    _back: int = 0

    def __post_init__(self) -> None:
        if self.caret < 0:
            self.caret = len(self.text)

    def take(self, key: str, character: str | None) -> None:
        """Obey an editing key, or take a character in."""
        match key:
            case "backspace":
                if self.caret:
                    self.text = self.text[: self.caret - 1] + self.text[self.caret :]
                    self.caret -= 1
            case "delete":
                self.text = self.text[: self.caret] + self.text[self.caret + 1 :]
            case "up" | "down" if self.earlier:
                self._back = max(1, min(len(self.earlier), self._back + (1 if key == "up" else -1)))
                self.text = self.earlier[-self._back]
                self.caret = len(self.text)
            case "left":
                self.caret = max(0, self.caret - 1)
            case "right":
                self.caret = min(len(self.text), self.caret + 1)
            case "home":
                self.caret = 0
            case "end":
                self.caret = len(self.text)
            case "ctrl+u":
                self.text, self.caret = self.text[self.caret :], 0
            case "ctrl+w":
                kept = self.text[: self.caret].rstrip().rpartition(" ")[0]
                kept = kept + " " if kept else ""
                self.text, self.caret = kept + self.text[self.caret :], len(kept)
            case _:
                if character and character.isprintable():
                    self.text = self.text[: self.caret] + character + self.text[self.caret :]
                    self.caret += 1

    def spans(self, width: int) -> Spans:
        """Return the line with its caret, the end of a long text in view."""
        first = max(0, self.caret + len(self.question) + 2 - width)
        return (
            (self.question, "key"),
            (self.text[first : self.caret], "strong"),
            (self.text[self.caret : self.caret + 1] or " ", "badge"),
            (self.text[self.caret + 1 :], "strong"),
        )
