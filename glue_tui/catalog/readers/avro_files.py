"""Avro files block by block: what the header and the blocks' lengths say, and the rows, a few blocks at a time."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import polars as pl

MAGIC = b"Obj\x01"
_SYNC_BYTES = 16
_BATCH_BYTES = 4 * 1024 * 1024
_SCHEMA_BYTES_MAX = 64 * 1024 * 1024
_BLOCK_BYTES_MAX = 1 << 40


class BrokenAvro(ValueError):
    """What is wrong in an Avro file, in words for people."""


def avro_facts(file: BinaryIO) -> tuple[dict[str, pl.DataType], int]:
    """Return the schema of a file and its number of rows; no value is read. Raises BrokenAvro or a polars error."""
    header = _header(file)
    rows = 0
    while block := _block(file):
        count, size_bytes, _ = block
        rows += count
        file.seek(size_bytes, io.SEEK_CUR)
        _check_sync(file, header.sync)
    return dict(pl.read_avro(io.BytesIO(header.without_codec)).schema), rows


def avro_frames(file: BinaryIO) -> Iterator[pl.DataFrame]:
    """Yield the rows of a file. Raises BrokenAvro or a polars error."""
    header = _header(file)
    batch = header.raw
    while block := _block(file):
        _, size_bytes, start = block
        batch += start + file.read(size_bytes) + _check_sync(file, header.sync)
        if len(batch) > _BATCH_BYTES:
            yield pl.read_avro(io.BytesIO(batch))
            batch = header.raw
    if len(batch) > len(header.raw):
        yield pl.read_avro(io.BytesIO(batch))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Header:
    raw: bytes
    """All bytes before the first block."""
    schema: bytes
    sync: bytes
    """What stands after each block."""

    @property
    def without_codec(self) -> bytes:
        """A header that says nothing but the schema: a whole file without rows, whatever codec the blocks have."""
        key = b"avro.schema"
        return MAGIC + b"".join(
            (_zigzag(1), _zigzag(len(key)), key, _zigzag(len(self.schema)), self.schema, b"\0", self.sync)
        )


def _header(file: BinaryIO) -> _Header:
    start = file.tell()
    if file.read(len(MAGIC)) != MAGIC:
        raise BrokenAvro("it begins otherwise")
    said: dict[bytes, bytes] = {}
    while count := _long(file)[0]:
        if count < 0:
            _long(file)
        for _ in range(abs(count)):
            key = file.read(_length(file))
            said[key] = file.read(_length(file))
    sync = file.read(_SYNC_BYTES)
    if len(sync) < _SYNC_BYTES or b"avro.schema" not in said:
        raise BrokenAvro("it is cut off in its header")
    end = file.tell()
    file.seek(start)
    return _Header(raw=file.read(end - start), schema=said[b"avro.schema"], sync=sync)


def _length(file: BinaryIO) -> int:
    length, _ = _long(file)
    if not 0 <= length <= _SCHEMA_BYTES_MAX:
        raise BrokenAvro("its header makes no sense")
    return length


def _block(file: BinaryIO) -> tuple[int, int, bytes] | None:
    """Return rows and length of the block that begins here, and the bytes that say so; None at the end of the file."""
    first = file.read(1)
    if not first:
        return None
    count, count_bytes = _long(file, first)
    size_bytes, size_raw = _long(file)
    if count < 0 or not 0 <= size_bytes <= _BLOCK_BYTES_MAX:
        raise BrokenAvro("one of its blocks has a length that makes no sense")
    return count, size_bytes, count_bytes + size_raw


def _check_sync(file: BinaryIO, sync: bytes) -> bytes:
    found = file.read(_SYNC_BYTES)
    if found != sync:
        raise BrokenAvro("one of its blocks does not end as it should" if found else "it is cut off within a block")
    return found


def _long(file: BinaryIO, raw: bytes = b"") -> tuple[int, bytes]:
    """Return a number as Avro writes it (zigzag, seven bits a byte), and its bytes."""
    raw = raw or file.read(1)
    while raw and raw[-1] & 0x80 and len(raw) < 10:
        more = file.read(1)
        if not more:
            break
        raw += more
    if not raw or raw[-1] & 0x80:
        raise BrokenAvro("it is cut off")
    value = sum((byte & 0x7F) << (7 * place) for place, byte in enumerate(raw))
    return (value >> 1) ^ -(value & 1), raw


def _zigzag(value: int) -> bytes:
    """Return a number from 0 on as Avro writes it."""
    value <<= 1
    raw = b""
    while value > 0x7F:
        raw += bytes((value & 0x7F | 0x80,))
        value >>= 7
    return raw + bytes((value,))
