"""Shapes of the data catalog: tables, columns, files, and the change that a crawl or a job makes to them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    name: str
    type: str
    """Glue/Hive type: string bigint double boolean date timestamp decimal(p,s) array<T> struct<name:T,…> binary."""
    comment: str = ""
    reason: str = ""
    """Why it has this type, when a value forced it: the file, the line and the value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFormat:
    """How to read some files of a table. Files of one table may differ: another delimiter, an extra column."""

    classification: str
    """csv | json | parquet"""
    columns: tuple[str, ...] = ()
    """Columns as they stand in these files, in their order."""
    types: tuple[str, ...] = ()
    """Physical types in polars' words, where the files carry types (parquet): files that differ are read apart."""
    delimiter: str = ","
    quote: str = '"'
    header: bool = True
    encoding: str = "utf8"
    """utf8 | latin1"""
    compression: str = ""
    """gzip | zstd | empty"""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """One file of a table. `format` indexes `Table.formats`."""

    path: str
    """Relative to the project folder where it lies below it, else absolute."""
    size_bytes: int
    mtime_ns: int
    rows: int
    partition_values: tuple[str, ...] = ()
    format: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    database: str
    name: str
    classification: str
    """csv | json | parquet | sqlite"""
    location: str
    """Folder or file relative to the project folder; for a database table the connection's URL, templates unfilled."""
    columns: tuple[Column, ...]
    """Without the partition keys."""
    partition_keys: tuple[Column, ...] = ()
    formats: tuple[FileFormat, ...] = ()
    parameters: dict[str, str] = field(default_factory=dict)
    """Glue's table parameters (rule GR-10). A database table keeps its own name under `sourceTable`."""
    row_count: int = 0
    """Used only where there are no files to add up: database tables."""

    @property
    def full_name(self) -> str:
        return f"{self.database}.{self.name}"


class ChangeKind(StrEnum):
    CREATED = "CREATED"
    UPDATED = "UPDATED"
    UNCHANGED = "UNCHANGED"
    DEPRECATED = "DEPRECATED"
    DELETED = "DELETED"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableChange:
    """What a crawl or a job did to one table. The engine applies it in the transaction that ends the attempt.

    With `replace_files` the table has exactly `files` afterwards; without, `files` are added (same path: replaced)
    and `removed_paths` taken away, so that two writers of one table cannot undo each other.
    """

    kind: ChangeKind
    table: Table
    written_by: str
    """Node id of the crawler or job."""
    files: tuple[DataFile, ...] = ()
    replace_files: bool = True
    removed_paths: tuple[str, ...] = ()
    replaced_folders: tuple[str, ...] = ()
    """Where files lie that `files` replaced: readers find them there until this is applied, then they may go."""
    notes: tuple[str, ...] = ()
    """For the reader of the log: what was decided and why."""


_NOT_NAME = re.compile(r"[^0-9a-z_]+")


def table_name(text: str, prefix: str = "") -> str:
    """Return a catalog name for a folder or table: lower case, digits, underscores, at most 128 (rule GR-6)."""
    return (prefix + (_NOT_NAME.sub("_", text.lower()).strip("_") or "table"))[:128]
