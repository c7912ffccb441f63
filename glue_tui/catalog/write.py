"""The catalog's tables in the engine's SQLite file, and the one way they change: `apply_changes`, in a transaction.

No polars here: the engine imports this module.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace

from glue_tui.core.codec import from_data, to_data
from glue_tui.core.problem import EntityNotFound, did_you_mean
from glue_tui.core.schema import SOURCE_STATE, ChangeKind, Column, FileFormat, Table, TableChange
from glue_tui.core.schema_changes import LOCKED_PARAMETER, data_types, with_data_types, with_locks
from glue_tui.core.table_edits import TableEdit, Version, edited

VERSIONS_MAX = 100
"""Older versions of a table's schema are forgotten."""

DEPRECATED_PARAMETER = "DEPRECATED_BY_CRAWLER"
"""Milliseconds since 1970, as text (rule SC-3)."""

_json_text = json.JSONEncoder(ensure_ascii=False).encode

MIGRATIONS: tuple[str, ...] = (
    """CREATE TABLE catalog_database (
        name TEXT PRIMARY KEY,
        created_at REAL NOT NULL
    ) STRICT""",
    """CREATE TABLE catalog_table (
        id INTEGER PRIMARY KEY,
        database TEXT NOT NULL REFERENCES catalog_database (name),
        name TEXT NOT NULL,
        classification TEXT NOT NULL,
        location TEXT NOT NULL,
        columns TEXT NOT NULL,
        partition_keys TEXT NOT NULL,
        formats TEXT NOT NULL,
        parameters TEXT NOT NULL,
        row_count INTEGER NOT NULL,
        version INTEGER NOT NULL,
        created_at REAL NOT NULL,
        updated_at REAL NOT NULL,
        written_by TEXT NOT NULL,
        run_id TEXT NOT NULL,
        UNIQUE (database, name)
    ) STRICT""",
    """CREATE TABLE catalog_version (
        table_id INTEGER NOT NULL REFERENCES catalog_table (id) ON DELETE CASCADE,
        version INTEGER NOT NULL,
        columns TEXT NOT NULL,
        partition_keys TEXT NOT NULL,
        notes TEXT NOT NULL,
        written_by TEXT NOT NULL,
        run_id TEXT NOT NULL,
        at REAL NOT NULL,
        PRIMARY KEY (table_id, version)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE catalog_file (
        table_id INTEGER NOT NULL REFERENCES catalog_table (id) ON DELETE CASCADE,
        path TEXT NOT NULL,
        size_bytes INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        rows INTEGER NOT NULL,
        partition_values TEXT NOT NULL,
        format INTEGER NOT NULL,
        PRIMARY KEY (table_id, path)
    ) STRICT, WITHOUT ROWID""",
    # Files, rows, bytes and partitions as a JSON list; null in a table that an older version wrote last.
    "ALTER TABLE catalog_table ADD COLUMN sums TEXT",
    "ALTER TABLE catalog_file ADD COLUMN tag TEXT NOT NULL DEFAULT ''",
    """CREATE TABLE catalog_use (
        database TEXT NOT NULL,
        name TEXT NOT NULL,
        workflow TEXT NOT NULL,
        node_id TEXT NOT NULL,
        access TEXT NOT NULL,
        run_id TEXT NOT NULL,
        at REAL NOT NULL,
        PRIMARY KEY (database, name, workflow, node_id, access)
    ) STRICT, WITHOUT ROWID""",
    # Columns that have another type in this file than in the table, as JSON pairs; empty: none.
    "ALTER TABLE catalog_file ADD COLUMN types TEXT NOT NULL DEFAULT ''",
)
"""Each step is one statement, run once, in order. Steps are only ever added."""


