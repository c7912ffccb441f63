"""What of a polars predicate a database can judge itself, as SQL: it then sends fewer rows.

The condition may let rows through of which the predicate is not true, since whoever asked filters again; it never
keeps one back of which it is. So what can't be said in SQL, or would mean something else there, is left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

IN_MAX = 1000
"""Longer lists of values are not sent."""

_EPOCH = datetime(1970, 1, 1)
_PER_SECOND = {"Milliseconds": 1_000, "Microseconds": 1_000_000, "Nanoseconds": 1_000_000_000}
_OPERATORS = {"Eq": "=", "Lt": "<", "LtEq": "<=", "Gt": ">", "GtEq": ">="}
_TURNED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A column that a database compares as polars does the values that are read from it."""

    sql: str
    kind: str
    """integer | decimal | double | date | timestamp | text; texts are only asked for equality, never for order."""
    nulls_agree: bool = False
    """It is NULL in the database where, and only where, it is null once read."""
    or_else: str = ""
    """Added to conditions on it: rows of which the database can't tell."""
    beyond_ascii: str = ""
    """What stands for `sql` beside a text with other letters than those of ASCII, where that may not compare."""
    moment: str = "'{}'"
    """How a date or timestamp is written, around its ISO text."""


def kind_of_values(dtype: pl.DataType) -> str:
    """Return the kind of a Field whose values are read as this type; empty where none compares."""
    match dtype:
        case pl.Decimal():
            return "decimal"
        case pl.Float64():
            return "double"
        case pl.Date():
            return "date"
        case pl.Datetime():
            return "timestamp"
        case _:
            return "integer" if dtype.is_integer() else ""


def condition(predicate: pl.Expr | None, fields: Mapping[str, Field]) -> str:
    """Return ` WHERE …` that lets through every row of which the predicate is true; empty if nothing can be said."""
    if predicate is None:
        return ""
    try:
        tree = json.loads(predicate.meta.serialize(format="json"))
    except (pl.exceptions.PolarsError, ValueError):
        return ""  # it calls Python
    found = _condition(tree, fields)
    return f" WHERE {found}" if found else ""


def _condition(tree: Any, fields: Mapping[str, Field]) -> str:
    match tree:
        case {"BinaryExpr": {"left": left, "op": "And", "right": right}}:
            sides = [_condition(side, fields) for side in (left, right)]
            return " AND ".join(side for side in sides if side)
        case {"BinaryExpr": {"left": left, "op": "Or", "right": right}}:
            sides = [_condition(side, fields) for side in (left, right)]
            return f"({sides[0]} OR {sides[1]})" if all(sides) else ""
        case {"BinaryExpr": {"left": {"Column": name}, "op": op, "right": {"Literal": literal}}} if op in _OPERATORS:
            return _comparison(fields.get(name), _OPERATORS[op], literal)
        case {"BinaryExpr": {"left": {"Literal": literal}, "op": op, "right": {"Column": name}}} if op in _OPERATORS:
            return _comparison(fields.get(name), _TURNED[_OPERATORS[op]], literal)
        case {"Function": {"input": [{"Column": name}], "function": {"Boolean": ("IsNull" | "IsNotNull") as asked}}}:
            field = fields.get(name)
            not_ = "NOT " if asked == "IsNotNull" else ""
            return f"{field.sql} IS {not_}NULL" if field is not None and field.nulls_agree else ""
        case {"Function": {"input": [{"Column": name}, {"Literal": values}], "function": {"Boolean": {"IsIn": how}}}}:
            return "" if how.get("nulls_equal") else _is_in(fields.get(name), values)
        case _:
            return ""


def _comparison(field: Field | None, operator: str, literal: Any) -> str:
    if field is None or (field.kind == "text" and operator != "="):
        return ""
    value = _written(_value(literal), field)
    return f"({_beside(value, field)} {operator} {value}{field.or_else})" if value else ""


def _is_in(field: Field | None, literal: Any) -> str:
    if field is None:
        return ""
    match literal:
        case {"Scalar": {"List": list(packed)}} | {"Series": list(packed)}:
            values = pl.read_ipc_stream(bytes(packed)).to_series().explode().to_list()
        case _:
            return ""
    written = [_written(value, field) for value in values if value is not None]
    if not written or len(written) > IN_MAX or not all(written):
        return ""
    listed = ", ".join(written)
    return f"({_beside(listed, field)} IN ({listed}){field.or_else})"


def _beside(written: str, field: Field) -> str:
    """Return the column as it compares with values that are written so."""
    return field.sql if written.isascii() else field.beyond_ascii or field.sql


def _value(literal: Any) -> object:
    """Return a literal of polars' plan as a Python value; None for one that is not understood."""
    match literal:
        case {"Scalar": {"String": str(text)}} | {"Dyn": {"Str": str(text)}}:
            return text
        case {"Scalar": {"Date": int(days)}}:
            return _moment(days * 86_400, 1, is_date=True)
        case {"Scalar": {"Datetime": [int(count), str(unit), None]}} if unit in _PER_SECOND:
            return _moment(count, _PER_SECOND[unit])
        case {"Scalar": {"Decimal": [int(number), _, int(scale)]}}:
            return Decimal(f"{number}e-{scale}")
        case {"Scalar": {"Float64": float(number)}} | {"Dyn": {"Float": float(number)}}:
            return number
        case {"Scalar": dict(scalar)} | {"Dyn": dict(scalar)}:
            kind, value = next(iter(scalar.items()))
            return value if str(kind).startswith(("Int", "UInt")) and type(value) is int else None
        case _:
            return None


def _moment(count: int, per_second: int, *, is_date: bool = False) -> date | datetime | None:
    seconds, rest = divmod(count, per_second)
    if rest * 1_000_000 % per_second:
        return None  # finer than a microsecond
    try:
        moment = _EPOCH + timedelta(seconds=seconds, microseconds=rest * 1_000_000 // per_second)
    except OverflowError:
        return None
    return moment.date() if is_date else moment


def _written(value: object, field: Field) -> str:
    """Return a value as SQL, for a column of that kind; empty if it is none that the column compares with."""
    match field.kind, value:
        case ("integer" | "decimal", int()) if not isinstance(value, bool):
            return str(value)
        case "decimal", Decimal():
            return f"{value:f}" if value.is_finite() else ""
        case "double", float() if value == value and abs(value) != float("inf"):
            return repr(value)
        case "timestamp", datetime():
            return field.moment.format(value.isoformat(" "))
        case "date", date() if not isinstance(value, datetime):
            return field.moment.format(value.isoformat())
        case "text", str() if "\0" not in value:
            return "'" + value.replace("'", "''") + "'"
        case _:
            return ""
