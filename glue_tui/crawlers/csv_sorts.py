"""How the values of text columns are counted fast: most values of a column look alike, and are of a plain sort.

What a value of a plain sort fits, is known without asking: `17` is a bigint, a double and a decimal, and no date. One
regular expression tells a sort, the same for polars (many values) and for Python (few). Values that are of none are
counted the long way (see csv_counts.py), so that the result is the same.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import polars as pl

SAMPLE_VALUES = 64
SMALL_ROWS = 500
"""So few values of a column are sorted faster by Python: to ask polars takes a while each time."""
FEW_VALUES = 64
"""A column of one file that holds no more different values is counted by these."""


class Sort(IntEnum):
    """A plain look of values; a value that has several is of the first."""

    WHOLE = 1
    CODE = 2
    """Digits with a zero before them."""
    POINT = 3
    TRUTH = 4
    DAY = 5
    TIME = 6
    WORD = 7
    """Text that begins with a letter, and that no way of writing CSV could have cut or put in quotes."""
    TEXT = 8
    """Text that begins with a letter, and may hold anything."""
    OTHER = 9
    """What is of no type, by a sign that no value of one has; it may be of a form (see forms.py)."""


FITTING: dict[Sort, tuple[str, ...]] = {
    Sort.WHOLE: ("bigint", "double", "decimal", "digits"),
    Sort.CODE: ("digits",),
    Sort.POINT: ("double", "decimal"),
    Sort.TRUTH: ("boolean",),
    Sort.DAY: ("date", "timestamp"),
    Sort.TIME: ("timestamp",),
    Sort.WORD: (),
    Sort.TEXT: (),
    Sort.OTHER: (),
}
_NUMBERS = (Sort.WHOLE, Sort.POINT)

_LEAP_YEAR = "(?:[12][0-9](?:0[48]|[2468][048]|[13579][26])|(?:1[26]|2[048])00)"
_DAY = (
    "(?:[12][0-9]{3}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)"
    f"|(?:0[13578]|1[02])-31)|{_LEAP_YEAR}-02-29)"
)
_OTHER_WORDS = ("true", "false", "True", "False", "TRUE", "FALSE", "NaN", "nan", "inf")
"""Words that are values of another type than text."""
_IS_OTHER_WORD = f"^(?:{'|'.join(_OTHER_WORDS)})$"
_HARMFUL = r'"\\,;|\x00-\x1f'

PATTERNS: dict[Sort, str] = {
    Sort.WHOLE: "-?(?:0|[1-9][0-9]{0,14})",
    Sort.CODE: "-?0[0-9]{1,14}",
    Sort.POINT: r"-?(?:0|[1-9][0-9]{0,8})\.[0-9]{1,5}",
    Sort.TRUTH: "true|false|True|False|TRUE|FALSE",
    Sort.DAY: _DAY,
    Sort.TIME: f"{_DAY}[ T](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]",
    Sort.WORD: rf"[A-Za-z](?:[^{_HARMFUL}]*[^{_HARMFUL}\s])?",
    # With a comma, a word and a number may be a date.
    Sort.TEXT: r"[A-Za-z]+(?:[^A-Za-z ](?s:.*)| (?:[^0-9](?s:.*))?)?",
    Sort.OTHER: r"(?s:.*)[^-+.:0-9A-Za-z ](?s:.*)| (?s:.*)|(?s:.*) ",
}
_WORDS = (Sort.WORD, Sort.TEXT)
_COMPILED = {sort: re.compile(pattern) for sort, pattern in PATTERNS.items()}
_LAST = (Sort.WORD, Sort.TEXT, Sort.OTHER)
"""What is looked for in what is left, in this order: a word is text as well, and text may have any sign."""

Picked = tuple[pl.Series, pl.Series]
"""Some values of a column, and the number of the file of each, ascending."""
_NONE: Picked = (pl.Series(dtype=pl.String), pl.Series(dtype=pl.UInt32))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many values of a column are of which sort, file by file: lists have an item for each file."""

    sorts: Mapping[Sort, Sequence[int]]
    whole: Sequence[int]
    """The most digits that a number of a sort has before its point …"""
    scale: Sequence[int]
    """… and after it."""
    texts: Picked
    """The values of sort TEXT."""
    other: Picked
    """The values of sort OTHER."""
    rest: Picked
    """The values of no sort."""


