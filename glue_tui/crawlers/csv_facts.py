"""What CSV files hold: their rows, and for each column how many values are of which type, after reading all of it."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl
from msgspec import structs
from polars.exceptions import PolarsError

from glue_tui.catalog.readers.csv_files import TRAILING, scan_csv_whole
from glue_tui.core.schema import FileFormat
from glue_tui.crawlers.csv_counter import Counter, FileCounts
from glue_tui.crawlers.csv_forms import Forms, other_forms, with_other_forms
from glue_tui.crawlers.csv_large import count_large, count_large_in_forms, is_large
from glue_tui.crawlers.csv_short import short_row_notes, short_rows_note
from glue_tui.crawlers.csv_together import CountedFile
from glue_tui.crawlers.encodings import encoding_of_file
from glue_tui.crawlers.evidence import blank_line_count, ragged_row
from glue_tui.crawlers.facts import ColumnFacts, CrawledFile, Found, broken
from glue_tui.crawlers.listing import ListedFile

PATH = "__glue_tui_path"
BATCH_ROWS = 50_000
"""Rows that are held at a time: more are hardly faster, and take memory."""
_BROKEN = (PolarsError, OSError, EOFError, UnicodeError, csv.Error)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """What one pass learnt of one file."""

    rows: int
    empty: int
    """Rows without any value: blank lines, or rows of nothing but delimiters."""
    trailing: int
    """Rows with something after the delimiter that ends them."""
    facts: dict[str, ColumnFacts]
    forms: Forms
    """Other forms in which columns could be written."""
    short_rows: int = 0
    """Of a large file, rows with fewer values than there are columns …"""
    short_line: int = 0
    """… and the line of the first of them."""


def read_csv(files: Sequence[ListedFile], file_format: FileFormat) -> list[Found]:
    """Read files of one format: large ones one by one, the others in one scan; one that breaks it is found by halving
    and reported."""
    if len(files) > 1 and (large := [listed for listed in files if is_large(listed)]):
        small = [listed for listed in files if not is_large(listed)]
        alone = [found for listed in large for found in read_csv([listed], file_format)]
        return [*(read_csv(small, file_format) if small else ()), *alone]
    try:
        readings = _read(files, file_format)
        found = [
            *_straight(files, file_format, readings),
            *(found for listed in files for found in _odd(listed, file_format, readings[listed.absolute])),
        ]
        return _with_notes(found, file_format)
    except _BROKEN as error:
        if len(files) > 1:
            middle = len(files) // 2
            return [*read_csv(files[:middle], file_format), *read_csv(files[middle:], file_format)]
        return _read_otherwise(files[0], file_format, error)


def _with_notes(found: Sequence[Found], file_format: FileFormat) -> list[Found]:
    """Return files with what is to be told of their short rows: which a file can have only if its last column lacks
    values. Of large files that is known already."""
    files = [one for one in found if isinstance(one, CrawledFile) and one.rows and not one.notes]
    last = file_format.columns[-1]
    lacking = [one.listed for one in files if one.facts[last].values < one.rows and not is_large(one.listed)]
    notes = short_row_notes(lacking, file_format) if lacking else {}
    return [
        structs.replace(one, notes=(notes[one.listed.absolute],))
        if isinstance(one, CrawledFile) and one.listed.absolute in notes
        else one
        for one in found
    ]


def read_counted(files: Sequence[tuple[ListedFile, CountedFile]], file_format: FileFormat) -> list[Found]:
    """Return what was found in files that were counted already."""
    return [
        CrawledFile(listed=listed, format=file_format, rows=counted.rows, facts=counted.facts, is_settled=True)
        for listed, counted in files
    ]


def _read_otherwise(listed: ListedFile, file_format: FileFormat, error: Exception) -> list[Found]:
    """Read one file that can't be read as its head promised: in another encoding, or row by row."""
    if file_format.encoding == "utf8" and "utf-8" in str(error).lower():
        found, doubts = encoding_of_file(listed, file_format)
        if found != "utf8":
            return read_csv([listed], replace(file_format, encoding=found, doubts=(*file_format.doubts, *doubts)))
    reason = ragged_row(listed, file_format)
    if not reason and not file_format.rewritten:
        return read_csv([listed], replace(file_format, rewritten=True))
    return [broken(listed, error, reason)]


