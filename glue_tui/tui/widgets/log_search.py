"""A search in a log: one that is under way, how many hits there are, and what a typed pattern means. No widget."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from glue_tui.logs.clean import clean
from glue_tui.logs.read import LogSource
from glue_tui.tui.paint import Span

HITS_MAX = 1000
"""So many hits are counted; beyond, there are "1000+"."""


@dataclass(slots=True)
class Search:
    """A search under way."""

    direction: int
    next_line: int
    is_for_error: bool
    may_go_round: bool = True


@dataclass(slots=True)
class Hits:
    """The lines that the pattern is found in, as far as they have been counted."""

    pattern: re.Pattern[str]
    source: LogSource
    generation: int
    lines: list[int] = field(default_factory=list)
    next_line: int = 0

    @property
    def is_done(self) -> bool:
        return self.next_line >= self.source.line_count or len(self.lines) >= HITS_MAX

    def count_on(self) -> None:
        """Look for one more."""
        found = self.source.find(self.pattern, self.next_line, 1)
        if found.line is not None:
            self.lines.append(found.line)
            self.next_line = found.line + 1
        else:
            self.next_line = self.source.line_count if found.next_line is None else found.next_line


def compiled(text: str) -> re.Pattern[str] | str:
    """Return the pattern of what was typed, or what is wrong with it; capitals matter where there are any."""
    try:
        return re.compile(clean(text), 0 if any(character.isupper() for character in text) else re.IGNORECASE)
    except re.error as error:
        return f"not a pattern: {error}"


def pattern_told(text: str) -> Span:
    """Return how a pattern that is being typed will be taken, or what is wrong with it so far."""
    if not text:
        return ("a regular expression · ↑ earlier ones", "muted")
    pattern = compiled(text)
    if isinstance(pattern, str):
        return (pattern, "warn")
    return ("in any case" if pattern.flags & re.IGNORECASE else "capitals matter", "muted")
