"""How the values of text columns are counted fast: most values of a column look alike, and are of a plain sort.

What a value of a plain sort fits, is known without asking: `17` is a bigint, a double and a decimal, and no date. The
sorts that a column needs are taken from some of its values; values that are of none of them are counted the long way
(see csv_counts.py), so that the result is the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from operator import add
from typing import Any

import polars as pl

from glue_tui.crawlers.csv_counts import counts_as_written, counts_in_form, facts_from
from glue_tui.crawlers.facts import COUNTED, ColumnFacts

FILE = "__glue_tui_file"
_SORT = "__glue_tui_sort_"
SAMPLE_VALUES = 64


class Sort(IntEnum):
    """A plain look of values; each is of one sort at most."""

    NONE = 0
    """No value, or an empty one."""
    OTHER = 1
    """To be counted the long way."""
    WHOLE = 2
    CODE = 3
    """Digits with a zero before them."""
    POINT = 4
    TRUTH = 5
    DAY = 6
    TIME = 7
    WORD = 8


FITTING: dict[Sort, tuple[str, ...]] = {
    Sort.WHOLE: ("bigint", "double", "decimal", "digits"),
    Sort.CODE: ("digits",),
    Sort.POINT: ("double", "decimal"),
    Sort.TRUTH: ("boolean",),
    Sort.DAY: ("date", "timestamp"),
    Sort.TIME: ("timestamp",),
    Sort.WORD: (),
}

_DIGITS = r"^-?[0-9]{1,15}$"
_ZERO_BEFORE = r"^-?0[0-9]"
_POINT = r"^-?(?:0|[1-9][0-9]{0,8})\.[0-9]{1,5}$"
_TRUTHS = ("true", "false", "True", "False", "TRUE", "FALSE")
_NUMBER_WORDS = ("NaN", "nan", "inf")
_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}$"
_WORD = r"^[A-Za-z]"
_WORD_OF_DATE = r"^[A-Za-z]{3,9} [0-9]"

_LOOKS = (
    (_DIGITS, (Sort.WHOLE, Sort.CODE)),
    (_POINT, (Sort.POINT,)),
    (f"^(?:{'|'.join(_TRUTHS)})$", (Sort.TRUTH,)),
    (_DAY, (Sort.DAY,)),
    (_TIME, (Sort.TIME,)),
    (_WORD, (Sort.WORD,)),
)


def sorts_in(values: Sequence[str]) -> tuple[Sort, ...]:
    """Return the sorts to look for in a column, by some of its values."""
    found: dict[Sort, None] = {}
    for value in values:
        for look, sorts in _LOOKS:
            if re.search(look, value):
                found.update(dict.fromkeys(sorts))
                break
    return tuple(found)


def sorts_of_kind(kind: str) -> tuple[Sort, ...]:
    """Return the sorts whose values all are of a kind."""
    return tuple(sort for sort, kinds in FITTING.items() if kind in kinds)


def sort_of(column: pl.Expr, sorts: Sequence[Sort]) -> pl.Expr:
    """Return of which of the sorts each value of a column is."""
    looks = [(column.is_null() | (column == ""), Sort.NONE)]
    if Sort.WHOLE in sorts:
        digits = column.str.contains(_DIGITS)
        looks += [(digits & ~column.str.contains(_ZERO_BEFORE), Sort.WHOLE), (digits, Sort.CODE)]
    for sort in sorts:
        match sort:
            case Sort.POINT:
                fits = column.str.contains(_POINT)
            case Sort.TRUTH:
                fits = column.is_in(_TRUTHS)
            case Sort.DAY:
                fits = column.str.contains(_DAY) & column.str.to_date("%Y-%m-%d", strict=False).is_not_null()
            case Sort.TIME:
                times = column.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False)
                fits = column.str.contains(_TIME) & times.is_not_null()
            case Sort.WORD:
                fits = (
                    column.str.contains(_WORD)
                    & ~column.str.contains(_WORD_OF_DATE)
                    & ~column.is_in((*_TRUTHS, *_NUMBER_WORDS))
                )
            case _:
                continue
        looks.append((fits, sort))
    found: pl.Expr = pl.lit(Sort.OTHER, pl.UInt8)
    for fits, sort in reversed(looks):
        found = pl.when(fits).then(pl.lit(sort, pl.UInt8)).otherwise(found)
    return found


@dataclass(frozen=True, slots=True)
class Counts:
    """What the values of one column of one file are; counts of parts of a file can be added up."""

    facts: ColumnFacts
    odd: tuple[str, ...] = ()
    """Of the values that fit nothing the first, the least and the most; only where some could be of another form."""

    def plus(self, other: Counts, rows: int) -> Counts:
        """Return the counts of both; the other's values come after so many rows of the file."""
        one, two = self.facts, other.facts
        sure = one.rows_before or (0,) * len(COUNTED)
        odd = self.odd + other.odd
        return Counts(
            ColumnFacts(
                values=one.values + two.values,
                fits=tuple(map(add, one.fits, two.fits)),
                whole_digits=max(one.whole_digits, two.whole_digits),
                scale=max(one.scale, two.scale),
                form=one.form,
                rows_before=tuple(
                    rows if fits == one.values else before for before, fits in zip(sure, one.fits, strict=True)
                ),
            ),
            (odd[0], min(odd), max(odd)) if odd else (),
        )


