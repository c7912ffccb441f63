"""Which lines of a CSV file are no rows: comments that begin with `#`, and lines that are drawn between rows."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from glue_tui.catalog.readers.csv_rows import csv_rows
from glue_tui.core.schema import FileFormat
from glue_tui.crawlers.csv_cut import SAMPLE_ROWS
from glue_tui.crawlers.csv_header import header_of
from glue_tui.crawlers.values import is_text

MARK = "#"
_PROSE = re.compile(r"#\s*$|# ")
_DRAWN = re.compile(r"[-=+| ]*(?:-{5}|={5})[-=+| ]*")
_ROWS_IN_DOUBT = 'lines that begin with # are rows, though some may be comments: say comment = "" or comment = "#"'
_COMMENTS_IN_DOUBT = (
    'lines that begin with # are comments, though some look like rows: say comment = "" or comment = "#"'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comments:
    are_there: bool = False
    doubts: tuple[str, ...] = ()


def comments_of(text: str, formats: Sequence[FileFormat], is_whole: bool) -> Comments:
    """Return whether the lines that begin with `#` are comments. A line that cuts like the others is a row.

    `formats` are the best ways to cut the text: with such lines as rows, and as comments.
    """
    for file_format in formats:
        rows = _rows(text, file_format, is_whole)
        others = [row for row in rows if not _is_marked(row)]
        width = _usual_width(others)
        if width > 1:
            break
    marked = [row for row in rows if _is_marked(row)]
    if not others:
        return Comments(are_there=any(_PROSE.match(row[0]) for row in marked))
    if width == 1:
        alike = [not _PROSE.match(row[0]) for row in marked]
        return _judged(alike, is_sure=len(marked) > len(others))
    typed = [place for place in range(width) if _is_typed(others, place)]
    lead = next(place for place, row in enumerate(rows) if not _is_marked(row))
    # The first may be a header that begins with the mark, with other values than the rows below.
    alike = [len(row) == width and (place == 0 < lead or _fits(row, typed)) for place, row in enumerate(marked)]
    header = header_of([row for row in others if len(row) == width], None)
    if header.is_there and not header.doubts:
        # Above a header there is no other, nor rows.
        alike[:lead] = [False] * lead
    # Rows whose first cell is of another type than all others look like rows that somebody took out.
    are_taken_out = 0 in typed and any(alike[lead:])
    if are_taken_out and not any(alike[:lead]) and len(marked) < len(others):
        return Comments(are_there=True, doubts=(_COMMENTS_IN_DOUBT,))
    is_prose = any(_PROSE.match(row[0]) for row in marked[1 if lead else 0 :])
    return _judged(alike, is_sure=all(alike) and not is_prose and not are_taken_out)


def drawn_line_mark(text: str) -> str:
    """Return how lines of dashes begin that are drawn between rows; nothing if there are none, or rows begin so."""
    lines = text.splitlines()[:SAMPLE_ROWS]
    mark = next((line[:3] for line in lines if _DRAWN.fullmatch(line)), "")
    is_mark = bool(mark.strip()) and all(_DRAWN.fullmatch(line) for line in lines if line.startswith(mark))
    return mark if is_mark else ""


def _judged(alike: Sequence[bool], *, is_sure: bool) -> Comments:
    """Return what is to be made of lines of which each looks like a row, or not."""
    if not any(alike):
        return Comments(are_there=True)
    if sum(alike) * 2 < len(alike):
        return Comments(are_there=True, doubts=(_COMMENTS_IN_DOUBT,))
    return Comments(doubts=() if is_sure else (_ROWS_IN_DOUBT,))


def _rows(text: str, file_format: FileFormat, is_whole: bool) -> list[list[str]]:
    """Return the first rows, those with the mark too; the last of a head that was cut off is left out."""
    rows: list[list[str]] = []
    plain = replace(file_format, comment="", lead_lines=0)
    # What stands before a quote that nothing closes is enough.
    with suppress(csv.Error):
        for _, row in csv_rows(io.StringIO(text, newline=""), plain):
            rows.append(row)
            if len(rows) == SAMPLE_ROWS:
                return rows
    return rows if is_whole else rows[:-1]


def _is_marked(row: Sequence[str]) -> bool:
    return row[0].startswith(MARK)


def _usual_width(rows: Sequence[Sequence[str]]) -> int:
    """Return how many cells most rows have, those with one only if there are no others."""
    widths = Counter(map(len, rows))
    return max(widths, default=0, key=lambda item: (widths[item] * (item > 1 or len(widths) == 1), item))


def _is_typed(rows: Sequence[Sequence[str]], place: int) -> bool:
    """Return whether a column holds nothing but numbers, dates and the like below the first row."""
    values = [row[place].strip() for row in rows[1:] if place < len(row) and row[place].strip()]
    return bool(values) and not any(map(is_text, values))


def _fits(row: Sequence[str], typed: Sequence[int]) -> bool:
    """Return whether a row has no text in columns where others have none; the cell with the mark aside."""
    return not any(place and row[place].strip() and is_text(row[place].strip()) for place in typed)
