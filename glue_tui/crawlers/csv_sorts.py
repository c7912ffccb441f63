"""How the values of text columns are counted fast: most values of a column look alike, and are of a plain sort.

What a value of a plain sort fits, is known without asking: `17` is a bigint, a double and a decimal, and no date. The
sorts that a column needs are taken from some of its values; values that are of none of them are counted the long way
(see csv_counts.py), so that the result is the same.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
SLICE_COLUMNS = 32
"""So many columns are counted at a time: what polars needs for a column grows with how many stand beside it."""
SLOW_VALUES = 500_000
"""So many values are counted the long way at a time, at least a column of a batch: it takes memory."""


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
        empty = pl.all_horizontal(pl.col(name).is_null() for name in self.columns)
        trailing = (pl.col(self.trailing) != "").sum() if self.trailing else pl.lit(0)
        of_rows = self._summed(
            frame, (pl.len().alias("rows"), empty.sum().alias("empty"), trailing.alias("trailing"))
        ).to_dict(as_series=False)
        columns: list[list[Counts]] = []
        odd, inner = ([0] * len(of_rows[FILE]) for _ in range(2))
        for start in range(0, len(self.columns), SLICE_COLUMNS):
            places = range(start, min(start + SLICE_COLUMNS, len(self.columns)))
            counted = self._counted(frame, places)
            columns.extend(self._columns(frame, {**counted, **of_rows}, places))
            odd, inner = _plus(odd, counted, ":odd"), _plus(inner, counted, ":inner")
        found = zip(
            *(of_rows[name] for name in (FILE, "rows", "empty", "trailing")),
            zip(*columns, strict=True),
            odd,
            inner,
            strict=True,
        )
        return {file: FileCounts(*counts) for file, *counts in found}

    def _summed(self, frame: pl.DataFrame, sums: Iterable[pl.Expr]) -> pl.DataFrame:
        """Return one row for each file, the files in the order of the rows."""
        if self.is_one_file:
            return frame.select(pl.col(FILE).first(), *sums)
        return frame.group_by(FILE, maintain_order=True).agg(*sums)

    def _counted(self, frame: pl.DataFrame, places: Sequence[int]) -> dict[str, list[int]]:
        """Return the sums of some columns, by their names, for each file."""
        sorted_ = frame.select(
            FILE,
            *(self.columns[place] for place in places),
            *(
                sort_of(pl.col(self.columns[place]), self.sorts[place]).alias(f"{_SORT}{place}")
                for place in places
                if self.sorts[place]
            ),
        )
        sums = self._summed(sorted_, (item for place in places for item in self._sums(place)))
        return sums.drop(FILE).to_dict(as_series=False)

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

    def _columns(
        self, frame: pl.DataFrame, counted: Mapping[str, list[Any]], places: Sequence[int]
    ) -> Iterator[list[Counts]]:
        """Yield the counts of each column for each file, where need be counted the long way."""
        files = counted[FILE]
        concerned: dict[tuple[object, ...], list[int]] = defaultdict(list)
        for place in places:
            others = counted[f"{place}:other"] if self.sorts[place] else [1] * len(files)
            slow = tuple(file for file, count in zip(files, others, strict=True) if count)
            if slow:
                concerned[slow].append(place)
        slowly = {key: counts for some, of in concerned.items() for key, counts in self._slow(frame, some, of)}
        for place in places:
            yield [
                slowly[place, file] if (place, file) in slowly else self._known(place, row)
                for file, row in zip(files, self._rows(counted, place), strict=True)
            ]

    def _rows(self, counted: Mapping[str, list[Any]], place: int) -> Iterator[tuple[int, ...]]:
        """Yield for each file how many rows it has, and how many of which sort."""
        names = [f"{place}:{name}" for name in ("none", *map(int, self.sorts[place]), "whole", "scale")]
        return zip(*(counted[name] for name in ("rows", *names) if name in counted), strict=True)

    def _known(self, place: int, row: tuple[int, ...]) -> Counts:
        key = (place, *row)
        if key not in self.known:
            self.known[key] = Counts(_facts(row, self.sorts[place]))
        return self.known[key]

    def _slow(
        self, frame: pl.DataFrame, files: Sequence[object], places: Sequence[int]
    ) -> Iterator[tuple[tuple[int, object], Counts]]:
        """Yield the counts of columns of these files, by place and file."""
        step = max(1, SLOW_VALUES // frame.height)
        if len(places) > step:
            yield from self._slow(frame, files, places[:step])
            yield from self._slow(frame, files, places[step:])
            return
        names = [self.columns[place] for place in places]
        forms = [self.forms.get(name, "") for name in names]
        rows = frame.lazy().select(FILE, *names)
        if not self.is_one_file:
            rows = rows.filter(pl.col(FILE).is_in(pl.Series(files, dtype=frame.schema[FILE]).implode()))
        wanted = (
            counts_in_form(str(place), pl.col(name), form) if form else counts_as_written(str(place), pl.col(name))
            for place, name, form in zip(places, names, forms, strict=True)
        )
        sums = rows.group_by(FILE, maintain_order=True).agg(item for some in wanted for item in some).collect()
        for row in sums.iter_rows(named=True):
            for place, form in zip(places, forms, strict=True):
                yield (place, row[FILE]), Counts(facts_from(row, str(place), form), _odd(row, str(place)))


def _plus(sums: list[int], counted: Mapping[str, list[int]], ending: str) -> list[int]:
    """Return the sums and, for each file, those of the columns whose names end so."""
    return [
        sum(found) for found in zip(sums, *(counted[name] for name in counted if name.endswith(ending)), strict=True)
    ]


def _odd(row: Mapping[str, object], key: str) -> tuple[str, ...]:
    return tuple(value for which in ("first", "least", "most") if isinstance(value := row.get(f"{key}:{which}"), str))


def _sample(values: pl.Series) -> list[str]:
    present = values.filter(values != "")
    step = len(present) // SAMPLE_VALUES
    return (present.gather_every(step) if step > 1 else present).to_list()


def _facts(row: Sequence[int], sorts: Sequence[Sort]) -> ColumnFacts:
    rows, none, *counts = row
    of_sort = dict(zip(sorts, counts, strict=False))
    whole, scale = counts[len(sorts) :] or (0, 0)
    fits = tuple(sum(count for sort, count in of_sort.items() if kind in FITTING[sort]) for kind in COUNTED)
    return ColumnFacts(values=rows - none, fits=fits, whole_digits=whole or 0, scale=scale or 0)
