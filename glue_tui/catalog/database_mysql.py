"""MySQL and MariaDB through PyMySQL: values come as the server writes them, and become typed here.

PyMySQL is pure Python, needs no library of the system, and has been kept up for long; ADBC has no driver for MySQL on
PyPI.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import polars as pl

from glue_tui.catalog.database_filters import Field, condition
from glue_tui.catalog.database_urls import COMMITS_TABLE, CONNECT_TIMEOUT_S
from glue_tui.catalog.databases import (
    COUNTED_BYTES_MAX,
    CRAWL_AGAIN,
    LOOK_TIMEOUT_S,
    DatabaseTable,
    Question,
    SourceColumn,
    SourceTable,
    as_declared,
    column_gone,
    contradicted,
    declared_column,
    no_driver,
    table_gone,
)
from glue_tui.catalog.mysql_types import BINARIES, GEOMETRIES, TEXTS, glue_type_of, is_too_wide, type_parts
from glue_tui.catalog.types import glue_type, parse, polars_type
from glue_tui.core.database_urls import ServerUrl, server_url
from glue_tui.core.problem import InvalidInput, did_you_mean

if TYPE_CHECKING:
    from pymysql.connections import Connection

BATCH_ROWS = 20_000
ZERO_DATE = "0000-00-00"
"""MySQL's own way to say that there is no date."""
OPTIONS = ("unix_socket", "connect_timeout", "ssl_mode", "ssl_ca", "ssl_cert", "ssl_key")
SSL_MODES = ("disabled", "preferred", "required", "verify_ca", "verify_identity")

_UNKNOWN_VARIABLE = 1193
_TOO_LONG = (1969, 3024)
"""MariaDB's and MySQL's error for a statement that took longer than it may."""
_TABLES = f"""
    SELECT t.table_schema, t.table_name, t.table_type = 'VIEW', t.table_comment, t.data_length, t.table_rows,
        c.column_name, c.column_type, c.column_comment, k.ordinal_position
    FROM information_schema.tables t
        LEFT JOIN information_schema.columns c USING (table_schema, table_name)
        LEFT JOIN information_schema.key_column_usage k
            ON k.table_schema = t.table_schema AND k.table_name = t.table_name
            AND k.column_name = c.column_name AND k.constraint_name = 'PRIMARY'
    WHERE t.table_type IN ('BASE TABLE', 'SYSTEM VERSIONED', 'VIEW') AND t.table_name <> '{COMMITS_TABLE}'
        AND t.table_schema NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys')"""
_ORDER = " ORDER BY t.table_schema, t.table_name, c.ordinal_position"


