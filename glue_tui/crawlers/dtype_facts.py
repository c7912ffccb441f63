"""What the type that a file itself gives a column says of it."""

from __future__ import annotations

import polars as pl

from glue_tui.catalog.types import glue_type
from glue_tui.crawlers.facts import ColumnFacts
from glue_tui.crawlers.values import NULL_TYPE

CUT_TO_MICROSECONDS = "files have nanoseconds, what is beyond microseconds is cut off where it is read"
"""Reason of a timestamp column."""


def facts_of_dtype(dtype: pl.DataType) -> ColumnFacts:
    """Return the facts of a column of this dtype."""
    if dtype == pl.Null:
        return ColumnFacts(type=NULL_TYPE)
    is_cut = isinstance(dtype, pl.Datetime) and dtype.time_unit == "ns"
    return ColumnFacts(type=glue_type(dtype), reason=CUT_TO_MICROSECONDS if is_cut else "")
