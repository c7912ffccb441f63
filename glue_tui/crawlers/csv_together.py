"""Small CSV files that are written alike, read in one go: joined to one text, which polars parses once."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from polars.exceptions import PolarsError

from glue_tui.crawlers.csv_alike import Pattern, first_line, is_like
from glue_tui.crawlers.csv_sorts import FILE, Counter, FileCounts
from glue_tui.crawlers.values import NARROW_TYPES

HALVED_MIN = 32
"""So few files that can't be read together are read one by one."""


def count_together(contents: Sequence[bytes], pattern: Pattern) -> list[FileCounts | None]:
    """Return what whole files hold that begin with the pattern's first line; None for one that may be otherwise.

    Such a file has to be classified and read for itself.
    """
    bodies = [_body(content) for content in contents]
    rows = [body.count(b"\n") for body in bodies]
    frame = _parsed(b"".join(bodies), pattern) if any(rows) else None
    if frame is None or frame.height != sum(rows):
        if len(contents) <= HALVED_MIN:
            return [None] * len(contents)
        middle = len(contents) // 2
        return count_together(contents[:middle], pattern) + count_together(contents[middle:], pattern)
    numbers = pl.Series(FILE, list(range(len(rows))), dtype=pl.UInt32)
    of_rows = numbers.to_frame().select(pl.col(FILE).repeat_by(pl.Series(rows)).explode(empty_as_null=False))
    file_format = pattern.format
    counter = Counter(
        file_format.columns,
        dict(file_format.forms),
        odd_value=pattern.odd_value,
        delimiter=file_format.delimiter,
    )
    counts = counter.count(frame.hstack(of_rows))
    return [
        found if (found := counts.get(number)) and _is_sure(content, pattern, found) else None
        for number, content in enumerate(contents)
    ]


def _body(content: bytes) -> bytes:
    body = content[len(first_line(content)) :]
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
        ).collect()
    except PolarsError:
        return None


def _is_sure(content: bytes, pattern: Pattern, found: FileCounts) -> bool:
    """Return whether a file is like the pattern. A column of other values than text says that it has a header, too."""
    return (
        not found.odd
        and not found.empty
        and is_like(content, pattern, rows=found.rows, inner_delimiters=found.inner_delimiters)
        and any(
            item.facts.values and item.facts.values in item.facts.fits[: len(NARROW_TYPES)] for item in found.columns
        )
    )
