"""What parquet files hold, from their footers."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

import polars as pl
from polars.exceptions import PolarsError

from glue_tui.catalog.places import is_s3
from glue_tui.core.schema import FileFormat
from glue_tui.crawlers.dtype_facts import facts_of_dtype
from glue_tui.crawlers.facts import ColumnFacts, CrawledFile, Found, broken
from glue_tui.crawlers.listing import ListedFile
from glue_tui.crawlers.parquet_footer import (
    END_BYTES,
    MAGIC,
    footer_bytes,
    rows_after,
    schema_bytes,
    types_of_arrow,
)

TAIL_BYTES = 16 * 1024
"""As much of a file's end as holds most footers whole."""

SCHEMAS_MAX = 1000
"""So many are kept; who writes more of them, has something else in each."""


@dataclass(frozen=True, slots=True)
class _Schema:
    format: FileFormat
    facts: dict[str, ColumnFacts]


@dataclass(frozen=True, slots=True)
class ParquetFooters:
    """The schemas that one crawl met: a file whose footer says the same needs no parsing."""

    _lengths: list[int] = field(default_factory=list)
    _schemas: dict[tuple[bytes, bytes], _Schema] = field(default_factory=dict)
    """By the bytes of the schema, and what Arrow's writers add to it."""

    def read(self, listed: ListedFile) -> CrawledFile | None:
        """Return what the footer of a file says; None if the file is not, or not plainly, a parquet file."""
        try:
            footer = _footer(listed)
            return self._understood(listed, footer) if footer else None
        except (PolarsError, OSError, ValueError):
            return None

    def _understood(self, listed: ListedFile, footer: bytes) -> CrawledFile:
        added = types_of_arrow(footer)
        for length in self._lengths:
            schema = self._schemas.get((footer[:length], added))
            if schema is not None:
                break
        else:
            length, schema = schema_bytes(footer), _parsed(listed)
            if len(self._schemas) < SCHEMAS_MAX:
                self._schemas[(footer[:length], added)] = schema
                if length not in self._lengths:
                    self._lengths.append(length)
        return CrawledFile(
            listed=listed,
            format=schema.format,
            rows=rows_after(footer, length),
            facts=schema.facts,
            is_settled=not is_s3(listed.absolute),
        )


def read_parquet(listed: ListedFile) -> Found:
    """Read one file's footer as polars does, and say what is wrong where it can't."""
    try:
        schema = _parsed(listed)
        options = listed.storage.polars_options(listed.absolute)
        frame = pl.scan_parquet(listed.absolute, glob=False, hive_partitioning=False, **options)
        rows = frame.select(pl.len()).collect().item()
    except (PolarsError, OSError) as error:
        found = broken(listed, error)
        return replace(found, reason=f"not a whole parquet file: {found.reason}")
    return CrawledFile(listed=listed, format=schema.format, rows=rows, facts=schema.facts)


def _parsed(listed: ListedFile) -> _Schema:
    with listed.storage.open(listed.absolute) as file:
        schema = pl.read_parquet_schema(file)
    names, types = tuple(schema), tuple(str(dtype) for dtype in schema.values())
    facts = {name: facts_of_dtype(dtype) for name, dtype in schema.items()}
    return _Schema(FileFormat(classification="parquet", columns=names, types=types), facts)


def _footer(listed: ListedFile) -> bytes:
    """Return the footer of a file that begins and ends as parquet files do; nothing of any other, or of one that ends
    elsewhere than it was listed."""
    if is_s3(listed.absolute):
        path, storage = listed.absolute, listed.storage
        return _footer_of(listed.size_bytes, lambda length, start: storage.read(path, start, length))
    file = os.open(listed.absolute, os.O_RDONLY)
    try:
        return _footer_of(listed.size_bytes, partial(os.pread, file))
    finally:
        os.close(file)


def _footer_of(size_bytes: int, read: Callable[[int, int], bytes]) -> bytes:
    start = max(0, size_bytes - TAIL_BYTES)
    tail = read(TAIL_BYTES, start)
    beginning = read(len(MAGIC), 0) if start else tail
    if len(tail) != size_bytes - start or not beginning.startswith(MAGIC):
        return b""
    length = footer_bytes(tail)
    end = len(tail) - END_BYTES
    if length <= end:
        return tail[end - length : end]
    if length > size_bytes:
        return b""
    return read(length, max(0, size_bytes - END_BYTES - length))
