"""MySQL and MariaDB through PyMySQL: values come as the server writes them, and become typed here.

PyMySQL is pure Python, needs no library of the system, and has been kept up for long; ADBC has no driver for MySQL on
PyPI.
"""

from __future__ import annotations

import ssl
from collections.abc import Generator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import polars as pl

from glue_tui.catalog.database_filters import Field, kind_of_values
from glue_tui.catalog.database_server import (
    LOOK_TIMEOUT_S,
    CatalogueRow,
    ServerDatabase,
    Wanted,
    no_longer,
    refuse_rounding,
    text_literal,
    unreachable,
)
from glue_tui.catalog.database_urls import COMMITS_TABLE, CONNECT_TIMEOUT_S
from glue_tui.catalog.databases import SourceColumn, no_driver, wrong_value
from glue_tui.catalog.mysql_types import BINARIES, GEOMETRIES, TEXTS, glue_type_of, is_too_wide, type_parts
from glue_tui.catalog.types import parse, polars_type
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
    SELECT table_schema, table_name, table_type = 'VIEW', IF(table_type = 'VIEW', '', table_comment), data_length,
        table_rows
    FROM information_schema.tables
    WHERE table_type IN ('BASE TABLE', 'SYSTEM VERSIONED', 'VIEW') AND table_name <> '{COMMITS_TABLE}'"""
_COLUMNS = """
    SELECT table_schema, table_name, column_name, column_type, column_comment
    FROM information_schema.columns WHERE 1 = 1"""
_KEYS = """
    SELECT table_schema, table_name, column_name, ordinal_position
    FROM information_schema.key_column_usage WHERE constraint_name = 'PRIMARY'"""
_OTHERS = " AND table_schema NOT IN ('mysql', 'information_schema', 'performance_schema', 'sys')"


class MysqlDatabase(ServerDatabase):
    """A MySQL or MariaDB server. Raises InvalidInput for what stands in its way, never with the password."""

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
            self._rows("SET SESSION time_zone = '+00:00', sql_mode = 'NO_BACKSLASH_ESCAPES'")
            self._rows("SET SESSION TRANSACTION READ ONLY")
            self._limit_statements(LOOK_TIMEOUT_S)
        except (pymysql.err.Error, OSError, RuntimeError) as error:
            raise unreachable(self._url, self._message(error), _WAYS_OUT) from None

    @property
    def default_schema(self) -> str:
        return self._url.database

    def close(self) -> None:
        if self._conn.open:
            self._conn.close()

    def _catalogue(self, schema: str = "", table: str = "") -> Sequence[CatalogueRow]:
        schema = schema or self._url.database
        which = f" AND table_schema = {text_literal(schema)}" if schema else _OTHERS
        which += f" AND table_name = {text_literal(table)}" if table else ""
        # Joined by the server, columns of `Orders` and of `orders` would be those of both.
        places = {(*place,): at for *place, at in self._rows(_KEYS + which)}
        columns: dict[tuple[str, str], list[tuple[str, str, str]]] = {}
        for owner, name, column, declared, comment in self._rows(f"{_COLUMNS}{which} ORDER BY ordinal_position"):
            columns.setdefault((owner, name), []).append((column, _string(declared), _string(comment)))
        return [
            CatalogueRow._make([*map(_string, row), *column, places.get((*row[:2], column[0]))])
            for row in self._rows(_TABLES + which)
            for column in columns.get(row[:2], [("", "", "")])
        ]

    def _source_column(self, name: str, declared: str, comment: str) -> SourceColumn:
        return _source_column(name, declared, comment)

    def _selected(self, columns: Wanted) -> Sequence[str]:
        return [_selected(column, dtype) for column, dtype in columns]

    def _fields(self, columns: Wanted) -> dict[str, Field]:
        found = {column.name: _field(column, dtype) for column, dtype in columns}
        return {name: field for name, field in found.items() if field is not None}

    def _answer(self, query: str, columns: Wanted) -> Generator[pl.DataFrame]:
        cursor = self._conn.cursor(self._streaming)
        try:
            cursor.execute(query)
            while rows := cursor.fetchmany(BATCH_ROWS):
                yield _typed(rows, columns)
        finally:
            result = cursor._result
            if result is not None and result.unbuffered_active:
                # Else the cursor would read all rows that are still to come, only to be done with them.
                result.unbuffered_active = False
                self.close()

    def _rows(self, query: str) -> Sequence[tuple[Any, ...]]:
        with closing(self._conn.cursor()) as cursor:
            cursor.execute(query)
            rows: Sequence[tuple[Any, ...]] = cursor.fetchall()
            return rows

    def _limit_statements(self, seconds: int) -> None:
        try:
            self._rows(f"SET SESSION max_statement_time = {seconds}")
        except self._error as error:
            if error.args[0] != _UNKNOWN_VARIABLE:
                raise
            self._rows(f"SET SESSION max_execution_time = {seconds * 1000}")  # so MySQL calls it
        # PyMySQL takes this before each statement: a server that fell silent doesn't keep us for ever.
        self._conn._read_timeout = seconds + CONNECT_TIMEOUT_S if seconds else None

    def _took_too_long(self, error: Exception) -> bool:
        return error.args[0] in _TOO_LONG

    def _message(self, error: BaseException) -> str:
        said = str(error.args[1] if len(error.args) > 1 else error)
        if "timed out" in said:
            return "no answer in time"
        return self._url.without_password(said.splitlines()[0] if said else type(error).__name__)

    def _quoted(self, name: str) -> str:
        return _quoted(name)

    def _as_text(self, column: str) -> str:
        return column


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
    timeout_s = int(timeout) if timeout.isdecimal() and int(timeout) else CONNECT_TIMEOUT_S
    settings: dict[str, Any] = {
        "host": url.host or "localhost",
        "port": url.port or 3306,
        "user": url.user,
        "password": url.password.encode(),
        "database": url.database or None,
        "connect_timeout": timeout_s,
        "read_timeout": timeout_s,
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


_WAYS_OUT = (
    ("Access denied", "check user and password in its url, and what this user may see"),
    ("Unknown database", "correct the database's name in its url"),
    (r"secure transport|SSL is required|doesn't support SSL|CERTIFICATE", "see ssl_mode and ssl_ca in its url"),
    (r"Name or service|name resolution|getaddrinfo", "correct the host in its url"),
    (
        r"no answer in time",
        "is it MySQL, and up? ?connect_timeout=… in its url says how many seconds it has",
    ),
    (r"cryptography", "pip install cryptography"),
)


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _string(value: Any) -> Any:
    """Return what some versions of the server send as bytes as text."""
    return value.decode() if isinstance(value, bytes) else value


def _source_column(name: str, declared: str, comment: str) -> SourceColumn:
    kind = glue_type_of(declared)
    column = _quoted(name)
    misfit = trouble = absent = ""
    if kind in ("date", "timestamp"):
        parts = [f"{part}({column}) = 0" for part in ("YEAR", "MONTH", "DAYOFMONTH")]
        absent = " AND ".join(parts)
        misfit, trouble = f"({' OR '.join(parts)}) AND NOT ({absent})", "a date without day, month or year"
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
        absent=absent,
        absent_text=ZERO_DATE,
    )


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
        raise no_longer(column, wanted)
    return name


def _typed(rows: Sequence[tuple[Any, ...]], columns: Wanted) -> pl.DataFrame:
    """Return a batch with the types that were asked for. Raises InvalidInput for a value that is not of its type."""
    if not columns:
        return pl.DataFrame(height=len(rows))
    series = []
    for (column, dtype), values in zip(columns, zip(*rows, strict=True), strict=True):
        try:
            series.append(_series(column, dtype, values))
        except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
            raise wrong_value(column.name, dtype, error) from error
    return pl.DataFrame(series)


def _series(column: SourceColumn, dtype: pl.DataType, values: Sequence[Any]) -> pl.Series:
    name = column.name
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
            refuse_rounding(column, dtype, text)
            return text.cast(dtype)


def _field(column: SourceColumn, dtype: pl.DataType) -> Field | None:
    """Return the column as one whose values compare in MySQL as they do once they are read, if they do.

    Texts are equal there whatever their case, as a rule: that lets more rows through, never fewer.
    """
    text, word = _quoted(column.name), type_parts(column.declared)[0]
    if dtype == pl.String() and word in TEXTS:
        # A letter that the column's character set lacks is an error, not unequal.
        return Field(sql=text, kind="text", nulls_agree=True, beyond_ascii=f"CONVERT({text} USING utf8mb4)")
    kind = kind_of_values(dtype)
    if not kind or polars_type(column.type) != dtype or word in ("bit", "year"):
        return None  # a year takes 24 for 2024
    return Field(sql=text, kind=kind, nulls_agree=not column.absent)
