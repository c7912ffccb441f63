"""Log files: each line that fits the pattern is a row, its named groups are the columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from glue_tui.catalog.places import LOCAL, Storage
from glue_tui.catalog.readers.asked import scan_file_by_file
from glue_tui.catalog.readers.unpacked import as_utf8_file
from glue_tui.core.schema import FileFormat

LINE = "__glue_tui_line"


def scan_log(
    file_format: FileFormat,
    paths: list[str],
    schema: Mapping[str, pl.DataType],
    path_column: str,
    storage: Storage = LOCAL,
) -> pl.LazyFrame:
    """Return the fields of the lines that fit, all as text; `path_column` gets each row's file."""
    lines = scan_log_lines(file_format, paths, path_column, storage)
    fitting = lines.filter(pl.col(LINE).str.contains(file_format.pattern))
    return fitting.select(*(field(file_format, name) for name in schema), path_column)


def field(file_format: FileFormat, name: str) -> pl.Expr:
    """Return a field of the lines; null where the line does not have it."""
    return pl.col(LINE).str.extract_groups(file_format.pattern).struct.field(name).alias(name)


def scan_log_lines(file_format: FileFormat, paths: list[str], path_column: str, storage: Storage) -> pl.LazyFrame:
    """Return all lines of the files, those that fit or not."""
    if file_format.encoding == "utf8" and file_format.compression in ("", "gzip", "zstd"):
        return _lines(paths, storage, path_column)

    def rows_of(path: str, _: Sequence[str] | None) -> Iterator[pl.LazyFrame]:
        with as_utf8_file(path, file_format.compression, file_format.encoding, storage) as plain:
            yield _lines([plain], storage)

    return scan_file_by_file(paths, rows_of, {LINE: pl.String()}, path_column)


def _lines(paths: list[str], storage: Storage, path_column: str | None = None) -> pl.LazyFrame:
    lines = pl.scan_lines(
        paths, name=LINE, glob=False, include_file_paths=path_column, **storage.polars_options(paths[0])
    )
    return lines.with_columns(pl.col(LINE).str.strip_suffix("\r"))
