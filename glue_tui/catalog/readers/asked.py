"""What polars asks of a source that we read for it: some columns, some rows."""

from __future__ import annotations

import polars as pl


def asked_for(
    frame: pl.LazyFrame, columns: list[str] | None, predicate: pl.Expr | None, rows_max: int | None
) -> pl.LazyFrame:
    """Return the rows and columns of `frame` that a scan was asked for."""
    if predicate is not None:
        frame = frame.filter(predicate)
    if rows_max is not None:
        frame = frame.head(rows_max)
    return frame if columns is None else frame.select(columns)
