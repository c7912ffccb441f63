"""CSV: every delimiter with every way to quote, line ends, encodings and compressions, one small table."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import date

from tests.corpus.case import Case, Truth, one_file

COLUMNS = {"id": "bigint", "town": "string", "price": "double", "day": "date"}
ROWS: list[tuple[object, ...]] = [
    (1, "Orléans", 2.5, date(2025, 3, 1)),
    (2, 'the "old" town', -10.25, date(2025, 12, 31)),
    (3, None, 0.5, None),
    (4, "Köln, Bonn; Ulm", 100.0, date(2024, 2, 29)),
]
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "ctrl_a": "\x01"}
LINE_ENDS = {"lf": "\n", "crlf": "\r\n", "cr": "\r"}


def csv_basics() -> Iterator[Case]:
    for delimiter_name, delimiter in DELIMITERS.items():
        for end_name, line_end in LINE_ENDS.items():
            yield one_file(f"csv_{delimiter_name}_{end_name}", written(delimiter, line_end), truth(delimiter))
    text = written(";", "\n")
    for encoding in ("utf-8-sig", "utf-16", "cp1252"):
        yield one_file(f"csv_{encoding.replace('-', '_')}", text.encode(encoding), truth(";"))
    yield Case(name="csv_gzip", files={"data.csv.gz": gzip.compress(text.encode())}, truth=truth(";"))


def truth(delimiter: str) -> Truth:
    return Truth(delimiter=delimiter, header=True, columns=COLUMNS, rows=ROWS)


def written(delimiter: str, line_end: str) -> str:
    """Return the table as CSV, quoted where it must be."""
    lines = [list(COLUMNS), *(["" if value is None else str(value) for value in row] for row in ROWS)]
    return "".join(delimiter.join(_quoted(cell, delimiter) for cell in line) + line_end for line in lines)


def _quoted(cell: str, delimiter: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if delimiter in cell or '"' in cell else cell
