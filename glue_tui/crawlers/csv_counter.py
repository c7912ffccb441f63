"""The counts of the values of CSV files, column by column and file by file: those of plain sorts, and all others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from operator import add

import polars as pl

from glue_tui.crawlers.csv_counts import facts_from, marks_as_written, marks_in_form, odd_from, sums_of
from glue_tui.crawlers.csv_sorts import FITTING, SMALL_ROWS, Picked, Tally, by_file, tally
from glue_tui.crawlers.facts import COUNTED, ColumnFacts, Place
from glue_tui.crawlers.forms import MAY_HAVE_FORM

LONG_VALUES = 200_000
"""So many values are counted the long way at a time: it takes memory."""
_PLACE, _FILE, _VALUE = "place", "file", "value"
_Kinds = tuple[str, ...]
"""All that values of some sorts fit."""
Texts = tuple[int, Picked]
"""The place of a column, and some of its values."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What the values of one column of one file are; counts of parts of a file can be added up."""

    facts: ColumnFacts
    odd: tuple[str, ...] = ()
    """Of the values that fit nothing, but may be of a form (see forms.py), the least and the most."""

    def plus(self, other: Counts, place: Place | None) -> Counts:
        """Return the counts of both; the rows of the other begin at this place."""
        facts = self.facts
        sure = facts.sure_until or (None,) * len(COUNTED)
        until = tuple(place if fits == facts.values else some for some, fits in zip(sure, facts.fits, strict=True))
        both = self.beside(other)
        return Counts(replace(both.facts, sure_until=until), both.odd)

    def beside(self, other: Counts) -> Counts:
        """Return the counts of both, of other values of the same rows."""
        one, two = self.facts, other.facts
        odd = self.odd + other.odd
        return Counts(
            ColumnFacts(
                values=one.values + two.values,
                fits=tuple(map(add, one.fits, two.fits)),
                whole_digits=max(one.whole_digits, two.whole_digits),
                scale=max(one.scale, two.scale),
                form=one.form,
            ),
            (min(odd), max(odd)) if odd else (),
        )


@dataclass(frozen=True, slots=True)
class FileCounts:
    rows: int
    empty: int
    """Rows without any value."""
    trailing: int
    """Rows with something after the delimiter that ends them."""
    columns: tuple[Counts, ...]

    def plus(self, other: FileCounts, place: Place | None = None) -> FileCounts:
        """Return the counts of these rows and others that follow them in the file, from this place on."""
        return FileCounts(
            self.rows + other.rows,
            self.empty + other.empty,
            self.trailing + other.trailing,
            tuple(one.plus(two, place) for one, two in zip(self.columns, other.columns, strict=True)),
        )


@dataclass(slots=True)
class Counter:
    """Counts the values of files of one format, given some rows at a time."""

    columns: tuple[str, ...]
    forms: dict[str, str]
    """Columns of which was said how they are written."""
    trailing: str = ""
    """The column of what comes after the last delimiter; empty: there is none."""
    is_keeping_texts: bool = False
    """Whether `texts` is wanted."""
    texts: list[Texts] = field(default_factory=list)
    """Of the rows that were counted last, the values in which anything may stand."""
    known: dict[tuple[_Kinds, ...], dict[tuple[int, ...], Counts]] = field(default_factory=lambda: defaultdict(dict))

    def count(self, frame: pl.DataFrame, rows: Sequence[int]) -> list[FileCounts]:
        """Return the counts of each file; the rows of a file stand together, `rows` says how many each has."""
        files = numbers_of_files(rows)
        self.texts = []
        columns: list[list[Counts]] = []
        long: dict[str, list[Texts]] = defaultdict(list)
        waiting = 0
        tallies = self._tallies(frame, files, rows)
        for place, name in enumerate(self.columns):
            if form := self.forms.get(name):
                columns.append([Counts(ColumnFacts(form=form))] * len(rows))
                long[form].append((place, (frame[name], files)))
                if self.is_keeping_texts:
                    self.texts.append((place, (frame[name], files)))
                continue
            found = next(tallies)
            columns.append(self._known(found))
            _add_odd(columns[place], found.other)
            if len(found.rest[0]):
                long[""].append((place, found.rest))
                waiting += len(found.rest[0])
            if waiting >= LONG_VALUES:
                _add_long(columns, {"": long.pop("")})
                waiting = 0
            if self.is_keeping_texts:
                self.texts += [(place, some) for some in (found.texts, found.other, found.rest) if len(some[0])]
        _add_long(columns, long)
        empty = self._empty(frame, files, len(rows))
        trailing = _sums(files, frame[self.trailing] != "", len(rows)) if self.trailing else [0] * len(rows)
        return [FileCounts(*counts) for counts in zip(rows, empty, trailing, zip(*columns, strict=True), strict=True)]

    def _tallies(self, frame: pl.DataFrame, files: pl.Series, rows: Sequence[int]) -> Iterator[Tally]:
        """Yield what the values of the columns without a form are; of many files several columns at a time."""
        columns = [frame[name] for name in self.columns if name not in self.forms]
        if len(frame) <= SMALL_ROWS or len(rows) == 1:
            yield from (tally(column, files, rows) for column in columns)
            return
        # polars looks through one column after the other, each in one thread, and leaves Python to others meanwhile.
        with ThreadPoolExecutor(pl.thread_pool_size()) as threads:
            yield from threads.map(lambda column: tally(column, files, rows), columns)

    def _empty(self, frame: pl.DataFrame, files: pl.Series, count: int) -> list[int]:
        """Return how many rows of each file have no value."""
        if not all(frame[name].null_count() for name in self.columns):
            return [0] * count
        is_empty = frame.select(pl.all_horizontal(pl.col(name).is_null() for name in self.columns))
        return _sums(files, is_empty.to_series(), count)

    def _known(self, found: Tally) -> list[Counts]:
        """Return the counts of the values of plain sorts, one object for all files of which they are the same."""
        fitting: dict[_Kinds, Sequence[int]] = {}
        for sort, counts in found.sorts.items():
            kinds = FITTING[sort]
            fitting[kinds] = list(map(add, fitting[kinds], counts)) if kinds in fitting else counts
        known = self.known[tuple(fitting)]
        keys = list(zip(found.whole, found.scale, *fitting.values(), strict=True))
        for key in set(keys) - known.keys():
            known[key] = Counts(_facts(tuple(fitting), *key))
        return [known[key] for key in keys]


