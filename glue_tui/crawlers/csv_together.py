"""Small CSV files that are written alike: one is classified in full, all are read in one go and compared with it.

A file is written like another if nothing in it could have decided otherwise: the same header, every row cut into as
many cells, no sign of another quoting, encoding or delimiter. A file about which that is not sure is classified.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
from polars.exceptions import PolarsError

from glue_tui.core.schema import FileFormat
from glue_tui.crawlers.csv_counter import Counter, FileCounts
from glue_tui.crawlers.csv_dialect import DELIMITERS
from glue_tui.crawlers.csv_footer import is_footer
from glue_tui.crawlers.values import NARROW_TYPES

LAST_LINE_BYTES = 80
"""So much of it tells whether it is a sum or a note."""
HALVED_MIN = 32
"""So few files that can't be read together are read one by one."""


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


def count_together(contents: Sequence[bytes], pattern: Pattern) -> list[FileCounts | None]:
    """Return what whole files hold that begin with the pattern's first line; None for one that may be otherwise.

    Such a file has to be classified and read for itself.
    """
    start = len(first_line(contents[0])) if contents else 0
    bodies = [_body(content, start) for content in contents]
    rows = [body.count(b"\n") for body in bodies]
    found: list[FileCounts | None] = [None] * len(bodies)
    filled = [place for place, count in enumerate(rows) if count]
    if not filled:
        return found
    text = b"".join(bodies)
    rows = [rows[place] for place in filled]
    frame = _parsed(text, pattern)
    if frame is None or frame.height != sum(rows):
        if len(contents) <= HALVED_MIN:
            return found
        middle = len(contents) // 2
        return count_together(contents[:middle], pattern) + count_together(contents[middle:], pattern)
    file_format = pattern.format
    counter = Counter(file_format.columns, dict(file_format.forms), is_keeping_texts=True)
    counted = counter.count(frame, rows)
    doubtful = _doubtful(text, [contents[place] for place in filled], counted, counter.texts, pattern)
    for number, (place, counts) in enumerate(zip(filled, counted, strict=True)):
        if number not in doubtful and not counts.empty and _has_types(counts):
            found[place] = counts
    return found


def _doubtful(
    text: bytes,
    contents: Sequence[bytes],
    counted: Sequence[FileCounts],
    texts: Sequence[tuple[pl.Series, pl.Series]],
    pattern: Pattern,
) -> set[int]:
    """Return the numbers of the files that may be written otherwise: by odd values, or signs where none should be.

    `text` is all that stands below the headers.
    """
    doubtful: set[int] = set()
    within: dict[int, int] = {}
    if texts:
        frame = pl.DataFrame(
            {"value": pl.concat([some for some, _ in texts]), "file": pl.concat([of for _, of in texts])}
        )
        doubtful.update(frame.filter(pl.col("value").str.contains(pattern.odd_value))["file"].unique())
        within = _delimiters_within(frame, pattern) if b'"' in text else {}
    between = len(pattern.format.columns) - 1
    rows = sum(counts.rows for counts in counted)
    # No row has more delimiters than it should: if none is missing in all of the text, none is in any file.
    if pattern.format.nulls or text.count(pattern.delimiter) != rows * between + sum(within.values()):
        doubtful.update(
            number
            for number, (content, counts) in enumerate(zip(contents, counted, strict=True))
            if content.count(pattern.delimiter) != (counts.rows + 1) * between + within.get(number, 0)
        )
    doubtful.update(
        number for number, content in enumerate(contents) if is_footer(_last_line(content), pattern.format.delimiter)
    )
    if b"\0" in text:
        doubtful.update(number for number, content in enumerate(contents) if b"\0" in content)
    if b"\r" in text:
        doubtful.update(
            number for number, content in enumerate(contents) if content.count(b"\r") != content.count(b"\r\n")
        )
    return doubtful


def _delimiters_within(frame: pl.DataFrame, pattern: Pattern) -> dict[int, int]:
    """Return how many delimiters the values of files hold, by the number of the file."""
    found = pl.col("value").str.count_matches(pattern.delimiter.decode(), literal=True)
    return dict(frame.group_by("file").agg(found.sum()).filter(pl.col("value") > 0).iter_rows())


def _has_types(counts: FileCounts) -> bool:
    """Return whether a column holds other values than text: that says that the file has a header, too."""
    return any(
        item.facts.values and item.facts.values in item.facts.fits[: len(NARROW_TYPES)] for item in counts.columns
    )


def _last_line(content: bytes) -> str:
    return content[content.rfind(b"\n", 0, -1) + 1 :][:LAST_LINE_BYTES].decode(errors="replace")


def _body(content: bytes, start: int) -> bytes:
    body = content[start:]
    return body if body.endswith(b"\n") or not body else body + b"\n"


def _parsed(text: bytes, pattern: Pattern) -> pl.DataFrame | None:
    file_format = pattern.format
    try:
        return pl.scan_csv(
            b"\n" + text,  # which may begin as packed files do
            has_header=False,
            skip_lines=1,
            separator=file_format.delimiter,
            null_values=list(file_format.nulls) or None,
            schema={name: pl.String() for name in file_format.columns},
            glob=False,
        ).collect()
    except PolarsError:
        return None
