"""Rows of CSV files that have fewer values than there are columns: what they lack is null, which a crawl tells."""

from __future__ import annotations

import csv
import re
import time
from collections.abc import Sequence
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
            rows, line = _read_through(listed, file_format)
        if rows:
            notes[listed.absolute] = _note(listed, file_format, rows, line)
    return notes


def _note(listed: ListedFile, file_format: FileFormat, rows: int, line: int) -> str:
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


def _read_through(listed: ListedFile, file_format: FileFormat) -> tuple[int, int]:
    """Return how many rows are short, and the line of the first."""
    rows, first = 0, 0
    with (
        suppress(csv.Error, UnicodeError, EOFError, OSError),
        csv_text(listed.absolute, file_format, listed.storage) as text,
    ):
        found = csv_rows(text, file_format)
        if file_format.header:
            next(found, None)
        for line, row in found:
            if len(row) < len(file_format.columns):
                rows, first = rows + 1, first or line
    return rows, first
