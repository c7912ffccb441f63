"""The catalog as readers see it: databases, tables, files, partitions and versions, straight from the state file.

Works without an engine and while one writes. No polars here.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import msgspec

from glue_tui.catalog.lineage import Access, TableUse, noted_uses
from glue_tui.catalog.write import DEPRECATED_PARAMETER, columns_from, counted_sums, formats_from
from glue_tui.core.problem import EntityNotFound, did_you_mean
from glue_tui.core.schema import Column, DataFile, Table
from glue_tui.store.database import unreadable

BUSY_TIMEOUT_S = 10.0

FileRow = tuple[str, int, int, int, str, int, str, str]
"""A file as stored: path, bytes, mtime in ns, rows, partition values for `values_from`, place of its format, its tag,
and its own types for `types_from`."""

values_from = msgspec.json.Decoder(list[str]).decode
"""Partition values from their stored text."""

_pairs_from = msgspec.json.Decoder(tuple[tuple[str, str], ...]).decode


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


_PARTITION_QUERY = """
    SELECT f.partition_values, count(*) AS files, sum(f.rows) AS rows, sum(f.size_bytes) AS size_bytes
    FROM catalog_file f JOIN catalog_table t ON t.id = f.table_id
    WHERE t.database = ? AND t.name = ? AND f.partition_values <> '[]' GROUP BY f.partition_values
"""
_FILE_QUERY = """
    SELECT path, size_bytes, mtime_ns, rows, partition_values, format, {tag}, {types} FROM catalog_file
    WHERE table_id = ? ORDER BY path
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

    def names(self) -> tuple[str, ...]:
        """Return `database.table` of every table, ordered."""
        with self._reading() as conn:
            rows = conn.execute("SELECT database || '.' || name FROM catalog_table ORDER BY 1") if conn else ()
            return tuple(row[0] for row in rows)

    def tables(self, database: str = "") -> tuple[TableEntry, ...]:
        """Return the tables of one database, or of all, ordered by name."""
        with self._reading() as conn:
            if conn is None:
                return ()
            rows = conn.execute(
                "SELECT * FROM catalog_table WHERE ? IN ('', database) ORDER BY database, name", (database.lower(),)
            )
            return tuple(_entry(conn, row) for row in rows.fetchall())

    def table(self, full_name: str) -> TableEntry:
        """Return one table by `database.table`. Raises EntityNotFound with the nearest name."""
        with self._reading() as conn:
            found = _find(conn, full_name)
            if conn is not None and found is not None:
                return _entry(conn, found)
        raise self._not_found(full_name)

    def files(self, full_name: str) -> tuple[DataFile, ...]:
        """Return the files of a table, ordered by path. Raises EntityNotFound."""
        return self.contents(full_name)[1]

    def contents(self, full_name: str) -> tuple[TableEntry, tuple[DataFile, ...]]:
        """Return a table and its files as they were at one moment. Raises EntityNotFound."""
        entry, rows = self.file_rows(full_name)
        return entry, tuple(map(file_from, rows))

    def contents_by_parameter(self, database: str, name: str, value: str) -> list[tuple[TableEntry, list[FileRow]]]:
        """Return the tables of a database that have this table parameter, with their files as they are stored."""
        with self._reading() as conn:
            if conn is None:
                return []
            rows = conn.execute("SELECT * FROM catalog_table WHERE database = ? ORDER BY name", (database.lower(),))
            found = [(_entry(conn, row), row["id"]) for row in rows.fetchall()]
            return [
                (entry, _file_rows(conn, table_id))
                for entry, table_id in found
                if entry.table.parameters.get(name) == value
            ]

    def file_rows(self, full_name: str) -> tuple[TableEntry, list[FileRow]]:
        """Return what `contents` does, the files as they are stored: quick for a table of 100,000 files."""
        with self._reading() as conn:
            found = _find(conn, full_name)
            if conn is not None and found is not None:
                entry = _entry(conn, found)
                return entry, _file_rows(conn, found["id"])
        raise self._not_found(full_name)

    def partitions(self, full_name: str) -> tuple[PartitionEntry, ...]:
        """Return the partitions of a table, ordered by their values; none for a table without keys."""
        entry = self.table(full_name)
        if not entry.table.partition_keys:
            return ()
        with self._reading() as conn:
            rows = conn.execute(_PARTITION_QUERY, (entry.table.database, entry.table.name)) if conn else ()
            found = [
                PartitionEntry(
                    values=tuple(values_from(row["partition_values"])),
                    files=row["files"],
                    rows=row["rows"],
                    size_bytes=row["size_bytes"],
                )
                for row in rows
            ]
        return tuple(sorted(found, key=lambda one: one.values))

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

    def uses(self, full_name: str) -> tuple[TableUse, ...]:
        """Return which crawlers and jobs wrote or read a table in runs. Raises EntityNotFound."""
        entry = self.table(full_name)
        with self._reading() as conn:
            noted = noted_uses(conn, full_name) if conn is not None else []
        if not any(one.access is Access.WRITES for one in noted):
            last = TableUse(workflow="", node_id=entry.written_by, access=Access.WRITES, run_id=entry.run_id)
            noted.append(replace(last, at=entry.updated_at))
        return tuple(noted)

    def _not_found(self, full_name: str) -> EntityNotFound:
        names = self.names()
        if not names:
            return EntityNotFound(
                f"no table {full_name} in the catalog", hint="the catalog is empty: run a crawler first"
            )
        return EntityNotFound(f"no table {full_name} in the catalog", hint=did_you_mean(full_name, names))

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection | None]:
        """Yield a connection inside one read transaction, None where there is no catalog yet. Raises StoreFailed."""
        if not self.path.exists():
            yield None
            return
        uri = f"file:{quote(str(self.path.resolve()))}?mode=ro"
        try:
            with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None)) as conn:
                conn.row_factory = sqlite3.Row
                conn.execute("BEGIN")
                made = conn.execute(
                    "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'catalog_file'"
                ).fetchone()
                yield conn if made else None
        except sqlite3.DatabaseError as error:
            raise unreadable(self.path, error) from error


