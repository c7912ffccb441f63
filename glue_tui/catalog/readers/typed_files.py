"""Files that are read one by one, whole or in batches, and carry types of their own: Avro, Arrow IPC, workbooks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from glue_tui.catalog.places import LOCAL, Storage
from glue_tui.catalog.readers.asked import scan_file_by_file
from glue_tui.catalog.readers.avro_files import avro_frames
from glue_tui.catalog.readers.excel_files import excel_frame
from glue_tui.catalog.types import cast_column
from glue_tui.core.schema import FileFormat

IPC_MAGIC = b"ARROW1"


def scan_typed(
    file_format: FileFormat,
    paths: list[str],
    schema: Mapping[str, pl.DataType],
    path_column: str,
    storage: Storage = LOCAL,
) -> pl.LazyFrame:
    """Return the rows of files under the names and dtypes of `schema`; `path_column` gets each row's file."""

    def rows_of(path: str, _: Sequence[str] | None) -> Iterator[pl.LazyFrame]:
        for rows in _rows(file_format, path, dict(schema), storage):
            found = rows.collect_schema()
            yield rows.select(cast_column(name, str(found[name]), dtype) for name, dtype in schema.items())

    return scan_file_by_file(paths, rows_of, schema, path_column)


def scan_ipc(path: str, storage: Storage = LOCAL) -> pl.LazyFrame:
    """Return the rows of an Arrow IPC file or stream; a stream is read whole."""
    if storage.read(path, 0, len(IPC_MAGIC)) == IPC_MAGIC:
        return pl.scan_ipc(path, glob=False, hive_partitioning=False, **storage.polars_options(path))
    with storage.open(path) as file:
        return pl.read_ipc_stream(file).lazy()


def _rows(
    file_format: FileFormat, path: str, schema: dict[str, pl.DataType], storage: Storage
) -> Iterator[pl.LazyFrame]:
    match file_format.classification:
        case "avro":
            with storage.open(path) as file:
                yield from (frame.lazy() for frame in avro_frames(file))
        case "excel":
            yield excel_frame(path, file_format, schema, storage).lazy()
        case _:
            yield scan_ipc(path, storage)