def apply_changes(conn: sqlite3.Connection, changes: Sequence[TableChange], *, run_id: str, at: float) -> None:
    """Write what a crawl or job did into the catalog, inside the caller's open transaction.

    `at` is in seconds since 1970. A table's schema gets a new version only if it changed (rule CT-2).
    """
    for change in changes:
        match change.kind:
            case ChangeKind.CREATED | ChangeKind.UPDATED:
                _store(conn, change, run_id, at)
            case ChangeKind.DEPRECATED:
                _deprecate(conn, change, run_id, at)
            case ChangeKind.DELETED:
                _delete(conn, change.table)
            case ChangeKind.UNCHANGED:
                _note_state(conn, change.table)
                _note_tags(conn, change)


def _note_state(conn: sqlite3.Connection, table: Table) -> None:
    """Note of a database's table that it is as it was in a later state of its database, so that it need not be read
    again before that changes."""
    if SOURCE_STATE in table.parameters:
        conn.execute(
            "UPDATE catalog_table SET parameters = json_set(parameters, ?, ?) WHERE database = ? AND name = ?",
            (f"$.{SOURCE_STATE}", table.parameters[SOURCE_STATE], table.database, table.name),
        )


def edit_table(conn: sqlite3.Connection, edit: TableEdit, *, at: float) -> tuple[str, ...]:
    """Change a table as a person asks, inside the caller's open transaction; return what has changed, in words.

    A schema that differs gets a new version (rule CT-2). The table's last writer stays the crawler or job it was.
    Raises EntityNotFound or InvalidInput, with nothing changed.
    """
    database, _, name = edit.table.lower().partition(".")
    row = conn.execute(
        "SELECT id, version, columns, partition_keys, parameters, written_by, classification, location"
        " FROM catalog_table WHERE database = ? AND name = ?",
        (database, name),
    ).fetchone()
    if row is None:
        names = [f"{one[0]}.{one[1]}" for one in conn.execute("SELECT database, name FROM catalog_table")]
        raise EntityNotFound(f"no table {edit.table} in the catalog", hint=did_you_mean(edit.table, names))
    table_id, version = row[0], row[1]
    table = Table(
        database=database,
        name=name,
        classification=row[6],
        location=row[7],
        columns=columns_from(row[2]),
        partition_keys=columns_from(row[3]),
        parameters=json.loads(row[4]),
    )
    after = edited(table, row[5], edit, _version(conn, table_id, edit.version) if edit.version else None)
    if not after.notes:
        return ()
    columns = columns_text(after.table.columns)
    is_new = _shape(columns) != _shape(row[2])
    conn.execute(
        "UPDATE catalog_table SET columns = ?, parameters = ?, version = ?, updated_at = ? WHERE id = ?",
        (columns, json.dumps(after.table.parameters, ensure_ascii=False), version + is_new, at, table_id),
    )
    if is_new:
        _add_version(conn, table_id, version + 1, after.table, after.notes, f"user:{edit.by}", "", at)
    return after.notes


def _version(conn: sqlite3.Connection, table_id: int, version: int) -> Version | None:
    row = conn.execute(
        "SELECT columns, partition_keys FROM catalog_version WHERE table_id = ? AND version = ?", (table_id, version)
    ).fetchone()
    return Version(columns=columns_from(row[0]), partition_keys=columns_from(row[1])) if row else None


def columns_text(columns: Sequence[Column]) -> str:
    """Return columns as stored: a JSON list."""
    return json.dumps(to_data(tuple(columns)), ensure_ascii=False)


def columns_from(text: str) -> tuple[Column, ...]:
    """Return the columns that `columns_text` stored."""
    return tuple(from_data(Column, item) for item in json.loads(text))


def counted_sums(conn: sqlite3.Connection, table_id: int) -> tuple[int, int, int, int]:
    """Return how many files, rows, bytes and partitions a table has, after a look at every file of it."""
    row = conn.execute(
        "SELECT count(*), coalesce(sum(rows), 0), coalesce(sum(size_bytes), 0),"
        " count(DISTINCT CASE WHEN partition_values <> '[]' THEN partition_values END)"
        " FROM catalog_file WHERE table_id = ?",
        (table_id,),
    ).fetchone()
    return (row[0], row[1], row[2], row[3])


