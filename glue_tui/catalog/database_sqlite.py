"""SQLite: any column may hold any value, so that its tables are what their values are, not what they declare."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from urllib.parse import quote

import polars as pl

from glue_tui.catalog.database_filters import Field, condition
from glue_tui.catalog.database_urls import BUSY_TIMEOUT_S, COMMITS_TABLE, quoted, sqlite_path
from glue_tui.catalog.databases import (
    DatabaseTable,
    Question,
    SourceColumn,
    SourceTable,
    column_gone,
    contradicted,
    declared_column,
    table_gone,
    wrong_value,
)
from glue_tui.catalog.types import parse
from glue_tui.core.problem import EntityNotFound, InvalidInput
from glue_tui.core.schema import Column

_DATE_GLOB = "[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]"
_TIME_GLOB = _DATE_GLOB + "[T ][0-9][0-9]:[0-9][0-9]:[0-9][0-9]"
_EXACT_INTEGER = 2**53
"""Integers beyond are not all floats."""
_FETCHED_ROWS = 2_000
"""At once: Python's tuples of many more fall out of the processor's cache, and take twice as long to be read."""
_COLUMNS = (
    "SELECT m.name, m.type = 'view', p.name, p.type, p.pk FROM sqlite_master m, pragma_table_xinfo(m.name) p"
    " WHERE m.type = ? AND m.name LIKE ? AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND m.name <> ? AND p.hidden <> 1"
    " ORDER BY m.name, p.cid"
)


class SqliteDatabase:
    """An SQLite file, opened to read. Raises EntityNotFound: no such file; InvalidInput: it is no database."""

    def __init__(self, url: str, project_dir: Path) -> None:
        self._path = sqlite_path(url, project_dir)
        if not self._path.is_file():
            raise EntityNotFound(f"no database file {self._path}", hint="make it, or correct the connection's url")
        self._conn = sqlite3.connect(
            f"file:{quote(str(self._path.absolute()))}?mode=ro",
            uri=True,
            timeout=BUSY_TIMEOUT_S,
            isolation_level=None,
            # polars pulls the batches of one scan from several of its threads, one after the other.
            check_same_thread=False,
        )
        try:
            self._conn.execute("SELECT count(*) FROM sqlite_master")
        except sqlite3.DatabaseError as error:
            self._conn.close()
            raise InvalidInput(f"{self._path} can't be read as an SQLite database: {error}") from error

    @property
    def default_schema(self) -> str:
        return ""

    def tables(self) -> tuple[SourceTable, ...]:
        found = self._described("table", "%") + self._views()
        return tuple(sorted(found, key=lambda table: table.name))

    def look_at(self, table: SourceTable) -> DatabaseTable:
        with self._refusals(table.name):
            columns = [column if column.type else self._typed(table.name, column) for column in table.columns]
            misfits = [f"({column.misfit})" for column in columns if column.misfit]
            # Most tables hold what they declare: one question for all columns, each one's own only if it has to be.
            check = f", count(*) FILTER (WHERE {' OR '.join(misfits)})" if misfits else ", 0"
            rows, wrong = self._conn.execute(f"SELECT count(*){check} FROM {quoted(table.name)}").fetchone()
            looked = [self._as_stored(table.name, column) if wrong else declared_column(column) for column in columns]
        return DatabaseTable(schema="", name=table.name, columns=tuple(looked), rows=rows)

    def batches(self, question: Question) -> Generator[pl.DataFrame]:
        schema = question.columns
        with self._refusals(question.table):
            declared = {column.name: column for column in self._declared(question.table)}
            for name in schema:
                if name not in declared:
                    raise column_gone(question.table, name)
            names = ", ".join(quoted(name) for name in schema) or "NULL"
            where = condition(question.predicate, _fields(declared, schema))
            limit = "" if question.rows_max is None else f" LIMIT {question.rows_max}"
            cursor = self._conn.execute(f"SELECT {names} FROM {quoted(question.table)}{where}{limit}")
            while rows := cursor.fetchmany(_FETCHED_ROWS):
                if not schema:
                    yield pl.DataFrame(height=len(rows))
                    continue
                yield pl.DataFrame(
                    [
                        _series(name, dtype, values)
                        for (name, dtype), values in zip(schema.items(), zip(*rows, strict=True), strict=True)
                    ]
                )

    def state(self) -> str:
        """Return size and time of the file and of its write-ahead log, and the counter in its header."""
        with self._path.open("rb") as file:
            counter = int.from_bytes(file.read(28)[24:], "big")
        parts = [str(counter)]
        for path in (self._path, self._path.with_name(self._path.name + "-wal")):
            if path.exists():
                found = path.stat()
                parts.append(f"{found.st_size}:{found.st_mtime_ns}")
        return " ".join(parts)

    def close(self) -> None:
        self._conn.close()

    def _described(self, kind: str, name: str) -> list[SourceTable]:
        rows = self._conn.execute(_COLUMNS, (kind, name, COMMITS_TABLE)).fetchall()
        return [_source_table(list(group)) for _, group in groupby(rows, key=itemgetter(0))]

    def _views(self) -> list[SourceTable]:
        """Return the views, each by a query of its own: one over a table that is gone fails it."""
        views = []
        for (name,) in self._conn.execute("SELECT name FROM sqlite_master WHERE type = 'view'").fetchall():
            try:
                views += [view for view in self._described("view", name) if view.name == name]
            except sqlite3.DatabaseError:
                views.append(SourceTable(schema="", name=name, columns=(), is_view=True))
        return views

    def _declared(self, table: str) -> tuple[SourceColumn, ...]:
        rows = self._conn.execute(
            "SELECT '', 0, name, type, pk FROM pragma_table_xinfo(?) WHERE hidden <> 1", (table,)
        ).fetchall()
        if not rows:
            known = self._conn.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")
            raise table_gone(table, [row[0] for row in known])
        return _source_table(rows).columns

    def _typed(self, table: str, column: SourceColumn) -> SourceColumn:
        """Return a column that was declared without a type, as in CREATE TABLE … AS, with the type of its values."""
        query = f"SELECT DISTINCT typeof({quoted(column.name)}) FROM {quoted(table)}"
        match sorted(row[0] for row in self._conn.execute(query) if row[0] != "null"):
            case ["integer"]:
                kind = "bigint"
            case ["integer", "real"] | ["real"]:
                kind = "double"
            case ["blob"]:
                kind = "binary"
            case _:
                kind = "string"
        return SourceColumn(name=column.name, declared=column.declared, type=kind)

    def _as_stored(self, table: str, column: SourceColumn) -> Column:
        """Return the column as one that holds all its values: double for numbers, else string."""
        if not column.misfit:
            return declared_column(column)
        select = f"SELECT {quoted(column.name)} FROM {quoted(table)} WHERE"
        wrong = self._conn.execute(f"{select} {column.misfit} LIMIT 1").fetchone()
        if wrong is None:
            return declared_column(column)
        numeric = self._conn.execute(f"{select} {_misfit(column.name, 'double')} LIMIT 1").fetchone() is None
        kept = SourceColumn(
            name=column.name,
            declared=column.declared,
            type=column.type,
            wider="double" if numeric else "string",
        )
        return contradicted(kept, wrong[0])

    @contextmanager
    def _refusals(self, table: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            raise InvalidInput(f"table {table} in {self._path} can't be read: {error}") from error


def glue_type_of(declared: str) -> str:
    """Return Glue's type for a type as declared in SQLite, by its rules of affinity; empty if it says none."""
    text = declared.upper().strip()
    if decimal := re.fullmatch(r"(?:DECIMAL|NUMERIC)\s*\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)", text):
        precision, scale = int(decimal[1]), int(decimal[2] or 0)
        return f"decimal({precision},{scale})" if 0 < precision <= 38 and scale <= precision else "double"
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


