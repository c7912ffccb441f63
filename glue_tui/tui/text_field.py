"""One line of text that is being typed: pure editing, used by the form and the palette."""

from __future__ import annotations

from dataclasses import dataclass

from glue_tui.tui.paint import Spans
from glue_tui.tui.theme import Look

TEXT_CHARACTERS_MAX = 500


@dataclass(frozen=True, slots=True)
class TextField:
    """`caret` counts characters from the start."""

    text: str = ""
    caret: int = 0

    def edited(self, key: str, character: str | None) -> TextField | None:
        """Return the field after a key; None when the key means nothing here."""
        text, caret = self.text, self.caret
        match key:
            case "backspace":
                return TextField(text[: max(0, caret - 1)] + text[caret:], max(0, caret - 1))
            case "delete":
                return TextField(text[:caret] + text[caret + 1 :], caret)
            case "left":
                return TextField(text, max(0, caret - 1))
            case "right":
                return TextField(text, min(len(text), caret + 1))
            case "home":
                return TextField(text, 0)
            case "end":
                return TextField(text, len(text))
            case "ctrl+u":
                return TextField(text[caret:], 0)
            case "ctrl+w":
                head = text[:caret].rstrip()
                kept = head[: head.rfind(" ") + 1]
                return TextField(kept + text[caret:], len(kept))
        if character is not None and character.isprintable() and len(character) == 1:
            if len(text) >= TEXT_CHARACTERS_MAX:
                return self
            return TextField(text[:caret] + character + text[caret:], caret + 1)
        return None

    def pasted(self, text: str) -> TextField:
        """Return the field with the first line of `text` put in at the caret."""
        line = (text.splitlines() or [""])[0][: TEXT_CHARACTERS_MAX - len(self.text)]
        return TextField(self.text[: self.caret] + line + self.text[self.caret :], self.caret + len(line))


def typed(text: str) -> TextField:
    """Return a field that holds `text`, the caret at its end."""
    return TextField(text, len(text))


def field_spans(field: TextField, look: Look, width: int, *, is_active: bool) -> Spans:
    """Return the field with its caret, scrolled so that the caret is visible."""
    start = max(0, field.caret - width + 1)
    shown = field.text[start : start + width]
    if not is_active:
        return ((shown, "text"),)
    at = field.caret - start
    under = shown[at : at + 1] or " "
    return ((shown[:at], "strong"), (under, "caret"), (shown[at + 1 :], "strong"))
