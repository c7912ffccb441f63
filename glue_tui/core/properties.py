"""Run properties: what a run was given, over the defaults of its workflow, checked against their types (rule WF-15)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from glue_tui.core.model import Property, Workflow
from glue_tui.core.problem import InvalidInput, did_you_mean

VALUE_CHARS_MAX = 10_000
"""A property is stored with its run and goes to every worker: it names data, it does not carry it."""
PROPERTIES_MAX = 1_000
"""Of one run, with those that its jobs set."""
INTEGER_DIGITS_MAX = 18
TOLD_MAX = 8
"""Of the properties of one run, in its line of the history."""
SHOWN_CHARS_MAX = 60
"""Of a wrong value, in what is said of it."""
_DIGITS = re.compile(r"[+-]?[0-9]+")
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?([0-9]{1,18}(\.[0-9]{0,18})?|\.[0-9]{1,18})([eE][+-]?[0-9]{1,2})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DAYS_AGO = {"today": 0, "yesterday": 1}


def resolve(properties: tuple[Property, ...], given: Mapping[str, str], today: date) -> dict[str, str]:
    """Return the properties a run starts with, as text; a date's `today` and `yesterday` become dates.

    Raises InvalidInput, which lists everything that is wrong at once.
    """
    known = {item.name: item for item in properties}
    wrong = [
        f'no property named "{_shown(name)}"' + (f" ({hint})" if (hint := did_you_mean(name, tuple(known))) else "")
        for name in given
        if name not in known
    ]
    examples: list[str] = []
    values: dict[str, str] = {}
    for item in properties:
        text = given.get(item.name, item.default)
        problem = "" if text is None else value_problem(item, text)
        if text is None:
            wrong.append(f"{item.name} is missing ({_kind(item)})")
        elif problem:
            wrong.append(f"{item.name}: {problem}")
        else:
            values[item.name] = _day(text, today) if item.type == "date" else text
        if text is None or problem:
            examples.append(f"{item.name}={_example(item)}")
    if wrong:
        such_as = f", such as {examples[0]}" if examples else ""
        raise InvalidInput("; ".join(wrong), hint=f"give properties as NAME=VALUE{such_as}")
    return values


def today_of(workflow: Workflow, at: float) -> date:
    """Return the day it is at a moment (seconds since the epoch) where the workflow is at home."""
    return datetime.fromtimestamp(at, ZoneInfo(workflow.timezone)).date()


def told_properties(workflow: Workflow, values: Mapping[str, str], at: float) -> dict[str, str]:
    """Return which values of a run that began at `at` are not the defaults, the first `TOLD_MAX`, none too long.

    For a line about the run; the run itself has them whole.
    """
    defaults = {item.name: item for item in workflow.properties}
    told: dict[str, str] = {}
    for name, value in values.items():
        item = defaults.get(name)
        default = item.default if item is not None else None
        if value == default or (default in _DAYS_AGO and value == _day(default, today_of(workflow, at))):
            continue
        told[name] = _shown(value)
        if len(told) == TOLD_MAX:
            break
    return told


def value_problem(item: Property, text: str) -> str:
    """Return what is wrong with `text` as a value of this property, or nothing."""
    if len(text) > VALUE_CHARS_MAX:
        return length_problem(text)
    match item.type:
        case "integer":
            is_right = _INTEGER.fullmatch(text) is not None
        case "number":
            is_right = _NUMBER.fullmatch(text) is not None
        case "boolean":
            is_right = text in ("true", "false")
        case "date":
            is_right = text in _DAYS_AGO or _is_day(text)
        case _:
            is_right = True
    if not is_right:
        return _type_problem(item, text)
    if item.choices and text not in item.choices:
        return f'"{_shown(text)}" is not among its choices: {", ".join(item.choices)}'
    return ""


def _type_problem(item: Property, text: str) -> str:
    if not text:
        return f"is empty; it takes {_kind(item)}"
    if item.type == "integer" and _DIGITS.fullmatch(text):
        return f'"{_shown(text)}" has more than {INTEGER_DIGITS_MAX} digits'
    if item.type == "date" and _DAY.fullmatch(text):
        return f'"{text}" is no day of the calendar: YYYY-MM-DD, today or yesterday'
    return f'"{_shown(text)}" is not {_kind(item)}'


def _shown(text: str) -> str:
    """Return a value as an error repeats it: not too long, nothing in it that a terminal would obey."""
    text = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
    return text if len(text) <= SHOWN_CHARS_MAX else text[: SHOWN_CHARS_MAX - 1] + "…"


def length_problem(text: str) -> str:
    """Return what is said of a value that is too long."""
    return f"{len(text):,} characters, of {VALUE_CHARS_MAX:,} at most: put data into a file or table and give its name"


def _kind(item: Property) -> str:
    if item.choices:
        return "one of " + ", ".join(item.choices)
    return {
        "integer": "an integer, such as 5",
        "number": "a number, such as 0.5",
        "boolean": "true or false",
        "date": "a date: YYYY-MM-DD, today or yesterday",
    }.get(item.type, "text")


def _example(item: Property) -> str:
    examples = {"integer": "5", "number": "0.5", "boolean": "true", "date": "yesterday"}
    return item.choices[0] if item.choices else examples.get(item.type, "text")


def _is_day(text: str) -> bool:
    if not _DAY.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _day(text: str, today: date) -> str:
    return (today - timedelta(days=_DAYS_AGO[text])).isoformat() if text in _DAYS_AGO else text
