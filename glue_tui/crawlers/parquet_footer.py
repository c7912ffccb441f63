"""Parquet footers: what tells the schema of one file from another's, and its rows, without parsing the rest. Pure.

A footer is a thrift struct in the compact protocol: version, schema, rows, row groups, key-value metadata, and more.
Files that one program wrote begin theirs with the same bytes, so that a schema needs to be parsed only once.
"""

from __future__ import annotations

MAGIC = b"PAR1"
END_BYTES = 8
"""What follows the footer: its length and the magic number."""

_ARROW_SCHEMA = b"ARROW:schema"
"""Under this key of the metadata, Arrow's writers keep the types that parquet has no word for."""

_ROWS_FIELD = 0x16
"""Header of the field after the schema: the next field, a 64-bit number."""
_SCHEMA_FIELD = 2

_TRUTHS, _BYTE, _NUMBERS, _DOUBLE, _BINARY, _LISTS, _STRUCT = (1, 2), 3, (4, 5, 6), 7, 8, (9, 10), 12
"""Kinds of values, as their headers call them."""


def footer_bytes(tail: bytes) -> int:
    """Return how long the footer is, of a file that ends with `tail`; 0 if it does not end as parquet files do."""
    return int.from_bytes(tail[-END_BYTES:-4], "little") if tail.endswith(MAGIC) and len(tail) > END_BYTES else 0


def schema_bytes(footer: bytes) -> int:
    """Return how many bytes at the start of a footer hold version and schema. Raises ValueError for an odd footer."""
    place = field = 0
    try:
        while field < _SCHEMA_FIELD:
            header = footer[place]
            if not header >> 4:
                break
            field += header >> 4
            place = _after(footer, place + 1, header & 15)
    except (IndexError, RecursionError):
        raise ValueError("the footer is cut off") from None
    if field != _SCHEMA_FIELD:
        raise ValueError("the footer's first fields are not version and schema")
    return place


def types_of_arrow(footer: bytes) -> bytes:
    """Return all of a footer that could say more of the columns' types than its schema does."""
    place = footer.find(_ARROW_SCHEMA)
    return footer[place:] if place >= 0 else b""


def rows_after(footer: bytes, start: int) -> int:
    """Return the rows that a footer counts; `start` is where its schema ends. Raises ValueError for an odd footer."""
    if start >= len(footer) or footer[start] != _ROWS_FIELD:
        raise ValueError("the footer does not say its rows after its schema")
    try:
        return _number(footer, start + 1)[0] >> 1
    except IndexError:
        raise ValueError("the footer is cut off") from None


def _number(footer: bytes, place: int) -> tuple[int, int]:
    """Return a number of any length, and the place behind it."""
    value = shift = 0
    while True:
        byte = footer[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
        shift += 7


def _after(footer: bytes, place: int, kind: int) -> int:
    """Return the place behind a value."""
    if kind in _TRUTHS:
        return place
    if kind == _BYTE:
        return place + 1
    if kind in _NUMBERS:
        return _number(footer, place)[1]
    if kind == _DOUBLE:
        return place + 8
    if kind == _BINARY:
        length, place = _number(footer, place)
        return place + length
    if kind in _LISTS:
        return _after_list(footer, place)
    if kind == _STRUCT:
        while header := footer[place]:
            # Without a step from the field before, the field's number follows.
            place = place + 1 if header >> 4 else _number(footer, place + 1)[1]
            place = _after(footer, place, header & 15)
        return place + 1
    raise ValueError(f"the footer holds a value of kind {kind}")


def _after_list(footer: bytes, place: int) -> int:
    items, kind = footer[place] >> 4, footer[place] & 15
    place += 1
    if items == 15:
        items, place = _number(footer, place)
    for _ in range(items):
        # Within a list, a truth takes a byte.
        place = _after(footer, place, _BYTE if kind in _TRUTHS else kind)
    return place
