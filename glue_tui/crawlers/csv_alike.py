"""Small CSV files that are written alike: one is classified in full, others with its first line only compared. Pure.

A file is written like another if nothing in it could have decided otherwise: the same header, every row cut into as
many cells, no sign of another quoting, encoding or delimiter. A file about which that is not sure is classified.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from glue_tui.core.schema import FileFormat
from glue_tui.crawlers.csv_dialect import DELIMITERS


@dataclass(frozen=True, slots=True)
class Pattern:
    """A file that was classified in full, and that others may be like."""

    format: FileFormat
    delimiter: bytes
    odd_value: str
    """The regular expression of values that could mean that a file is written otherwise, after all."""


def first_line(content: bytes) -> bytes:
    """Return a file's first line, with its end; all of it if it has no second."""
    return content[: content.find(b"\n") + 1] or content


def pattern_of(content: bytes, file_format: FileFormat) -> Pattern | None:
    """Return a classified file as a pattern for others; None if there is anything special about it."""
    line = first_line(content)
    plain = FileFormat(
        classification="csv",
        columns=file_format.columns,
        delimiter=file_format.delimiter,
        decimal=file_format.decimal,
        day_first=file_format.day_first,
        nulls=file_format.nulls,
        forms=file_format.forms,
        header_names=file_format.header_names,
    )
    delimiter = file_format.delimiter.encode()
    others = [item for item in DELIMITERS if item != file_format.delimiter]
    cells = line.rstrip(b"\r\n").split(delimiter)
    if (
        file_format != plain
        or len(cells) != len(file_format.columns)
        or len(cells) < 2
        or not all(cell and cell == cell.strip() for cell in cells)
        or any(sign in line for sign in (b'"', b"'", b"\\", *(item.encode() for item in others)))
        or line.startswith((b"#", b"\xef\xbb\xbf"))
        or b"\r" in line.removesuffix(b"\r\n")
    ):
        return None
    ends = re.escape("".join(others))
    return Pattern(file_format, delimiter, rf"[\"\\]|^[\s'#]|[\s{ends}]$")


def is_like(content: bytes, pattern: Pattern, *, rows: int, inner_delimiters: int) -> bool:
    """Return whether a whole file with the pattern's first line is surely written like it.

    `rows` are those that it has if it is, with `inner_delimiters` within their values, none of which is an odd one.
    """
    lines = content.count(b"\n") + (not content.endswith(b"\n"))
    return (
        rows == lines - 1
        and content.count(pattern.delimiter) == lines * (len(pattern.format.columns) - 1) + inner_delimiters
        and b"\0" not in content
        and (b"\r" not in content or content.count(b"\r") == content.count(b"\r\n"))
    )