def _source_table(rows: Sequence[tuple[str, int, str, str, int]]) -> SourceTable:
    """Return a table from its rows of (table, whether it is a view, column, declared type, place in the key)."""
    keys = sorted((place, name) for _, _, name, _, place in rows if place)
    return SourceTable(
        schema="",
        name=rows[0][0],
        columns=tuple(_source_column(name, declared) for _, _, name, declared, _ in rows),
        is_view=bool(rows[0][1]),
        primary_key=tuple(name for _, name in keys),
    )


def _source_column(name: str, declared: str) -> SourceColumn:
    kind = glue_type_of(declared)
    return SourceColumn(name=name, declared=declared, type=kind, misfit=_misfit(name, kind))


def _misfit(name: str, kind: str) -> str:
    """Return SQL that is true of a value that is not of the type. It is asked of every value: cheap questions first."""
    column = quoted(name)
    match kind:
        case "" | "string":
            return ""
        case "bigint":
            return f"typeof({column}) <> 'integer' AND {column} IS NOT NULL"
        case "double":
            return f"{column} >= ''"  # SQLite takes every text and every blob for more than any number
        case "boolean":
            return f"{column} NOT IN (0, 1)"
        case "date":
            return f"{column} IS NOT {_normal('date', column)}"
        case "timestamp":
            day = f"substr({column}, 1, 10)"
            return (
                f"{column} IS NOT {_normal('datetime', column)} AND {column} IS NOT NULL"
                f" AND (typeof({column}) <> 'text'"
                f" OR {day} IS NOT {_normal('date', day)} OR datetime({column}) IS NULL OR ({column} NOT GLOB"
                f" '{_DATE_GLOB}' AND {column} NOT GLOB '{_TIME_GLOB}' AND {column} NOT GLOB '{_TIME_GLOB}.[0-9]*'))"
            )
        case "binary":
            return f"typeof({column}) NOT IN ('blob', 'null')"
        case _:
            precision, scale = (int(part) for part in kind.removeprefix("decimal(").removesuffix(")").split(","))
            # Numbers with decimals are floats there: 0.1 + 0.2 is 0.30 all the same, 0.305 is not.
            times = 10.0**scale
            shifted = f"{column} * {times}"
            return (
                f"{column} >= 1e{precision - scale} OR {column} <= -1e{precision - scale}"
                f" OR ({shifted} <> CAST({shifted} AS INTEGER)"
                f" AND abs({shifted} - round({shifted})) > 1e-6 + abs({column}) * {times * 4e-16})"
            )


