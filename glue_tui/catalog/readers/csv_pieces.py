"""A large CSV file in pieces of some MiB that end where rows end: read so, memory does not grow with the file.

The pieces are text in UTF-8, unpacked; of an odd dialect they are plain CSV. Each is parsed by polars by itself.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice

import polars as pl

from glue_tui.catalog.places import LOCAL, Storage
from glue_tui.catalog.readers.csv_rows import VALUE_CHARACTERS_MAX, csv_rows, csv_text, python_encoding
from glue_tui.catalog.readers.unpacked import unpacked
from glue_tui.core.schema import FileFormat

PIECE_BYTES = 6 * 1024 * 1024
ROW_BYTES_MAX = VALUE_CHARACTERS_MAX
"""A row that is longer has a quote that nothing closes."""
_UTF8 = ("utf8", "utf8-lossy")
_LOOK_PACKED = (b"x", b"\x1f", b"(")
"""First letters of what polars takes for packed."""
_ROWS_WRITTEN = 2000
"""So many rows of an odd dialect are written at a time."""


def csv_pieces(path: str, file_format: FileFormat, storage: Storage = LOCAL, start_bytes: int = 0) -> Iterator[bytes]:
    """Yield the text of a file from its header on, what leads it left out; or from where a later row begins.

    `start_bytes` counts what earlier pieces held. Raises OSError, UnicodeError or csv.Error where it can't be read.
    """
    if file_format.rewritten:
        yield from plain_rows(path, file_format, storage)
        return
    if start_bytes and file_format.encoding in _UTF8 and not (file_format.compression or file_format.lead_lines):
        texts = _from_byte(path, storage, start_bytes)
    else:
        texts = _without_lines(_as_utf8(path, file_format, storage), _lines_left_out(file_format))
        texts = _without_bytes(texts, start_bytes)
    yield from _cut_at_rows(texts, file_format.quote.encode(), file_format.comment.encode())


def first_line(file_format: FileFormat) -> int:
    """Return the number of the line with which the first piece begins."""
    return 1 + _lines_left_out(file_format)


def format_of_piece(file_format: FileFormat, number: int) -> FileFormat:
    """Return how a piece is written; the first has number 0. Only that one can have a header."""
    if file_format.rewritten:
        return plain_format(file_format)
    has_header = file_format.header and number == 0 and not file_format.lead_lines
    encoding = file_format.encoding if file_format.encoding == "utf8-lossy" else "utf8"
    return replace(file_format, header=has_header, lead_lines=0, encoding=encoding, compression="")


def scan_piece(piece: bytes, number: int, file_format: FileFormat, schema: Mapping[str, pl.DataType]) -> pl.LazyFrame:
    """Return all rows of a piece: blank lines as rows of nulls, what trails the rows as the schema names it."""
    plain = format_of_piece(file_format, number)
    # A row may begin as packed files do: then it is not the first line.
    is_shifted = not plain.header and piece.startswith(_LOOK_PACKED)
    if plain.comment and not piece.endswith(b"\n"):
        # polars takes the second letter of a line without end for its first when it looks for comments.
        piece += b"\n"
    return pl.scan_csv(
        b"\n" + piece if is_shifted else piece,
        has_header=False,
        skip_lines=int(is_shifted),
        skip_rows=int(plain.header),
        separator=plain.delimiter,
        quote_char=plain.quote or None,
        comment_prefix=plain.comment or None,
        null_values=list(plain.nulls) or None,
        encoding="utf8-lossy" if plain.encoding == "utf8-lossy" else "utf8",
        schema=dict(schema),
        missing_columns="insert",
        glob=False,
    )


def plain_rows(path: str, file_format: FileFormat, storage: Storage = LOCAL) -> Iterator[bytes]:
    """Yield the rows of a file of any dialect, its header left out, as plain CSV in pieces."""
    with csv_text(path, file_format, storage) as text:
        rows = csv_rows(text, file_format)
        if file_format.header:
            next(rows, None)
        written = io.StringIO()
        writer = csv.writer(written, lineterminator="\n")
        while some := [row for _, row in islice(rows, _ROWS_WRITTEN)]:
            writer.writerows(some)
            if written.tell() >= PIECE_BYTES:
                yield written.getvalue().encode()
                written.seek(0)
                written.truncate()
        if written.tell():
            yield written.getvalue().encode()


def plain_format(file_format: FileFormat) -> FileFormat:
    """Return how the rows of a file are written that were rewritten as plain CSV."""
    plain = FileFormat(classification="csv", columns=file_format.columns, header=False)
    return replace(plain, nulls=file_format.nulls, trailing=file_format.trailing)


def _lines_left_out(file_format: FileFormat) -> int:
    """Return how many lines come before the first piece: what leads the file, then with its header."""
    return file_format.lead_lines + file_format.header if file_format.lead_lines else 0


def _as_utf8(path: str, file_format: FileFormat, storage: Storage) -> Iterator[bytes]:
    """Yield a file's text, some MiB at a time, without a byte order mark."""
    with unpacked(path, file_format.compression, storage) as file:
        if file_format.encoding in _UTF8:
            yield file.read(PIECE_BYTES).removeprefix(codecs.BOM_UTF8)
            while some := file.read(PIECE_BYTES):
                yield some
            return
        decoder = codecs.getincrementaldecoder(python_encoding(file_format.encoding))()
        while some := file.read(PIECE_BYTES):
            yield decoder.decode(some).encode()
        yield decoder.decode(b"", final=True).encode()


