"""Values on their way into PostgreSQL and Redshift: their types there, the columns that hold them, their text.

A column takes what it holds exactly, or what its server checks. What would be rounded or cut off there is refused here.
"""

from __future__ import annotations

import re

import polars as pl

from glue_tui.catalog.types import CLOCK_FORMAT, is_json, json_text

_INTEGERS = ("smallint", "integer", "bigint")
_FLOATS = ("real", "double precision")
_TEXTS = ("text", "character varying", "character", "name", "citext")
_DOCUMENTS = ("json", "jsonb")
_TIMESTAMPS = ("timestamp without time zone", "timestamp with time zone")
_TIMES = ("time without time zone",)
_BYTES = ("bytea",)
_OWN = (*_INTEGERS, *_FLOATS, "numeric", "boolean", "date", *_TIMESTAMPS, *_TIMES, *_BYTES)
"""Types that polars has, too: a text is none of them."""
_REDSHIFT = {
    "text": "character varying(65535)",
    "jsonb": "character varying(65535)",
    "interval": "character varying(64)",
    "bytea": "varbyte",
}
"""Types that Redshift has not, and its own. Into `super` and `varbyte` a text goes as it is, not as what it means."""
_MICROSECONDS = 6
_DIGITS = {"ms": 3, "us": 6, "ns": 9}
_DIGITS_MAX = 38


def type_for(dtype: pl.DataType, *, is_redshift: bool) -> str:
    """Return the type of a column that holds every value of a dtype, as `format_type` says it in PostgreSQL."""
    kind = _type_for(dtype)
    return _REDSHIFT.get(kind, kind) if is_redshift else kind


def fits(dtype: pl.DataType, declared: str) -> bool:
    """Tell whether a column takes values of a dtype, each exactly as it is unless `inexact` or the server objects."""
    kind = _plain(declared)
    if kind.endswith("[]"):
        inner = _inner(dtype)
        return _is_text(dtype) or (
            inner is not None
            and not inner.is_nested()
            and fits(inner, kind[:-2])
            and inexact("", inner, declared[:-2]) is None
        )
    match dtype:
        case pl.Null():
            return True
        case pl.String() | pl.Categorical() | pl.Enum():
            return kind not in _OWN
        case pl.Binary():
            return kind in _BYTES
        case pl.Object():
            return False
        case _ if kind in _TEXTS or kind in _DOCUMENTS:
            return (kind in _TEXTS or dtype.is_nested()) and is_json(dtype)
        case pl.Boolean():
            return kind == "boolean"
        case pl.Date():
            return kind == "date" or kind in _TIMESTAMPS
        case pl.Datetime():
            return kind in _TIMESTAMPS
        case pl.Time():
            return kind in _TIMES
        case pl.Duration():
            return kind == "interval"
        case pl.Decimal():
            return kind == "numeric" or (kind in _INTEGERS and dtype.scale == 0)
        case _ if dtype.is_integer():
            return kind in (*_INTEGERS, *_FLOATS, "numeric")
        case _ if dtype.is_float():
            return kind in (*_FLOATS, "numeric")
        case _:
            return False


def inexact(name: str, dtype: pl.DataType, declared: str) -> pl.Expr | None:
    """Return what is true of a value that the column would round; None where there can be none."""
    kind, column = _plain(declared), pl.col(name)
    match dtype:
        case pl.Decimal() if kind == "numeric" and (scale := re.search(r",(\d+)\)", declared)):
            return column.round(int(scale[1])) != column if dtype.scale > int(scale[1]) else None
        case pl.Datetime() | pl.Time() if kind in (*_TIMESTAMPS, *_TIMES):
            precision = re.search(r"\((\d)\)", declared)
            digits = _DIGITS[dtype.time_unit] if isinstance(dtype, pl.Datetime) else _DIGITS["ns"]
            lost = digits - (int(precision[1]) if precision else _MICROSECONDS)
            return column.to_physical() % 10**lost != 0 if lost > 0 else None
        case _ if dtype.is_integer() and kind in _FLOATS:
            wide = pl.Float32 if kind == "real" else pl.Float64
            return column.cast(wide).cast(pl.Int128) != column.cast(pl.Int128)
        case _:
            return None


def written(name: str, dtype: pl.DataType, declared: str) -> pl.Expr:
    """Return a column as values whose plain text the server understands, moments as they are in UTC."""
    column = pl.col(name)
    match dtype:
        case pl.List() | pl.Array() if declared.endswith("[]"):
            lists = column if isinstance(dtype, pl.List) else column.arr.to_list()
            return (
                pl.when(column.is_not_null()).then("{" + lists.list.eval(_element()).list.join(",") + "}").alias(name)
            )
        case pl.Null() | pl.Categorical() | pl.Enum():
            return column.cast(pl.String)
        case pl.Time():
            return column.dt.to_string(CLOCK_FORMAT)
        case pl.Binary():
            return (pl.lit("\\x") + column.bin.encode("hex")).alias(name)
        case pl.Datetime() if dtype.time_zone:
            return column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        case pl.Duration():
            return (column.dt.total_microseconds().cast(pl.String) + " microseconds").alias(name)
        case _ if dtype.is_nested():
            return json_text(name)
        case _:
            return column


def _type_for(dtype: pl.DataType) -> str:
    match dtype:
        case pl.Boolean():
            return "boolean"
        case pl.Int8() | pl.Int16() | pl.UInt8():
            return "smallint"
        case pl.Int32() | pl.UInt16():
            return "integer"
        case pl.Int64() | pl.UInt32():
            return "bigint"
        case _ if dtype.is_integer():
            return f"numeric({20 if dtype == pl.UInt64() else _DIGITS_MAX},0)"
        case pl.Float64():
            return "double precision"
        case _ if dtype.is_float():
            return "real"
        case pl.Decimal():
            return f"numeric({dtype.precision or _DIGITS_MAX},{dtype.scale})"
        case pl.Date():
            return "date"
        case pl.Time():
            return "time without time zone"
        case pl.Datetime():
            return f"timestamp {'with' if dtype.time_zone else 'without'} time zone"
        case pl.Duration():
            return "interval"
        case pl.Binary():
            return "bytea"
        case _ if dtype.is_nested():
            return "jsonb"
        case _:
            return "text"


def _plain(declared: str) -> str:
    """Return a declared type without precision and length."""
    return re.sub(r"\(.*?\)", "", declared)


def _is_text(dtype: pl.DataType) -> bool:
    return isinstance(dtype, pl.String | pl.Categorical | pl.Enum)


def _inner(dtype: pl.DataType) -> pl.DataType | None:
    if not isinstance(dtype, pl.List | pl.Array):
        return None
    return dtype.inner() if isinstance(dtype.inner, type) else dtype.inner


def _element() -> pl.Expr:
    """Return an element of a list as it stands in an array of PostgreSQL."""
    escaped = pl.element().cast(pl.String).str.replace_all("\\", "\\\\", literal=True)
    return (pl.lit('"') + escaped.str.replace_all('"', '\\"', literal=True) + '"').fill_null("NULL")
