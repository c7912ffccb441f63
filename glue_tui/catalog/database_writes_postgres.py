"""Writing into PostgreSQL, and into Redshift by the same protocol.

Overwriting deletes and brings in anew in one transaction, instead of putting another table in place: readers go on
seeing the old rows without waiting, and the table keeps its grants, indexes and the views that stand on it. Its columns
are never changed: a server's table belongs to others, too. Rows come by COPY; Redshift has that for files on S3 only,
and gets INSERTs of many rows. No mode needs a unique index.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import polars as pl

from glue_tui.catalog import postgres_values as values
from glue_tui.catalog.database_postgres import WAYS_OUT, conninfo
from glue_tui.catalog.database_server import unreachable
from glue_tui.catalog.database_urls import COMMITS_TABLE, quoted
from glue_tui.catalog.database_writes import (
    TableWrite,
    Tell,
    commit_stamps,
    several_with_key,
)
from glue_tui.catalog.databases import no_driver
from glue_tui.catalog.postgres_locks import LOCK_PATIENCE_S, lock_table
from glue_tui.catalog.postgres_refusals import refused, said
from glue_tui.catalog.postgres_tables import RowColumns, ServerTable, columns_for, definitions, plain_rows, table_parts
from glue_tui.core.database_urls import server_url
from glue_tui.core.problem import InvalidInput, did_you_mean

if TYPE_CHECKING:
    from psycopg import Cursor

_SESSION = {
    "TimeZone": "UTC",
    "DateStyle": "ISO",
    "IntervalStyle": "postgres",
    "standard_conforming_strings": "on",
    "statement_timeout": "0",
    "lock_timeout": f"{LOCK_PATIENCE_S}s",
    # Another database of the same job may take its time.
    "idle_in_transaction_session_timeout": "0",
}
_REDSHIFT_SESSION = {"timezone": "UTC", "statement_timeout": "0"}
_CLIENT_CHECK_S = 10
"""After so long a server ends the statement of a client that was killed."""
_PARAMETERS_MAX = 30_000
"""Of one INSERT into Redshift, which takes 32,767."""
_PLACE = "glue_tui_place"
_COLUMNS = """
    SELECT n.nspname::text, c.relname::text, a.attname::text,
        CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod)
            ELSE format_type(a.atttypid, a.atttypmod) END
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
    WHERE lower(c.relname) = lower($1) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0
        AND NOT a.attisdropped
    ORDER BY a.attnum"""


class PostgresTransaction:
    """A DatabaseTransaction of a server that speaks PostgreSQL's protocol. It says so where it waits for a lock."""

    def __init__(self, url: str, tell: Tell) -> None:
        try:
            import psycopg
        except ImportError as error:
            raise no_driver("writing into PostgreSQL") from error
        self._url = server_url(url)
        self._tell = tell
        self._error = psycopg.Error
        self._is_redshift = self._url.kind == "redshift"
        self._temporary = 0
        try:
            self._conn = psycopg.connect(
                conninfo(self._url), prepare_threshold=None, client_encoding="utf8", cursor_factory=psycopg.RawCursor
            )
        except psycopg.Error as error:
            raise unreachable(self._url, said(error, self._url), WAYS_OUT) from None
        try:
            with self._refusals("session"):
                self._begin()
        except BaseException:
            self._conn.close()
            raise

    def is_first_of(self, run_id: str, node: str, rows: int, earlier_run_ids: Sequence[str] = ()) -> bool:
        now, oldest = commit_stamps()
        with self._refusals(f"table {COMMITS_TABLE}", self._commits_hint()):
            commits = self._commits_table()
            if self._is_redshift:
                # It has no keys that hold, and no ON CONFLICT.
                self._execute(f"LOCK TABLE {commits}")
            runs = ", ".join(f"${place}" for place in range(2, len(earlier_run_ids) + (3 if self._is_redshift else 2)))
            asked = (*earlier_run_ids, run_id) if self._is_redshift else tuple(earlier_run_ids)
            if asked and self._rows(f"SELECT 1 FROM {commits} WHERE node = $1 AND run_id IN ({runs})", node, *asked):
                return False
            conflict = "" if self._is_redshift else " ON CONFLICT DO NOTHING"
            added = self._execute(
                f"INSERT INTO {commits} (run_id, node, committed_at, row_count) VALUES ($1, $2, $3, $4){conflict}",
                run_id,
                node,
                now,
                rows,
            )
            # Others may be forgetting the same ones just now, and that until they have committed.
            free = "" if self._is_redshift else " FOR UPDATE SKIP LOCKED"
            old = f"SELECT run_id FROM {commits} WHERE committed_at < $1{free}"
            self._execute(f"DELETE FROM {commits} WHERE committed_at < $1 AND run_id IN ({old})", oldest)
        return added == 1

    def write(self, *writes: TableWrite) -> None:
        with self._refusals("catalogue"):
            found = {write.table: self._find(write.table) for write in writes}
        # In the order of their names, so that two jobs never wait for each other in a circle.
        for name, table in sorted(found.items()):
            if table is not None and not self._is_redshift:
                appends = all(write.mode == "append" for write in writes if write.table == name)
                with self._refusals(f"table {name}"):
                    lock_table(self._conn, table.sql, name, appends=appends, tell=self._tell)
        for write in writes:
            with self._refusals(f"table {write.table}"):
                table = found[write.table]
                if table is None:
                    table = found[write.table] = self._create(write)
                self._write(write, table)
        if not self._is_redshift:
            with self._refusals("constraint"):
                # Those that wait for the commit are checked now, while nothing has appeared anywhere.
                self._execute("SET CONSTRAINTS ALL IMMEDIATE")

    def commit(self) -> None:
        with self._refusals("commit"):
            self._conn.commit()

    def close(self) -> None:
        self._conn.close()

    def _begin(self) -> None:
        for name, value in (_REDSHIFT_SESSION if self._is_redshift else _SESSION).items():
            self._execute(f"SET {name} TO '{value}'")
        self._conn.commit()
        if not self._is_redshift:
            try:
                self._execute(f"SET client_connection_check_interval TO '{_CLIENT_CHECK_S}s'")
                self._conn.commit()
            except self._error:
                # Before PostgreSQL 14, or a server on another system than Linux: it knows when its statement is over.
                self._conn.rollback()

    def _write(self, write: TableWrite, table: ServerTable) -> None:
        columns = columns_for(write, table)
        match write.mode:
            case "upsert":
                self._upsert(write, table, columns)
                return
            case "overwrite":
                self._execute(f"DELETE FROM {table.sql}")
            case "overwrite_partitions":
                self._remove_partitions(write, table, columns.of(write.partition_by))
            case _:
                pass
        self._bring(table.sql, write.table, columns, write.rows)

    def _upsert(self, write: TableWrite, table: ServerTable, columns: RowColumns) -> None:
        """Update the rows that have the keys of new ones, and add the others: nobody's foreign key sees a row gone."""
        keys = columns.of(write.keys).names
        names = ", ".join(columns.names)
        staged = self._temporary_table(columns, f"{_PLACE} bigint")
        self._bring(staged, write.table, columns, write.rows, place=_PLACE)
        last = self._temporary_name()
        self._execute(
            f"CREATE TEMP TABLE {last} AS SELECT {names} FROM (SELECT {names}, row_number() OVER"
            f" (PARTITION BY {', '.join(keys)} ORDER BY {_PLACE} DESC) AS nth FROM {staged}) ranked WHERE nth = 1"
        )
        # The server knows nothing of a table just made, and would go through it once a row.
        self._execute(f"ANALYZE {last}")
        same = " AND ".join(f"{table.sql}.{key} = new.{key}" for key in keys)
        sets = ", ".join(f"{name} = new.{name}" for name in columns.names if name not in keys)
        expected = self._rows(f"SELECT count(*) FROM {last}")[0][0]
        matched = f"SELECT 1 FROM {table.sql} WHERE {same}"
        updated = (
            self._execute(f"UPDATE {table.sql} SET {sets} FROM {last} new WHERE {same}")
            if sets
            else self._rows(f"SELECT count(*) FROM {last} new JOIN {table.sql} ON {same}")[0][0]
        )
        added = self._execute(
            f"INSERT INTO {table.sql} ({names}) SELECT {names} FROM {last} new WHERE NOT EXISTS ({matched})"
        )
        if updated + added > expected:
            raise several_with_key(write.table, write.keys)

    def _remove_partitions(self, write: TableWrite, table: ServerTable, columns: RowColumns) -> None:
        """Delete the rows whose partition comes anew: those of partitions without null by an equation that joins."""
        partitions = write.rows.distinct(columns.frame)
        are_null = partitions.select(pl.col(name).is_null() for name in columns.frame)
        for mask in are_null.unique().rows():
            those = partitions.filter(
                *(pl.col(name).is_null() == is_null for name, is_null in zip(columns.frame, mask, strict=True))
            )
            staged = self._temporary_table(columns)
            self._bring(staged, write.table, columns, [those])
            self._execute(f"ANALYZE {staged}")
            same = " AND ".join(
                f"{table.sql}.{name} IS NULL" if is_null else f"{table.sql}.{name} = old.{name}"
                for name, is_null in zip(columns.names, mask, strict=True)
            )
            self._execute(f"DELETE FROM {table.sql} USING {staged} old WHERE {same}")

    def _bring(
        self, into: str, table: str, columns: RowColumns, rows: Iterable[pl.DataFrame], *, place: str = ""
    ) -> None:
        """Bring rows into a table of the server; `place` names a column that gets their numbers."""
        names = ", ".join((*columns.names, *((place,) if place else ())))
        batches = plain_rows(table, columns, rows, place)
        with self._conn.cursor() as cursor:
            if self._is_redshift:
                _insert(cursor, f"INSERT INTO {into} ({names}) VALUES ", batches)
                return
            with cursor.copy(f"COPY {into} ({names}) FROM STDIN (FORMAT csv)") as copy:
                for text in _ahead(map(_csv, batches)):
                    copy.write(text)

    def _find(self, table: str) -> ServerTable | None:
        """Return a table by its name, or by one in other letters where that is the only one."""
        schema, name = table_parts(table)
        schemas = [schema] if schema else self._rows("SELECT current_schemas(false)")[0][0]
        found: dict[tuple[str, str], dict[str, str]] = {}
        for at, of, column, declared in self._rows(_COLUMNS, name):
            if at in schemas:
                found.setdefault((at, of), {})[column] = declared
        exact = [one for one in found if one[1] == name] or (list(found) if len(found) == 1 else [])
        if not exact:
            return None
        key = min(exact, key=lambda one: schemas.index(one[0]))
        return ServerTable(schema=key[0], name=key[1], columns=found[key])

    def _create(self, write: TableWrite) -> ServerTable:
        schema, name = table_parts(write.table)
        columns = {}
        for column, dtype in write.rows.schema.items():
            columns[column] = values.type_for(dtype, is_redshift=self._is_redshift)
            if not values.fits(dtype, columns[column]):
                raise InvalidInput(
                    f"column {column} of table {write.table} can't be {dtype} in {self._url.kind}",
                    hint="write it as text: CAST it, or encode('hex')",
                )
        schema = schema or self._current_schema()
        if schema not in (known := [row[0] for row in self._rows("SELECT nspname::text FROM pg_namespace")]):
            raise InvalidInput(
                f"no schema {schema!r} in {self._url}",
                hint=f"{did_you_mean(schema, known)} or CREATE SCHEMA {quoted(schema)}",
            )
        table = ServerTable(schema=schema, name=name, columns=columns)
        self._execute(f"CREATE TABLE {table.sql} ({definitions(columns)})")
        return table

    def _commits_table(self) -> str:
        """Return our table of commits, made and committed if it is missing: two jobs must not wait for that."""
        commits = f"{quoted(self._current_schema())}.{COMMITS_TABLE}"
        is_there = "SELECT 1 FROM pg_tables WHERE schemaname = $1 AND tablename = $2"
        if not self._rows(is_there, self._current_schema(), COMMITS_TABLE):
            try:
                self._execute(f"CREATE TABLE IF NOT EXISTS {commits} {_COMMITS_COLUMNS}")
                self._conn.commit()
            except self._error:
                self._conn.rollback()
                # Another job may have made it at the same moment.
                if not self._rows(is_there, self._current_schema(), COMMITS_TABLE):
                    raise
        return commits

    def _commits_hint(self) -> str:
        return (
            "appending notes there what it has committed, so that no row comes twice. Whoever may make tables:"
            f" CREATE TABLE {COMMITS_TABLE} {_COMMITS_COLUMNS};"
            f" GRANT SELECT, INSERT, UPDATE, DELETE ON {COMMITS_TABLE} TO {quoted(self._url.user or 'user')}"
        )

    def _current_schema(self) -> str:
        schema = self._rows("SELECT current_schema()")[0][0]
        if schema is None:
            raise InvalidInput(
                f"no schema of the search path of {self._url} is there", hint="name it: table = schema.table"
            )
        return str(schema)

    def _temporary_table(self, columns: RowColumns, *more: str) -> str:
        name = self._temporary_name()
        parts = (definitions(dict(zip(columns.table, columns.declared, strict=True))), *more)
        self._execute(f"CREATE TEMP TABLE {name} ({', '.join(parts)})")
        return name

    def _temporary_name(self) -> str:
        self._temporary += 1
        return f"glue_tui_staged_{self._temporary}"

    def _execute(self, statement: str, *parameters: object) -> int:
        """Return how many rows it changed."""
        with self._conn.cursor() as cursor:
            return cursor.execute(statement, parameters or None).rowcount

    def _rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        with self._conn.cursor() as cursor:
            return cursor.execute(query, parameters or None).fetchall()

    @contextmanager
    def _refusals(self, what: str, hint: str = "") -> Iterator[None]:
        try:
            yield
        except self._error as error:
            raise refused(error, what, self._url, hint) from None


