"""CSV and its dialects: files of one format as one LazyFrame, columns by position."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl
from polars.io.plugins import register_io_source

from glue_tui.catalog.places import LOCAL, Storage
from glue_tui.catalog.readers.asked import asked_for
from glue_tui.catalog.readers.unpacked import as_utf8_file
from glue_tui.core.schema import FileFormat


def scan_csv(
    file_format: FileFormat,
    paths: list[str],
    schema: Mapping[str, pl.DataType],
    path_column: str,
    storage: Storage = LOCAL,
) -> pl.LazyFrame:
    """Return CSV files of one format, columns by position under the names and dtypes of `schema`.

    `schema` names all columns of the files in their order; `path_column` gets each row's file.
    """
    if file_format.encoding == "latin1" or file_format.compression in ("bz2", "zip"):
        return pl.concat([_scan_unpacked(file_format, path, schema, path_column, storage) for path in paths])
    return pl.scan_csv(
        paths,
        has_header=False,
        skip_rows=int(file_format.header),
        separator=file_format.delimiter,
        quote_char=file_format.quote or None,
        schema=dict(schema),
        include_file_paths=path_column,
        glob=False,
        **storage.polars_options(paths[0]),
    )


def _scan_unpacked(
    file_format: FileFormat, path: str, schema: Mapping[str, pl.DataType], path_column: str, storage: Storage
) -> pl.LazyFrame:
    """Return one file that polars' reader can't unpack or decode: it is written anew when the rows are asked for."""
    full_schema = {**schema, path_column: pl.String()}

    def read(
        columns: list[str] | None, predicate: pl.Expr | None, rows_max: int | None, _batch_rows: int | None
    ) -> Iterator[pl.DataFrame]:
        with as_utf8_file(path, file_format.compression, file_format.encoding, storage) as plain:
            text = pl.scan_csv(
                plain,
                has_header=False,
                skip_rows=int(file_format.header),
                separator=file_format.delimiter,
                quote_char=file_format.quote or None,
                schema=dict(schema),
                glob=False,
                **storage.polars_options(plain),
            ).with_columns(pl.lit(path).alias(path_column))
            yield from asked_for(text, columns, predicate, rows_max).collect_batches()

    return register_io_source(read, schema=full_schema)