def _facts(kinds: Sequence[_Kinds], whole: int, scale: int, *counts: int) -> ColumnFacts:
    fits = tuple(sum(count for some, count in zip(kinds, counts, strict=True) if kind in some) for kind in COUNTED)
    return ColumnFacts(values=sum(counts), fits=fits, whole_digits=whole, scale=scale)


def numbers_of_files(rows: Sequence[int]) -> pl.Series:
    """Return for each row the number of its file, by how many rows each file has."""
    numbers = _repeated(range(len(rows)), rows) if len(rows) > 1 else pl.zeros(rows[0], pl.UInt32, eager=True)
    # In order, and known to be: files are told apart faster so.
    return numbers.set_sorted()


def _repeated(numbers: Iterable[int], times: Sequence[int]) -> pl.Series:
    """Return each number so many times."""
    frame = pl.DataFrame({"number": pl.Series(numbers, dtype=pl.UInt32), "times": pl.Series(times, dtype=pl.UInt32)})
    return frame.select(pl.col("number").repeat_by("times").explode(empty_as_null=False)).to_series()


def _add_odd(column: list[Counts], other: Picked) -> None:
    """Add the values that are of no type, but may be of a form, to the counts of the files of a column."""
    values, files = other
    may_have_form = values.str.contains(MAY_HAVE_FORM)
    if not may_have_form.any():
        return
    odd = pl.DataFrame({_FILE: files, _VALUE: values}).filter(may_have_form).group_by(_FILE)
    for file, least, most in odd.agg(pl.col(_VALUE).min(), pl.col(_VALUE).max().alias("most")).iter_rows():
        column[file] = Counts(column[file].facts, (least, most))


def _add_long(columns: Sequence[list[Counts]], long: Mapping[str, Sequence[Texts]]) -> None:
    """Add the counts of values that need a closer look, given by the form in which they are written."""
    for form, some in long.items():
        for place, file, counts in _counted_long(some, form):
            columns[place][file] = columns[place][file].beside(counts)


def _counted_long(some: Sequence[Texts], form: str) -> Iterator[tuple[int, int, Counts]]:
    """Yield the counts of values that need a closer look, by the places of their columns and by file."""
    values = pl.DataFrame(
        {
            _PLACE: _repeated((place for place, _ in some), [len(values) for _, (values, _) in some]),
            _FILE: pl.concat([files for _, (_, files) in some]),
            _VALUE: pl.concat([values for _, (values, _) in some]),
        }
    )
    value = pl.col(_VALUE)
    marks = list(marks_in_form("", value, form) if form else marks_as_written("", value))
    for part in values.iter_slices(LONG_VALUES):
        sums = part.lazy().select(_PLACE, _FILE, *marks).group_by(_PLACE, _FILE, maintain_order=True)
        for row in sums.agg(*sums_of(marks)).collect().iter_rows(named=True):
            yield row[_PLACE], row[_FILE], Counts(facts_from(row, "", form), odd_from(row, ""))


def _sums(files: pl.Series, marks: pl.Series, count: int) -> list[int]:
    return by_file(files.filter(marks), count)
