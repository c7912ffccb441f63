"""The fields of JSON records in the order in which they are written. polars mixes those of an object with many."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

import msgspec
import polars as pl

KEPT_MAX = 32
"""Of an object with more fields polars gives them in an order that is another each time."""
RECORDS_MAX = 100
"""Fields that come later than in so many records stand behind the others, by name."""

_Order = dict[str, "_Order"]
"""Names in the order in which they came first, each with those within."""


def as_written(schema: pl.Schema, records: Iterable[tuple[int, str | bytes]]) -> pl.Schema:
    """Return the schema of records, given with their lines, with its fields in their order. Raises BrokenJson."""
    whole = pl.Struct(schema)
    if not _is_wide(whole):
        return schema
    order: _Order = {}
    for _, record in islice(records, RECORDS_MAX):
        try:
            _add_names(order, msgspec.json.decode(record))
        except ValueError:
            continue  # who reads the records tells what is wrong
    return pl.Schema({item.name: item.dtype for item in _arranged(whole, order).fields})


def _is_wide(dtype: object) -> bool:
    match dtype:
        case pl.List():
            return _is_wide(dtype.inner)
        case pl.Struct():
            return len(dtype.fields) > KEPT_MAX or any(_is_wide(item.dtype) for item in dtype.fields)
        case _:
            return False


def _add_names(order: _Order, value: object) -> None:
    match value:
        case dict():
            for name, member in value.items():
                _add_names(order.setdefault(name, {}), member)
        case list():
            for element in value:
                _add_names(order, element)


def _arranged(dtype: pl.Struct, order: _Order) -> pl.Struct:
    places = {name: place for place, name in enumerate(order)}
    fields = sorted(dtype.fields, key=lambda item: (places.get(item.name, len(places)), item.name))
    return pl.Struct({item.name: _arranged_within(item.dtype, order.get(item.name, {})) for item in fields})


def _arranged_within(dtype: object, order: _Order) -> Any:
    match dtype:
        case pl.List():
            return pl.List(_arranged_within(dtype.inner, order))
        case pl.Struct():
            return _arranged(dtype, order)
        case _:
            return dtype
