"""Where in a large CSV file the first value is that is not of a type: only the piece that is known to hold it is looked
through in plain Python.
"""

from __future__ import annotations

import csv
import io

from glue_tui.catalog.readers.csv_pieces import csv_pieces, format_of_piece
from glue_tui.catalog.readers.csv_rows import csv_rows
from glue_tui.crawlers.facts import CrawledFile
from glue_tui.crawlers.values import fits


def first_misfit_far_in(file: CrawledFile, column: str, kind: str) -> tuple[int, str] | None:
    """Return line and value of the first value that is not of type `kind`, behind what is known to hold none.

    None where nothing is known so, or where the rows that were read do not tell their lines.
    """
    file_format, listed, facts = file.format, file.listed, file.facts[column]
    start = facts.sure_until_misfit(kind)
    if start is None or file_format.rewritten:
        return None
    line, cell = start.line, file_format.columns.index(column)
    try:
        for piece in csv_pieces(listed.absolute, file_format, listed.storage, start.offset_bytes):
            text = io.StringIO(piece.decode(errors="replace"), newline="")
            for line_within, row in csv_rows(text, format_of_piece(file_format, 1)):
                value = row[cell] if cell < len(row) else ""
                if value and value not in file_format.nulls and not fits(value, kind, facts.form):
                    return line + line_within - 1, value
            line += piece.count(b"\n")
    except (csv.Error, UnicodeError, OSError):
        pass  # the file changed since it was read
    return None
