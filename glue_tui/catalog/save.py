"""The rows of a query into a file of the person's choice: CSV, JSON or Parquet, by the file's ending."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl

from glue_tui.catalog.answers import part_path
from glue_tui.catalog.query import run_sql
from glue_tui.catalog.read import Catalog
from glue_tui.catalog.result import explaining, query_stream
from glue_tui.core.problem import InvalidInput

_ENDINGS = (".csv", ".json", ".parquet")


def save_rows(
    catalog: Catalog,
    query: str,
    path: Path,
    *,
    project_dir: Path,
    environment: Mapping[str, str],
    rows_max: int | None = None,
) -> int:
    """Write the rows of one query to a new file, which is there once it is whole, and return how many there are.

    Raises InvalidInput for a file that exists or has another ending, and what `run_sql` raises.
    """
    if path.suffix not in _ENDINGS:
        raise InvalidInput(f"{path.name} must end with one of {' '.join(_ENDINGS)}")
    if path.exists():
        raise InvalidInput(f"{path} exists", hint="name another file")
    part = part_path(path, os.getpid())
    try:
        if path.suffix == ".parquet":
            lazy = run_sql(catalog, query, project_dir=project_dir, environment=environment)
            with explaining(catalog, query, project_dir, environment):
                (lazy if rows_max is None else lazy.head(rows_max)).sink_parquet(part)
            rows = int(pl.scan_parquet(part, glob=False).select(pl.len()).collect().item())
        else:
            stream = query_stream(catalog, query, project_dir=project_dir, environment=environment, rows_max=rows_max)
            _write(part, stream.csv() if path.suffix == ".csv" else stream.json())
            rows = stream.rows
        part.rename(path)
    except OSError as error:
        raise InvalidInput(f"{path} is not written: {error}") from error
    finally:
        part.unlink(missing_ok=True)
    return rows


def _write(path: Path, chunks: Iterator[str]) -> None:
    with path.open("x", encoding="utf-8") as file:
        for chunk in chunks:
            file.write(chunk)
