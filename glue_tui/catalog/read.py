"""The catalog as readers see it: databases, tables, files, partitions and versions, straight from the state file.

Works without an engine and while one writes. No polars here.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from glue_tui.catalog.write import DEPRECATED_PARAMETER, columns_from, formats_from
from glue_tui.core.problem import EntityNotFound, did_you_mean
from glue_tui.core.schema import Column, DataFile, Table

BUSY_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseEntry:
    name: str
    tables: int
    rows: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TableEntry:
    """A table with its sums over all files."""

    table: Table
    version: int
    """1 for the first schema (rule CT-2)."""
    rows: int
    files: int
    size_bytes: int
    partitions: int
    created_at: float
    """Seconds since 1970, as `updated_at`."""
    updated_at: float
    written_by: str
    """Node id of the crawler or job that wrote it last, in run `run_id`."""
    run_id: str

    @property
    def full_name(self) -> str:
        return self.table.full_name

    @property
    def is_deprecated(self) -> bool:
        return DEPRECATED_PARAMETER in self.table.parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionEntry:
    values: tuple[str, ...]
    """In the order of the table's partition keys."""
    files: int
    rows: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionEntry:
    version: int
    columns: tuple[Column, ...]
    partition_keys: tuple[Column, ...]
    notes: tuple[str, ...]
    written_by: str
    run_id: str
    at: float


_TABLE_QUERY = """
    SELECT t.id, t.database, t.name, t.classification, t.location, t.columns, t.partition_keys, t.formats, t.parameters,
        t.row_count, t.version, t.created_at, t.updated_at, t.written_by, t.run_id,
        count(f.path) AS files, coalesce(sum(f.rows), 0) AS file_rows, coalesce(sum(f.size_bytes), 0) AS size_bytes,
        count(DISTINCT CASE WHEN f.partition_values <> '[]' THEN f.partition_values END) AS partitions
    FROM catalog_table t LEFT JOIN catalog_file f ON f.table_id = t.id
"""


