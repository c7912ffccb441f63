"""When a schedule fires: Glue's six-field `cron(…)` and `rate(…)`. Pure: the clock is an argument.

Glue refuses schedules that fire more often than every five minutes (rule CN-1); here they are accepted.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim

FORM = "cron(minutes hours day-of-month month day-of-week year)"
_YEAR_MIN, _YEAR_MAX = 1970, 2199
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_UNIT_S = {"minute": 60, "hour": 3600, "day": 86400}
_RATE_UNITS_MAX = 1_000_000
_CHANGE_MAX = timedelta(hours=3)
"""No clock change moves the clock by more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CronSchedule:
    """A parsed `cron(…)`. Weekdays count from 0 = Sunday; the last weekday of a kind is its number -1."""

    minutes: frozenset[int]
    hours: frozenset[int]
    every_hour: bool
    """The hour field starts with `*`: a repetition that counts real hours over a clock change."""
    days: frozenset[int]
    last_day_offsets: frozenset[int]
    """0 for `L`, n for `L-n`: days before the last of the month."""
    nearest_weekdays: frozenset[int]
    """n for `nW`; -1 for `LW`."""
    months: frozenset[int]
    weekdays: frozenset[int]
    nth_weekdays: frozenset[tuple[int, int]]
    """(weekday, n) for `d#n`; n = -1 for `dL`."""
    years: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class RateSchedule:
    """A parsed `rate(…)`: fires at multiples of the interval since 1970 began, in UTC."""

    interval_s: int


Schedule = CronSchedule | RateSchedule


def parse_schedule(text: str) -> Schedule:
    """Return what `cron(…)` or `rate(…)` says. Raises ValueError, whose message names the field and the way out."""
    inside = re.fullmatch(r"\s*(cron|rate)\s*\((.*)\)\s*", text, re.DOTALL)
    if inside is None:
        raise ValueError(f'"{text}" is no schedule: write {FORM} or rate(5 minutes)')
    return _parse_rate(inside[2]) if inside[1] == "rate" else _parse_cron(inside[2])


