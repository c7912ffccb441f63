"""Collect the problems of one file: a key path becomes text, and a line once there is something to report."""

from __future__ import annotations

import re

from glue_tui.core.problem import Problem
from glue_tui.definitions.locate import locate

KeyPath = tuple[str | int, ...]
"""`("triggers", "ready", "conditions", 0, "job")`."""

TEXT_LENGTH_MAX = 400
PROBLEMS_MAX = 200
"""Of one file; who reads more than that?"""

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def key_text(path: KeyPath) -> str:
    """Return `triggers.ready.conditions[0].job`; a key that TOML would want quoted is quoted."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = part if _BARE_KEY.fullmatch(part) else '"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"'
            text += f".{name}" if text else name
    return text


def one_line(text: str) -> str:
    """Return `text` fit for one line of a terminal, whatever the file held: nothing unprintable, not too long."""
    text = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
    return text if len(text) <= TEXT_LENGTH_MAX else text[: TEXT_LENGTH_MAX - 1] + "…"


class Report:
    """The problems of one file so far. Positions are looked up only when somebody complains."""

    def __init__(self, source: str, text: str) -> None:
        self.source = source
        self._text = text
        self._lines: dict[KeyPath, int] | None = None
        self._broken: set[KeyPath] = set()
        self._problems: dict[Problem, None] = {}

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Errors and warnings in the order of the file."""
        return tuple(sorted(self._problems, key=lambda problem: problem.line))

    @property
    def has_errors(self) -> bool:
        return any(not problem.is_warning for problem in self._problems)

    @property
    def is_full(self) -> bool:
        return len(self._problems) >= PROBLEMS_MAX

    def problem(self, path: KeyPath, message: str, hint: str = "") -> None:
        """Report an error at `path`, unless the value there is already known not to be readable."""
        if not self.is_broken(path):
            self._add(path, message, hint, is_warning=False)

    def warning(self, path: KeyPath, message: str, hint: str = "") -> None:
        self._add(path, message, hint, is_warning=True)

    def unreadable(self, path: KeyPath, message: str, hint: str = "") -> None:
        """Report an error that leaves nothing to look at: later ones at `path` or below would only follow from it."""
        self.problem(path, message, hint)
        self._broken.add(path)

    def is_broken(self, path: KeyPath) -> bool:
        return any(path[:length] in self._broken for length in range(len(path) + 1))

    def _add(self, path: KeyPath, message: str, hint: str, *, is_warning: bool) -> None:
        if self.is_full and (is_warning or self.has_errors):
            return
        problem = Problem(
            path=self.source,
            line=self._line(path),
            key=one_line(key_text(path)),
            message=one_line(message),
            hint=one_line(hint),
            is_warning=is_warning,
        )
        self._problems[problem] = None

    def _line(self, path: KeyPath) -> int:
        """Return the line of the key, or of the nearest table around it where the key itself is missing."""
        if self._lines is None:
            self._lines = locate(self._text)
        for length in range(len(path), 0, -1):
            if path[:length] in self._lines:
                return self._lines[path[:length]]
        return 1
