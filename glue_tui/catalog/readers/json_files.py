"""JSON files of one format as one LazyFrame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from glob import escape

import polars as pl

from glue_tui.catalog.places import LOCAL, Storage, is_s3
from glue_tui.catalog.readers.asked import scan_file_by_file
from glue_tui.catalog.readers.json_records import as_json_lines, is_read_in_place, json_records
from glue_tui.catalog.readers.json_values import exact_frames
from glue_tui.core.schema import FileFormat


def scan_json(
    file_format: FileFormat,
    paths: list[str],
    schema: Mapping[str, pl.DataType],
    path_column: str,
    storage: Storage = LOCAL,
) -> pl.LazyFrame:
    """Return the records of JSON files under the names and dtypes of `schema`; `path_column` gets each row's file."""
    read_as = {name: _readable(dtype) for name, dtype in schema.items()}
    if file_format.exact or not all(is_read_in_place(path, file_format) for path in paths):

        def rows_of(path: str, names: Sequence[str] | None) -> Iterator[pl.LazyFrame]:
            needed = read_as if names is None else {name: read_as[name] for name in names}
            return _rows(file_format, path, needed, storage)

        frame = scan_file_by_file(paths, rows_of, read_as, path_column)
    else:
        frame = _scan_lines(paths, read_as, storage, path_column)
    return frame.with_columns(pl.col(name).cast(dtype) for name, dtype in schema.items() if read_as[name] != dtype)


def _scan_lines(
    paths: list[str], schema: Mapping[str, pl.DataType], storage: Storage, path_column: str | None = None
) -> pl.LazyFrame:
    return pl.scan_ndjson(
        [path if is_s3(path) else escape(path) for path in paths],
        schema=dict(schema),
        include_file_paths=path_column,
        **storage.polars_options(paths[0]),
    )


def _rows(
    file_format: FileFormat,
    path: str,
    schema: Mapping[str, pl.DataType],
    storage: Storage,
) -> Iterator[pl.LazyFrame]:
    """Yield the records of a file that polars can't read as it lies, or not exactly."""
    if file_format.exact:
        yield from (frame.lazy() for frame in exact_frames(json_records(path, file_format, storage), schema))
        return
    with as_json_lines(path, file_format, storage) as lines:
        yield _scan_lines([lines], schema, storage)


def _readable(dtype: pl.DataType) -> pl.DataType:
    """Return what JSON is read as before it becomes `dtype`.

    Polars reads no small integers, and within structs and lists no decimals.
    """
    match dtype:
        case pl.Int8() | pl.Int16():
            return pl.Int32()
        case pl.Decimal():
            return pl.Int128() if dtype.scale == 0 else pl.Float64()
        case pl.List():
            return pl.List(_readable(dtype.inner))  # type: ignore[arg-type]
        case pl.Struct():
            return pl.Struct({item.name: _readable(item.dtype) for item in dtype.fields})  # type: ignore[arg-type]
        case _:
            return dtype
