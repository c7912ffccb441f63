"""When a schedule fires: Glue's six-field `cron(…)`, and `rate(…)`. Pure: the clock is an argument.

Glue knows neither time zones nor `rate(…)`; over a change of the clock the rules are those of AWS's EventBridge
Scheduler. Glue refuses schedules that fire more often than every five minutes (rule CN-1); here they are accepted.
"""

from __future__ import annotations

import calendar
import heapq
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

from glue_tui.core.cron import FORM, BadSchedule, CronSchedule, parse_cron
from glue_tui.core.foreign_cron import in_glues_form

_UNIT_S = {"minute": 60, "hour": 3600, "day": 86400}
_RATE_UNITS_MAX = 1_000_000
_EPOCH = datetime(1970, 1, 1)
_CHANGE_MAX = timedelta(hours=3)
"""No change of a clock makes it show the same times again for longer."""
_WINDOW_S = 3600.0
"""Where the search for the newest moments begins; it widens fourfold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateSchedule:
    """A parsed `rate(…)`: fires at multiples of the interval since 1970 began, in UTC."""

    interval_s: int


Schedule = CronSchedule | RateSchedule


def parse_schedule(text: str) -> Schedule:
    """Return what `cron(…)` or `rate(…)` says. Raises BadSchedule, which names the field and the way out."""
    inside = re.fullmatch(r"\s*(cron|rate)\s*\((.*)\)\s*", text, re.DOTALL)
    if inside is None:
        hint = in_glues_form(text) or f"write {FORM} or rate(5 minutes)"
        raise BadSchedule(f'"{text}" is no schedule', hint)
    if inside[1] == "rate":
        return _parse_rate(inside[2])
    try:
        return parse_cron(inside[2])
    except BadSchedule as error:
        raise BadSchedule(error.message, in_glues_form(inside[2]) or error.hint) from None


def fires(schedule: Schedule, after: float, timezone: str) -> Iterator[float]:
    """Yield every moment later than `after` (epoch seconds), in order: without end, or up to the year 2199.

    Cron fields mean local time in `timezone` (an IANA name). A local time that a clock change skips does not fire; one
    that comes twice fires the first time. An hour field that starts with `*` fires in every real hour instead.
    """
    match schedule:
        case RateSchedule(interval_s=interval_s):
            at = (after // interval_s + 1) * interval_s
            while True:
                yield at
                at += interval_s
        case CronSchedule():
            yield from _cron_fires(schedule, after, ZoneInfo(timezone))


def next_fire(schedule: Schedule, after: float, timezone: str) -> float | None:
    """Return the first moment later than `after` (both epoch seconds), or None if there is none any more."""
    return next(fires(schedule, after, timezone), None)


def newest_fires(schedule: Schedule, after: float, until: float, timezone: str, most: int) -> tuple[float, ...]:
    """Return the last moments later than `after` and not later than `until`, in order; at most `most` of them."""
    window_s = _WINDOW_S
    while True:
        start = max(after, until - window_s)
        found = list(takewhile(lambda at: at <= until, fires(schedule, start, timezone)))
        if len(found) >= most or start == after:
            return tuple(found[-most:])
        window_s *= 4


def local_text(at: float, timezone: str) -> str:
    """Return a moment as people read it, with its offset: `Sat 2026-11-21 22:00 +01:00`."""
    local = datetime.fromtimestamp(at, ZoneInfo(timezone))
    return f"{local:%a %Y-%m-%d %H:%M} {local.isoformat()[-6:]}"


def exact_text(at: float, timezone: str) -> str:
    """Return a moment that is no schedule's own as people read it, to the second: `Sat 2026-11-21 22:00:41 +01:00`."""
    local = datetime.fromtimestamp(at, ZoneInfo(timezone))
    return f"{local:%a %Y-%m-%d %H:%M:%S} {local.isoformat()[-6:]}"


def iso_text(at: float | None, timezone: str) -> str:
    """Return a moment as programs read it, with its offset: `2026-11-21T22:00:00+01:00`; nothing for None."""
    return "" if at is None else datetime.fromtimestamp(at, ZoneInfo(timezone)).isoformat(timespec="seconds")


