"""JSON files of one format as one LazyFrame."""

from __future__ import annotations

from collections.abc import Mapping
from glob import escape

import polars as pl

from glue_tui.catalog.places import LOCAL, Storage
from glue_tui.core.schema import FileFormat


def scan_json(
    file_format: FileFormat,
    paths: list[str],
    schema: Mapping[str, pl.DataType],
    path_column: str,
    storage: Storage = LOCAL,
) -> pl.LazyFrame:
    """Return the records of JSON files under the names and dtypes of `schema`; `path_column` gets each row's file."""
    return pl.scan_ndjson(
        list(map(escape, paths)),
        schema=dict(schema),
        include_file_paths=path_column,
        **storage.polars_options(paths[0]),
    )