def file_from(row: FileRow) -> DataFile:
    """Return a stored file."""
    path, size_bytes, mtime_ns, rows, values, place, tag, types = row
    return DataFile(
        path=path,
        size_bytes=size_bytes,
        mtime_ns=mtime_ns,
        rows=rows,
        partition_values=tuple(values_from(values)),
        format=place,
        tag=tag,
        types=types_from(types),
    )


def types_from(text: str) -> tuple[tuple[str, str], ...]:
    """Return a file's own types from their stored text."""
    return _pairs_from(text) if text else ()


def _find(conn: sqlite3.Connection | None, full_name: str) -> sqlite3.Row | None:
    """Return the stored row of a table; its columns are those of the version that made the state."""
    if conn is None:
        return None
    database, _, name = full_name.lower().partition(".")
    query = "SELECT * FROM catalog_table WHERE database = ? AND name = ?"
    found: sqlite3.Row | None = conn.execute(query, (database, name)).fetchone()
    return found


def _file_rows(conn: sqlite3.Connection, table_id: int) -> list[FileRow]:
    # A state that only older versions have opened has no tags, or no types.
    names = {row[0] for row in conn.execute("SELECT name FROM pragma_table_info('catalog_file')")}
    query = _FILE_QUERY.format(**{name: name if name in names else "''" for name in ("tag", "types")})
    cursor = conn.cursor()
    cursor.row_factory = None
    return cursor.execute(query, (table_id,)).fetchall()


def _entry(conn: sqlite3.Connection, row: sqlite3.Row) -> TableEntry:
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
    # A state that only older versions have opened has no sums.
    stored = row["sums"] if "sums" in row.keys() else None  # noqa: SIM118
    files, rows, size_bytes, partitions = json.loads(stored) if stored else counted_sums(conn, row["id"])
    return TableEntry(
        table=table,
        version=row["version"],
        rows=rows if files else table.row_count,
        files=files,
        size_bytes=size_bytes,
        partitions=partitions,
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        written_by=row["written_by"],
        run_id=row["run_id"],
    )