def sort_in_python(value: str) -> Sort | None:
    """Return the sort of one value."""
    for sort, pattern in _COMPILED.items():
        if pattern.fullmatch(value):
            return None if sort in _WORDS and value in _OTHER_WORDS else sort
    return None


def sorts_in(values: Iterable[str]) -> tuple[Sort, ...]:
    """Return the sorts to look for in a column, by some of its values: the most frequent first."""
    found: Counter[Sort] = Counter()
    for value, times in Counter(values).items():
        if sort := sort_in_python(value):
            found[sort] += times
    order = dict.fromkeys(sort for sort, _ in found.most_common() if sort not in _LAST[1:])
    if Sort.WHOLE in order:
        order[Sort.CODE] = None
    return tuple(dict.fromkeys((*order, *_LAST)))


def is_of(column: pl.Series, sort: Sort) -> pl.Series:
    """Return whether each value of a column is of a sort; those that are of the sorts before it left out."""
    fits = column.str.contains(f"^(?:{PATTERNS[sort]})$")
    return fits & ~column.str.contains(_IS_OTHER_WORD) if sort in _WORDS else fits


def tally(values: pl.Series, files: pl.Series, rows: Sequence[int]) -> Tally:
    """Return what the values of a column are.

    `files` has the number of the file of each row, from 0 and ascending, `rows` how many each file has.
    """
    if len(values) <= SMALL_ROWS:
        return _tally_in_python(values, files, len(rows))
    if len(rows) == 1 and (found := _tally_of_few(values, files)):
        return found
    sorts: dict[Sort, Sequence[int]] = {}
    picked: dict[Sort, Picked] = {}
    sizes: list[pl.DataFrame] = []
    left, left_files, of_file = values, files, rows
    is_empty = values == ""
    if values.null_count() or is_empty.any():
        left, left_files = _filtered((values, files), ~is_empty.fill_null(value=True))
        of_file = by_file(left_files, len(rows))
    for sort in sorts_in(_sample(left)):
        if not len(left):
            break
        fits = is_of(left, sort)
        if sort in _NUMBERS:
            sizes.append(_sizes(left, left_files, fits, sort))
        elif sort in _LAST[1:]:
            picked[sort] = _filtered((left, left_files), fits)
        # What is left is less than what fits, most often.
        rest = _NONE if fits.all() else _filtered((left, left_files), ~fits)
        of_rest = by_file(rest[1], len(rows))
        sorts[sort] = [before - after for before, after in zip(of_file, of_rest, strict=True)]
        (left, left_files), of_file = rest, of_rest
    whole, scale = _most(sizes, len(rows))
    return Tally(
        sorts=sorts,
        whole=whole,
        scale=scale,
        texts=picked.get(Sort.TEXT, _NONE),
        other=picked.get(Sort.OTHER, _NONE),
        rest=(left, left_files),
    )


def _tally_in_python(values: pl.Series, files: pl.Series, count: int) -> Tally:
    sorts: dict[Sort, list[int]] = defaultdict(lambda: [0] * count)
    whole, scale = ([0] * count for _ in range(2))
    picked: dict[Sort | None, tuple[list[str], list[int]]] = defaultdict(lambda: ([], []))
    for value, file in zip(values.to_list(), files.to_list(), strict=True):
        if not value:
            continue
        sort = sort_in_python(value)
        if sort is not None:
            sorts[sort][file] += 1
        if sort in _NUMBERS:
            before, _, behind = value.removeprefix("-").partition(".")
            whole[file], scale[file] = max(whole[file], len(before)), max(scale[file], len(behind))
        elif sort in (Sort.TEXT, Sort.OTHER, None):
            some, some_files = picked[sort]
            some.append(value)
            some_files.append(file)
    return Tally(
        sorts=sorts,
        whole=whole,
        scale=scale,
        texts=_picked(*picked[Sort.TEXT]),
        other=_picked(*picked[Sort.OTHER]),
        rest=_picked(*picked[None]),
    )


