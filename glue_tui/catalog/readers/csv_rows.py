"""The rows of a CSV file in plain Python, for every dialect: slow, but line by line, and it says where it stands."""

from __future__ import annotations

import codecs
import csv
import io
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from glue_tui.catalog.places import LOCAL, Storage
from glue_tui.catalog.readers.unpacked import unpacked
from glue_tui.core.schema import FileFormat

VALUE_CHARACTERS_MAX = 64 * 1024 * 1024
"""A value that is longer has a quote that nothing closes: all that follows would be held in memory."""

csv.field_size_limit(VALUE_CHARACTERS_MAX)  # the module's own limit of 128 KiB is no limit of CSV


@contextmanager
def csv_text(path: str, file_format: FileFormat, storage: Storage = LOCAL) -> Iterator[io.TextIOWrapper]:
    """Open a file as text, unpacked and decoded, its line ends as they are."""
    errors = "replace" if file_format.encoding == "utf8-lossy" else "strict"
    with (
        unpacked(path, file_format.compression, storage) as raw,
        io.TextIOWrapper(raw, encoding=python_encoding(file_format.encoding), errors=errors, newline="") as text,
    ):
        yield text


def python_encoding(encoding: str) -> str:
    """Return the codec that reads a file of this encoding: one that passes over a byte order mark."""
    if encoding == "utf8-lossy":
        return "utf-8-sig"
    name = codecs.lookup(encoding).name
    return "utf-8-sig" if name == "utf-8" else name


def csv_rows(lines: Iterable[str], file_format: FileFormat) -> Iterator[tuple[int, list[str]]]:
    """Yield each row, the header too, with the number of the line on which it begins (the first is 1).

    Lines before the header, comments, blank lines and the footer are passed over, as is what frames rows before their
    first cell; no row is filled up or cut. Raises csv.Error for a quote that nothing ends, or that something follows,
    and for a value before the first cell.
    """
    rows = _rows_as_written(lines, file_format)
    return _rows_within(rows, file_format) if file_format.leading or file_format.footer_lines else rows


def _rows_within(rows: Iterable[tuple[int, list[str]]], file_format: FileFormat) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows without the footer, and without what frames them before their first cell."""
    held: deque[tuple[int, list[str]]] = deque()
    for item in rows:
        held.append(item)
        if len(held) <= file_format.footer_lines:
            continue
        line, row = held.popleft()
        if file_format.leading and row[0].strip():
            raise csv.Error(f"line {line}: {row[0]!r} stands before the first delimiter, where other rows have nothing")
        yield line, row[1:] if file_format.leading else row


def _rows_as_written(lines: Iterable[str], file_format: FileFormat) -> Iterator[tuple[int, list[str]]]:
    place = _Place()
    reader = csv.reader(
        _data_lines(lines, file_format, place),
        delimiter=file_format.delimiter,
        quotechar=file_format.quote or None,
        quoting=csv.QUOTE_MINIMAL if file_format.quote else csv.QUOTE_NONE,
        escapechar=file_format.escape or None,
        skipinitialspace=file_format.trim,
        strict=True,
    )
    try:
        for row in reader:
            place.is_between = True
            if row and (len(row) > 1 or row[0].strip() or not place.is_blank):
                yield place.first, [cell.strip() for cell in row] if file_format.trim else row
    except csv.Error as error:
        raise csv.Error(f"line {place.first}: {_in_words(error)}") from None


class _Place:
    """Where the reader of rows stands."""

    def __init__(self) -> None:
        self.first = 0
        """The line on which the row begins."""
        self.is_between = True
        """The next line begins a row: none is half read."""
        self.is_blank = False


def _data_lines(lines: Iterable[str], file_format: FileFormat, place: _Place) -> Iterator[str]:
    for number, line in enumerate(lines, start=1):
        if number <= file_format.lead_lines:
            continue
        if place.is_between:
            if file_format.comment and line.startswith(file_format.comment):
                continue
            place.first, place.is_between, place.is_blank = number, False, not line.strip()
        yield line


def _in_words(error: csv.Error) -> str:
    if "unexpected end of data" in str(error) or "larger than field limit" in str(error):
        return 'a quote is opened that nothing closes (quote = "" in the classifier: quotes mean nothing)'
    if "expected after" in str(error):
        return 'something follows a closing quote (quote = "" in the classifier: quotes mean nothing)'
    return str(error)
