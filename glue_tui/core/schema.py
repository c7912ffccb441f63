"""Shapes of the data catalog: tables, columns, files, and the change that a crawl or a job makes to them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

DATABASE_KINDS = ("sqlite", "postgresql", "mysql")
SOURCE_SCHEMA = "sourceSchema"
SOURCE_TABLE = "sourceTable"
"""Parameters of a database table: what it is called where it is."""
SOURCE_STATE = "sourceState"
"""Parameter of a database table: how its database was marked when a crawl looked at it; no part of what it is."""

LAKE_VERSION = "lakeVersion"
"""Parameter of a Delta or Iceberg table, in words: the version that its files are of, and Iceberg's snapshot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    name: str
    type: str
    """Glue/Hive type: string bigint double boolean date timestamp decimal(p,s) array<T> struct<name:T,…> binary."""
    comment: str = ""
    reason: str = ""
    """Why it has this type, when a value forced it: the file, the line and the value."""
    is_locked: bool = False
    """A person said that crawlers must leave name, type and comment as they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFormat:
    """How to read some files of a table. Files of one table may differ: another delimiter, an extra column."""

    classification: str
    """csv | json | parquet | avro | ipc | excel | delta | iceberg | log"""
    columns: tuple[str, ...] = ()
    """Columns as they stand in these files, in their order."""
    types: tuple[str, ...] = ()
    """Physical types in polars' words, where the files carry types (parquet): files that differ are read apart. Of a
    log the Glue types that its pattern says."""
    delimiter: str = ","
    quote: str = '"'
    """Empty where quotes mean nothing."""
    header: bool = True
    encoding: str = "utf8"
    """utf8, utf8-lossy (its broken bytes read as �), or what Python calls the codec: latin1, cp1252, utf-16 …"""
    compression: str = ""
    """gzip | zstd | bz2 | zip | empty"""
    escape: str = ""
    """What makes a following quote or delimiter a plain letter, where quotes are not doubled."""
    comment: str = ""
    """Lines that begin with it are no rows."""
    lead_lines: int = 0
    """Lines before the header or the first row: a title, notes."""
    footer_lines: int = 0
    """CSV and Excel: rows at the end that are none: sums, notes."""
    decimal: str = ""
    """What was said to stand before the decimals of a number: `.` or `,`. What was found out is kept in `forms`."""
    day_first: bool | None = None
    """What was said of dates such as 01/02/2025. What was found out is kept in `forms`."""
    forms: tuple[tuple[str, str], ...] = ()
    """Columns whose values are not written plainly: dates and times with their strptime form (`%d.%m.%Y`), numbers with
    an example (`1.234,56`)."""
    nulls: tuple[str, ...] = ()
    """Texts that mean that there is no value, beside the empty one."""
    shape: str = ""
    """JSON: lines | array | object; empty is lines."""
    records: str = ""
    """JSON: the path of the records within the document (`$.items[*]`); empty where each element is a record."""
    exact: bool = False
    """JSON: read value by value, for a text column holds what is no text, or a number more digits than a double."""
    beyond_double: tuple[str, ...] = ()
    """JSON: columns of whole numbers, one of which is so great that a double may not hold it."""
    sheet: str = ""
    """Excel: the sheet's name."""
    pattern: str = ""
    """Log: the regular expression whose named groups are the columns."""
    trim: bool = False
    """CSV: spaces around a value are not part of it."""
    blank_lines: bool = False
    """CSV: lines without anything stand among the rows, and are none."""
    trailing: bool = False
    """CSV: rows end with a delimiter after which no column comes."""
    leading: bool = False
    """CSV: rows begin with a delimiter before which no column comes."""
    rewritten: bool = False
    """CSV: too odd for the fast reader, which gets a plain copy."""
    header_names: tuple[str, ...] = ()
    """CSV: the names in the header, where a classifier says others."""
    doubts: tuple[str, ...] = ()
    """What the files could also mean, each with the key of a classifier that settles it."""


UNSETTLED_TAG = "?"
"""Of a file that may have changed while, or just after, it was read: it is taken for changed next time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """One file of a table. `format` indexes `Table.formats`."""

    path: str
    """Relative to the project folder where it lies below it, else absolute or `s3://bucket/key`."""
    size_bytes: int
    mtime_ns: int
    rows: int
    partition_values: tuple[str, ...] = ()
    format: int = 0
    tag: str = ""
    """What tells this version of the file from others of the same size and time; empty: unknown."""
    types: tuple[tuple[str, str], ...] = ()
    """Columns that are of another type in this file than over all files of the table; see `types_of_files`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    database: str
    name: str
    classification: str
    """As its files' format; of a database's table: sqlite | postgresql | mysql"""
    location: str
    """Folder or file relative to the project folder; for a database table the connection's URL, templates unfilled."""
    columns: tuple[Column, ...]
    """Without the partition keys."""
    partition_keys: tuple[Column, ...] = ()
    formats: tuple[FileFormat, ...] = ()
    parameters: dict[str, str] = field(default_factory=dict)
    """Glue's table parameters (rule GR-10). A database table keeps its own name in SOURCE_SCHEMA and SOURCE_TABLE."""
    row_count: int = 0
    """Used only where there are no files to add up: database tables."""

    @property
    def full_name(self) -> str:
        return f"{self.database}.{self.name}"

    @property
    def is_in_database(self) -> bool:
        """It has no files: its rows are in the database behind `location`."""
        return self.classification in DATABASE_KINDS


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
    replaced_objects: tuple[str, ...] = ()
    """The same for `s3://` URLs; all in the bucket of the table."""
    notes: tuple[str, ...] = ()
    """For the reader of the log: what was decided and why."""


_NOT_NAME = re.compile(r"[^0-9a-z_]+")


def table_name(text: str, prefix: str = "") -> str:
    """Return a catalog name for a folder or table: lower case, digits, underscores, at most 128 (rule GR-6)."""
    return (prefix + (_NOT_NAME.sub("_", text.lower()).strip("_") or "table"))[:128]