class MysqlDatabase:
    """A connection that only reads. Raises InvalidInput for what stands in its way, never with the password."""

    def __init__(self, url: str) -> None:
        try:
            import pymysql
            from pymysql.cursors import SSCursor
        except ImportError as error:
            raise no_driver("MySQL") from error
        self._url = server_url(url)
        self._error = pymysql.err.Error
        self._streaming = SSCursor
        settings = _settings(self._url)
        try:
            self._conn: Connection[Any] = pymysql.connect(conv={}, charset="utf8mb4", autocommit=True, **settings)
            self._run("SET SESSION time_zone = '+00:00', sql_mode = 'NO_BACKSLASH_ESCAPES'")
            self._run("SET SESSION TRANSACTION READ ONLY")
        except (pymysql.err.Error, OSError, RuntimeError) as error:
            raise _unreachable(self._url, error) from None

    @property
    def default_schema(self) -> str:
        return self._url.database

    def tables(self) -> tuple[SourceTable, ...]:
        with self._refusals("its catalogue"):
            which = f" AND t.table_schema = {_text(self._url.database)}" if self._url.database else ""
            return _source_tables(self._run(_TABLES + which + _ORDER))

    def look_at(self, table: SourceTable) -> DatabaseTable:
        if table.size_bytes > COUNTED_BYTES_MAX:
            return as_declared(table)
        place = _place(table.schema, table.name)
        checks = [
            f", coalesce(sum({check}), 0)"
            for column in table.columns
            for check in (column.misfit or "0", _is_zero(column) or "0")
        ]
        with self._refusals(f"table {table.full_name}"):
            self._limit(LOOK_TIMEOUT_S)
            try:
                ((rows, *counts),) = self._run(f"SELECT count(*){''.join(checks)} FROM {place}")
            except self._error as error:
                if error.args[0] in _TOO_LONG:
                    return as_declared(table)
                raise
            finally:
                self._limit(0)
            columns = []
            for column, misfits, zeros in zip(table.columns, counts[::2], counts[1::2], strict=True):
                found = declared_column(column)
                if int(misfits):
                    name = _quoted(column.name)
                    wrong = self._run(f"SELECT {name} FROM {place} WHERE {column.misfit} LIMIT 1")
                    found = contradicted(column, wrong[0][0] if wrong else column.trouble)
                elif int(zeros):
                    reason = f"{zeros} of its values are {ZERO_DATE}, read as no value"
                    found = type(found)(name=found.name, type=found.type, comment=found.comment, reason=reason)
                columns.append(found)
        return DatabaseTable(schema=table.schema, name=table.name, columns=tuple(columns), rows=int(rows))

    def batches(self, question: Question) -> Generator[pl.DataFrame]:
        with self._refusals(f"table {question.table}"):
            declared = self._declared(question)
            columns = [(declared[name], dtype) for name, dtype in question.columns.items()]
            selected = ", ".join(_selected(column, dtype) for column, dtype in columns) or "1"
            where = condition(question.predicate, _fields(declared, question.columns))
            limit = "" if question.rows_max is None else f" LIMIT {question.rows_max}"
            cursor = self._conn.cursor(self._streaming)
            try:
                cursor.execute(f"SELECT {selected} FROM {_place(question.schema, question.table)}{where}{limit}")
                while rows := cursor.fetchmany(BATCH_ROWS):
                    yield _typed(rows, columns)
            finally:
                result = cursor._result
                if result is not None and result.unbuffered_active:
                    # Else the cursor would read all rows that are still to come, only to be done with them.
                    result.unbuffered_active = False
                    self.close()

    def state(self) -> str:
        return ""

    def close(self) -> None:
        if self._conn.open:
            self._conn.close()

    def _declared(self, question: Question) -> dict[str, SourceColumn]:
        """Return the table's columns as they are now."""
        which = f" AND t.table_schema = {_text(question.schema)} AND t.table_name = {_text(question.table)}"
        tables = _source_tables(self._run(_TABLES + which + _ORDER))
        found = [table for table in tables if table.name == question.table] or tables
        if not found:
            raise table_gone(question.table, [table.name for table in self.tables()])
        columns = {column.name: column for column in found[0].columns}
        for name in question.columns:
            if name not in columns:
                raise column_gone(question.table, name)
        return columns

    def _run(self, query: str) -> Sequence[tuple[Any, ...]]:
        with closing(self._conn.cursor()) as cursor:
            cursor.execute(query)
            rows: Sequence[tuple[Any, ...]] = cursor.fetchall()
            return rows

    def _limit(self, seconds: int) -> None:
        """Limit the time that a statement may take; 0 is for ever."""
        try:
            self._run(f"SET SESSION max_statement_time = {seconds}")
        except self._error as error:
            if error.args[0] != _UNKNOWN_VARIABLE:
                raise
            self._run(f"SET SESSION max_execution_time = {seconds * 1000}")  # so MySQL calls it

    @contextmanager
    def _refusals(self, what: str) -> Iterator[None]:
        try:
            yield
        except self._error as error:
            raise InvalidInput(f"{what} in {self._url} can't be read: {_message(self._url, error)}") from None


