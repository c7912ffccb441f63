"""What type a text value has, and which type holds for values of two types. Pure: no files, no polars."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from math import isfinite

from glue_tui.catalog.forms import has_clock, is_time
from glue_tui.core import schema_changes
from glue_tui.crawlers.forms import moment, number_fits, plain_number, possible_forms, time_pattern

NARROW_TYPES = ("boolean", "bigint", "double", "decimal", "date", "timestamp")
"""Types that text can have, narrowest first; everything else is a string. `decimal` stands for every decimal(p,s)."""

DECIMAL_DIGITS_MAX = 38
DOUBLE_CHARACTERS_SURE = 16
"""A number that is written with no more letters than this has 15 digits at most: a double never loses one."""

DOUBLE_WHOLE_MAX = 2**53
"""A double holds every whole number up to this one, of greater ones not all."""

_DOUBLE_WITHOUT_EXPONENT_MAX = 1e16
"""From here on a double is written with an exponent: polars counts such a number as no double."""

NULL_TYPE = schema_changes.NULL_TYPE
"""A column without a single value."""

_DATE = r"\d{4}-\d{2}-\d{2}"
PATTERNS: dict[str, str] = {
    "boolean": r"^(?:true|false|True|False|TRUE|FALSE)$",
    "bigint": r"^-?(?:0|[1-9][0-9]{0,18})$",
    # Whole numbers beyond 18 digits would lose digits as a double.
    "double": (
        r"^(?:-?(?:0|[1-9][0-9]{0,17})|-?(?:0|[1-9][0-9]*)?\.[0-9]+(?:[eE][+-]?[0-9]+)?"
        r"|-?(?:0|[1-9][0-9]*)\.?(?:[eE][+-]?[0-9]+)|NaN|nan|-?inf)$"
    ),
    "decimal": r"^-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]+)?|\.[0-9]+)$",
    "date": rf"^{_DATE}$",
    "timestamp": rf"^{_DATE}(?:[T ]\d{{2}}:\d{{2}}:\d{{2}}(?:\.\d{{1,9}})?Z?)?$",
    "digits": r"^-?[0-9]+$",
}
"""The same patterns here and in polars. `digits` is no type: numbers with leading zeros, which stay text."""

_COMPILED = {kind: re.compile(pattern, re.ASCII) for kind, pattern in PATTERNS.items()}

_NUMBERS = ("tinyint", "smallint", "int", "bigint", "float", "double")
_INT64_MAX = 2**63 - 1


def fits(value: str, kind: str, form: str = "") -> bool:
    """Return whether a text, written in a form (see forms.py), is a value of one of NARROW_TYPES (or `digits`)."""
    if form and is_time(form):
        return kind in ("date", "timestamp")[has_clock(form) :] and _is_moment(value, form)
    if form:
        return number_fits(value, form) and fits(plain_number(value, form), kind)
    if not _COMPILED[kind].match(value) or value.endswith("\n"):
        return False
    match kind:
        case "bigint":
            return -_INT64_MAX - 1 <= int(value) <= _INT64_MAX
        case "double":
            if "e" in value.lower():
                return isfinite(float(value))
            return len(value) <= DOUBLE_CHARACTERS_SURE or _is_kept_by_a_double(value)
        case "decimal":
            return sum(map(str.isdigit, value)) <= DECIMAL_DIGITS_MAX
        case "date" | "timestamp":
            try:
                date.fromisoformat(value[:10])
                datetime.fromisoformat(value.rstrip("Z")[:26])
            except ValueError:
                return False
    return True


def _is_moment(value: str, form: str) -> bool:
    return form in possible_forms(value) if time_pattern(form) else moment(value, form) is not None


def _is_kept_by_a_double(value: str) -> bool:
    """Return whether a double keeps all digits of a number without an exponent."""
    number = float(value)
    is_short = abs(number) < _DOUBLE_WITHOUT_EXPONENT_MAX
    return not fits(value, "decimal") or (is_short and Decimal(repr(number)) == Decimal(value))


def is_text(value: str) -> bool:
    """Return whether a value is nothing but text."""
    return not any(fits(value, kind) for kind in NARROW_TYPES) and not possible_forms(value)


def widened(one: str, other: str) -> str:
    """Return the narrowest type that holds the values of both: null < boolean, bigint < double, date, … < string."""
    if one == other or other == NULL_TYPE:
        return one
    if one == NULL_TYPE:
        return other
    if one in _NUMBERS and other in _NUMBERS:
        wider = max(one, other, key=_NUMBERS.index)
        # A float has too few digits for the whole numbers of a bigint.
        return "double" if wider == "float" and not {one, other} <= {"float", "tinyint", "smallint"} else wider
    if {one, other} == {"date", "timestamp"}:
        return "timestamp"
    if one.startswith("decimal(") or other.startswith("decimal("):
        return _widened_decimal(one, other)
    if one.startswith("array<") and other.startswith("array<"):
        return f"array<{widened(one[6:-1], other[6:-1])}>"
    if one.startswith("struct<") and other.startswith("struct<"):
        return _widened_struct(one, other)
    return "string"


def struct_fields(text: str) -> dict[str, str]:
    """Return names and types of `struct<a:bigint,b:array<string>>`."""
    fields, depth, start = {}, 0, 7
    for place in range(7, len(text)):
        letter = text[place]
        if letter in ",>" and depth == 0:
            name, _, kind = text[start:place].partition(":")
            fields[name] = kind
            start = place + 1
        depth += {"<": 1, "(": 1, ">": -1, ")": -1}.get(letter, 0)
    return {name: kind for name, kind in fields.items() if name}


def _widened_struct(one: str, other: str) -> str:
    fields = struct_fields(one)
    for name, kind in struct_fields(other).items():
        fields[name] = widened(fields.get(name, NULL_TYPE), kind)
    return "struct<" + ",".join(f"{name}:{kind}" for name, kind in fields.items()) + ">"


def _widened_decimal(one: str, other: str) -> str:
    if {one, other} & {"float", "double"}:
        return "double"
    digits = {"tinyint": 3, "smallint": 5, "int": 10, "bigint": 19}
    sizes = []
    for kind in (one, other):
        if kind in digits:
            sizes.append((digits[kind], 0))
        elif match := re.fullmatch(r"decimal\((\d+),(\d+)\)", kind):
            sizes.append((int(match[1]) - int(match[2]), int(match[2])))
        else:
            return "string"
    whole, scale = max(size[0] for size in sizes), max(size[1] for size in sizes)
    return f"decimal({whole + scale},{scale})" if whole + scale <= 38 else "double"
