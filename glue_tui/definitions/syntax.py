"""Read TOML text. tomllib stops at its first error; here it is asked again without the broken statement."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from glue_tui.core.problem import Problem

ERRORS_MAX = 20
"""A file with more syntax errors than this is probably not TOML at all."""

LONG_FILE_LINES = 2000
"""In a file longer than this, reading it again and again would take seconds: only the first errors are told."""
ERRORS_MAX_LONG = 3
LINES_BACK_MAX = 40
"""So many lines above an error are tried one by one as the beginning of its statement."""

_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_HINTS = {
    "Invalid value": "text needs quotes; true and false are written small",
    "Illegal character '\\n'": 'a text has to end on its line; """ begins a longer one',
    "Cannot overwrite a value": "this key stands further up in the same table",
    "Cannot declare": "this table stands further up",
    "Unterminated string": "the quotes that begin here never end",
    "Expected '='": "key = value",
}
"""The way out, by how tomllib's message begins."""

_STATEMENT = re.compile(r"\s*(\[|[A-Za-z0-9_.\"'-]+\s*=)")


def read_toml(source: str, text: str) -> tuple[dict[str, Any] | None, tuple[Problem, ...]]:
    """Return the document, or None and a problem for each statement that is not TOML."""
    try:
        return tomllib.loads(text), ()
    except RecursionError:
        return None, (Problem(path=source, line=1, key="", message="lists or tables are nested too deeply"),)
    except ValueError:
        return None, _syntax_problems(source, text)


def _syntax_problems(source: str, text: str) -> tuple[Problem, ...]:
    lines = text.split("\n")
    problems: list[Problem] = []
    errors_max = ERRORS_MAX if len(lines) <= LONG_FILE_LINES else ERRORS_MAX_LONG
    while len(problems) < errors_max:
        error = _first_error(lines)
        if error is None:
            break
        message, error_line = error
        hint = next((hint for start, hint in _HINTS.items() if message.startswith(start)), "")
        start = _statement_start(lines, error_line)
        end = error_line
        if start < error_line and _STATEMENT.match(lines[error_line]):
            # The statement above was never closed; the one that tripped over it is innocent.
            message, hint = "this is not closed", f"line {error_line + 1} begins something new"
            end, error_line = error_line - 1, start
        elif message == "Unterminated string":
            end, error_line = len(lines) - 1, start
        elif lines[error_line].strip():
            # One line of a long list: without it the rest may well be right.
            start = error_line
        text = f"not valid TOML: {message}"
        problems.append(Problem(path=source, line=error_line + 1, key="", message=text, hint=hint))
        for index in range(start, end + 1):
            lines[index] = ""
    return tuple(problems)


def _first_error(lines: list[str]) -> tuple[str, int] | None:
    """Return tomllib's message and the line (from 0), or None once the rest is valid."""
    try:
        tomllib.loads("\n".join(lines))
    except RecursionError:
        return "lists or tables are nested too deeply", 0
    except ValueError as error:
        text = str(error)
        place = _PLACE.search(text)
        message = text[: place.start()] if place else text
        line = int(place[1]) - 1 if place and place[1] else len(lines) - 1
        return message, min(line, len(lines) - 1)
    return None


def _statement_start(lines: list[str], error_line: int) -> int:
    """Return the first line (from 0) of the statement that fails: what stands above it is valid by itself."""
    lines_back_max = LINES_BACK_MAX if len(lines) <= LONG_FILE_LINES else 2
    for count in range(error_line, max(error_line - lines_back_max, 0), -1):
        if (lines[count - 1].strip() or count == error_line) and _is_valid(lines, count):
            return _next_filled(lines, count, error_line)
    # Far up: halve the lines that look like the beginning of a statement.
    starts = [index for index in range(error_line) if _STATEMENT.match(lines[index])]
    low, high = 0, len(starts)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _is_valid(lines, starts[middle]) else (low, middle)
    return starts[low] if starts else _next_filled(lines, 0, error_line)


def _is_valid(lines: list[str], count: int) -> bool:
    try:
        tomllib.loads("\n".join(lines[:count]))
    except (ValueError, RecursionError):
        return False
    return True


def _next_filled(lines: list[str], start: int, error_line: int) -> int:
    return next((index for index in range(start, error_line) if lines[index].strip()), error_line)