def _parse_rate(text: str) -> RateSchedule:
    parts = re.fullmatch(r"\s*([0-9]+)\s+([a-z]+)\s*", text)
    if parts is None:
        raise BadSchedule(f'rate: "{text}" is not a number and a unit', "write rate(5 minutes) or rate(1 hour)")
    count = int(parts[1]) if len(parts[1]) <= len(str(_RATE_UNITS_MAX)) else _RATE_UNITS_MAX + 1
    unit = parts[2].removesuffix("s")
    if unit not in _UNIT_S:
        raise BadSchedule(f'rate: no unit "{parts[2]}"', "minutes, hours or days")
    if not 1 <= count <= _RATE_UNITS_MAX:
        raise BadSchedule(f"rate: the number must be 1 to {_RATE_UNITS_MAX}")
    if (count == 1) == parts[2].endswith("s"):
        right = unit if count == 1 else unit + "s"
        raise BadSchedule(f'rate: "{parts[1]} {parts[2]}"', f"write rate({count} {right}), as AWS does")
    return RateSchedule(interval_s=count * _UNIT_S[unit])


# Cron


def _cron_fires(schedule: CronSchedule, after: float, zone: ZoneInfo) -> Iterator[float]:
    """Turn local times into moments; the second passes of repeated ones wait until it is their turn."""
    now = datetime.fromtimestamp(after, UTC)
    start = now.astimezone(zone).replace(tzinfo=None)
    if _changes_clock(now, zone):
        start -= _CHANGE_MAX
    seconds: list[float] = []
    for wall in _wall_times(schedule, start):
        local = wall.replace(tzinfo=zone)
        before, later = local.utcoffset(), local.replace(fold=1).utcoffset()
        assert before is not None
        assert later is not None
        if before < later:
            continue  # The clock skips this time.
        first = (wall - _EPOCH - before).total_seconds()
        while seconds and seconds[0] < first:
            yield heapq.heappop(seconds)
        if first > after:
            yield first
        second = (wall - _EPOCH - later).total_seconds()
        if schedule.every_hour and first < second and second > after:
            heapq.heappush(seconds, second)
    yield from sorted(seconds)


def _changes_clock(now: datetime, zone: ZoneInfo) -> bool:
    offsets = {(now + shift).astimezone(zone).utcoffset() for shift in (-_CHANGE_MAX, _CHANGE_MAX)}
    return len(offsets) > 1


def _wall_times(schedule: CronSchedule, start: datetime) -> Iterator[datetime]:
    """Yield the local times, from `start` on, that the fields name, in order."""
    months, hours, minutes = sorted(schedule.months), sorted(schedule.hours), sorted(schedule.minutes)
    for year in sorted(year for year in schedule.years if year >= start.year):
        for month in months:
            if (year, month) < (start.year, start.month):
                continue
            for day in _days(schedule, year, month):
                midnight = datetime(year, month, day)
                if midnight + timedelta(days=1) <= start:
                    continue
                for hour in hours:
                    for minute in minutes:
                        wall = midnight.replace(hour=hour, minute=minute)
                        if wall >= start:
                            yield wall


def _days(schedule: CronSchedule, year: int, month: int) -> list[int]:
    """Return the days of a month that the day fields name, in order."""
    first_weekday, last = calendar.monthrange(year, month)
    first_weekday = (first_weekday + 1) % 7
    found = {day for day in schedule.days if day <= last}
    found |= {last - offset for offset in schedule.last_day_offsets if offset < last}
    for day in schedule.nearest_weekdays:
        if day <= last:
            found.add(_nearest_weekday(last if day == -1 else day, last, first_weekday))
    for weekday in schedule.weekdays:
        found.update(range(1 + (weekday - first_weekday) % 7, last + 1, 7))
    for weekday, nth in schedule.nth_weekdays:
        days = range(1 + (weekday - first_weekday) % 7, last + 1, 7)
        if nth <= len(days):
            found.add(days[nth - 1 if nth > 0 else -1])
    return sorted(found)


def _nearest_weekday(day: int, last: int, first_weekday: int) -> int:
    """Return the day from Monday to Friday that is nearest to `day`, never leaving the month (rule CN-6)."""
    match (first_weekday + day - 1) % 7:
        case 6:  # Saturday
            return day - 1 if day > 1 else day + 2
        case 0:  # Sunday
            return day + 1 if day < last else day - 2
        case _:
            return day