def _settings(url: ServerUrl) -> dict[str, Any]:
    """Return PyMySQL's settings for a URL. Raises InvalidInput for an option that is none."""
    options = {name.lower().replace("-", "_"): value for name, value in url.options}
    for name in options:
        if name not in OPTIONS:
            hint = did_you_mean(name, OPTIONS) or ", ".join(OPTIONS)
            raise InvalidInput(f"the url of {url} has an unknown option {name}", hint=hint)
    mode = options.pop("ssl_mode", "preferred").lower()
    if mode not in SSL_MODES:
        raise InvalidInput(f"ssl_mode in the url of {url} is none of MySQL's", hint=", ".join(SSL_MODES))
    timeout = options.pop("connect_timeout", "")
    settings: dict[str, Any] = {
        "host": url.host or "localhost",
        "port": url.port or 3306,
        "user": url.user,
        "password": url.password.encode(),
        "database": url.database or None,
        "connect_timeout": int(timeout) if timeout.isdecimal() and int(timeout) else CONNECT_TIMEOUT_S,
        **options,
    }
    match mode:
        case "disabled":
            settings["ssl_disabled"] = True
        case "required" if "ssl_ca" not in options:
            settings["ssl"] = _unverified()
        case "verify_ca":
            settings["ssl_verify_cert"] = True
        case "verify_identity":
            settings |= {"ssl_verify_cert": True, "ssl_verify_identity": True}
    return settings


def _unverified() -> ssl.SSLContext:
    """Return TLS that keeps others from listening, whoever the server is: what MySQL means by `required`."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _message(url: ServerUrl, error: BaseException) -> str:
    """Return what the server says, without the driver's own words around it."""
    said = error.args[1] if len(error.args) > 1 else error
    return url.without_password(str(said).splitlines()[0] if str(said) else type(error).__name__)


_WAYS_OUT = (
    ("Access denied", "check user and password in its url, and what this user may see"),
    ("Unknown database", "correct the database's name in its url"),
    (r"secure transport|SSL is required|doesn't support SSL|CERTIFICATE", "see ssl_mode and ssl_ca in its url"),
    (r"Name or service|name resolution|getaddrinfo", "correct the host in its url"),
    (r"cryptography", "pip install cryptography"),
)


def _unreachable(url: ServerUrl, error: BaseException) -> InvalidInput:
    message = _message(url, error)
    hint = next(
        (hint for pattern, hint in _WAYS_OUT if re.search(pattern, message)),
        "is the server running, and can this machine reach it?",
    )
    return InvalidInput(f"no connection to {url}: {message}", hint=hint)


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _place(schema: str, table: str) -> str:
    return f"{_quoted(schema)}.{_quoted(table)}"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _source_tables(rows: Sequence[tuple[Any, ...]]) -> tuple[SourceTable, ...]:
    tables = []
    # The server takes `Orders` and `orders` for the same when it sorts, but has both.
    for (schema, name), group in groupby(sorted(rows, key=itemgetter(0, 1)), key=itemgetter(0, 1)):
        found = list(group)
        keys = sorted((int(row[9]), row[6]) for row in found if row[9])
        is_view = found[0][2] == "1"
        tables.append(
            SourceTable(
                schema=schema,
                name=name,
                columns=tuple(_source_column(row[6], _string(row[7]), row[8]) for row in found if row[6]),
                is_view=is_view,
                primary_key=tuple(key for _, key in keys),
                comment="" if is_view else found[0][3],
                size_bytes=int(found[0][4] or 0),
                rows_estimate=int(found[0][5] or 0),
            )
        )
    return tuple(tables)