def _normal(function: str, text: str) -> str:
    """Return SQL for a date or time as SQLite writes it: 1 March where the text says 30 February."""
    return f"{function}({text}, '+0 days')"


def _fields(declared: Mapping[str, SourceColumn], schema: Mapping[str, pl.DataType]) -> dict[str, Field]:
    """Return the columns whose values compare in SQLite as they do once they are read."""
    fields: dict[str, Field] = {}
    for name, column in declared.items():
        text, dtype = quoted(name), schema.get(name)
        if dtype == pl.Int64() and column.type == "bigint":
            fields[name] = Field(sql=text, kind="integer", nulls_agree=True)
        elif dtype == pl.Date() and column.type == "date":
            fields[name] = Field(sql=text, kind="date")
        elif dtype == pl.String() and re.search("CHAR|CLOB|TEXT", column.declared.upper()):
            # What is no text compares unequal to every text, and yet is read as one: blobs, numbers of a view's UNION.
            other = f" OR typeof({text}) NOT IN ('text', 'null')"
            fields[name] = Field(sql=text, kind="text", nulls_agree=True, or_else=other)
    return fields


def _series(name: str, dtype: pl.DataType, values: tuple[object, ...]) -> pl.Series:
    """Return values as a column. Raises InvalidInput if one is not of its type: the table changed since its crawl."""
    try:
        match dtype:
            case pl.String():
                with suppress(TypeError):
                    return pl.Series(name, values, dtype=pl.String)
                return pl.Series(name, [_text(value) for value in values], dtype=pl.String)
            case pl.Date() | pl.Datetime():
                text = pl.Series(name, values, dtype=pl.String).to_frame()
                return text.select(parse(pl.col(name), dtype).alias(name)).to_series()
            case pl.Boolean():
                if set(values) - {None, 0, 1}:
                    raise ValueError(f"{next(value for value in values if value not in (None, 0, 1))!r}")
                return pl.Series(name, [None if value is None else bool(value) for value in values], dtype=pl.Boolean)
            case pl.Decimal() if any(type(value) is int and abs(value) > _EXACT_INTEGER for value in values):
                return pl.Series(name, [None if value is None else str(value) for value in values]).cast(dtype)
            case pl.Decimal() | pl.Float64():
                numbers = [None if value is None else float(value) for value in values]  # type: ignore[arg-type]
                read = pl.Series(name, numbers, dtype=pl.Float64).cast(dtype)
                if isinstance(dtype, pl.Decimal):
                    _refuse_rounding(pl.Series(numbers, dtype=pl.Float64), read)
                return read
            case _:
                return pl.Series(name, values, dtype=dtype)
    except UnicodeDecodeError as error:
        hint = f"leave the column out, or correct the rows where typeof({quoted(name)}) = 'blob'"
        raise InvalidInput(f"column {name} holds bytes that are no text in UTF-8", hint=hint) from error
    except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise wrong_value(name, dtype, error) from error


def _refuse_rounding(numbers: pl.Series, decimals: pl.Series) -> None:
    """Raise ValueError for a number that had to be rounded, as `_misfit` would have told: 0.305 in a decimal(10,2)."""
    scale = decimals.dtype.scale  # type: ignore[attr-defined]
    rounded = numbers.filter((decimals.cast(pl.Float64) - numbers).abs() > 10.0**-scale * 1e-6 + numbers.abs() * 4e-16)
    if len(rounded):
        raise ValueError(rounded[0])


def _text(value: object) -> str | None:
    match value:
        case None | str():
            return value
        case bytes():
            return value.decode()
        case _:
            return str(value)