def formats_from(text: str) -> tuple[FileFormat, ...]:
    """Return the file formats of a stored table."""
    return tuple(from_data(FileFormat, item) for item in json.loads(text))


def _store(conn: sqlite3.Connection, change: TableChange, run_id: str, at: float) -> None:
    table = change.table
    conn.execute("INSERT OR IGNORE INTO catalog_database VALUES (?, ?)", (table.database, at))
    stored = conn.execute(
        "SELECT id, version, columns, partition_keys, formats, parameters FROM catalog_table"
        " WHERE database = ? AND name = ?",
        (table.database, table.name),
    ).fetchone()
    if stored is not None:
        table = _with_hand_edits(table, columns_from(stored[2]), json.loads(stored[5]), change.written_by)
        if change.written_by.startswith("job:") and not change.replace_files:
            # Another job may have added columns, and files that have them, while this one was at work.
            names = {column.name for column in (*table.columns, *table.partition_keys)}
            others = (column for column in columns_from(stored[2]) if column.name not in names)
            table = replace(table, columns=(*table.columns, *others))
    columns, keys = columns_text(table.columns), columns_text(table.partition_keys)
    if stored is None:
        version = 1
        formats = table.formats
    else:
        version = stored[1] + (_shape(stored[2]) != _shape(columns) or _shape(stored[3]) != _shape(keys))
        formats = table.formats if change.replace_files else _united(formats_from(stored[4]), table.formats)
    values = (
        table.classification,
        table.location,
        columns,
        keys,
        json.dumps(to_data(formats), ensure_ascii=False),
        json.dumps(table.parameters, ensure_ascii=False),
        table.row_count,
        version,
        at,
        change.written_by,
        run_id,
        table.database,
        table.name,
    )
    if stored is None:
        table_id = conn.execute(
            "INSERT INTO catalog_table (classification, location, columns, partition_keys, formats, parameters,"
            " row_count, version, updated_at, written_by, run_id, database, name, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*values, at),
        ).lastrowid
        assert table_id is not None
    else:
        table_id = stored[0]
        conn.execute(
            "UPDATE catalog_table SET classification = ?, location = ?, columns = ?, partition_keys = ?, formats = ?,"
            " parameters = ?, row_count = ?, version = ?, updated_at = ?, written_by = ?, run_id = ?"
            " WHERE database = ? AND name = ?",
            values,
        )
    if stored is None or version != stored[1]:
        _add_version(conn, table_id, version, table, change.notes, change.written_by, run_id, at)
    _store_files(conn, table_id, change, formats)


def _with_hand_edits(table: Table, columns: tuple[Column, ...], parameters: dict[str, str], written_by: str) -> Table:
    """Return what is to be stored with what people have said of it, also while the writer was at work.

    What a column or a parameter says that the writer leaves out stays; against crawlers locks hold.
    """
    comments = {column.name: column.comment for column in columns}
    table = replace(
        table,
        columns=tuple(
            replace(column, comment=_comment(comments.get(column.name), column, table), is_locked=False)
            for column in table.columns
        ),
    )
    if not written_by.startswith("crawler:"):
        return table
    others = {key: text for key, text in table.parameters.items() if key != LOCKED_PARAMETER}
    locked = {key: text for key, text in parameters.items() if key == LOCKED_PARAMETER}
    table = replace(table, parameters={**others, **locked})
    kept, _ = with_locks(replace(table, columns=columns), table)
    return with_data_types(kept, data_types(table))


def _comment(stored: str | None, column: Column, table: Table) -> str:
    """Return what people say of a column by now, else what its database says: a writer knows the words of before."""
    if table.is_in_database or stored is None:
        return stored or column.comment
    return stored


def _shape(columns: str) -> list[tuple[str, str]]:
    """Return what makes a new version: names and types. A new comment or reason does not."""
    return [(column.name, column.type) for column in columns_from(columns)]


