"""The columns of a frame as text holds them, in CSV, JSON lines and names of folders, to be read as they were."""

from __future__ import annotations

import polars as pl
from polars.datatypes import DataType, DataTypeClass

from glue_tui.catalog.types import CLOCK_FORMAT
from glue_tui.core.job import TableSink
from glue_tui.core.problem import InvalidInput

_TEXT_FORMATS = ("csv", "json")


def as_files_hold(frame: pl.LazyFrame, sink: TableSink) -> pl.LazyFrame:
    """Return a frame whose values the files of a table hold as the catalog has them.

    Raises InvalidInput that names the first column of a type that they hold no values of.
    """
    schema = frame.collect_schema()
    for name, dtype in schema.items():
        if not _is_held(dtype, sink.format):
            raise InvalidInput(
                f"{sink.table}: column {name} is {dtype}, which {sink.format} files hold no values of",
                hint="cast it or leave it out" + (", or write parquet" if dtype != pl.Object else ""),
            )
    as_text = schema.names() if sink.format in _TEXT_FORMATS else sink.partition_by
    return frame.with_columns(plain for name in as_text if (plain := plain_column(name, schema[name])) is not None)


def _is_held(dtype: DataType, format: str) -> bool:
    match dtype:
        case pl.Object():
            return False
        case pl.Binary():
            return format not in _TEXT_FORMATS
        case pl.List() | pl.Array():
            return format != "csv" and _is_held_within(dtype.inner, format)
        case pl.Struct():
            return format != "csv" and all(_is_held_within(field.dtype, format) for field in dtype.fields)
        case _:
            return True


def _is_held_within(dtype: DataType | DataTypeClass, format: str) -> bool:
    """Tell the same of what is nested: nothing is made plain there."""
    instance = dtype() if isinstance(dtype, type) else dtype
    return _is_held(instance, format) and (format not in _TEXT_FORMATS or plain_column("", instance) is None)


def plain_column(name: str, dtype: DataType) -> pl.Expr | None:
    """Return a column in the words of the catalog: a moment in UTC, a duration in microseconds; None: it is plain."""
    column = pl.col(name)
    match dtype:
        case pl.Datetime() if dtype.time_zone:
            return column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        case pl.Duration():
            return column.dt.total_microseconds()
        case pl.Time():
            return column.dt.to_string(CLOCK_FORMAT)
        case _:
            return None