def _filtered(some: Picked, is_wanted: pl.Series) -> Picked:
    values, files = some
    return values.filter(is_wanted), files.filter(is_wanted).set_sorted()


def _picked(values: Sequence[str], files: Sequence[int]) -> Picked:
    return (pl.Series(values, dtype=pl.String), pl.Series(files, dtype=pl.UInt32)) if values else _NONE


def _tally_of_few(values: pl.Series, files: pl.Series) -> Tally | None:
    """Return what the values of one file are, if few of them differ: each is looked at once."""
    if len(set(_sample(values))) > SAMPLE_VALUES // 2:
        return None
    counts = values.value_counts()
    if len(counts) > FEW_VALUES:
        return None
    sorts: dict[Sort, list[int]] = defaultdict(lambda: [0])
    whole = scale = 0
    picked: dict[Sort | None, list[str]] = defaultdict(list)
    for value, times in counts.iter_rows():
        if not value:
            continue
        sort = sort_in_python(value)
        if sort is not None:
            sorts[sort][0] += times
        if sort in _NUMBERS:
            before, _, behind = value.removeprefix("-").partition(".")
            whole, scale = max(whole, len(before)), max(scale, len(behind))
        picked[sort].append(value)

    def of_sort(sort: Sort | None) -> Picked:
        is_of_sort = values.is_in(picked[sort]) if sort in picked else None
        return _NONE if is_of_sort is None else (values.filter(is_of_sort), files.filter(is_of_sort))

    return Tally(
        sorts=sorts,
        whole=[whole],
        scale=[scale],
        texts=of_sort(Sort.TEXT),
        other=of_sort(Sort.OTHER),
        rest=of_sort(None),
    )


def _sample(values: pl.Series) -> list[str]:
    step = len(values) // SAMPLE_VALUES
    return (values.gather_every(step) if step > 1 else values).to_list()


def by_file(files: pl.Series, count: int) -> list[int]:
    """Return how often each of so many files stands in a series in ascending order."""
    if count == 1:
        return [len(files)]
    found = [0] * count
    runs = files.rle().struct
    for file, length in zip(runs.field("value").to_list(), runs.field("len").to_list(), strict=True):
        found[file] = length
    return found


def _sizes(values: pl.Series, files: pl.Series, is_number: pl.Series, sort: Sort) -> pl.DataFrame:
    """Return the most digits before and after the point, for each file that has any numbers of a sort, in order."""
    length = values.str.len_bytes()
    whole = values.str.find(".", literal=True) if sort is Sort.POINT else length
    scale = length - whole - 1 if sort is Sort.POINT else length - whole
    if (is_negative := values.str.starts_with("-")).any():
        whole = whole - is_negative.cast(pl.UInt32)
    sizes = pl.DataFrame({"file": files, "whole": whole, "scale": scale})
    if not is_number.all():
        sizes = sizes.filter(is_number).with_columns(pl.col("file").set_sorted())
    # All of one file: as usual with a large one.
    is_one = len(sizes) and files[0] == files[-1]
    return sizes.max() if is_one else sizes.group_by("file", maintain_order=True).agg(pl.col("whole", "scale").max())


def _most(sizes: Sequence[pl.DataFrame], count: int) -> tuple[list[int], list[int]]:
    if len(sizes) == 1 and sizes[0].height == count:
        return sizes[0]["whole"].to_list(), sizes[0]["scale"].to_list()
    whole, scale = ([0] * count for _ in range(2))
    for some in sizes:
        for file, before, behind in some.iter_rows():
            whole[file], scale[file] = max(whole[file], before), max(scale[file], behind)
    return whole, scale