def _string(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def _source_column(name: str, declared: str, comment: str) -> SourceColumn:
    kind = glue_type_of(declared)
    column = _quoted(name)
    misfit = trouble = ""
    if kind in ("date", "timestamp"):
        parts = [f"{part}({column}) = 0" for part in ("YEAR", "MONTH", "DAYOFMONTH")]
        misfit, trouble = f"({' OR '.join(parts)}) AND NOT ({' AND '.join(parts)})", "a date without day, month or year"
    elif kind == "boolean" and declared.startswith("tinyint"):
        misfit, trouble = f"{column} NOT IN (0, 1)", "a number other than 0 and 1"
    return SourceColumn(
        name=name,
        declared=declared,
        type=kind,
        comment=comment,
        reason=f"declared {declared}: a decimal has 38 digits at most" if is_too_wide(declared) else "",
        misfit=misfit,
        trouble=trouble,
        wider="tinyint" if kind == "boolean" else "string",
    )


def _is_zero(column: SourceColumn) -> str:
    name = _quoted(column.name)
    is_date = column.type in ("date", "timestamp")
    return f"YEAR({name}) = 0 AND MONTH({name}) = 0 AND DAYOFMONTH({name}) = 0" if is_date else ""


def _selected(column: SourceColumn, wanted: pl.DataType) -> str:
    """Return SQL for a column, as what the server writes exactly."""
    name, word = _quoted(column.name), type_parts(column.declared)[0]
    if word == "float":
        return f"{name} + 0e0"  # alone it is written with six digits
    if word == "bit":
        return f"{name} + 0"
    if word.startswith(GEOMETRIES):
        return f"ST_AsText({name})"
    if isinstance(wanted, pl.Binary) != (word in BINARIES) and wanted != pl.String():
        raise InvalidInput(f"column {column.name} is no {glue_type(wanted)} any more", hint=CRAWL_AGAIN)
    return name


def _typed(rows: Sequence[tuple[Any, ...]], columns: Sequence[tuple[SourceColumn, pl.DataType]]) -> pl.DataFrame:
    """Return a batch with the types that were asked for. Raises InvalidInput for a value that is not of its type."""
    if not columns:
        return pl.DataFrame(height=len(rows))
    series = []
    for (column, dtype), values in zip(columns, zip(*rows, strict=True), strict=True):
        try:
            series.append(_series(column.name, dtype, values))
        except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
            raise InvalidInput(
                f"column {column.name} holds a value that is no {glue_type(dtype)}: {str(error).splitlines()[0]}",
                hint=CRAWL_AGAIN,
            ) from error
    return pl.DataFrame(series)


def _series(name: str, dtype: pl.DataType, values: Sequence[Any]) -> pl.Series:
    if dtype == pl.Binary():
        return pl.Series(name, values, dtype=pl.Binary)
    if any(isinstance(value, bytes) for value in values):
        values = [value.decode() if isinstance(value, bytes) else value for value in values]
    text = pl.Series(name, values, dtype=pl.String)
    match dtype:
        case pl.String():
            return text
        case pl.Boolean():
            return text.replace_strict({"0": False, "1": True}, return_dtype=pl.Boolean)
        case pl.Date() | pl.Datetime():
            dated = pl.when(~pl.col(name).str.starts_with(ZERO_DATE)).then(pl.col(name))
            return text.to_frame().select(parse(dated, dtype).alias(name)).to_series()
        case _:
            return text.cast(dtype)


def _fields(declared: Mapping[str, SourceColumn], schema: Mapping[str, pl.DataType]) -> dict[str, Field]:
    """Return the columns whose values compare in MySQL as they do once they are read.

    Texts are equal there whatever their case, as a rule: that lets more rows through, never fewer.
    """
    fields = {}
    for name, dtype in schema.items():
        column, text = declared[name], _quoted(name)
        word = type_parts(column.declared)[0]
        if dtype == pl.String() and word in TEXTS:
            # A letter that the column's character set lacks is an error, not unequal.
            unicode = f"CONVERT({text} USING utf8mb4)"
            fields[name] = Field(sql=text, kind="text", nulls_agree=True, beyond_ascii=unicode)
        elif polars_type(column.type) != dtype or word in ("bit", "year"):
            continue  # a year takes 24 for 2024
        elif dtype.is_integer():
            fields[name] = Field(sql=text, kind="integer", nulls_agree=True)
        elif isinstance(dtype, pl.Decimal):
            fields[name] = Field(sql=text, kind="decimal", nulls_agree=True)
        elif dtype == pl.Float64():
            fields[name] = Field(sql=text, kind="double", nulls_agree=True)
        elif isinstance(dtype, pl.Date | pl.Datetime):
            kind = "date" if isinstance(dtype, pl.Date) else "timestamp"
            fields[name] = Field(sql=text, kind=kind)
    return fields
