"""The text of Glue's six-field `cron(…)`: fields, their forms, and what is said about a wrong one. Pure.

Glue's table of fields is rules CN-1 to CN-6; `#`, `LW`, `L-3`, `6L` and ranges of weekdays over Saturday are Quartz's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

FORM = "cron(minutes hours day-of-month month day-of-week year)"
EXAMPLE = "cron(0 22 * * ? *) is every night at 22:00"
YEAR_MIN, YEAR_MAX = 1970, 2199
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


class BadSchedule(ValueError):
    """A text that is no schedule. `message` names the field, `hint` the way out."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


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


def parse_cron(text: str) -> CronSchedule:
    """Return what six fields say. Raises BadSchedule."""
    fields = text.upper().split()
    if len(fields) != 6:
        raise BadSchedule(f"cron has six fields, this one {len(fields)}: {FORM}", EXAMPLE)
    minute, hour, day, month, weekday, year = fields
    if (day == "?") == (weekday == "?"):
        raise BadSchedule("cron: exactly one of day-of-month and day-of-week must be ?", _day_hint(fields))
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


def _day_hint(fields: list[str]) -> str:
    """Return what to write where both day fields, or neither, are `?`."""
    minute, hour, day, month, weekday, year = fields
    by_day = f"cron({minute} {hour} {'*' if day == '?' else day} {month} ? {year})"
    by_weekday = f"cron({minute} {hour} ? {month} {weekday} {year})"
    if weekday in ("*", "?"):
        return f"write {by_day}"
    if day == "*":
        return f"write {by_weekday}"
    return f"for either day, two triggers: {by_day} and {by_weekday}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()
    wraps: bool = False
    """`FRI-MON` goes over the end of the week."""
    zero_hint: str = ""

    def parse(self, text: str) -> frozenset[int]:
        """Return the numbers that a comma list of `*`, `n`, `a-b` and steps names."""
        return frozenset(value for term in text.split(",") for value in self._term(term))

    def number(self, text: str) -> int:
        if text in self.names:
            return self.names.index(text) + self.low
        if not re.fullmatch(r"[0-9]{1,4}", text) or not self.low <= int(text) <= self.high:
            words = f" or {self.names[0]}-{self.names[-1]}" if self.names else ""
            hint = self.zero_hint if text == "0" else ""
            raise BadSchedule(f'cron: {self.name}: "{text}" is not one of {self.low}-{self.high}{words}', hint)
        return int(text)

    def _term(self, term: str) -> range | list[int]:
        base, slash, step_text = term.partition("/")
        step = 1
        if slash:
            if not re.fullmatch(r"[0-9]{1,4}", step_text) or int(step_text) == 0:
                raise BadSchedule(f'cron: {self.name}: "{term}": after / comes a step of 1 or more')
            step = int(step_text)
        if base == "*":
            return range(self.low, self.high + 1, step)
        first, dash, last = base.partition("-")
        start = self.number(first)
        if not dash:
            return range(start, self.high + 1, step) if slash else range(start, start + 1)
        end = self.number(last)
        if start <= end:
            return range(start, end + 1, step)
        if not self.wraps:
            ends = (self.names[-1], self.names[0]) if self.names else (self.high, self.low)
            hint = f"over the end: {first}-{ends[0]},{ends[1]}-{last}" if self.high != YEAR_MAX else ""
            raise BadSchedule(f'cron: {self.name}: "{base}" runs backwards', hint)
        return [*range(start, self.high + 1), *range(self.low, end + 1)][::step]


_MINUTE = _Field(name="minutes", low=0, high=59)
_HOUR = _Field(name="hours", low=0, high=23)
_DAY = _Field(name="day-of-month", low=1, high=31)
_MONTH = _Field(name="month", low=1, high=12, names=MONTHS)
_WEEKDAY = _Field(
    name="day-of-week", low=1, high=7, names=WEEKDAYS, wraps=True, zero_hint="Sunday is 1 or SUN, as in Glue"
)
_YEAR = _Field(name="year", low=YEAR_MIN, high=YEAR_MAX)
_NOTHING: frozenset[int] = frozenset()


def _parse_days(text: str) -> tuple[frozenset[int], frozenset[int], frozenset[int]]:
    """Return plain days, offsets from the last day, and days whose nearest weekday counts."""
    if text == "?":
        return _NOTHING, _NOTHING, _NOTHING
    if text == "L":
        return _NOTHING, frozenset({0}), _NOTHING
    if text == "LW":
        return _NOTHING, _NOTHING, frozenset({-1})
    if before := re.fullmatch(r"L-([0-9]{1,2})", text):
        if not 1 <= int(before[1]) <= 30:
            raise BadSchedule(f'cron: day-of-month: "{text}": L-1 to L-30 count back from the last day')
        return _NOTHING, frozenset({int(before[1])}), _NOTHING
    if near := re.fullmatch(r"([0-9]{1,2})W", text):
        return _NOTHING, _NOTHING, frozenset({_DAY.number(near[1])})
    if "L" in text or "W" in text:
        raise BadSchedule(
            f'cron: day-of-month: "{text}": L, LW, L-3 and 15W stand alone', "one trigger for each of them"
        )
    return _DAY.parse(text), _NOTHING, _NOTHING


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
            raise BadSchedule(f'cron: day-of-week: "{text}": after # comes 1 to 5')
        return frozenset(), frozenset({(_WEEKDAY.number(nth[1]) - 1, int(nth[2]))})
    if "#" in text:
        raise BadSchedule(f'cron: day-of-week: "{text}": a form with # stands alone', "one trigger for each of them")
    return frozenset(number - 1 for number in _WEEKDAY.parse(text)), frozenset()
