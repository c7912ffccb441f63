"""Which files of a partitioned table a query has to open: what its condition says of the partition keys alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from glue_tui.catalog.read import FileRow, TableEntry, file_from
from glue_tui.catalog.types import parse, polars_type
from glue_tui.core.schema import Column, DataFile, Table

NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"
"""Hive's folder name for a partition key without a value; an empty value is read the same way."""

_PLACE = "__glue_tui_place"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesRead:
    """What one reading of a table opens, of all that the table has."""

    table: str
    files: int
    of_files: int
    size_bytes: int
    of_size_bytes: int

    def __str__(self) -> str:
        share = self.size_bytes / max(self.of_size_bytes, 1)
        part = "under 1%" if 0 < share < 0.01 else f"{share:.0%}"
        return f"{self.table}: {self.files:,} of {self.of_files:,} files, {part} of the bytes"


@dataclass(slots=True)
class Trace:
    """Follows what a query reads, one entry for each time it reads a table. As a rehearsal it reads no rows."""

    is_rehearsal: bool = False
    reads: list[FilesRead] = field(default_factory=list)

    def add(self, entry: TableEntry, files: Sequence[DataFile]) -> None:
        """Note that these files of a table are read."""
        self.reads.append(
            FilesRead(
                table=entry.full_name,
                files=len(files),
                of_files=entry.files,
                size_bytes=sum(file.size_bytes for file in files),
                of_size_bytes=entry.size_bytes,
            )
        )


def files_for(predicate: pl.Expr | None, table: Table, rows: Sequence[FileRow]) -> list[DataFile]:
    """Return the files in which a row may fulfil the predicate, in their order. polars itself evaluates it, over the
    partitions' values in place of rows: whatever a query may say of a key is understood.
    """
    files = [file_from(row) for row in rows]
    if predicate is None:
        return files
    kept = (
        partition_values(table, files)
        .with_row_index(_PLACE)
        .filter(may_hold(predicate, frozenset(key.name for key in table.partition_keys)))
    )
    return [files[place] for place in kept[_PLACE]]


def partition_values(table: Table, files: Sequence[DataFile]) -> pl.DataFrame:
    """Return the files' partition values as typed columns, one for each partition key."""
    return typed_values(table.partition_keys, [file.partition_values for file in files])


def typed_values(keys: Sequence[Column], values: Sequence[tuple[str, ...]]) -> pl.DataFrame:
    """Return partition values as typed columns, one for each partition key."""
    texts = {
        key.name: pl.Series([_value(one, place) for one in values], dtype=pl.String) for place, key in enumerate(keys)
    }
    return pl.DataFrame(texts).with_columns(parse(pl.col(one.name), polars_type(one.type)) for one in keys)


def _value(values: tuple[str, ...], place: int) -> str | None:
    value = values[place] if place < len(values) else ""
    return None if value in ("", NULL_PARTITION) else value


def may_hold(predicate: pl.Expr, keys: frozenset[str]) -> pl.Expr:
    """Return what must be true of the keys alone wherever the predicate is true; what it says of others is left out."""
    if set(predicate.meta.root_names()) <= keys:
        return predicate
    parts = predicate.meta.pop()
    if len(parts) == 2:
        left, right = (may_hold(part, keys) for part in parts)
        # `pop` gives the right side first. What is neither AND nor OR says nothing of the keys alone.
        if predicate.meta.eq(parts[1] & parts[0]):
            return right & left
        if predicate.meta.eq(parts[1] | parts[0]):
            return right | left
    return pl.lit(True)