def _from_byte(path: str, storage: Storage, start_bytes: int) -> Iterator[bytes]:
    """Yield the text of a file that lies there as it is read, from a byte on; a byte order mark does not count."""
    with storage.open(path) as file:
        mark = len(codecs.BOM_UTF8) if file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8 else 0
        file.seek(mark + start_bytes)
        while some := file.read(PIECE_BYTES):
            yield some


def _without_bytes(texts: Iterable[bytes], left_out: int) -> Iterator[bytes]:
    for text in texts:
        if left_out < len(text):
            yield text[left_out:] if left_out else text
        left_out = max(left_out - len(text), 0)


def _without_lines(texts: Iterable[bytes], lines: int) -> Iterator[bytes]:
    for text in texts:
        start = 0
        while lines and (end := text.find(b"\n", start) + 1):
            lines, start = lines - 1, end
        if not lines:
            yield text[start:] if start else text


def _cut_at_rows(texts: Iterable[bytes], quote: bytes, comment: bytes) -> Iterator[bytes]:
    rest = b""
    for text in texts:
        if quote and (quote in text or quote in rest):
            whole = rest + text
            end = _end_of_rows(whole, quote, comment)
            piece, rest = whole[:end], whole[end:]
        else:
            end = text.rfind(b"\n") + 1
            piece = b"".join((rest, memoryview(text)[:end])) if end else b""
            rest = text[end:] if end else rest + text
        if piece:
            yield piece
        elif len(rest) > ROW_BYTES_MAX:
            raise csv.Error("a quote is opened that nothing closes")
    if rest:
        yield rest


def _end_of_rows(text: bytes, quote: bytes, comment: bytes) -> int:
    """Return where the last row ends that is whole in a text with quotes that begins with a row; 0 if there is none.

    A line's end is a row's where the quotes before it are even. polars cuts files so, too, and finds out where that is
    wrong: for quotes within values that are in no quotes.
    """
    if comment:
        return _end_of_rows_by_line(text, quote, comment)
    end = text.rfind(b"\n") + 1
    is_within = text.count(quote, 0, end) % 2
    while is_within:
        opened = text.rfind(quote, 0, end)
        before = text.rfind(b"\n", 0, opened) + 1
        is_within ^= text.count(quote, before, end) % 2
        end = before
    return end


def _end_of_rows_by_line(text: bytes, quote: bytes, comment: bytes) -> int:
    """The same where quotes in comments mean nothing."""
    end = at = is_within = 0
    for line in io.BytesIO(text):
        at += len(line)
        if is_within or not line.startswith(comment):
            is_within ^= line.count(quote) % 2
        if not is_within and line.endswith(b"\n"):
            end = at
    return end
