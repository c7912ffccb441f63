"""Glue's column types and polars' dtypes, each from the other, and how text becomes a typed value."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec
import polars as pl
from polars.exceptions import InvalidOperationError

from glue_tui.catalog.forms import THOUSANDS, has_clock, is_time
from glue_tui.core.glue_types import type_parts
from glue_tui.core.problem import InvalidInput
from glue_tui.core.value_forms import COMMA_NUMBER

if TYPE_CHECKING:
    from polars.datatypes import DataTypeClass

_PRIMITIVES: dict[str, pl.DataType] = {
    "string": pl.String(),
    "char": pl.String(),
    "varchar": pl.String(),
    "boolean": pl.Boolean(),
    "tinyint": pl.Int8(),
    "smallint": pl.Int16(),
    "int": pl.Int32(),
    "integer": pl.Int32(),
    "bigint": pl.Int64(),
    "float": pl.Float32(),
    "double": pl.Float64(),
    "date": pl.Date(),
    "timestamp": pl.Datetime("us"),
    "binary": pl.Binary(),
}

_GLUE_NAMES: dict[type[pl.DataType], str] = {
    pl.Boolean: "boolean",
    pl.Int8: "tinyint",
    pl.Int16: "smallint",
    pl.Int32: "int",
    pl.Int64: "bigint",
    pl.UInt8: "smallint",
    pl.UInt16: "int",
    pl.UInt32: "bigint",
    pl.UInt64: "decimal(20,0)",
    pl.Int128: "decimal(38,0)",
    pl.UInt128: "decimal(38,0)",
    pl.Float32: "float",
    pl.Float64: "double",
    pl.Date: "date",
    pl.Datetime: "timestamp",
    pl.Duration: "bigint",
    pl.Binary: "binary",
}

_FRACTIONAL = ("Float", "Decimal(")
"""How polars' words for types with fractions begin."""

_NESTED = ("List(", "Array(", "Struct(", "Map(")
"""How polars' words for the types of lists and records begin."""

CLOCK_FORMAT = "%H:%M:%S%.f"
"""Of a time of day; a cast to text would leave out its fraction."""
TIMESTAMP_FORMAT = "%Y-%m-%d %H:%M:%S%.f"

_DECIMAL = re.compile(r"decimal\(\s*(\d+)\s*,\s*(\d+)\s*\)")


def glue_type(dtype: pl.DataType) -> str:
    """Return Glue's type for a polars dtype; what Glue has no word for is a string."""
    match dtype:
        case pl.Decimal():
            return f"decimal({dtype.precision or 38},{dtype.scale})"
        case pl.List() | pl.Array():
            return f"array<{glue_type(_instance(dtype.inner))}>"
        case pl.Map():
            return f"map<{glue_type(_instance(dtype.key))},{glue_type(_instance(dtype.value))}>"
        case pl.Struct() if not dtype.fields or any(set(item.name) & set(",:<>") for item in dtype.fields):
            return "string"
        case pl.Struct():
            return (
                "struct<" + ",".join(f"{item.name}:{glue_type(_instance(item.dtype))}" for item in dtype.fields) + ">"
            )
        case _:
            return _GLUE_NAMES.get(type(dtype), "string")


def polars_type(glue: str) -> pl.DataType:
    """Return the polars dtype of a Glue type. Raises InvalidInput for one we don't know."""
    text = glue.strip()
    lower = text.lower()
    if lower in _PRIMITIVES:
        return _PRIMITIVES[lower]
    if decimal := _DECIMAL.fullmatch(lower):
        return pl.Decimal(int(decimal[1]), int(decimal[2]))
    if lower == "decimal":
        return pl.Decimal(10, 0)
    if lower.startswith(("char(", "varchar(")):
        return pl.String()
    if lower.startswith("array<") and lower.endswith(">"):
        return pl.List(polars_type(text[6:-1]))
    if lower.startswith("struct<") and lower.endswith(">"):
        pairs = (part.partition(":") for part in type_parts(text[7:-1]))
        return pl.Struct({name.strip(): polars_type(inner) for name, _, inner in pairs})
    if lower.startswith("map<") and lower.endswith(">"):
        key, value = type_parts(text[4:-1])
        return pl.List(pl.Struct({"key": polars_type(key), "value": polars_type(value)}))
    raise InvalidInput(f"unknown column type {glue!r}", hint="see the catalog's types: string, bigint, double, date, …")


