"""What the Data view asks for in its first line: a filter, a query, a file's name. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from typing import TYPE_CHECKING

from glue_tui.tui.paint import Spans
from glue_tui.tui.widgets.prompt import Prompt

if TYPE_CHECKING:
    from glue_tui.catalog.read import TableEntry

_WORD = re.compile(r"[\w.]+$")
_NAMES_SHOWN = 12


class Question(Enum):
    """What is asked; the value stands before the text."""

    FILTER = "/"
    SQL = "SQL› "
    SAVE = "save as "


class DataPrompt:
    """A line of typing; of a query with the ones before, and names completed."""

    def __init__(self, question: Question, text: str, before: Sequence[str], entries: Sequence[TableEntry]) -> None:
        self.question = question
        self._prompt = Prompt(question.value, text)
        self._before = before
        self._entries = entries
        self._at = len(before)
        self._typed = text
        """What stood there before an older query took its place."""
        self._names: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return self._prompt.text

    def take(self, key: str, character: str | None) -> None:
        """Obey an editing key, or take a character in."""
        self._names = ()
        match key:
            case "up" | "down" if self.question is Question.SQL:
                self._recall(-1 if key == "up" else 1)
            case "tab":
                self._complete()
            case _:
                self._prompt.take(key, character)

    def paste(self, text: str) -> None:
        """Put a text in at the caret; its lines become one."""
        for character in " ".join(text.split()):
            self._prompt.take("", character)

    def spans(self, width: int) -> Spans:
        """Return the line with its caret."""
        return self._prompt.spans(width)

    def help_spans(self) -> Spans:
        """Return what the keys do, or the names that Tab could mean."""
        if self._names:
            more = len(self._names) - _NAMES_SHOWN
            said = "  ".join(self._names[:_NAMES_SHOWN]) + (f"  and {more} more" if more > 0 else "")
            return ((said, "running"),)
        match self.question:
            case Question.FILTER:
                return (("Enter keeps it  Esc shows all", "muted"),)
            case Question.SQL:
                return (
                    ("tables are database.table  Tab completes  ↑ earlier queries  Enter runs  Esc leaves", "muted"),
                )
            case Question.SAVE:
                return ((".csv .parquet .json; all rows, not only those shown", "muted"),)

    def _recall(self, step: int) -> None:
        if self._at == len(self._before):
            self._typed = self.text
        self._at = max(0, min(self._at + step, len(self._before)))
        text = self._typed if self._at == len(self._before) else self._before[self._at]
        self._prompt = Prompt(self.question.value, text)

    def _complete(self) -> None:
        """Lengthen the word at the caret to what all names that begin so have in common."""
        head = self.text[: self._prompt.caret]
        word = _WORD.search(head)
        if self.question is not Question.SQL or word is None:
            return
        names = [name for name in completions(self.text, self._entries) if name.startswith(word[0].lower())]
        # Of sorted names the first and the last have in common what all have.
        for one, other in list(zip(names[0], names[-1], strict=False))[len(word[0]) :] if names else ():
            if one != other:
                break
            self._prompt.take("", one)
        self._names = tuple(names) if len(names) > 1 else ()


def completions(query: str, entries: Sequence[TableEntry]) -> list[str]:
    """Return names that may stand in a query: all tables, and the columns of those that are in it already."""
    lower = query.lower()
    named = [entry.table for entry in entries if entry.full_name in lower]
    columns = {one.name for table in named for one in (*table.columns, *table.partition_keys)}
    return sorted(columns | {entry.full_name for entry in entries})
