"""Schedules in the forms of other programs, and Glue's form of them: for hints, never taken as schedules. Pure."""

from __future__ import annotations

import re

from glue_tui.core.cron import WEEKDAYS, BadSchedule, parse_cron

_NICKNAMES = {
    "@hourly": "0 * * * ? *",
    "@daily": "0 0 * * ? *",
    "@midnight": "0 0 * * ? *",
    "@weekly": "0 0 ? * SUN *",
    "@monthly": "0 0 1 * ? *",
    "@yearly": "0 0 1 1 ? *",
    "@annually": "0 0 1 1 ? *",
}


def in_glues_form(text: str) -> str:
    """Return what to write instead of a schedule in another form, or nothing if it is in none that is known.

    Known are crontab's five fields and `@daily`, Quartz's six or seven with seconds, and Glue's six without `cron()`.
    """
    text = text.strip()
    if text.lower() in _NICKNAMES:
        return f"write cron({_NICKNAMES[text.lower()]})"
    inside = re.fullmatch(r"(?:cron\s*\()?([^()]*)\)?", text, re.IGNORECASE)
    fields = inside[1].upper().split() if inside else []
    match len(fields):
        case 5:
            return _from_crontab(*fields)
        case 6 if _is_schedule(*fields):
            return _write(fields)
        case 6 if fields[0] == "0":
            return _without_seconds([*fields[1:], "*"])
        case 7 if fields[0] == "0":
            return _without_seconds(fields[1:])
        case _:
            return ""


def _write(fields: list[str]) -> str:
    return f"write cron({' '.join(fields)})"


def _without_seconds(fields: list[str]) -> str:
    return f"{_write(fields)}: there are no seconds" if _is_schedule(*fields) else ""


def _from_crontab(minute: str, hour: str, day: str, month: str, weekday: str) -> str:
    named = weekday if weekday == "*" else _named_weekdays(weekday)
    by_day = [minute, hour, day, month, "?", "*"]
    by_weekday = [minute, hour, "?", month, named, "*"]
    if not named or not _is_schedule(*by_day) or not _is_schedule(*by_weekday):
        return ""
    if weekday == "*":
        return _write(by_day)
    if day == "*":
        return _write(by_weekday)
    return f"five fields fire on either day: two triggers, cron({' '.join(by_day)}) and cron({' '.join(by_weekday)})"


def _named_weekdays(text: str) -> str:
    """Return crontab's weekdays, which count from 0 = Sunday to 7 = Sunday, by their names; nothing if that fails."""
    days: list[int] = []
    for term in text.split(","):
        span = re.fullmatch(r"(\*|[0-7]|[A-Z]{3})(?:-([0-7]|[A-Z]{3}))?(?:/([1-7]))?", term)
        if span is None:
            return ""
        first, last, step = span[1], span[2], int(span[3] or 1)
        low = 0 if first == "*" else _weekday(first)
        high = 6 if first == "*" or (span[3] and not last) else _weekday(last or first)
        if low is None or high is None:
            return ""
        days += [day % 7 for day in range(low, (high or 7 if high < low else high) + 1, step)]
    ordered = sorted(set(days))
    if len(ordered) > 2 and ordered == list(range(ordered[0], ordered[-1] + 1)):
        return f"{WEEKDAYS[ordered[0]]}-{WEEKDAYS[ordered[-1]]}"
    return ",".join(WEEKDAYS[day] for day in ordered)


def _weekday(text: str) -> int | None:
    if text.isdigit():
        return int(text)
    return WEEKDAYS.index(text) if text in WEEKDAYS else None


def _is_schedule(*fields: str) -> bool:
    try:
        parse_cron(" ".join(fields))
    except BadSchedule:
        return False
    return True