def text_type(dtype: pl.DataType, form: str = "") -> pl.DataType:
    """Return the dtype to read text files with: what readers parse well themselves, else text for `parse`."""
    if dtype.is_nested() or (not form and (dtype.is_integer() or dtype.is_float())):
        return dtype
    return pl.String()


def parse(text: pl.Expr, dtype: pl.DataType, form: str = "") -> pl.Expr:
    """Return the typed values of a text column; a value that is not of the type is an error when it is read.

    `form` is how the values are written, where not plainly (see FileFormat.forms). An empty text (a quoted `""`) is a
    value for a string column and null for every other.
    """
    if dtype == pl.String():
        return text
    text = pl.when(text != "").then(text)
    if is_time(form):
        return moments(text, form, strict=True).cast(dtype)
    match dtype:
        case pl.Date():
            return text.str.to_date("%Y-%m-%d")
        case pl.Datetime():
            return timestamp_text(text).str.to_datetime(TIMESTAMP_FORMAT, time_unit="us")
        case pl.Boolean():
            return text.str.to_lowercase().replace_strict(["true", "false"], [True, False], return_dtype=pl.Boolean)
        case _:
            return plain_number(text, form).cast(dtype)


def plain_number(text: pl.Expr, form: str) -> pl.Expr:
    """Return numbers that are written in a form as programs write them."""
    if not form:
        return text
    bare = text.str.replace_all(THOUSANDS[form], "")
    return bare.str.replace(",", ".", literal=True) if form == COMMA_NUMBER else bare


def moments(text: pl.Expr, form: str, *, strict: bool) -> pl.Expr:
    """Return the dates or times that texts of a strptime form say, times with an offset as they are in UTC.

    What is not of the form is an error if `strict`, else null.
    """
    if not has_clock(form):
        return text.str.to_date(form, strict=strict)
    times = text.str.to_datetime(form, time_unit="us", strict=strict)
    return times.dt.replace_time_zone(None) if form.endswith("z") else times


def timestamp_text(text: pl.Expr) -> pl.Expr:
    """Return ISO timestamps in one form, `2026-11-22 22:04:10.5`: T and Z go, a date alone gets midnight."""
    plain = text.str.replace("T", " ", literal=True).str.strip_suffix("Z")
    return pl.when(plain.str.len_bytes() == 10).then(plain + " 00:00:00").otherwise(plain)


def cast_column(name: str, found: str, dtype: pl.DataType) -> pl.Expr:
    """Return a column of a file that carries types in the table's dtype; as text, lists and records are JSON.

    `found` is the type that the file says, in polars' words.
    """
    column = pl.col(name)
    if dtype == pl.String() and found.startswith(_NESTED):
        return column.map_batches(_as_json, return_dtype=pl.String(), is_elementwise=True)
    if dtype == pl.String() and found == str(pl.Time()):
        return column.dt.to_string(CLOCK_FORMAT)
    if dtype.is_integer() and found.startswith("Duration("):
        return column.dt.total_microseconds().cast(dtype)
    if dtype.is_integer() and found.startswith(_FRACTIONAL):
        return column.map_batches(lambda values: _whole(values, dtype), return_dtype=dtype, is_elementwise=True)
    return column.cast(dtype)


def _whole(values: pl.Series, dtype: pl.DataType) -> pl.Series:
    """Return the numbers as whole ones. Raises InvalidOperationError for a fraction, which a cast would cut off."""
    made = values.cast(dtype)
    unlike = values.filter(made.cast(values.dtype) != values)
    if len(unlike):
        raise InvalidOperationError(f"{unlike[0]} is no {dtype}")
    return made


def json_text(name: str) -> pl.Expr:
    """Return a column of lists or records as JSON; decimals are texts in it, which keeps them exact."""
    column = pl.col(name)
    text = pl.struct(value=column).struct.json_encode().str.strip_prefix('{"value":').str.strip_suffix("}")
    return pl.when(column.is_not_null()).then(text).alias(name)


def is_json(dtype: pl.DataType) -> bool:
    """Tell whether `json_text` can write values of a list or record; polars has no JSON for bytes."""
    return not re.search(r"\b(Binary|Object)\b", str(dtype))


def _as_json(values: pl.Series) -> pl.Series:
    texts = [None if value is None else msgspec.json.encode(value).decode() for value in values.to_list()]
    return pl.Series(values.name, texts, dtype=pl.String)


def _instance(dtype: pl.DataType | DataTypeClass) -> pl.DataType:
    return dtype() if isinstance(dtype, type) else dtype
