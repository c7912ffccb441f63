"""A large CSV file, counted piece by piece, on several cores: memory holds a few pieces, however large the file is."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

import polars as pl

from glue_tui.catalog.readers.csv_files import TRAILING
from glue_tui.catalog.readers.csv_pieces import csv_pieces, first_line, format_of_piece, scan_piece
from glue_tui.core.schema import FileFormat
from glue_tui.crawlers.csv_counter import Counter, Counts, FileCounts
from glue_tui.crawlers.csv_counts import facts_from, marks_in_form, sums_of
from glue_tui.crawlers.csv_forms import Forms
from glue_tui.crawlers.csv_short import short_rows_in, short_rows_of
from glue_tui.crawlers.facts import ColumnFacts, Place
from glue_tui.crawlers.listing import ListedFile

LARGE_BYTES = 8 * 1024 * 1024
"""Smaller files are read together: of a large one, that would hold far more than a piece in memory."""
THREADS_MAX = 3
"""More would take more memory, and find little work: one thread cuts the file."""

_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class LargeCounts:
    counts: FileCounts | None = None
    """None: there is not one row."""
    short_rows: int = 0
    """Rows with fewer values than there are columns …"""
    short_line: int = 0
    """… and the line of the first of them."""


def is_large(listed: ListedFile) -> bool:
    return listed.size_bytes >= LARGE_BYTES


def count_large(listed: ListedFile, file_format: FileFormat) -> LargeCounts:
    """Return what a file holds. Raises what reading it raises."""
    trailing = TRAILING if file_format.trailing else ""

    def count(number: int, piece: bytes) -> tuple[LargeCounts, int]:
        frame = _rows(number, piece, file_format).collect(engine="streaming")
        if not frame.height:
            return LargeCounts(), 0
        (counts,) = Counter(file_format.columns, dict(file_format.forms), trailing).count(frame, [frame.height])
        short_rows, short_line = short_rows_in(piece, frame, format_of_piece(file_format, number))
        return LargeCounts(counts=counts, short_rows=short_rows, short_line=short_line), frame.height

    counts: FileCounts | None = None
    short_rows = short_line = 0
    for place, some in _of_pieces(listed, file_format, count):
        if some.counts:
            counts = counts.plus(some.counts, place) if counts else some.counts
        if some.short_rows and not short_rows:
            short_line = place.line + some.short_line - 1
        short_rows += some.short_rows
    if short_rows and file_format.rewritten:
        short_rows, short_line = short_rows_of(listed, file_format)
    return LargeCounts(counts=counts, short_rows=short_rows, short_line=short_line)


def count_large_in_forms(
    listed: ListedFile, file_format: FileFormat, forms: Forms, facts: Mapping[str, ColumnFacts]
) -> dict[str, ColumnFacts]:
    """Return the facts of columns, those that could be written in other forms counted in each of them, too.

    Raises what reading the file raises.
    """
    asked = [(name, form) for name, some in forms.items() for form in some]
    marks = [
        mark for number, (name, form) in enumerate(asked) for mark in marks_in_form(str(number), pl.col(name), form)
    ]

    def count(number: int, piece: bytes) -> tuple[list[Counts], int]:
        marked = _rows(number, piece, file_format).select(*marks)
        row = marked.select(*sums_of(marks), rows=pl.len()).collect(engine="streaming").row(0, named=True)
        return [Counts(facts_from(row, str(number), form)) for number, (_, form) in enumerate(asked)], row["rows"]

    found: list[Counts] = []
    for place, some in _of_pieces(listed, file_format, count):
        found = [one.plus(other, place) for one, other in zip(found, some, strict=True)] if found else some
    others = iter([counts.facts for counts in found])
    return dict(facts) | {
        name: replace(facts[name], others=tuple(next(others) for _ in some)) for name, some in forms.items()
    }


def _rows(number: int, piece: bytes, file_format: FileFormat) -> pl.LazyFrame:
    schema = {name: pl.String() for name in file_format.columns}
    if file_format.trailing:
        schema[TRAILING] = pl.String()
    return scan_piece(piece, number, file_format, schema)


def _of_pieces(
    listed: ListedFile, file_format: FileFormat, work: Callable[[int, bytes], tuple[_Found, int]]
) -> Iterator[tuple[Place, _Found]]:
    """Yield what `work` makes of each piece and where the piece begins, in their order; `work` tells its rows, too."""
    threads = min(pl.thread_pool_size(), THREADS_MAX)
    waiting: deque[Future[tuple[_Found, int, int]]] = deque()
    place = Place(0, first_line(file_format))

    def worked(number: int, piece: bytes) -> tuple[_Found, int, int]:
        found, rows = work(number, piece)
        return found, len(piece), _lines(piece, format_of_piece(file_format, number), rows)

    with ThreadPoolExecutor(threads) as pool:
        pieces = enumerate(csv_pieces(listed.absolute, file_format, listed.storage))
        while True:
            for number, piece in pieces:
                waiting.append(pool.submit(worked, number, piece))
                if len(waiting) > threads:
                    break
            if not waiting:
                return
            found, size_bytes, lines = waiting.popleft().result()
            yield place, found
            place = Place(place.offset_bytes + size_bytes, place.line + lines)


def _lines(piece: bytes, file_format: FileFormat, rows: int) -> int:
    """Return how many lines a piece has; most often that is known by its rows."""
    quote = file_format.quote.encode()
    if file_format.comment or (quote and quote in piece) or len(file_format.columns) < 2:
        return piece.count(b"\n")
    return rows + file_format.header
