"""The time before a line of a log: of the clock, since the log began, or since the line above. Pure."""

from __future__ import annotations

from datetime import datetime, tzinfo
from enum import StrEnum

from glue_tui.logs.read import LogSource, parse
from glue_tui.logs.select import ChosenLog

BEGIN_LINES = 50
"""So many first lines are looked at for a time."""


class Times(StrEnum):
    """What the time before a line says."""

    CLOCK = "clock"
    SINCE_START = "since the start"
    SINCE_LINE_ABOVE = "since the line above"


def time_cells(*, has_ms: bool) -> int:
    """Return how many cells a time takes."""
    return 12 if has_ms else 8


def began_at(source: LogSource) -> float | None:
    """Return the time of the first line of a log that has one, shown or not, in seconds since the epoch."""
    while isinstance(source, ChosenLog):
        source = source.source
    return next((line.at for line in map(parse, source.lines(0, BEGIN_LINES)) if line.at is not None), None)


def line_at(source: LogSource, moment: float) -> int:
    """Return the first line of that moment (seconds since the epoch) or later, the last one where there is none."""
    first, beyond = 0, source.line_count
    while first < beyond:
        middle = (first + beyond) // 2
        at = _time_from(source, middle)
        if at is None or at < moment:
            first = middle + 1
        else:
            beyond = middle
    return max(0, min(first, source.line_count - 1))


def _time_from(source: LogSource, line: int) -> float | None:
    """Return the time of a line, or of the next one that has one."""
    return next((one.at for one in map(parse, source.lines(line, BEGIN_LINES)) if one.at is not None), None)


def time_told(times: Times, at: float, since: float | None, time_zone: tzinfo | None, *, has_ms: bool) -> str:
    """Return the time of a line, `time_cells` wide; `since` is the moment that it is told from, where it is."""
    cells = time_cells(has_ms=has_ms)
    if times is Times.CLOCK:
        local = datetime.fromtimestamp(at, time_zone)
        return f"{local:%H:%M:%S}.{local.microsecond // 1000:03d}" if has_ms else f"{local:%H:%M:%S}"
    if since is None:
        return " " * cells
    spent_ms = round((at - since) * 1000)
    sign = "-" if spent_ms < 0 else "+"
    spent_s, ms = divmod(abs(spent_ms), 1000)
    minutes, seconds = divmod(spent_s, 60)
    if times is Times.SINCE_LINE_ABOVE and not minutes:
        return f"{sign}{seconds}.{ms:03d}".rjust(cells)
    hours, minutes = divmod(minutes, 60)
    told = f"{sign}{hours}:{minutes:02d}:{seconds:02d}"
    shorter = (f"{told}.{ms:03d}", told, told[1:]) if has_ms else (told, told[1:])
    return next((one for one in shorter if len(one) <= cells), f"{hours} h").rjust(cells)
