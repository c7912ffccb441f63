"""Databases behind connection URLs: list, describe, read. Written they are in `database_writes`. SQLite so far."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import polars as pl

from glue_tui.catalog.database_urls import BATCH_ROWS, BUSY_TIMEOUT_S, COMMITS_TABLE, quoted, sqlite_path
from glue_tui.catalog.types import glue_type, parse, polars_type
from glue_tui.core.problem import EntityNotFound, InvalidInput, did_you_mean
from glue_tui.core.schema import Column

_DATE_GLOB = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
_TIME_GLOB = _DATE_GLOB + "[T ][0-9][0-9]:[0-9][0-9]:[0-9][0-9]"


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseTable:
    name: str
    columns: tuple[Column, ...]
    rows: int


def list_tables(url: str, include: str = "%", *, project_dir: Path = Path()) -> tuple[str, ...]:
    """Return the names of tables and views that match a LIKE pattern, ordered. Raises EntityNotFound: no such file."""
    with closing(connect(url, project_dir)) as conn:
        rows = conn.execute(
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
            " AND name <> ? AND name LIKE ? ORDER BY name",
            (COMMITS_TABLE, include),
        )
        return tuple(row[0] for row in rows)


def describe(url: str, table: str, *, project_dir: Path = Path()) -> DatabaseTable:
    """Return columns with Glue types and the number of rows, after looking at every value.

    SQLite keeps any value in any column: a declared type that a stored value contradicts becomes `string`, and the
    column's reason says which value. Raises EntityNotFound for an unknown table.
    """
    with closing(connect(url, project_dir)) as conn:
        declared = _declared(conn, table)
        for name in [name for name, kind in declared.items() if not kind]:
            declared[name] = _stored_type(conn, table, name)
        # One pass over the table: its rows, and per column how many values are not of the declared type.
        checks = "".join(f", sum({_misfit(name, kind)})" for name, kind in declared.items())
        rows, *misfits = conn.execute(f"SELECT count(*){checks} FROM {quoted(table)}").fetchone()
        columns = tuple(
            _contradicted(conn, table, name, kind) if misfit else Column(name=name, type=kind)
            for (name, kind), misfit in zip(declared.items(), misfits, strict=True)
        )
    return DatabaseTable(name=table, columns=columns, rows=rows)


def read_table(url: str, table: str, *, project_dir: Path = Path()) -> pl.DataFrame:
    """Return a whole database table, typed as `describe` says."""
    columns = describe(url, table, project_dir=project_dir).columns
    schema = {column.name: polars_type(column.type) for column in columns}
    batches = list(read_batches(url, table, schema, project_dir=project_dir))
    return pl.concat(batches) if batches else pl.DataFrame(schema=schema)


def read_batches(
    url: str, table: str, schema: Mapping[str, pl.DataType], *, project_dir: Path = Path()
) -> Iterator[pl.DataFrame]:
    """Yield the columns of `schema`, as its types, in frames of at most BATCH_ROWS rows; one snapshot throughout."""
    with closing(connect(url, project_dir)) as conn:
        _declared(conn, table)
        names = ", ".join(quoted(name) for name in schema) or "NULL"
        cursor = conn.execute(f"SELECT {names} FROM {quoted(table)}")
        while rows := cursor.fetchmany(BATCH_ROWS):
            if not schema:
                yield pl.DataFrame(height=len(rows))
                continue
            yield pl.DataFrame(
                [
                    _series(name, dtype, values)
                    for (name, dtype), values in zip(schema.items(), zip(*rows, strict=True), strict=True)
                ]
            )


def connect(url: str, project_dir: Path) -> sqlite3.Connection:
    """Open an existing database to read. Raises EntityNotFound: no such file; InvalidInput: not a database."""
    path = sqlite_path(url, project_dir)
    if not path.is_file():
        raise EntityNotFound(f"no database file {path}", hint="make it, or correct the connection's url")
    conn = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode=ro",
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        # polars pulls the batches of one scan from several of its threads, one after the other.
        check_same_thread=False,
    )
    try:
        conn.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.DatabaseError as error:
        conn.close()
        raise InvalidInput(f"{path} can't be read as an SQLite database: {error}") from error
    return conn


def glue_type_of(declared: str) -> str:
    """Return Glue's type for a type as declared in SQLite, by its rules of affinity; empty if it says none."""
    text = declared.upper().strip()
    if decimal := re.fullmatch(r"(?:DECIMAL|NUMERIC)\s*\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)", text):
        precision, scale = int(decimal[1]), int(decimal[2] or 0)
        return f"decimal({precision},{scale})" if precision <= 38 else "double"
    if text.startswith("BOOL"):
        return "boolean"
    if text.startswith(("DATETIME", "TIMESTAMP")):
        return "timestamp"
    if text == "DATE":
        return "date"
    if text in ("", "NUM", "ANY"):
        return ""
    if "INT" in text:
        return "bigint"
    if any(part in text for part in ("CHAR", "CLOB", "TEXT", "JSON", "UUID")):
        return "string"
    if any(part in text for part in ("REAL", "FLOA", "DOUB", "NUMERIC", "DECIMAL", "NUMBER")):
        return "double"
    return "binary" if text == "BLOB" else "string"


