"""What `why` says, as structure: an answer, and the lines that bear it out. Drawn by the command line and the screen.

`--json` prints these shapes as they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from itertools import groupby

import msgspec


class Verdict(StrEnum):
    """What the answer comes to."""

    DONE = "done"
    """It fired, it ran, it started a run."""
    WAITS = "waits"
    """It still may, without anybody's help."""
    BLOCKED = "blocked"
    """Something stands in the way that somebody has to move."""
    NEVER = "never"
    """It can't any more, in this run or for this file."""
    FAILED = "failed"
    """It ran, and did not come out well."""


class Role(StrEnum):
    """What a line is there for; those of the first four stand before it as words."""

    TRUE = "true"
    NOT_YET = "not yet"
    NEVER = "never"
    FALSE = "false"
    """It stands in the way now, and somebody can change it."""
    TEXT = "text"
    MUTED = "muted"

    @property
    def is_judgement(self) -> bool:
        return self in (Role.TRUE, Role.NOT_YET, Role.NEVER, Role.FALSE)


class Line(msgspec.Struct, frozen=True, kw_only=True):
    role: Role
    text: str
    note: str = ""
    """Beside it: since when, how it came."""


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Why one thing did or did not happen. What it is about stands in the names; those that don't matter are empty."""

    subject: str
    """In words: `both  CONDITIONAL  in run 12 of night`."""
    verdict: Verdict
    answer: str
    lines: tuple[Line, ...] = ()
    workflow: str = ""
    trigger: str = ""
    node_id: str = ""
    run_id: str = ""
    run_number: int = 0
    file: str = ""


def text(said: str, note: str = "") -> Line:
    return Line(role=Role.TEXT, text=said, note=note)


def muted(said: str) -> Line:
    return Line(role=Role.MUTED, text=said)


def in_the_way(said: str, note: str = "") -> Line:
    return Line(role=Role.FALSE, text=said, note=note)


def listed(names: Iterable[str], last: str = "and") -> str:
    """Return `a`, `a and b`, `a, b and c`; nothing for no names."""
    *head, tail = (*names,) or ("",)
    return f"{', '.join(head)} {last} {tail}" if head else tail


ALIGNED_MAX = 28
"""Texts longer than this don't push the notes of the others aside."""


def margins(lines: Iterable[Line]) -> list[tuple[str, str]]:
    """Return what stands before each line, and its text made as wide as those of its neighbours of the same kind."""
    found: list[tuple[str, str]] = []
    for is_judgement, block in groupby(lines, key=lambda line: line.role.is_judgement):
        same = list(block)
        width = max((len(one.text) for one in same if one.note and len(one.text) <= ALIGNED_MAX), default=0)
        for one in same:
            before = f"  {one.role.value:<9}" if is_judgement else "  "
            found.append((before, one.text.ljust(width) if one.note else one.text))
    return found
