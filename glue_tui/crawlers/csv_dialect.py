"""How a CSV file is written: its delimiter and whether it has a header, from its head."""

from __future__ import annotations

import csv
import io
from collections import Counter

from glue_tui.core.model import Classifier
from glue_tui.core.schema import FileFormat
from glue_tui.crawlers.csv_header import column_names, has_header
from glue_tui.crawlers.head import Head, NoData, Unreadable
from glue_tui.crawlers.names import DATA_EXTENSIONS

SAMPLE_ROWS = 200
EVENNESS_MIN = 0.8
"""Share of the rows that must be cut into the same number of cells, in a file whose name does not say CSV."""

DELIMITERS = (",", "|", "\t", ";", "\x01")
"""Rule CL-4."""


def classify_csv(text: str, extension: str, head: Head, encoding: str, classifier: Classifier) -> FileFormat:
    """Return how to read a CSV file whose head is `text`. Raises Unreadable or NoData if it is none."""
    delimiter, rows, evenness = _split_best(text, head.is_whole, classifier.delimiter)
    width = Counter(map(len, rows)).most_common(1)[0][0]
    if extension not in ("csv", "tsv", "psv") and (width < 2 or evenness < EVENNESS_MIN):
        error = Unreadable if extension in DATA_EXTENSIONS else NoData
        raise error("no delimiter cuts its lines into columns, so it holds no table")
    header = has_header(rows) if classifier.header is None else classifier.header
    cells = rows[0] if header else [f"col{place}" for place in range(width)]
    return FileFormat(
        classification="csv",
        columns=column_names(cells),
        delimiter=delimiter,
        header=header,
        encoding=encoding,
        compression=head.compression,
    )


def _split_best(text: str, is_whole: bool, said: str | None) -> tuple[str, list[list[str]], float]:
    """Return the delimiter that cuts the rows most evenly, the rows of the sample, and the share of even rows."""
    best: tuple[float, int, str, list[list[str]]] = (-1.0, 0, ",", [])
    for delimiter in [said] if said else [item for item in DELIMITERS if item in text] or [","]:
        rows = _rows(text, delimiter, is_whole)
        width, count = Counter(map(len, rows)).most_common(1)[0]
        evenness = count / len(rows) if width > 1 else 0.0
        # A header that is cut otherwise than the rows speaks against a delimiter more than one odd row does.
        if len(rows[0]) != width:
            evenness /= 2
        if (evenness, width) > best[:2]:
            best = (evenness, width, delimiter, rows)
    return best[2], best[3], best[0]


def _rows(text: str, delimiter: str, is_whole: bool) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if row:
                rows.append(row)
            if len(rows) > SAMPLE_ROWS:
                break
    except csv.Error:
        pass
    # The last line of a head that was cut off is not whole.
    return rows[:-1] if len(rows) > 1 and not is_whole and len(rows) <= SAMPLE_ROWS else rows or [[text]]
