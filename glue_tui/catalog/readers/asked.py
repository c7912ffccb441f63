"""What polars asks of a source that we read for it: some columns, some rows; and files that are read one by one so."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import polars as pl
from polars.io.plugins import register_io_source

BATCH_ROWS = 100_000

RowsOf = Callable[[str, Sequence[str] | None], Iterator[pl.LazyFrame]]
"""Takes the path of a file and the columns that are needed (None: all); yields its rows, some at a time.

More columns than needed may come. What a generator has opened stays open until its rows were taken.
"""


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


def scan_file_by_file(
    paths: Sequence[str], rows_of: RowsOf, schema: Mapping[str, pl.DataType], path_column: str
) -> pl.LazyFrame:
    """Return the rows of files that polars can't read as they lie; each is opened when its rows are asked for."""

    def read(
        columns: list[str] | None, predicate: pl.Expr | None, rows_max: int | None, _batch_rows: int | None
    ) -> Iterator[pl.DataFrame]:
        needed = None if columns is None else {*columns, *(() if predicate is None else predicate.meta.root_names())}
        # Of no column there would be no rows.
        names = None if needed is None else [name for name in schema if name in needed] or None
        for path in paths:
            for rows in rows_of(path, names):
                rows = rows.with_columns(pl.lit(path).alias(path_column))
                if rows_max is None:
                    yield from _batches(asked_for(rows, columns, predicate, None))
                    continue
                # Counted before the predicate, which is asked of the first rows only.
                for batch in _batches(rows.head(rows_max)):
                    rows_max -= batch.height
                    yield asked_for(batch.lazy(), columns, predicate, None).collect()
                if rows_max <= 0:
                    return

    return register_io_source(read, schema={**schema, path_column: pl.String()})


def _batches(rows: pl.LazyFrame) -> Iterator[pl.DataFrame]:
    return rows.collect_batches(chunk_size=BATCH_ROWS, engine="streaming")
