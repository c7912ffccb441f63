"""Files that are read one by one, whole or in batches, and carry types of their own: Avro, Arrow IPC, workbooks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl
from polars.io.plugins import register_io_source

from glue_tui.catalog.places import LOCAL, Storage
from glue_tui.catalog.readers.asked import asked_for
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

    def read(
        columns: list[str] | None, predicate: pl.Expr | None, rows_max: int | None, _batch_rows: int | None
    ) -> Iterator[pl.DataFrame]:
        for path in paths:
            for frame in _frames(file_format, path, dict(schema), storage):
                rows = frame.lazy().select(
                    *(cast_column(name, str(frame.schema[name]), dtype) for name, dtype in schema.items()),
                    pl.lit(path).alias(path_column),
                )
                asked = asked_for(rows, columns, predicate, rows_max).collect()
                yield asked
                if rows_max is not None:
                    rows_max -= asked.height
                    if rows_max <= 0:
                        return

    return register_io_source(read, schema={**schema, path_column: pl.String()})


def scan_ipc(path: str, storage: Storage = LOCAL) -> pl.LazyFrame:
    """Return the rows of an Arrow IPC file or stream; a stream is read whole."""
    if storage.read(path, 0, len(IPC_MAGIC)) == IPC_MAGIC:
        return pl.scan_ipc(path, glob=False, hive_partitioning=False, **storage.polars_options(path))
    with storage.open(path) as file:
        return pl.read_ipc_stream(file).lazy()


def _frames(
    file_format: FileFormat, path: str, schema: dict[str, pl.DataType], storage: Storage
) -> Iterator[pl.DataFrame]:
    match file_format.classification:
        case "avro":
            with storage.open(path) as file:
                yield from avro_frames(file)
        case "excel":
            yield excel_frame(path, file_format, schema, storage)
        case _:
            yield from scan_ipc(path, storage).select(*schema).collect_batches()
