"""A Scala script in pieces, as they would be typed into a Scala shell."""

from __future__ import annotations

import re
from dataclasses import dataclass

_COMMENTS = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_GOES_ON = re.compile(r"[\s.)}\]]|$|(else|catch|finally|yield|extends|with|do|match)\b")
"""How a line begins that belongs to the statement above."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    line: int
    """Of the script, the first is 1."""
    code: str


def pieces(script: str) -> tuple[Piece, ...]:
    """Return the statements of a script, one after the other, each with the comments before it.

    A new one begins where a line begins at the margin and can't go on what is above. Where that is wrong, as in a text
    over several lines, the compiler says that a piece is not complete, and it is given the next one with it.
    """
    found: list[list[str]] = []
    starts: list[int] = []
    for number, line in enumerate(script.replace("\r\n", "\n").split("\n"), 1):
        goes_on = _GOES_ON.match(line)
        if found and (goes_on or _says_nothing(found[-1])):
            found[-1].append(line)
            if goes_on and line.strip() and len(found) > 1 and _says_nothing(found[-1][:-1]):
                # Comments stood within a statement.
                comments = found.pop()
                found[-1] += comments
                starts.pop()
        else:
            found.append([line])
            starts.append(number)
    return tuple(
        Piece(line=number, code="\n".join(lines))
        for number, lines in zip(starts, found, strict=True)
        if not _says_nothing(lines)
    )


def _says_nothing(lines: list[str]) -> bool:
    """Say whether there are only comments: the compiler takes nothing of that kind."""
    return not _COMMENTS.sub("", "\n".join(lines)).strip()