@dataclass(frozen=True, slots=True)
class FileCounts:
    rows: int
    empty: int
    """Rows without any value."""
    trailing: int
    """Rows with something after the delimiter that ends them."""
    columns: tuple[Counts, ...]
    odd: int = 0
    """Values that match the pattern of odd ones, where one was given …"""
    inner_delimiters: int = 0
    """… and the delimiters within values."""

    def plus(self, other: FileCounts) -> FileCounts:
        """Return the counts of these rows and others that follow them in the file."""
        return FileCounts(
            self.rows + other.rows,
            self.empty + other.empty,
            self.trailing + other.trailing,
            tuple(one.plus(two, self.rows) for one, two in zip(self.columns, other.columns, strict=True)),
        )


@dataclass(slots=True)
class Counter:
    """Counts the values of files of one format, given some rows at a time."""

    columns: tuple[str, ...]
    forms: dict[str, str]
    """Columns of which was said how they are written."""
    trailing: str = ""
    """The column of what comes after the last delimiter; empty: there is none."""
    is_one_file: bool = False
    """All rows are of the same file."""
    odd_value: str = ""
    delimiter: str = ""
    """What to look for in values that are not plain; empty: nothing."""
    sorts: list[tuple[Sort, ...]] = field(default_factory=list)
    known: dict[tuple[object, ...], Counts] = field(default_factory=dict)

    def count(self, frame: pl.DataFrame) -> dict[object, FileCounts]:
        """Return the counts of all files that the rows are from, by what the column FILE calls them."""
        if not self.sorts:
            self.sorts = [() if name in self.forms else sorts_in(_sample(frame[name])) for name in self.columns]
        frame = frame.with_columns(
            sort_of(pl.col(name), sorts).alias(f"{_SORT}{place}")
            for place, (name, sorts) in enumerate(zip(self.columns, self.sorts, strict=True))
            if sorts
        )
        empty = pl.all_horizontal(pl.col(name).is_null() for name in self.columns)
        trailing = (pl.col(self.trailing) != "").sum() if self.trailing else pl.lit(0)
        wanted = [
            pl.len().alias("rows"),
            empty.sum().alias("empty"),
            trailing.alias("trailing"),
            *(item for place in range(len(self.columns)) for item in self._sums(place)),
        ]
        if self.is_one_file:
            counted = frame.select(pl.col(FILE).first(), *wanted)
        else:
            counted = frame.group_by(FILE, maintain_order=True).agg(*wanted)
        sums = counted.to_dict(as_series=False)
        columns = [self._column(frame, sums, place) for place in range(len(self.columns))]
        odd, inner = (_summed(sums, what) if self.odd_value else [0] * counted.height for what in (":odd", ":inner"))
        found = zip(
            *(sums[name] for name in (FILE, "rows", "empty", "trailing")),
            zip(*columns, strict=True),
            odd,
            inner,
            strict=True,
        )
        return {file: FileCounts(*counts) for file, *counts in found}

    def _sums(self, place: int) -> Iterator[pl.Expr]:
        column, sorts = pl.col(self.columns[place]), self.sorts[place]
        if not sorts:
            if self.odd_value:
                yield from self._looks(place, column)
            return
        sort = pl.col(f"{_SORT}{place}")
        yield (sort == Sort.NONE).sum().alias(f"{place}:none")
        yield (sort == Sort.OTHER).sum().alias(f"{place}:other")
        yield from ((sort == item).sum().alias(f"{place}:{int(item)}") for item in sorts)
        if Sort.WHOLE in sorts or Sort.POINT in sorts:
            number = pl.when(sort.is_in((Sort.WHOLE, Sort.POINT))).then(column.str.strip_prefix("-"))
            point = number.str.find(".", literal=True) if Sort.POINT in sorts else pl.lit(None, pl.UInt32)
            yield point.fill_null(number.str.len_bytes()).max().alias(f"{place}:whole")
            yield (number.str.len_bytes() - point - 1).max().alias(f"{place}:scale")
        if self.odd_value:
            yield from self._looks(place, pl.when(sort.is_in((Sort.WORD, Sort.OTHER))).then(column))

    def _looks(self, place: int, value: pl.Expr) -> Iterator[pl.Expr]:
        yield value.str.contains(self.odd_value).sum().alias(f"{place}:odd")
        yield value.str.count_matches(self.delimiter, literal=True).sum().alias(f"{place}:inner")

    def _column(self, frame: pl.DataFrame, sums: Mapping[str, list[Any]], place: int) -> list[Counts]:
        """Return the counts of one column for each file, where need be counted the long way."""
        sorts, files = self.sorts[place], sums[FILE]
        # Of a file with thousands of columns, only the one at hand is filtered.
        values = pl.DataFrame([frame[FILE], frame[self.columns[place]]])
        if not sorts:
            slow = self._slow(values, place)
            return [slow[file] for file in files]
        names = [f"{place}:{name}" for name in ("none", *map(str, map(int, sorts)), "whole", "scale")]
        rows = zip(*(sums[name] for name in ("rows", *names) if name in sums), strict=True)
        others = [file for file, count in zip(files, sums[f"{place}:other"], strict=True) if count]
        slow = self._slow(values.filter(pl.col(FILE).is_in(others)), place) if others else {}
        found = []
        for file, row in zip(files, rows, strict=True):
            if file in slow:
                found.append(slow[file])
                continue
            key = (place, *row)
            if key not in self.known:
                self.known[key] = Counts(_facts(row, sorts))
            found.append(self.known[key])
        return found

    def _slow(self, frame: pl.DataFrame, place: int) -> dict[object, Counts]:
        name = self.columns[place]
        form = self.forms.get(name, "")
        column = pl.col(name)
        wanted = counts_in_form("0", column, form) if form else counts_as_written("0", column)
        rows = frame.lazy().group_by(FILE, maintain_order=True).agg(*wanted).collect()
        return {row[FILE]: Counts(facts_from(row, "0", form), _odd(row)) for row in rows.iter_rows(named=True)}


def _summed(sums: Mapping[str, list[Any]], ending: str) -> list[int]:
    """Return for each file the sum of the columns whose names end so."""
    columns = (column for name, column in sums.items() if name.endswith(ending))
    return [sum(found) for found in zip(*columns, strict=True)]


def _odd(row: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(value for which in ("first", "least", "most") if isinstance(value := row.get(f"0:{which}"), str))


def _sample(values: pl.Series) -> list[str]:
    present = values.filter(values != "")
    return present.gather_every(max(1, len(present) // SAMPLE_VALUES)).to_list()


def _facts(row: Sequence[int], sorts: Sequence[Sort]) -> ColumnFacts:
    rows, none, *counts = row
    of_sort = dict(zip(sorts, counts, strict=False))
    whole, scale = counts[len(sorts) :] or (0, 0)
    fits = tuple(sum(count for sort, count in of_sort.items() if kind in FITTING[sort]) for kind in COUNTED)
    return ColumnFacts(values=rows - none, fits=fits, whole_digits=whole or 0, scale=scale or 0)