_COMMITS_COLUMNS = (
    "(run_id varchar(255) NOT NULL, node varchar(255) NOT NULL, committed_at varchar(32) NOT NULL,"
    " row_count bigint NOT NULL, PRIMARY KEY (run_id, node))"
)


def _insert(cursor: Cursor[Any], statement: str, batches: Iterable[pl.DataFrame]) -> None:
    """Bring rows in by INSERTs of as many rows as one may have parameters for, each a text."""
    for batch in batches:
        texts = batch.select(pl.all().cast(pl.String))
        for part in texts.iter_slices(max(1, _PARAMETERS_MAX // batch.width)):
            places = (
                "(" + ", ".join(f"${first + column}" for column in range(1, batch.width + 1)) + ")"
                for first in range(0, part.height * batch.width, batch.width)
            )
            cursor.execute(statement + ", ".join(places), [value for row in part.rows() for value in row])


def _csv(rows: pl.DataFrame) -> bytes:
    text = io.BytesIO()
    rows.write_csv(
        text,
        include_header=False,
        # So that a text without letters is none of the fields without a value.
        quote_style="non_numeric",
        datetime_format="%Y-%m-%d %H:%M:%S%.6f",
    )
    return text.getvalue()


def _ahead(texts: Iterator[bytes]) -> Iterator[bytes]:
    """Yield texts, the next of which is made while the server takes the one before."""
    with ThreadPoolExecutor(1) as worker:
        following = worker.submit(next, texts, None)
        while (text := following.result()) is not None:
            following = worker.submit(next, texts, None)
            yield text