def _straight(
    files: Sequence[ListedFile], file_format: FileFormat, readings: Mapping[str, _Reading]
) -> Iterator[CrawledFile]:
    """Yield the files without rows that need a second look; of the forms of their values all are counted at once."""
    members = [listed for listed in files if not _is_odd(readings[listed.absolute])]
    facts = _with_forms(members, file_format, readings)
    for listed in members:
        reading = readings[listed.absolute]
        notes = _notes(listed, file_format, reading)
        yield CrawledFile(
            listed=listed, format=file_format, rows=reading.rows, facts=facts[listed.absolute], notes=notes
        )


def _is_odd(reading: _Reading) -> bool:
    return reading.empty > 0 or reading.trailing > 0


def _odd(listed: ListedFile, file_format: FileFormat, reading: _Reading) -> list[Found]:
    """Return a file with rows that may be none, or with values where none should be; nothing if it has neither."""
    if not _is_odd(reading):
        return []
    if reading.trailing and (reason := ragged_row(listed, file_format)):
        return [broken(listed, ValueError(), reason)]
    blank = blank_line_count(listed, file_format) if reading.empty and not file_format.rewritten else 0
    if blank and blank != reading.empty:
        # Blank lines are no rows, rows of nothing but delimiters are: that takes a closer reader.
        return read_csv([listed], replace(file_format, rewritten=True))
    if blank:
        file_format = replace(file_format, blank_lines=True)
    facts = _with_forms([listed], file_format, {listed.absolute: reading})[listed.absolute]
    rows, notes = reading.rows - blank, _notes(listed, file_format, reading)
    return [CrawledFile(listed=listed, format=file_format, rows=rows, facts=facts, notes=notes)]


def _notes(listed: ListedFile, file_format: FileFormat, reading: _Reading) -> tuple[str, ...]:
    if not reading.short_rows:
        return ()
    return (short_rows_note(listed, file_format, reading.short_rows, reading.short_line),)


def _read(files: Sequence[ListedFile], file_format: FileFormat) -> dict[str, _Reading]:
    """Read the files once, some rows at a time: several small ones, or one that is large."""
    if is_large(files[0]):
        large = count_large(files[0], file_format)
        reading = replace(_reading(large.counts, file_format), short_rows=large.short_rows, short_line=large.short_line)
        return {files[0].absolute: reading}
    schema = {name: pl.String() for name in file_format.columns}
    trailing = TRAILING if file_format.trailing else ""
    counter = Counter(file_format.columns, dict(file_format.forms), trailing=trailing)
    counts: dict[str, FileCounts] = {}
    frame = scan_csv_whole(file_format, [listed.absolute for listed in files], schema, PATH, files[0].storage)
    for batch in frame.collect_batches(chunk_size=BATCH_ROWS, engine="streaming"):
        runs = batch[PATH].rle().struct
        paths, rows = runs.field("value").to_list(), runs.field("len").to_list()
        for path, found in zip(paths, counter.count(batch, rows) if rows else (), strict=True):
            counts[path] = counts[path].plus(found) if path in counts else found
    return {listed.absolute: _reading(counts.get(listed.absolute), file_format) for listed in files}


def _reading(counts: FileCounts | None, file_format: FileFormat) -> _Reading:
    if counts is None:
        nothing = {name: ColumnFacts() for name in file_format.columns}
        return _Reading(rows=0, empty=0, trailing=0, facts=nothing, forms={})
    return _Reading(
        rows=counts.rows,
        empty=counts.empty,
        trailing=counts.trailing,
        facts={name: item.facts for name, item in zip(file_format.columns, counts.columns, strict=True)},
        forms=other_forms(counts, file_format),
    )


def _with_forms(
    files: Sequence[ListedFile], file_format: FileFormat, readings: Mapping[str, _Reading]
) -> dict[str, dict[str, ColumnFacts]]:
    """Return the facts of the files, those of columns that may be written in other forms counted in each of them."""
    facts = {listed.absolute: readings[listed.absolute].facts for listed in files}
    forms = {path: found for path in facts if (found := readings[path].forms)}
    if not forms:
        return facts
    if is_large(files[0]):
        path = files[0].absolute
        return {path: count_large_in_forms(files[0], file_format, forms[path], facts[path])}
    schema = {name: pl.String() for name in file_format.columns}
    rows = scan_csv_whole(file_format, list(forms), schema, PATH, files[0].storage)
    return with_other_forms(facts, forms, rows, PATH)
