"""CSV and its dialects: files of one format as one LazyFrame, columns by position.

polars reads what it can. Packed and encoded files get a passing copy in UTF-8; files of odd dialects one as plain CSV.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import polars as pl

from glue_tui.catalog.places import LOCAL, Storage
from glue_tui.catalog.readers.asked import scan_file_by_file
from glue_tui.catalog.readers.csv_pieces import plain_format, plain_rows
from glue_tui.catalog.readers.unpacked import as_utf8_file
from glue_tui.core.schema import FileFormat

TRAILING = "__glue_tui_trailing"
"""What comes after the last delimiter, in files whose rows end with one: nothing, or the file is broken."""

BYTE_LETTERS = frozenset(map(chr, range(1, 128)))
"""Letters that can be a delimiter or a quote of the fast reader."""

LOOKS_PACKED = ("x\x01", "x\ufffd")
"""Beginnings of texts that polars takes for zlib's compression."""

_READ_BY_POLARS = ("", "gzip", "zstd")


def scan_csv(
    file_format: FileFormat,
    paths: Sequence[str],
    schema: Mapping[str, pl.DataType],
    path_column: str,
    storage: Storage = LOCAL,
) -> pl.LazyFrame:
    """Return CSV files of one format, columns by position under the names and dtypes of `schema`.

    `schema` names all columns of the files in their order; `path_column` gets each row's file.
    """
    frame = scan_csv_whole(file_format, paths, schema, path_column, storage)
    if file_format.blank_lines:
        frame = frame.filter(~pl.all_horizontal(pl.col(name).is_null() for name in schema))
    return frame.drop(TRAILING) if file_format.trailing else frame


def scan_csv_whole(
    file_format: FileFormat,
    paths: Sequence[str],
    schema: Mapping[str, pl.DataType],
    path_column: str,
    storage: Storage = LOCAL,
) -> pl.LazyFrame:
    """Return all that the files hold: blank lines as rows of nulls, what trails the rows as column TRAILING."""
    if file_format.trailing:
        schema = {**schema, TRAILING: pl.String()}
    if is_plain(file_format):
        return _scan_plain(file_format, list(paths), schema, path_column, storage)

    def rows_of(path: str, _: Sequence[str] | None) -> Iterator[pl.LazyFrame]:
        with _plain_copy(path, file_format, storage) as (copy, plain):
            yield _scan_plain(plain, [copy], schema, None)

    return scan_file_by_file(paths, rows_of, schema, path_column)


def is_plain(file_format: FileFormat) -> bool:
    """Return whether polars reads such files as they lie there."""
    return (
        not file_format.rewritten
        and file_format.encoding in ("utf8", "utf8-lossy")
        and file_format.compression in _READ_BY_POLARS
    )


def _scan_plain(
    file_format: FileFormat,
    paths: list[str],
    schema: Mapping[str, pl.DataType],
    path_column: str | None,
    storage: Storage = LOCAL,
) -> pl.LazyFrame:
    leading = file_format.lead_lines
    return pl.scan_csv(
        paths,
        has_header=False,
        # Lines are counted as they stand; rows may span lines and do not count comments.
        skip_lines=leading + file_format.header if leading else 0,
        skip_rows=0 if leading else int(file_format.header),
        separator=file_format.delimiter,
        quote_char=file_format.quote or None,
        comment_prefix=file_format.comment or None,
        null_values=list(file_format.nulls) or None,
        encoding="utf8-lossy" if file_format.encoding == "utf8-lossy" else "utf8",
        schema=dict(schema),
        missing_columns="insert",
        include_file_paths=path_column,
        glob=False,
        **storage.polars_options(paths[0]),
    )


@contextmanager
def _plain_copy(path: str, file_format: FileFormat, storage: Storage) -> Iterator[tuple[str, FileFormat]]:
    """Give a passing copy of a file, and the format that polars reads the copy with."""
    if not file_format.rewritten and file_format.encoding != "utf8-lossy":
        with as_utf8_file(path, file_format.compression, file_format.encoding, storage) as copy:
            yield copy, replace(file_format, encoding="utf8", compression="")
        return
    with tempfile.TemporaryDirectory(prefix="glue-tui-") as folder:
        rewritten = Path(folder) / "plain.csv"
        with rewritten.open("wb") as written:
            # The first row may begin as packed files do: it is not the first line.
            written.write(b"\n")
            written.writelines(plain_rows(path, file_format, storage))
        yield str(rewritten), replace(plain_format(file_format), lead_lines=1)