def next_fire(schedule: Schedule, after: float, timezone: str) -> float | None:
    """Return the first moment later than `after` (both epoch seconds), or None if there is none any more.

    Cron fields mean local time in `timezone` (an IANA name). A local time that a clock change skips does not fire; one
    that comes twice fires the first time. An hour field that starts with `*` fires in every real hour instead.
    """
    match schedule:
        case RateSchedule(interval_s=interval_s):
            return (after // interval_s + 1) * interval_s
        case CronSchedule():
            return _next_cron(schedule, after, ZoneInfo(timezone))


def _parse_rate(text: str) -> RateSchedule:
    parts = re.fullmatch(r"\s*([0-9]+)\s+([a-z]+)\s*", text)
    if parts is None:
        raise ValueError(f'rate: "{text}" is not a number and a unit: write rate(5 minutes), rate(1 hour)')
    count = int(parts[1]) if len(parts[1]) <= len(str(_RATE_UNITS_MAX)) else _RATE_UNITS_MAX + 1
    unit = parts[2].removesuffix("s")
    if unit not in _UNIT_S:
        raise ValueError(f'rate: no unit "{parts[2]}": minutes, hours or days')
    if not 1 <= count <= _RATE_UNITS_MAX:
        raise ValueError(f"rate: the number must be 1 to {_RATE_UNITS_MAX}")
    if (count == 1) == parts[2].endswith("s"):
        right = unit if count == 1 else unit + "s"
        raise ValueError(f"rate: write rate({count} {right}), as AWS does")
    return RateSchedule(interval_s=count * _UNIT_S[unit])


def _parse_cron(text: str) -> CronSchedule:
    fields = text.upper().split()
    if len(fields) != 6:
        raise ValueError(f"cron has six fields, this one {len(fields)}: {FORM}")
    minute, hour, day, month, weekday, year = fields
    if (day == "?") == (weekday == "?"):
        raise ValueError(
            "cron: exactly one of day-of-month and day-of-week must be ?: cron(0 22 * * ? *) is every night at 22:00"
        )
    days, offsets, nearest = _parse_days(day)
    weekdays, nths = _parse_weekdays(weekday)
    return CronSchedule(
        minutes=_MINUTE.parse(minute),
        hours=_HOUR.parse(hour),
        every_hour=hour.startswith("*"),
        days=days,
        last_day_offsets=offsets,
        nearest_weekdays=nearest,
        months=_MONTH.parse(month),
        weekdays=weekdays,
        nth_weekdays=nths,
        years=_YEAR.parse(year),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()
    wraps: bool = False
    """`FRI-MON` goes over the end of the week."""

    def parse(self, text: str) -> frozenset[int]:
        """Return the numbers that a comma list of `*`, `n`, `a-b` and steps names."""
        return frozenset(value for term in text.split(",") for value in self._term(term))

    def number(self, text: str) -> int:
        if text in self.names:
            return self.names.index(text) + self.low
        if not re.fullmatch(r"[0-9]{1,4}", text) or not self.low <= int(text) <= self.high:
            words = f" or {self.names[0]}-{self.names[-1]}" if self.names else ""
            raise ValueError(f'cron: {self.name}: "{text}" is not one of {self.low}-{self.high}{words}')
        return int(text)

    def _term(self, term: str) -> range | list[int]:
        base, slash, step_text = term.partition("/")
        step = 1
        if slash:
            if not re.fullmatch(r"[0-9]{1,4}", step_text) or int(step_text) == 0:
                raise ValueError(f'cron: {self.name}: "{term}": after / comes a step of 1 or more')
            step = int(step_text)
        if base == "*":
            return range(self.low, self.high + 1, step)
        first, dash, last = base.partition("-")
        start = self.number(first)
        if not dash:
            return range(start, self.high + 1, step) if slash else range(start, start + 1)
        end = self.number(last)
        if end < start:
            if not self.wraps:
                raise ValueError(f'cron: {self.name}: "{base}" runs backwards: write {last}-{first}')
            span = self.high - self.low + 1
            return [self.low + (value - self.low) % span for value in range(start, end + span + 1, step)]
        return range(start, end + 1, step)


_MINUTE = _Field(name="minutes", low=0, high=59)
_HOUR = _Field(name="hours", low=0, high=23)
_DAY = _Field(name="day-of-month", low=1, high=31)
_MONTH = _Field(name="month", low=1, high=12, names=_MONTHS)
_WEEKDAY = _Field(name="day-of-week", low=1, high=7, names=_WEEKDAYS, wraps=True)
_YEAR = _Field(name="year", low=_YEAR_MIN, high=_YEAR_MAX)


def _parse_days(text: str) -> tuple[frozenset[int], frozenset[int], frozenset[int]]:
    """Return plain days, offsets from the last day, and days whose nearest weekday counts."""
    nothing: frozenset[int] = frozenset()
    if text == "?":
        return nothing, nothing, nothing
    if text == "L":
        return nothing, frozenset({0}), nothing
    if text == "LW":
        return nothing, nothing, frozenset({-1})
    if before := re.fullmatch(r"L-([0-9]{1,2})", text):
        if not 1 <= int(before[1]) <= 30:
            raise ValueError(f'cron: day-of-month: "{text}": L-1 to L-30 count back from the last day')
        return nothing, frozenset({int(before[1])}), nothing
    if near := re.fullmatch(r"([0-9]{1,2})W", text):
        return nothing, nothing, frozenset({_DAY.number(near[1])})
    if "L" in text or "W" in text:
        raise ValueError(f'cron: day-of-month: "{text}": L, LW, L-3 and 15W stand alone')
    return _DAY.parse(text), nothing, nothing


def _parse_weekdays(text: str) -> tuple[frozenset[int], frozenset[tuple[int, int]]]:
    """Return plain weekdays (0 = Sunday) and those of which only one in the month counts."""
    if text == "?":
        return frozenset(), frozenset()
    if text == "L":
        return frozenset({6}), frozenset()
    if last := re.fullmatch(r"([0-9A-Z]+)L", text):
        return frozenset(), frozenset({(_WEEKDAY.number(last[1]) - 1, -1)})
    if nth := re.fullmatch(r"([0-9A-Z]+)#([0-9]+)", text):
        if not 1 <= int(nth[2][:4]) <= 5:
            raise ValueError(f'cron: day-of-week: "{text}": after # comes 1 to 5')
        return frozenset(), frozenset({(_WEEKDAY.number(nth[1]) - 1, int(nth[2]))})
    if "#" in text:
        raise ValueError(f'cron: day-of-week: "{text}": a form with # stands alone')
    return frozenset(number - 1 for number in _WEEKDAY.parse(text)), frozenset()


class _AwsCron(CronSim):
    """cronsim's walk over minutes, hours and months, with AWS's rules for days and the year."""

    def __init__(self, schedule: CronSchedule, start: datetime) -> None:
        super().__init__("* * * * *", start)
        self._schedule = schedule
        self.seconds = {0}
        self.minutes = set(schedule.minutes)
        self.hours = set(schedule.hours)
        self.months = set(schedule.months)

    def match_day(self, d: date) -> bool:
        schedule = self._schedule
        if d.year not in schedule.years:
            return False
        last = calendar.monthrange(d.year, d.month)[1]
        weekday = d.isoweekday() % 7
        return (
            d.day in schedule.days
            or last - d.day in schedule.last_day_offsets
            or weekday in schedule.weekdays
            or (weekday, (d.day + 6) // 7) in schedule.nth_weekdays
            or (d.day + 7 > last and (weekday, -1) in schedule.nth_weekdays)
            or any(_nearest_weekday(d, last, day) == d.day for day in schedule.nearest_weekdays)
        )


def _nearest_weekday(d: date, last: int, day: int) -> int | None:
    """Return the day of `d`'s month, Monday to Friday, nearest to `day`, never leaving the month (rule CN-6)."""
    if day == -1:
        day = last
    if day > last:
        return None
    match d.replace(day=day).isoweekday():
        case 6:
            return day - 1 if day > 1 else day + 2
        case 7:
            return day + 1 if day < last else day - 2
        case _:
            return day


def _next_cron(schedule: CronSchedule, after: float, zone: ZoneInfo) -> float | None:
    now = datetime.fromtimestamp(after, UTC).astimezone(zone)
    first_year = min((year for year in schedule.years if year >= now.year), default=None)
    if first_year is None:
        return None
    if first_year > now.year:
        now = datetime(first_year, 1, 1, tzinfo=zone) - timedelta(minutes=1)
    if schedule.every_hour and _changes_clock(now, zone):
        return _next_near_change(schedule, now, after, zone)
    for wall in _AwsCron(schedule, now.replace(tzinfo=None)):
        moment = _moment(wall, zone, 0)
        # In the second pass of a repeated hour the wall clock has gone back: what it still shows has fired already.
        if moment is not None and moment > after:
            return moment
    return None


def _changes_clock(now: datetime, zone: ZoneInfo) -> bool:
    offsets = {(now.astimezone(UTC) + shift).astimezone(zone).utcoffset() for shift in (-_CHANGE_MAX, _CHANGE_MAX)}
    return len(offsets) > 1


def _next_near_change(schedule: CronSchedule, now: datetime, after: float, zone: ZoneInfo) -> float | None:
    """Return the first moment later than `after`, counting both passes of a time that comes twice."""
    best: float | None = None
    end = datetime.max
    for wall in _AwsCron(schedule, now.replace(tzinfo=None) - _CHANGE_MAX):
        if wall > end:
            break
        for fold in (0, 1):
            moment = _moment(wall, zone, fold)
            if moment is not None and moment > after and (best is None or moment < best):
                best, end = moment, min(end, wall + _CHANGE_MAX)
    return best


def _moment(wall: datetime, zone: ZoneInfo, fold: int) -> float | None:
    """Return epoch seconds of a local time, or None if a clock change skips it."""
    moment = wall.replace(tzinfo=zone, fold=fold)
    is_real = moment.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == wall
    return moment.timestamp() if is_real else None
