"""Which kinds of values the fields of JSON records have, value by value, and what type holds for all of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from math import isfinite

from glue_tui.catalog.readers.json_records import BrokenJson, shown
from glue_tui.catalog.readers.json_values import Raw, json_array, json_object, json_text
from glue_tui.crawlers.values import DOUBLE_WHOLE_MAX, NULL_TYPE

_BIGINT = range(-(2**63), 2**63)
_DIGITS_MAX = 38
_DOUBLE_DIGITS_SURE = 15
_KINDS = {b'"': "string", b"{": "object", b"[": "array", b"t": "boolean", b"f": "boolean", b"n": NULL_TYPE}
"""By the first letter of a value; other values are numbers."""
_ZERO = re.compile(rb"-?[0.]+(?:[eE]|$)")
_NOT_IN_STRUCTS = frozenset(",:<>")
"""A struct with such a letter in a field's name has no type in Glue's words."""


@dataclass(slots=True)
class Kinds:
    """The values of one field so far: how many are of each kind, and where each kind came first."""

    counts: dict[str, int] = field(default_factory=dict)
    firsts: dict[str, tuple[int, str]] = field(default_factory=dict)
    members: dict[str, Kinds] = field(default_factory=dict)
    elements: Kinds | None = None
    inexact: tuple[int, str] | None = None
    """Line and text of the first number of 16 whole digits or more that a double does not hold to the last one."""
    has_great: bool = False
    """One of the whole numbers is so great that a double may not hold it."""

    def add(self, text: Raw, line: int) -> None:
        """Count one value. Raises ValueError if it is no JSON."""
        raw = bytes(text)
        kind = _kind(raw)
        if kind == NULL_TYPE:
            return
        if kind not in self.counts:
            self.firsts[kind] = (line, json_text(raw))
            self.counts[kind] = 1
        else:
            self.counts[kind] += 1
            if kind == "string":
                json_text(raw)
        if kind == "object":
            for name, member in json_object(raw).items():
                self.members.setdefault(name, Kinds()).add(member, line)
        elif kind == "array":
            self.elements = self.elements or Kinds()
            for element in json_array(raw):
                self.elements.add(element, line)
        elif len(raw) > _DOUBLE_DIGITS_SURE and kind in ("bigint", "long", "double"):
            if self.inexact is None and _is_inexact(raw):
                self.inexact = (line, raw.decode())
            self.has_great = self.has_great or (kind != "double" and abs(int(raw)) > DOUBLE_WHOLE_MAX)

    @property
    def type(self) -> str:
        """The narrowest Glue type that holds for all values."""
        kinds = self.counts.keys()
        if not kinds:
            return NULL_TYPE
        if kinds == {"object"}:
            if not self.members or any(set(name) & _NOT_IN_STRUCTS for name in self.members):
                return "string"
            return "struct<" + ",".join(f"{name}:{_inner(item)}" for name, item in self.members.items()) + ">"
        if kinds == {"array"}:
            return f"array<{_inner(self.elements or Kinds())}>"
        if kinds <= {"bigint", "long"}:
            return "decimal(38,0)" if "long" in kinds else "bigint"
        if kinds <= {"bigint", "long", "double"}:
            return "string" if self.inexact else "double"
        return next(iter(kinds)) if len(kinds) == 1 and kinds <= {"boolean", "string"} else "string"

    @property
    def is_exact_needed(self) -> bool:
        """Whether the type is text for what is no text: to be read value by value, for polars rewrites numbers."""
        if self.type == "string" and self.counts.keys() != {"string"}:
            return True
        return any(item.is_exact_needed for item in self._inner)

    @property
    def is_beyond_double(self) -> bool:
        """Whether the type is, or has within, one of whole numbers of which a double may not hold all."""
        if self.counts.keys() <= {"bigint", "long"}:
            return self.has_great
        return self.type.startswith(("struct<", "array<")) and any(item.is_beyond_double for item in self._inner)

    @property
    def _inner(self) -> tuple[Kinds, ...]:
        return (*self.members.values(), *([self.elements] if self.elements else ()))

    def reason(self, path: str) -> str:
        """Return what forced the field to be text though most of its values are something else; or nothing."""
        if self.type != "string":
            return ""
        if self.inexact and self.counts.keys() <= {"bigint", "long", "double"}:
            line, text = self.inexact
            return f"{shown(text)} in {path}:{line} would lose digits as a double"
        if "number" in self.counts:
            line, text = self.firsts["number"]
            return f"{shown(text)} in {path}:{line} is neither a double nor a decimal({_DIGITS_MAX},0)"
        if len(self.counts) < 2:
            return ""
        most = max(self.counts, key=lambda kind: self.counts[kind])
        other = min((kind for kind in self.counts if kind != most), key=lambda kind: self.firsts[kind][0])
        line, text = self.firsts[other]
        return f"{shown(text)} in {path}:{line} is no {most}, as most values are"


def kinds_of(records: Iterable[tuple[int, str]]) -> tuple[dict[str, Kinds], int]:
    """Return the fields of the records in the order they come, and the number of records. Raises BrokenJson."""
    fields: dict[str, Kinds] = {}
    count = 0
    for line, record in records:
        try:
            for name, value in json_object(record.encode()).items():
                fields.setdefault(name, Kinds()).add(value, line)
        except ValueError as error:
            raise BrokenJson(f"line {line} is no JSON object: {_why(record, error)}") from error
        except RecursionError as error:
            raise BrokenJson(f"line {line}: its values are nested too deeply") from error
        count += 1
    return fields, count


def _why(record: str, error: ValueError) -> str:
    """Return what is wrong with a record, as Python's own reader says it: it names the column."""
    try:
        json.loads(record)
    except json.JSONDecodeError as known:
        return f"{known.msg} at column {known.colno}"
    return str(error)


def _inner(kinds: Kinds) -> str:
    return "string" if kinds.type == NULL_TYPE else kinds.type


def _is_inexact(raw: bytes) -> bool:
    whole, point, decimals = raw.lstrip(b"-").partition(b".")
    is_long = len(whole) > _DOUBLE_DIGITS_SURE and whole.isdigit() and (decimals.isdigit() or not point)
    return is_long and Decimal(repr(float(raw))) != Decimal(raw.decode())


def _kind(raw: bytes) -> str:
    return _KINDS.get(raw[:1]) or _kind_of_number(raw)


def _kind_of_number(raw: bytes) -> str:
    digits = raw.removeprefix(b"-")
    if not digits.isdigit():
        number = float(raw)
        is_lost = not isfinite(number) or (number == 0 and not _ZERO.match(raw))
        return "number" if is_lost else "double"
    if len(digits) > _DIGITS_MAX:
        return "number"
    return "bigint" if int(raw) in _BIGINT else "long"
