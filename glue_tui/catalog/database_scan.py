"""A database table as a LazyFrame: what a query needs of it is asked of the database, and comes in batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import polars as pl
from polars.io.plugins import register_io_source

from glue_tui.catalog.databases import Question, open_database


def scan_database(
    url: str, schema: str, table: str, columns: Mapping[str, pl.DataType], *, project_dir: Path
) -> pl.LazyFrame:
    """Return the columns of a table, under their catalog types. Nothing is connected before rows are asked for.

    Columns, conditions and limits of a query go to the database, as far as it can judge them. When read it raises
    EntityNotFound or InvalidInput where the table is not any more as it was crawled.
    """

    def read(
        names: list[str] | None, predicate: pl.Expr | None, rows_max: int | None, _batch_rows: int | None
    ) -> Iterator[pl.DataFrame]:
        # A limit comes before the predicate: polars passes both for head(…).filter(…).
        question = Question(
            schema=schema,
            table=table,
            columns={name: columns[name] for name in (columns if names is None else names)},
            predicate=predicate if rows_max is None else None,
            rows_max=rows_max,
        )
        with closing(open_database(url, project_dir)) as database, closing(database.batches(question)) as batches:
            for batch in batches:
                yield batch if predicate is None else batch.filter(predicate)

    return register_io_source(read, schema=dict(columns), is_pure=True, explain_name=f"{schema}.{table}".lstrip("."))