def _united(stored: tuple[FileFormat, ...], added: tuple[FileFormat, ...]) -> tuple[FileFormat, ...]:
    return stored + tuple(item for item in dict.fromkeys(added) if item not in stored)


def _add_version(
    conn: sqlite3.Connection,
    table_id: int,
    version: int,
    table: Table,
    notes: Sequence[str],
    written_by: str,
    run_id: str,
    at: float,
) -> None:
    conn.execute(
        "INSERT INTO catalog_version VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            table_id,
            version,
            columns_text(table.columns),
            columns_text(table.partition_keys),
            json.dumps(notes, ensure_ascii=False),
            written_by,
            run_id,
            at,
        ),
    )
    conn.execute("DELETE FROM catalog_version WHERE table_id = ? AND version <= ?", (table_id, version - VERSIONS_MAX))


def _store_files(conn: sqlite3.Connection, table_id: int, change: TableChange, formats: tuple[FileFormat, ...]) -> None:
    if change.replace_files:
        conn.execute("DELETE FROM catalog_file WHERE table_id = ?", (table_id,))
    else:
        conn.executemany(
            "DELETE FROM catalog_file WHERE table_id = ? AND path = ?",
            [(table_id, path) for path in change.removed_paths],
        )
    # A writer counts its formats from the catalog it read; another may have added formats meanwhile.
    place = [formats.index(item) for item in change.table.formats]
    partitions: dict[tuple[str, ...], str] = {}
    rows = []
    for file in change.files:
        values = partitions.get(file.partition_values)
        if values is None:
            values = partitions[file.partition_values] = _json_text(file.partition_values)
        number = place[file.format] if place else 0
        types = _json_text(file.types) if file.types else ""
        rows.append((table_id, file.path, file.size_bytes, file.mtime_ns, file.rows, values, number, file.tag, types))
    conn.executemany(
        "INSERT OR REPLACE INTO catalog_file"
        " (table_id, path, size_bytes, mtime_ns, rows, partition_values, format, tag, types)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        rows,
    )
    sums = json.dumps(counted_sums(conn, table_id))
    conn.execute("UPDATE catalog_table SET sums = ? WHERE id = ?", (sums, table_id))


def _note_tags(conn: sqlite3.Connection, change: TableChange) -> None:
    """Keep what is now known of the versions of files in which nothing else has changed."""
    conn.executemany(
        "UPDATE catalog_file SET tag = ? WHERE path = ? AND size_bytes = ? AND mtime_ns = ?"
        " AND table_id = (SELECT id FROM catalog_table WHERE database = ? AND name = ?)",
        [
            (file.tag, file.path, file.size_bytes, file.mtime_ns, change.table.database, change.table.name)
            for file in change.files
        ],
    )


def _deprecate(conn: sqlite3.Connection, change: TableChange, run_id: str, at: float) -> None:
    """Keep the table, its columns and files, and mark it."""
    stored = conn.execute(
        "SELECT id, parameters FROM catalog_table WHERE database = ? AND name = ?",
        (change.table.database, change.table.name),
    ).fetchone()
    if stored is None:
        return
    parameters = {**json.loads(stored[1]), DEPRECATED_PARAMETER: str(int(at * 1000))}
    conn.execute(
        "UPDATE catalog_table SET parameters = ?, updated_at = ?, written_by = ?, run_id = ? WHERE id = ?",
        (json.dumps(parameters, ensure_ascii=False), at, change.written_by, run_id, stored[0]),
    )


def _delete(conn: sqlite3.Connection, table: Table) -> None:
    stored = conn.execute(
        "SELECT id FROM catalog_table WHERE database = ? AND name = ?", (table.database, table.name)
    ).fetchone()
    if stored is None:
        return
    for part in ("catalog_file", "catalog_version"):
        conn.execute(f"DELETE FROM {part} WHERE table_id = ?", stored)
    conn.execute("DELETE FROM catalog_use WHERE database = ? AND name = ?", (table.database, table.name))
    conn.execute("DELETE FROM catalog_table WHERE id = ?", stored)
