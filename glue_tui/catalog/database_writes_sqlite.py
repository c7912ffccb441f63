"""Writing into an SQLite file: dates as ISO text, decimals as numbers where those are the same, lists as JSON."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from glue_tui.catalog.database_urls import BUSY_TIMEOUT_S, COMMITS_TABLE, quoted
from glue_tui.catalog.database_writes import TableWrite, Tell, commit_stamps, no_such_column, several_with_key
from glue_tui.catalog.lock_holders import LOCK_TOLD_AFTER_S, holders_of
from glue_tui.catalog.types import CLOCK_FORMAT, is_json, json_text
from glue_tui.core.problem import InvalidInput

_PARTITIONS = "glue_tui_partitions"


class SqliteTransaction:
    """A DatabaseTransaction. The file is made if it is missing, and locked for other writers until `close`."""

    def __init__(self, path: Path, tell: Tell) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._refusals():
            self._conn = sqlite3.connect(path, timeout=LOCK_TOLD_AFTER_S, isolation_level=None)
            try:
                self._begin(tell)
            except BaseException:
                self._conn.close()
                raise

    def _begin(self, tell: Tell) -> None:
        """Take the lock of the only writer; it is told who has it if that takes long."""
        try:
            self._conn.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            tell(f"waits for {self._path}, which {holders_of(self._path) or 'another program'} keeps locked")
            self._conn.execute(f"PRAGMA busy_timeout = {round(BUSY_TIMEOUT_S * 1000)}")
            self._conn.execute("BEGIN IMMEDIATE")

    def is_first_of(self, run_id: str, node: str, rows: int, earlier_run_ids: Sequence[str] = ()) -> bool:
        now, oldest = commit_stamps()
        with self._refusals():
            self._conn.execute(
                f"CREATE TABLE IF NOT EXISTS {COMMITS_TABLE} (run_id TEXT NOT NULL, node TEXT NOT NULL,"
                " committed_at TEXT NOT NULL, row_count BIGINT NOT NULL, PRIMARY KEY (run_id, node))"
            )
            places = ", ".join("?" for _ in earlier_run_ids)
            query = f"SELECT 1 FROM {COMMITS_TABLE} WHERE node = ? AND run_id IN ({places})"
            if self._conn.execute(query, (node, *earlier_run_ids)).fetchone():
                return False
            added = self._conn.execute(
                f"INSERT INTO {COMMITS_TABLE} (run_id, node, committed_at, row_count) VALUES (?, ?, ?, ?)"
                " ON CONFLICT DO NOTHING",
                (run_id, node, now, rows),
            ).rowcount
            self._conn.execute(f"DELETE FROM {COMMITS_TABLE} WHERE committed_at < ?", (oldest,))
        return added == 1

    def write(self, *writes: TableWrite) -> None:
        for write in writes:
            table = write.table
            with self._refusals(f"table {table} in "):
                _prepare(self._conn, write)
                keys = write.keys if write.mode == "upsert" else ()
                if keys:
                    _require_unique(self._conn, table, keys)
                if write.mode == "overwrite_partitions":
                    self._remove_partitions(write)
                self._conn.executemany(_insert(table, write.columns, keys), _rows(write))

    def commit(self) -> None:
        with self._refusals():
            self._conn.execute("COMMIT")

    def close(self) -> None:
        self._conn.close()

    def _remove_partitions(self, write: TableWrite) -> None:
        """Delete the rows whose partition comes anew."""
        partitions = write.rows.distinct(write.partition_by)
        names = [quoted(name) for name in write.partition_by]
        self._conn.execute(f"CREATE TEMP TABLE {_PARTITIONS} ({', '.join(names)})")
        places = ", ".join("?" for _ in names)
        values = partitions.select(_storable(name, dtype) for name, dtype in partitions.schema.items())
        self._conn.executemany(f"INSERT INTO temp.{_PARTITIONS} VALUES ({places})", values.iter_rows())
        table = quoted(write.table)
        same = " AND ".join(f"p.{name} IS main.{table}.{name}" for name in names)
        self._conn.execute(f"DELETE FROM main.{table} WHERE EXISTS (SELECT 1 FROM temp.{_PARTITIONS} p WHERE {same})")
        self._conn.execute(f"DROP TABLE temp.{_PARTITIONS}")

    @contextmanager
    def _refusals(self, what: str = "") -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            hints = {
                sqlite3.SQLITE_BUSY: f"another program kept it locked for {BUSY_TIMEOUT_S:g} s: end that, then retry",
                sqlite3.SQLITE_FULL: "free disk space, then retry",
                sqlite3.SQLITE_READONLY: "make file and folder writable",
                sqlite3.SQLITE_CANTOPEN: "make file and folder writable",
            }
            raise InvalidInput(f"{what}{self._path} could not be written: {error}", hint=hints.get(code, "")) from error


def _prepare(conn: sqlite3.Connection, write: TableWrite) -> None:
    """Make the table ready for the rows. A table of the same columns is emptied, so that it keeps its indexes."""
    table = write.table
    wanted = {name: _sqlite_type(dtype) for name, dtype in write.rows.schema.items()}
    stored = dict(conn.execute("SELECT name, type FROM pragma_table_info(?)", (table,)).fetchall())
    if stored and write.mode == "overwrite":
        if stored == wanted:
            conn.execute(f"DELETE FROM {quoted(table)}")
        else:
            conn.execute(f"DROP TABLE {quoted(table)}")
            stored = {}
    if not stored:
        columns = ", ".join(f"{quoted(name)} {kind}" for name, kind in wanted.items())
        conn.execute(f"CREATE TABLE {quoted(table)} ({columns})")
        return
    for name in wanted:
        if name not in stored:
            raise no_such_column(table, name, tuple(stored), 'mode "overwrite" makes the table anew')


def _require_unique(conn: sqlite3.Connection, table: str, keys: Sequence[str]) -> None:
    """Make the unique index that an upsert needs, unless there is one."""
    for index in conn.execute('SELECT name FROM pragma_index_list(?) WHERE "unique" = 1 AND partial = 0', (table,)):
        columns = {row[0] for row in conn.execute("SELECT name FROM pragma_index_info(?)", index)}
        if columns == set(keys):
            return
    name = quoted(f"{table}_by_{'_'.join(keys)}")
    try:
        conn.execute(f"CREATE UNIQUE INDEX {name} ON {quoted(table)} ({', '.join(map(quoted, keys))})")
    except sqlite3.IntegrityError as error:
        raise several_with_key(table, keys) from error


def _insert(table: str, columns: Sequence[str], keys: Sequence[str]) -> str:
    names = ", ".join(map(quoted, columns))
    places = ", ".join("?" for _ in columns)
    statement = f"INSERT INTO {quoted(table)} ({names}) VALUES ({places})"
    if not keys:
        return statement
    updates = ", ".join(f"{quoted(name)} = excluded.{quoted(name)}" for name in columns if name not in keys)
    conflict = f" ON CONFLICT ({', '.join(map(quoted, keys))}) DO "
    return statement + conflict + (f"UPDATE SET {updates}" if updates else "NOTHING")


def _rows(write: TableWrite) -> Iterator[tuple[object, ...]]:
    schema = write.rows.schema
    for name, dtype in schema.items():
        if dtype.is_nested() and not is_json(dtype):
            raise InvalidInput(f"column {name} of table {write.table}: {dtype} has bytes in it, which JSON has not")
    inexact = [(name, check) for name, dtype in schema.items() if (check := _inexact(name, dtype)) is not None]
    for batch in write.rows:
        for name, check in inexact:
            found = batch.filter(check)
            if found.height:
                what = "moment of nanoseconds, as" if dtype.is_temporal() else "number that is"
                raise InvalidInput(
                    f"column {name} of table {write.table}: SQLite has no {what} {found[name].cast(pl.String)[0]}",
                    hint=f"write it as text: CAST({name} AS VARCHAR), or with fewer digits",
                )
        plain = batch.select(_storable(name, dtype) for name, dtype in schema.items())
        # Column by column, which is faster than row by row.
        yield from zip(*(column.to_list() for column in plain), strict=True)


def _inexact(name: str, dtype: pl.DataType) -> pl.Expr | None:
    """Return what is true of a value that SQLite has not: its numbers are of 64 bits, whole or of 15 digits, none is
    NaN, and moments are kept to the microsecond."""
    column = pl.col(name)
    match dtype:
        case pl.Decimal() if dtype.scale == 0:
            return column.is_not_null() & column.cast(pl.Int64, strict=False).is_null()
        case pl.Decimal():
            return column.cast(pl.Float64).cast(dtype, strict=False).ne_missing(column)
        case pl.Float32() | pl.Float64():
            return column.is_nan()
        case pl.Datetime() if dtype.time_unit == "ns":
            return column != column.dt.truncate("1us")
        case pl.UInt64() | pl.Int128() | pl.UInt128():
            return column.is_not_null() & column.cast(pl.Int64, strict=False).is_null()
        case _:
            return None


def _sqlite_type(dtype: pl.DataType) -> str:
    match dtype:
        case pl.Boolean():
            return "BOOLEAN"
        case pl.Date():
            return "DATE"
        case pl.Datetime():
            return "TIMESTAMP"
        case pl.Decimal():
            return f"DECIMAL({dtype.precision or 38},{dtype.scale})"
        case pl.Binary():
            return "BLOB"
        case _ if dtype.is_integer():
            return "INTEGER"
        case _ if dtype.is_float():
            return "REAL"
        case _:
            return "TEXT"


def _storable(name: str, dtype: pl.DataType) -> pl.Expr:
    """Return the column as values that SQLite has: dates as ISO text, decimals as numbers, nested values as JSON."""
    column = pl.col(name)
    match dtype:
        case pl.Boolean():
            return column.cast(pl.Int8)
        case pl.Date():
            return column.cast(pl.String)
        case pl.Time():
            return column.dt.to_string(CLOCK_FORMAT)
        case pl.Datetime():
            text = column.dt.convert_time_zone("UTC") if dtype.time_zone else column
            return text.dt.to_string("%Y-%m-%d %H:%M:%S%.6f").str.strip_suffix(".000000")
        case pl.Decimal():
            return column.cast(pl.Int64 if dtype.scale == 0 else pl.Float64)
        case pl.Duration():
            return column.dt.total_microseconds().cast(pl.String)
        case pl.Binary() | pl.String():
            return column
        case _ if dtype.is_nested():
            return json_text(name)
        case _ if dtype.is_numeric():
            return column
        case _:
            return column.cast(pl.String)
