"""Rows of CSV files that have fewer values than there are columns: what they lack is null, which a crawl tells."""

from __future__ import annotations

import csv
import io
import re
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress

import polars as pl
from polars.exceptions import PolarsError

from glue_tui.catalog.readers.csv_files import is_plain
from glue_tui.catalog.readers.csv_rows import csv_rows, csv_text
from glue_tui.core.schema import FileFormat
from glue_tui.crawlers.head import read_tail
from glue_tui.crawlers.listing import ListedFile

FRESH_S = 60
"""A file that was modified so lately may still be written."""
_PATH, _LINE, _NUMBER = "path", "line", "number"


def short_row_notes(files: Sequence[ListedFile], file_format: FileFormat) -> dict[str, str]:
    """Return what to tell of the short rows of files of one format, by absolute path; nothing of those without any.

    Meant for files in which the last column lacks values: in others no row is short.
    """
    if len(file_format.columns) < 2:
        return {}
    notes = {}
    suspected = _suspected(files, file_format)
    for listed in files:
        rows, line = suspected.get(listed.absolute, (0, 0))
        if rows and not line:
            rows, line = short_rows_of(listed, file_format)
        if rows:
            notes[listed.absolute] = short_rows_note(listed, file_format, rows, line)
    return notes


def short_rows_note(listed: ListedFile, file_format: FileFormat, rows: int, line: int) -> str:
    """Return what to tell of so many short rows of a file, the first of them on this line."""
    has = "row has" if rows == 1 else "rows have"
    note = f"{rows:,} {has} fewer values than there are columns, null is read for the others: line {line}"
    if rows > 1:
        note += " is the first"
    end = b"" if file_format.compression else read_tail(listed.absolute, listed.storage)
    last = end.rpartition(b"\n")[2].decode(errors="replace")
    if last and last.count(file_format.delimiter) < len(file_format.columns) - 1:
        is_fresh = time.time_ns() - listed.mtime_ns < FRESH_S * 1_000_000_000
        note += f"; its last line has no end: it {'is likely being written' if is_fresh else 'may have been cut off'}"
    return note


def _suspected(files: Sequence[ListedFile], file_format: FileFormat) -> dict[str, tuple[int, int]]:
    """Return how many rows may be short, and the line of the first; line 0 where a closer look must tell."""
    unsure = {listed.absolute: (1, 0) for listed in files}
    if not files or not is_plain(file_format):
        return unsure
    line = pl.col(_LINE)
    within = re.escape(file_format.quote)
    outside = line.str.replace_all(f"{within}[^{within}]*{within}", "") if file_format.quote else line
    is_short = outside.str.count_matches(file_format.delimiter, literal=True) < len(file_format.columns) - 1
    is_short &= line != ""
    if file_format.comment:
        is_short &= ~line.str.starts_with(file_format.comment)
    paths = [listed.absolute for listed in files]
    options = files[0].storage.polars_options(paths[0])
    lines = pl.scan_lines(paths, name=_LINE, row_index_name=_NUMBER, include_file_paths=_PATH, glob=False, **options)
    found = lines.group_by(_PATH).agg(
        rows=is_short.sum(),
        first=pl.col(_NUMBER).filter(is_short).min() - pl.col(_NUMBER).min() + 1,
        is_quoted=line.str.contains(file_format.quote or "\0", literal=True).any(),
    )
    try:
        figures = found.filter(pl.col("rows") > 0).collect(engine="streaming")
    except PolarsError:
        return unsure
    # Rows may span lines where there are quotes; what leads the rows may be as short as it likes.
    lead = file_format.lead_lines + file_format.header
    return {
        path: (rows, 0 if is_quoted or first <= lead else first)
        for path, rows, first, is_quoted in figures.select(_PATH, "rows", "first", "is_quoted").iter_rows()
    }


def short_rows_in(piece: bytes, frame: pl.DataFrame, file_format: FileFormat) -> tuple[int, int]:
    """Return how many rows of a piece of a file are short, and the line of the first within the piece.

    `frame` holds its rows, `file_format` is how the piece is written.
    """
    width = len(file_format.columns)
    if width < 2 or not frame[file_format.columns[-1]].null_count():
        return 0, 0
    delimiter, quote = file_format.delimiter.encode(), file_format.quote.encode()
    header = piece[: piece.find(b"\n")] if file_format.header else b""
    if not (file_format.trailing or file_format.comment or (quote and quote in header)):
        delimiters = piece.count(delimiter) - header.count(delimiter)
        if quote and quote in piece:
            within = pl.all().str.count_matches(file_format.delimiter, literal=True).sum()
            delimiters -= sum(frame.select(within).row(0))
        if delimiters == frame.height * (width - 1):
            return 0, 0
    return _short_rows(io.StringIO(piece.decode(errors="replace"), newline=""), file_format)


def short_rows_of(listed: ListedFile, file_format: FileFormat) -> tuple[int, int]:
    """Return how many rows of a file are short, and the line of the first."""
    with suppress(OSError), csv_text(listed.absolute, file_format, listed.storage) as text:
        return _short_rows(text, file_format)
    return 0, 0


def _short_rows(text: Iterable[str], file_format: FileFormat) -> tuple[int, int]:
    """Return how many rows are short, and the line of the first, as far as the text can be read."""
    rows, first = 0, 0
    with suppress(csv.Error, UnicodeError, EOFError, OSError):
        found = csv_rows(text, file_format)
        if file_format.header:
            next(found, None)
        for line, row in found:
            if len(row) < len(file_format.columns):
                rows, first = rows + 1, first or line
    return rows, first
