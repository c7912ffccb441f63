"""Writing frames into a database, in one transaction: a reader sees the tables as they were or as they are to be.

Here is also what makes an attempt's rows come in exactly once. Whoever commits and is killed before he can say so is
run again; overwrite and upsert stand that, append would add its rows twice. So a transaction that appends notes in the
same database, in a table of ours, which node of which run it was.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl

from glue_tui.catalog.database_urls import BATCH_ROWS, BUSY_TIMEOUT_S, COMMITS_TABLE, quoted
from glue_tui.core.problem import InvalidInput, did_you_mean

COMMITS_KEPT_DAYS = 90
"""Longer than a run goes on: what a node has committed is asked for by further attempts, in the same run or in one that
resumes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableWrite:
    """Rows for one table.

    overwrite: the table has exactly these rows afterwards; append: they are added; upsert: a row with the same `keys`
    is replaced, the last one wins. Raises InvalidInput for a wrong mode or key, and for keys that hold nulls.
    """

    table: str
    frame: pl.DataFrame
    mode: str = "overwrite"
    keys: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check(self.frame, self.table, self.mode, self.keys)


class DatabaseTransaction:
    """Several writes into one SQLite database, visible from `commit` on; `close` without it leaves all as it was.

    The database file and its tables are made if they are missing. Raises InvalidInput where the database refuses.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._refusals():
            self._conn = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
            try:
                self._conn.execute("BEGIN IMMEDIATE")
            except BaseException:
                self._conn.close()
                raise

    def is_first_of(self, run_id: str, node: str, rows: int, earlier_run_ids: Sequence[str] = ()) -> bool:
        """Note that this node of this run adds rows here; False if it has, by an attempt that nobody heard the end of.

        In one of `earlier_run_ids` counts as well. The note becomes true with `commit`. Old ones are forgotten.
        """
        now = datetime.now(UTC)
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
                (run_id, node, _stamp(now), rows),
            ).rowcount
            self._conn.execute(
                f"DELETE FROM {COMMITS_TABLE} WHERE committed_at < ?",
                (_stamp(now - timedelta(days=COMMITS_KEPT_DAYS)),),
            )
        return added == 1

    def write(self, write: TableWrite) -> None:
        """Bring the rows in. Raises InvalidInput for a column that the table lacks, or rows that it refuses."""
        frame, table = write.frame, write.table
        with self._refusals(f"table {table} in "):
            _prepare(self._conn, table, frame, write.mode)
            keys = write.keys if write.mode == "upsert" else ()
            if keys:
                _require_unique(self._conn, table, keys)
            self._conn.executemany(_insert(table, frame.columns, keys), _rows(frame))

    def commit(self) -> None:
        with self._refusals():
            self._conn.execute("COMMIT")

    def close(self) -> None:
        self._conn.close()

    @contextmanager
    def _refusals(self, what: str = "") -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            is_locked = getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY
            hint = f"another program kept it locked for {BUSY_TIMEOUT_S:g} s: end that, then retry" if is_locked else ""
            raise InvalidInput(f"{what}{self._path} could not be written: {error}", hint=hint) from error


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")


def _check(frame: pl.DataFrame, table: str, mode: str, keys: Sequence[str]) -> None:
    if mode not in ("overwrite", "append", "upsert"):
        raise InvalidInput(f"mode {mode!r} for table {table}", hint="overwrite, append or upsert")
    if not frame.columns:
        raise InvalidInput(f"nothing to write into table {table}: the frame has no columns")
    if table == COMMITS_TABLE:
        raise InvalidInput(f"table {table} is glue-tui's own", hint="choose another name")
    if mode != "upsert":
        return
    if not keys:
        raise InvalidInput(f"an upsert into table {table} needs keys", hint='keys = ["…"]')
    for key in keys:
        if key not in frame.columns:
            raise InvalidInput(
                f"key {key!r} is no column of the rows for table {table}", hint=did_you_mean(key, frame.columns)
            )
        if frame[key].null_count():
            raise InvalidInput(
                f"key {key!r} is null in {frame[key].null_count()} rows for table {table}",
                hint="rows without their key can't be matched: fill or drop them first",
            )


def _prepare(conn: sqlite3.Connection, table: str, frame: pl.DataFrame, mode: str) -> None:
    """Make the table ready for the rows. A table of the same columns is emptied, so that it keeps its indexes."""
    wanted = {name: _sqlite_type(dtype) for name, dtype in frame.schema.items()}
    stored = dict(conn.execute("SELECT name, type FROM pragma_table_info(?)", (table,)).fetchall())
    if stored and mode == "overwrite":
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
            raise InvalidInput(
                f"table {table} has no column {name!r}",
                hint=f'{did_you_mean(name, tuple(stored))} mode "overwrite" makes the table anew'.strip(),
            )


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
        raise InvalidInput(
            f"table {table} already holds several rows with the same {', '.join(keys)}",
            hint="choose keys that tell its rows apart, or overwrite the table once",
        ) from error


def _insert(table: str, columns: Sequence[str], keys: Sequence[str]) -> str:
    names = ", ".join(map(quoted, columns))
    places = ", ".join("?" for _ in columns)
    statement = f"INSERT INTO {quoted(table)} ({names}) VALUES ({places})"
    if not keys:
        return statement
    updates = ", ".join(f"{quoted(name)} = excluded.{quoted(name)}" for name in columns if name not in keys)
    conflict = f" ON CONFLICT ({', '.join(map(quoted, keys))}) DO "
    return statement + conflict + (f"UPDATE SET {updates}" if updates else "NOTHING")


def _rows(frame: pl.DataFrame) -> Iterator[tuple[object, ...]]:
    for part in frame.iter_slices(BATCH_ROWS):
        yield from part.select(_storable(name, dtype) for name, dtype in frame.schema.items()).iter_rows()


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
        case pl.Date() | pl.Time():
            return column.cast(pl.String)
        case pl.Datetime():
            text = column.dt.convert_time_zone("UTC") if dtype.time_zone else column
            return text.dt.to_string("%Y-%m-%d %H:%M:%S%.6f").str.strip_suffix(".000000")
        case pl.Decimal():
            return column.cast(pl.Float64)
        case pl.Duration():
            return column.dt.total_microseconds().cast(pl.String)
        case pl.Binary() | pl.String():
            return column
        case pl.List() | pl.Array():
            return pl.struct(value=column).struct.json_encode().str.strip_prefix('{"value":').str.strip_suffix("}")
        case pl.Struct():
            return column.struct.json_encode()
        case _ if dtype.is_numeric():
            return column
        case _:
            return column.cast(pl.String)
