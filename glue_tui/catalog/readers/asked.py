"""What polars asks of a source that we read for it: some columns, some rows."""

from __future__ import annotations

import polars as pl


def asked_for(
    frame: pl.LazyFrame, columns: list[str] | None, predicate: pl.Expr | None, rows_max: int | None
) -> pl.LazyFrame:
    """Return the rows and columns of `frame` that a scan was asked for.

    Where polars gives both, it means those of the first `rows_max` rows that fulfil the predicate.
    """
    if rows_max is not None:
        frame = frame.head(rows_max)
    if predicate is not None:
        frame = frame.filter(predicate)
    return frame if columns is None else frame.select(columns)
