"""Which rows of a database table are new: those whose keys lie above the last ones that were read (rule BK-5)."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import reduce
from operator import and_, or_

import polars as pl

from glue_tui.catalog.database_filters import kind_of_values
from glue_tui.core.bookmarks import KeyRange
from glue_tui.core.problem import InvalidInput, did_you_mean
from glue_tui.logs.write import counted

Key = tuple[object, ...]


def kinds_of(schema: Mapping[str, pl.DataType], columns: Sequence[str], table: str) -> tuple[str, ...]:
    """Return what the values of key columns are: integer, decimal, date, timestamp, text.

    Raises InvalidInput for a column that is not there, or whose values have no exact order.
    """
    kinds = []
    for name in columns:
        if name not in schema:
            raise InvalidInput(f"bookmark_keys of {table}: no column {name}", hint=did_you_mean(name, tuple(schema)))
        dtype = schema[name]
        kind = "text" if isinstance(dtype, pl.String) else kind_of_values(dtype)
        if kind in ("", "double"):
            hint = "a column of whole numbers, decimals, dates, timestamps or texts"
            raise InvalidInput(f"bookmark_keys of {table}: {name} is {dtype}, which is no key", hint=hint)
        kinds.append(kind)
    return tuple(kinds)


def newest(rows_of: pl.LazyFrame, columns: Sequence[str], table: str) -> tuple[tuple[str, ...], int]:
    """Return the highest key of these rows, as text, and how many rows there are; no key where there are none.

    Raises InvalidInput where a row has no key.
    """
    highest: Key | None = None
    rows = missing = 0
    for batch in rows_of.select(columns).collect_batches():
        whole = batch.drop_nulls()
        rows += batch.height
        missing += batch.height - whole.height
        if whole.height:
            found = whole.top_k(1, by=list(columns)).row(0)
            highest = found if highest is None else max(highest, found)
    if missing:
        raise InvalidInput(
            f"{table}: {counted(missing, 'row')} without {' or '.join(columns)}, which would never be read",
            hint="choose bookmark_keys that every row has, or read the table whole: leave it out of bookmark_tables",
        )
    return tuple(map(_text, highest or ())), rows


def above_or_missing(columns: Sequence[str], after: Key) -> pl.Expr:
    """Return what is true of rows above a key, and of those that have none."""
    return reduce(or_, (pl.col(name).is_null() for name in columns), above(columns, after))


def above(columns: Sequence[str], after: Key) -> pl.Expr:
    """Return what is true of rows whose key is higher; the first column counts most."""
    return _beyond(columns, after, lambda column, value: column > value)


def within(range_: KeyRange) -> pl.Expr:
    """Return what is true of the rows of a range."""
    if not range_.up_to:
        return pl.lit(False)
    up_to = values(range_.up_to, range_.kinds)
    at_last = reduce(and_, (pl.col(name) == value for name, value in zip(range_.columns, up_to, strict=True)))
    below = _beyond(range_.columns, up_to, lambda column, value: column < value) | at_last
    if not range_.after:
        return below
    return above(range_.columns, values(range_.after, range_.kinds)) & below


def values(texts: Sequence[str], kinds: Sequence[str]) -> Key:
    """Return a key that was kept as text."""
    return tuple(_READERS[kind](text) for text, kind in zip(texts, kinds, strict=True))


_READERS: dict[str, Callable[[str], object]] = {
    "integer": int,
    "decimal": Decimal,
    "date": datetime.date.fromisoformat,
    "timestamp": datetime.datetime.fromisoformat,
    "text": str,
}


def _beyond(columns: Sequence[str], key: Key, compare: Callable[[pl.Expr, object], pl.Expr]) -> pl.Expr:
    """Return what is true of rows whose key comes on one side of `key`, the first column counting most."""
    steps = []
    for place, (name, value) in enumerate(zip(columns, key, strict=True)):
        same = [pl.col(other) == key[index] for index, other in enumerate(columns[:place])]
        steps.append(reduce(and_, [*same, compare(pl.col(name), value)]))
    return reduce(or_, steps)


def _text(value: object) -> str:
    match value:
        case datetime.date():
            return value.isoformat()
        case Decimal():
            return f"{value:f}"
        case _:
            return str(value)
