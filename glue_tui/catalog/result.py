"""The rows of a query as plain Python values, for those who show them and know no polars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polars.exceptions import PolarsError

from glue_tui.catalog.query import explained, run_sql
from glue_tui.catalog.read import Catalog


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryResult:
    columns: tuple[str, ...]
    types: tuple[str, ...]
    """polars' names: `Int64`, `Decimal(precision=12, scale=2)`."""
    numeric: tuple[bool, ...]
    rows: tuple[tuple[Any, ...], ...]
    """None where a value is missing."""
    is_cut: bool
    """There are more rows than were asked for."""


def query_result(
    catalog: Catalog, query: str, *, project_dir: Path, environment: Mapping[str, str], rows_max: int | None = None
) -> QueryResult:
    """Return the rows of one SELECT, `rows_max` at most. Raises what `run_sql` raises."""
    lazy = run_sql(catalog, query, project_dir=project_dir, environment=environment)
    if rows_max is not None:
        lazy = lazy.head(rows_max + 1)
    try:
        frame = lazy.collect()
    except PolarsError as error:
        raise explained(error, catalog.names()) from error
    is_cut = rows_max is not None and frame.height > rows_max
    return QueryResult(
        columns=tuple(frame.columns),
        types=tuple(str(dtype) for dtype in frame.dtypes),
        numeric=tuple(dtype.is_numeric() for dtype in frame.dtypes),
        rows=tuple(frame.head(rows_max).rows() if is_cut and rows_max is not None else frame.rows()),
        is_cut=is_cut,
    )