@dataclass(frozen=True, slots=True)
class Catalog:
    """A view of the catalog in one state file. Every question is answered from the file as it is at that moment.

    A file that does not exist yet, or has no catalog yet, is an empty catalog. Safe to share between threads.
    """

    path: Path

    @classmethod
    def open(cls, path: str | Path) -> Catalog:
        """Return the catalog in the state file at `path`; nothing is opened or made."""
        return cls(Path(path))

    def databases(self) -> tuple[DatabaseEntry, ...]:
        sums: dict[str, DatabaseEntry] = {}
        for entry in self.tables():
            name = entry.table.database
            before = sums.get(name, DatabaseEntry(name=name, tables=0, rows=0, size_bytes=0))
            sums[name] = DatabaseEntry(
                name=name,
                tables=before.tables + 1,
                rows=before.rows + entry.rows,
                size_bytes=before.size_bytes + entry.size_bytes,
            )
        return tuple(sums.values())

    def tables(self, database: str = "") -> tuple[TableEntry, ...]:
        """Return the tables of one database, or of all, ordered by name."""
        with self._reading() as conn:
            if conn is None:
                return ()
            rows = conn.execute(
                _TABLE_QUERY + " WHERE ? IN ('', t.database) GROUP BY t.id ORDER BY t.database, t.name",
                (database.lower(),),
            )
            return tuple(_entry(row) for row in rows)

    def table(self, full_name: str) -> TableEntry:
        """Return one table by `database.table`. Raises EntityNotFound with the nearest name."""
        return self.contents(full_name)[0]

    def files(self, full_name: str) -> tuple[DataFile, ...]:
        """Return the files of a table, ordered by path. Raises EntityNotFound."""
        return self.contents(full_name)[1]

    def contents(self, full_name: str) -> tuple[TableEntry, tuple[DataFile, ...]]:
        """Return a table and its files as they were at one moment. Raises EntityNotFound."""
        database, _, name = full_name.lower().partition(".")
        with self._reading() as conn:
            if conn is not None:
                row = conn.execute(
                    _TABLE_QUERY + " WHERE t.database = ? AND t.name = ? GROUP BY t.id", (database, name)
                ).fetchone()
                if row is not None:
                    files = conn.execute(
                        "SELECT path, size_bytes, mtime_ns, rows, partition_values, format FROM catalog_file"
                        " WHERE table_id = ? ORDER BY path",
                        (row["id"],),
                    )
                    return _entry(row), tuple(_file(item) for item in files)
        raise self._not_found(full_name)

    def partitions(self, full_name: str) -> tuple[PartitionEntry, ...]:
        """Return the partitions of a table, ordered by their values; none for a table without keys."""
        entry, files = self.contents(full_name)
        if not entry.table.partition_keys:
            return ()
        sums: dict[tuple[str, ...], PartitionEntry] = {}
        for file in files:
            before = sums.get(
                file.partition_values, PartitionEntry(values=file.partition_values, files=0, rows=0, size_bytes=0)
            )
            sums[file.partition_values] = PartitionEntry(
                values=file.partition_values,
                files=before.files + 1,
                rows=before.rows + file.rows,
                size_bytes=before.size_bytes + file.size_bytes,
            )
        return tuple(sums[values] for values in sorted(sums))

    def versions(self, full_name: str) -> tuple[VersionEntry, ...]:
        """Return the kept schema versions of a table, newest first."""
        entry = self.table(full_name)
        with self._reading() as conn:
            if conn is None:
                return ()
            rows = conn.execute(
                "SELECT v.* FROM catalog_version v JOIN catalog_table t ON t.id = v.table_id"
                " WHERE t.database = ? AND t.name = ? ORDER BY v.version DESC",
                (entry.table.database, entry.table.name),
            )
            return tuple(
                VersionEntry(
                    version=row["version"],
                    columns=columns_from(row["columns"]),
                    partition_keys=columns_from(row["partition_keys"]),
                    notes=tuple(json.loads(row["notes"])),
                    written_by=row["written_by"],
                    run_id=row["run_id"],
                    at=row["at"],
                )
                for row in rows
            )

    def _not_found(self, full_name: str) -> EntityNotFound:
        names = [entry.full_name for entry in self.tables()]
        if not names:
            return EntityNotFound(
                f"no table {full_name} in the catalog", hint="the catalog is empty: run a crawler first"
            )
        return EntityNotFound(f"no table {full_name} in the catalog", hint=did_you_mean(full_name, names))

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        """Yield a connection inside one read transaction, or None where there is no catalog yet."""
        if not self.path.exists():
            yield None
            return
        uri = f"file:{quote(str(self.path.resolve()))}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None)) as conn:
            conn.row_factory = sqlite3.Row
            conn.execute("BEGIN")
            made = conn.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'catalog_file'").fetchone()
            yield conn if made else None


def _entry(row: sqlite3.Row) -> TableEntry:
    table = Table(
        database=row["database"],
        name=row["name"],
        classification=row["classification"],
        location=row["location"],
        columns=columns_from(row["columns"]),
        partition_keys=columns_from(row["partition_keys"]),
        formats=formats_from(row["formats"]),
        parameters=json.loads(row["parameters"]),
        row_count=row["row_count"],
    )
    return TableEntry(
        table=table,
        version=row["version"],
        rows=row["file_rows"] if row["files"] else table.row_count,
        files=row["files"],
        size_bytes=row["size_bytes"],
        partitions=row["partitions"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        written_by=row["written_by"],
        run_id=row["run_id"],
    )


def _file(row: sqlite3.Row) -> DataFile:
    return DataFile(
        path=row["path"],
        size_bytes=row["size_bytes"],
        mtime_ns=row["mtime_ns"],
        rows=row["rows"],
        partition_values=tuple(json.loads(row["partition_values"])),
        format=row["format"],
    )
