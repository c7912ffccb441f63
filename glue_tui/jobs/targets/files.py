"""A frame as the files of one table: parquet, csv or json, in one folder or in Hive's folder per partition."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl

from glue_tui.catalog.pruning import NULL_PARTITION
from glue_tui.catalog.types import glue_type
from glue_tui.core.job import TableSink
from glue_tui.core.problem import InvalidInput, did_you_mean
from glue_tui.core.schema import Column, FileFormat, Table

_SAFE_IN_FOLDER_NAMES = " -_.,+@()"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFile:
    path: Path
    rows: int
    partition_values: tuple[str, ...]
    """As text, without the escapes of the folder's name."""


def write_files(
    frame: pl.LazyFrame, schema: pl.Schema, sink: TableSink, folder: Path, name: str
) -> tuple[WrittenFile, ...]:
    """Write `frame` below `folder`, synced to disk; the names of files begin with `name`.

    Runs streaming and keeps the order of the rows, in each partition as well. Raises InvalidInput for wrong keys.
    """
    _check_keys(sink, schema)
    values_of: dict[str, tuple[str, ...]] = {}

    def place(arguments: Any) -> str:
        # Polars asks for the whole path below the folder, not the name alone: else all partitions share one file.
        row = arguments.partition_keys.row(0) if sink.partition_by else ()
        values = tuple(partition_text(value) for value in row)
        steps = [f"{key}={_folder_text(value)}" for key, value in zip(sink.partition_by, values, strict=True)]
        path = "/".join([*steps, f"{name}-{arguments.index_in_partition:05d}.{sink.format}"])
        values_of[path] = values
        return path

    target: Any
    if sink.partition_by:
        target = pl.PartitionBy(folder, key=list(sink.partition_by), include_key=False, file_path_provider=place)
    else:
        path = f"{name}-00000.{sink.format}"
        values_of[path] = ()
        target = folder / path
    rows = _sink(frame, sink.format, target)
    return tuple(
        WrittenFile(path=folder / path, rows=rows(folder / path), partition_values=values)
        for path, values in sorted(values_of.items())
    )


def catalog_table(sink: TableSink, schema: pl.Schema, location: str) -> Table:
    """Return what the catalog says of a table written by `sink`."""
    database, _, name = sink.table.lower().partition(".")
    columns = {key: Column(name=key, type=glue_type(dtype)) for key, dtype in schema.items()}
    keys = tuple(columns.pop(key) for key in sink.partition_by)
    # As they stand in the files: two runs that write other types into one table must be read apart.
    types = tuple(str(schema[key]) for key in columns) if sink.format == "parquet" else ()
    return Table(
        database=database,
        name=name,
        classification=sink.format,
        location=location,
        columns=tuple(columns.values()),
        partition_keys=keys,
        formats=(FileFormat(classification=sink.format, columns=tuple(columns), types=types),),
        parameters={"classification": sink.format},
    )


def partition_text(value: object) -> str:
    """Return a partition's value as its folder and the catalog say it."""
    match value:
        case None:
            return NULL_PARTITION
        case bool():
            return "true" if value else "false"
        case datetime.datetime():
            return value.isoformat(sep=" ")
        case datetime.date():
            return value.isoformat()
        case _:
            return str(value) or NULL_PARTITION


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power failure."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _sink(frame: pl.LazyFrame, format: str, target: Any) -> Callable[[Path], int]:
    """Write, and return what tells the rows of a written file."""
    common: dict[str, Any] = {"mkdir": True, "maintain_order": True, "sync_on_close": "all"}
    match format:
        case "parquet":
            rows: dict[str, int] = {}

            def count(written: Any) -> None:
                rows.update({os.path.realpath(file.path): file.num_rows for file in written.paths})

            frame.sink_parquet(target, sinked_paths_callback=count, **common)
            return lambda path: rows[os.path.realpath(path)]
        case "csv":
            frame.sink_csv(target, **common)
            return lambda path: _count(pl.scan_csv(path, infer_schema=False, glob=False))
        case "json":
            frame.sink_ndjson(target, check_extension=False, **common)
            return lambda path: _count(pl.scan_lines(path, glob=False))
        case _:
            raise InvalidInput(f'no format "{format}"', hint=did_you_mean(format, ("parquet", "csv", "json")))


def _count(frame: pl.LazyFrame) -> int:
    return int(frame.select(pl.len()).collect(engine="streaming").item())


def _folder_text(value: str) -> str:
    return quote(value, safe=_SAFE_IN_FOLDER_NAMES)


def _check_keys(sink: TableSink, schema: pl.Schema) -> None:
    if sink.table.count(".") != 1 or not all(sink.table.split(".")):
        raise InvalidInput(f'table "{sink.table}"', hint="write it as database.table")
    for key in sink.partition_by:
        if key not in schema:
            raise InvalidInput(f"{sink.table}: no column {key} to partition by", hint=did_you_mean(key, list(schema)))
    if sink.partition_by and len(sink.partition_by) == len(schema):
        raise InvalidInput(f"{sink.table}: every column is a partition key", hint="leave one for the files")