def _stored_type(conn: sqlite3.Connection, table: str, name: str) -> str:
    """Return the type of the values in a column that was declared without a type, as in CREATE TABLE … AS."""
    query = f"SELECT DISTINCT typeof({quoted(name)}) FROM {quoted(table)}"
    match sorted(row[0] for row in conn.execute(query) if row[0] != "null"):
        case ["integer"]:
            return "bigint"
        case ["integer", "real"] | ["real"]:
            return "double"
        case ["blob"]:
            return "binary"
        case _:
            return "string"


def _declared(conn: sqlite3.Connection, table: str) -> dict[str, str]:
    """Return the columns of a table with their Glue types, empty where none was declared."""
    rows = conn.execute("SELECT name, type FROM pragma_table_info(?)", (table,)).fetchall()
    if not rows:
        known = [row[0] for row in conn.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")]
        raise EntityNotFound(f"no table {table} in the database", hint=did_you_mean(table, known))
    return {name: glue_type_of(declared) for name, declared in rows}


def _misfit(name: str, kind: str) -> str:
    """Return SQL that is 1 for a value that is not of the type, 0 for one that is, and for null."""
    column = quoted(name)
    match kind:
        case "bigint":
            wrong = f"typeof({column}) <> 'integer'"
        case "double":
            wrong = f"typeof({column}) NOT IN ('integer', 'real')"
        case "boolean":
            wrong = f"typeof({column}) <> 'integer' OR {column} NOT IN (0, 1)"
        case "date":
            wrong = f"typeof({column}) <> 'text' OR {column} NOT GLOB '{_DATE_GLOB}' OR date({column}) IS NULL"
        case "timestamp":
            wrong = (
                f"typeof({column}) <> 'text' OR datetime({column}) IS NULL OR ({column} NOT GLOB '{_DATE_GLOB}'"
                f" AND {column} NOT GLOB '{_TIME_GLOB}' AND {column} NOT GLOB '{_TIME_GLOB}.[0-9]*')"
            )
        case "binary":
            wrong = f"typeof({column}) <> 'blob'"
        case "string":
            return "0"
        case _:
            wrong = f"typeof({column}) NOT IN ('integer', 'real')"
    return f"{column} IS NOT NULL AND ({wrong})"


def _contradicted(conn: sqlite3.Connection, table: str, name: str, kind: str) -> Column:
    """Return the column as one that holds all its values: double for numbers, else string."""
    value = conn.execute(f"SELECT {quoted(name)} FROM {quoted(table)} WHERE {_misfit(name, kind)} LIMIT 1").fetchone()[
        0
    ]
    numeric = conn.execute(f"SELECT 1 FROM {quoted(table)} WHERE {_misfit(name, 'double')} LIMIT 1").fetchone() is None
    reason = f"declared {kind}, but table {table} holds {value!r}"
    return Column(name=name, type="double" if numeric else "string", reason=reason[:500])


def _series(name: str, dtype: pl.DataType, values: tuple[object, ...]) -> pl.Series:
    """Return values as a column. Raises InvalidInput if one is not of its type: the table changed since its crawl."""
    try:
        match dtype:
            case pl.String():
                return pl.Series(name, [_text(value) for value in values], dtype=pl.String)
            case pl.Date() | pl.Datetime():
                text = pl.Series(name, values, dtype=pl.String).to_frame()
                return text.select(parse(pl.col(name), dtype).alias(name)).to_series()
            case pl.Boolean():
                return pl.Series(name, [None if value is None else bool(value) for value in values], dtype=pl.Boolean)
            case pl.Decimal() | pl.Float64():
                numbers = [None if value is None else float(value) for value in values]  # type: ignore[arg-type]
                return pl.Series(name, numbers, dtype=pl.Float64).cast(dtype)
            case _:
                return pl.Series(name, values, dtype=dtype)
    except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise InvalidInput(
            f"column {name} holds a value that is no {glue_type(dtype)}: {str(error).splitlines()[0]}",
            hint="the table changed since it was crawled: run its crawler again",
        ) from error


def _text(value: object) -> str | None:
    match value:
        case None | str():
            return value
        case bytes():
            return value.decode("utf8", "replace")
        case _:
            return str(value)
