"""JSON records value by value, for what polars reads otherwise than it stands there: numbers in text, long numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
import polars as pl

from glue_tui.catalog.readers.json_records import BrokenJson, shown

BATCH_RECORDS = 10_000

Raw = msgspec.Raw

_objects = msgspec.json.Decoder(dict[str, Raw])
_arrays = msgspec.json.Decoder(list[Raw])
_values = msgspec.json.Decoder()


def json_object(record: bytes | Raw) -> dict[str, Raw]:
    """Return the members of a JSON object as text. Of a key that comes twice the last counts. Raises ValueError."""
    return _objects.decode(record)


def json_array(text: bytes | Raw) -> list[Raw]:
    """Return the elements of a JSON array as text. Raises ValueError."""
    return _arrays.decode(text)


def json_text(text: bytes | Raw) -> str:
    """Return the value of a JSON string; of any other value its text as it stands. Raises ValueError."""
    raw = bytes(text)
    if raw.startswith(b'"'):
        value: str = _values.decode(raw)
        return value
    return raw.decode()


def exact_frames(records: Iterable[tuple[int, str]], schema: Mapping[str, pl.DataType]) -> Iterator[pl.DataFrame]:
    """Yield the records under the dtypes of `schema`: what is no text itself keeps its letters in a text column.

    Raises BrokenJson, with the line, for a value that is not of its column's type.
    """
    batch: dict[str, list[Any]] = {name: [] for name in schema}
    count = 0
    for line, record in records:
        try:
            members = json_object(record.encode())
            for name, dtype in schema.items():
                batch[name].append(_conformed(members.get(name), dtype))
        except ValueError as error:
            raise BrokenJson(f"line {line} is not as the catalog has it: {error}") from error
        count += 1
        if count == BATCH_RECORDS:
            yield pl.DataFrame(batch, schema=dict(schema))
            batch, count = {name: [] for name in schema}, 0
    if count:
        yield pl.DataFrame(batch, schema=dict(schema))


def _conformed(text: Raw | None, dtype: pl.DataType) -> Any:
    if text is None:
        return None
    raw = bytes(text)
    if raw == b"null":
        return None
    match dtype:
        case pl.String():
            return json_text(raw)
        case pl.Struct():
            members = json_object(raw)
            return {item.name: _conformed(members.get(item.name), _instance(item.dtype)) for item in dtype.fields}
        case pl.List():
            inner = _instance(dtype.inner)
            return [_conformed(element, inner) for element in json_array(raw)]
        case _ if dtype.is_integer() and raw.lstrip(b"-").isdigit():
            return int(raw)
        case _ if dtype.is_float() and raw[:1] in b"-0123456789":
            return float(raw)
        case pl.Boolean() if raw in (b"true", b"false"):
            return raw == b"true"
        case _:
            raise ValueError(f"{shown(raw.decode(errors='replace'))} is no {dtype}")


def _instance(dtype: Any) -> pl.DataType:
    made: pl.DataType = dtype() if isinstance(dtype, type) else dtype
    return made
