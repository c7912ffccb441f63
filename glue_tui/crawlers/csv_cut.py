"""The head of a CSV file cut into rows and cells in one way, and how well that way fits."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass, replace

from glue_tui.catalog.readers.csv_rows import csv_rows
from glue_tui.core.model import Classifier
from glue_tui.core.schema import FileFormat
from glue_tui.crawlers.values import is_text

SAMPLE_ROWS = 200
LEAD_ROWS_MAX = 10
"""Titles and notes before the header fill no more rows than this."""
_TYPED_ROWS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    format: FileFormat
    rows: list[list[str]]
    """From the header on, or from the first row if there is none."""
    width: int
    """Cells that most rows have."""
    evenness: float
    """Share of the rows that have as many; 0 where that is one cell."""
    typed: float
    """Share of the values of the first rows that are not mere text."""
    is_sentence: bool
    """Most cells begin with a space: the delimiter is rather a sign within text."""
    error: str
    """What is wrong with the quotes, if something is."""
    header_lines: int
    """Lines that the first of the rows takes."""
    has_gap_after_lead: bool
    """Comments or blank lines stand between what leads the file and its rows."""
    is_blank_before_rows: bool

    @property
    def rank(self) -> tuple[float, ...]:
        """What makes one way better than another: the higher the better."""
        is_led = self.format.lead_lines > 0 and not self.is_framed
        evenness = self.evenness * (0.8 if is_led else 1.0) * (0.7 if self.is_sentence else 1.0)
        usual = (self.format.quote == '"') + (not self.format.escape) * 0.5
        # Quotes that come out even are quotes, also where the delimiters within them would make more columns.
        return (not self.error, round(evenness, 3), self.format.quote != "", round(self.typed, 1), self.width, usual)

    @property
    def is_framed(self) -> bool:
        """Return whether all rows begin and end with the delimiter, as those of printed lists do."""
        even = [row for row in self.rows if len(row) == self.width]
        return self.width > 2 and not any(row[0].strip() or row[-1].strip() for row in even)

    @property
    def in_words(self) -> str:
        even = sum(len(row) == self.width for row in self.rows)
        return f"{even} of {len(self.rows)} rows into {self.width}" + (f" ({self.error})" if self.error else "")


def cut(text: str, file_format: FileFormat, is_whole: bool, classifier: Classifier) -> Cut:
    """Return the first rows of a text as a format cuts them, what leads them left out (unless it was said)."""
    numbered, error = _first_rows(text, file_format, is_whole)
    widths = Counter(len(row) for _, row in numbered)
    width = max(widths, key=lambda item: (widths[item] * (item > 1 or len(widths) == 1), item)) if widths else 0
    lead = 0
    if classifier.skip_lines is None and width > 1:
        lead = next((place for place, (_, row) in enumerate(numbered) if not _is_title(row, width)), 0)
        lead = lead if lead <= LEAD_ROWS_MAX and len(numbered) > lead + 1 else 0
    first_line = numbered[lead][0] if numbered else 1
    rows = [row for _, row in numbered[lead:]]
    even = sum(len(row) == width for row in rows)
    evenness = even / len(rows) if width > 1 else 0.0
    # A header that is cut otherwise than the rows speaks against a delimiter more than one odd row does.
    if rows and len(rows[0]) != width and not _is_trailing(rows, width):
        evenness /= 2
    cells = [cell for row in rows[1 : 1 + _TYPED_ROWS] for cell in row if cell.strip()]
    behind = [cell for row in rows for cell in row[1:] if cell]
    leading = first_line - 1 if lead else file_format.lead_lines
    return Cut(
        format=replace(file_format, lead_lines=leading),
        rows=rows,
        width=width,
        evenness=evenness,
        typed=sum(not is_text(cell.strip()) for cell in cells) / len(cells) if cells else 0.0,
        is_sentence=not file_format.trim and sum(cell.startswith(" ") for cell in behind) > 0.5 * len(behind),
        error=error,
        header_lines=sum(cell.count("\n") for cell in rows[0]) + 1 if rows else 1,
        has_gap_after_lead=not lead and leading > 0 and first_line != leading + 1,
        is_blank_before_rows=not lead and not leading and not file_format.comment and first_line > 1,
    )


def _is_title(row: list[str], width: int) -> bool:
    """Return whether a row has too few cells for a row of so many, or all but one of its cells are empty."""
    filled = sum(bool(cell.strip()) for cell in row)
    return len(row) <= max(width // 2, 1) or (width > 2 and filled < 2)


def _is_trailing(rows: list[list[str]], width: int) -> bool:
    """Return whether the header names all columns but the empty one behind the last delimiter of the other rows."""
    return len(rows[0]) == width - 1 and all(len(row) < width or not row[-1] for row in rows[1:])


def _first_rows(text: str, file_format: FileFormat, is_whole: bool) -> tuple[list[tuple[int, list[str]]], str]:
    """Return the first rows with their lines, and what is wrong with the quotes."""
    rows: list[tuple[int, list[str]]] = []
    try:
        for item in csv_rows(io.StringIO(text, newline=""), file_format):
            rows.append(item)
            if len(rows) > SAMPLE_ROWS:
                return rows, ""
    except csv.Error as wrong:
        # The head may end within quotes.
        return rows, "" if "nothing closes" in str(wrong) and not is_whole else str(wrong)
    # The last line of a head that was cut off is not whole.
    return rows[:-1] if len(rows) > 1 and not is_whole else rows, ""
