"""PostgreSQL through ADBC: its catalogue, its types, and rows that stream in as Arrow."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import polars as pl

from glue_tui.catalog.database_filters import Field, condition
from glue_tui.catalog.database_urls import COMMITS_TABLE, CONNECT_TIMEOUT_S, quoted
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
from glue_tui.catalog.types import glue_type, parse, polars_type
from glue_tui.core.database_urls import ServerUrl, server_url
from glue_tui.core.problem import InvalidInput

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Connection

BATCH_BYTES = 8 << 20
"""As ADBC counts them: of the answer on its way, not of the frame."""

_TABLES = f"""
    SELECT n.nspname::text AS schema, c.relname::text AS name, c.relkind IN ('v', 'm') AS is_view,
        coalesce(obj_description(c.oid, 'pg_class'), '') AS comment,
        CASE WHEN c.relkind IN ('r', 'm') THEN pg_table_size(c.oid) ELSE 0 END AS size_bytes,
        greatest(c.reltuples, 0)::bigint AS rows_estimate, coalesce(a.attname::text, '') AS column,
        CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod)
            ELSE format_type(a.atttypid, a.atttypmod) END AS declared,
        coalesce(col_description(c.oid, a.attnum), '') AS column_comment,
        coalesce(array_position(i.indkey::int2[], a.attnum), -1) AS place_in_key
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND c.relname <> '{COMMITS_TABLE}'
        AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"""
_ORDER = " ORDER BY n.nspname, c.relname, a.attnum"
_SESSION = {
    "TimeZone": "UTC",
    "DateStyle": "ISO",
    "IntervalStyle": "postgres",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
    "default_transaction_read_only": "on",
}
_TYPES = {
    "smallint": "smallint",
    "integer": "int",
    "bigint": "bigint",
    "oid": "bigint",
    "real": "float",
    "double precision": "double",
    "boolean": "boolean",
    "date": "date",
    "bytea": "binary",
}
_AS_TEXT_IN_ARRAYS = ("numeric", "bytea", "timestamp with time zone")
"""Where the elements can't be checked, or would not come over as they are."""
_TEXTS = ("text", "character varying", "character")
UNBOUNDED = "decimal(38,18)"
"""A numeric without precision may hold any number; Spark reads it as this, and so do we where the values allow."""


class PostgresDatabase:
    """A connection that only reads. Raises InvalidInput for what stands in its way, never with the password."""

    def __init__(self, url: str) -> None:
        try:
            from adbc_driver_manager import Error
            from adbc_driver_postgresql import dbapi
            from arro3.core import RecordBatchReader
        except ImportError as error:
            raise no_driver("PostgreSQL") from error
        self._url = server_url(url)
        self._error = Error
        self._reader = RecordBatchReader
        try:
            self._conn: Connection = dbapi.connect(_conninfo(self._url), autocommit=True)
        except Error as error:
            raise _unreachable(self._url, str(error)) from None
        self._set(_SESSION)

    @property
    def default_schema(self) -> str:
        return "public"

    def tables(self) -> tuple[SourceTable, ...]:
        with self._refusals("its catalogue"):
            return _source_tables(self._rows(_TABLES + _ORDER))

    def look_at(self, table: SourceTable) -> DatabaseTable:
        if table.size_bytes > COUNTED_BYTES_MAX:
            return as_declared(table)
        rows = _place(table.schema, table.name)
        doubtful = [column for column in table.columns if column.misfit]
        checks = "".join(f", count(*) FILTER (WHERE {one.misfit}) AS _{place}" for place, one in enumerate(doubtful))
        with self._refusals(f"table {table.full_name}"):
            self._set({"statement_timeout": str(LOOK_TIMEOUT_S * 1000)})
            try:
                (counts,) = self._rows(f"SELECT count(*){checks} FROM {rows}")
            except self._error as error:
                if error.sqlstate == "57014":  # it took too long
                    return as_declared(table)
                raise
            finally:
                self._set({"statement_timeout": "0"})
            wrong = {}
            for column, misfits in zip(doubtful, counts[1:], strict=True):
                if misfits:
                    query = f"SELECT {quoted(column.name)}::text FROM {rows} WHERE {column.misfit} LIMIT 1"
                    wrong[column.name] = next((row[0] for row in self._rows(query)), column.trouble)
        columns = tuple(
            contradicted(column, wrong[column.name]) if column.name in wrong else declared_column(column)
            for column in table.columns
        )
        return DatabaseTable(schema=table.schema, name=table.name, columns=columns, rows=counts[0])

    def batches(self, question: Question) -> Generator[pl.DataFrame]:
        with self._refusals(f"table {question.table}"):
            declared = self._declared(question)
            columns = [(declared[name], dtype) for name, dtype in question.columns.items()]
            guarded = [column for column, dtype in columns if column.misfit and polars_type(column.type) == dtype]
            selected = [
                *(f"{_selected(column, dtype)} AS {quoted(column.name)}" for column, dtype in columns),
                *(f"({column.misfit}) AS {quoted(_guard(place))}" for place, column in enumerate(guarded)),
            ]
            where = condition(question.predicate, _fields(declared, question.columns))
            limit = "" if question.rows_max is None else f" LIMIT {question.rows_max}"
            place = _place(question.schema, question.table)
            with closing(self._conn.cursor()) as cursor:
                cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": str(BATCH_BYTES)})
                cursor.execute(f"SELECT {', '.join(selected) or '1'} FROM {place}{where}{limit}")
                for batch in self._reader.from_arrow(cursor.fetch_arrow()):
                    yield _typed(pl.DataFrame(batch), columns, guarded)

    def state(self) -> str:
        return ""

    def close(self) -> None:
        self._conn.close()

    def _declared(self, question: Question) -> dict[str, SourceColumn]:
        """Return the table's columns as they are now."""
        which = f" AND n.nspname = {_text(question.schema)} AND c.relname = {_text(question.table)}"
        found = _source_tables(self._rows(_TABLES + which + _ORDER))
        if not found:
            raise table_gone(question.table, [table.name for table in self.tables()])
        columns = {column.name: column for column in found[0].columns}
        for name in question.columns:
            if name not in columns:
                raise column_gone(question.table, name)
        return columns

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(self._conn.cursor()) as cursor:
            cursor.execute(query)
            return pl.DataFrame(cursor.fetch_arrow()).rows()

    def _set(self, settings: Mapping[str, str]) -> None:
        calls = ", ".join(f"set_config({_text(name)}, {_text(value)}, false)" for name, value in settings.items())
        with closing(self._conn.cursor()) as cursor:
            cursor.execute(f"SELECT {calls}")
            cursor.fetch_arrow()

    @contextmanager
    def _refusals(self, what: str) -> Iterator[None]:
        try:
            yield
        except self._error as error:
            raise InvalidInput(f"{what} in {self._url} can't be read: {_message(self._url, str(error))}") from None


def _conninfo(url: ServerUrl) -> str:
    user = quote(url.user, safe="") + (f":{quote(url.password, safe='')}" if url.password else "")
    host = f"[{url.host}]" if ":" in url.host else quote(url.host, safe="")
    port = f":{url.port}" if url.port else ""
    options = {"connect_timeout": str(CONNECT_TIMEOUT_S), "application_name": "glue-tui", **dict(url.options)}
    at = f"{user}@" if user else ""
    return f"postgresql://{at}{host}{port}/{quote(url.database, safe='')}?{urlencode(options, quote_via=quote)}"


def _message(url: ServerUrl, text: str) -> str:
    """Return what the server or libpq says, without the driver's own words around it."""
    said = re.search(r"(?:ERROR|FATAL):\s+(.*)", text)
    first = said[1] if said else text.partition("Failed to connect: ")[2] or text
    return url.without_password(next((line.strip() for line in first.splitlines() if line.strip()), "no reason given"))


_WAYS_OUT = (
    (
        r"password authentication failed|no password supplied|role .* does not exist",
        "check user and password in its url",
    ),
    (r"database .* does not exist", "correct the database's name in its url"),
    (r"no encryption|SSL (off|is required)", "the server wants TLS: add ?sslmode=require to its url"),
    (r"does not support SSL", "the server has no TLS: sslmode=prefer or disable in its url"),
    (r"certificate", "sslrootcert=… in its url names the certificate to trust"),
    (r"could not translate host name|Name or service", "correct the host in its url"),
    (r"invalid URI query parameter|invalid sslmode", "see PostgreSQL's list of connection parameters"),
)


def _unreachable(url: ServerUrl, text: str) -> InvalidInput:
    message = _message(url, text)
    hint = next(
        (hint for pattern, hint in _WAYS_OUT if re.search(pattern, message)),
        "is the server running, and can this machine reach it?",
    )
    return InvalidInput(f"no connection to {url}: {message}", hint=hint)


def _place(schema: str, table: str) -> str:
    return f"{quoted(schema)}.{quoted(table)}"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _guard(place: int) -> str:
    return f"__misfit_{place}"


def _source_tables(rows: Sequence[tuple[Any, ...]]) -> tuple[SourceTable, ...]:
    tables = []
    for (schema, name), group in groupby(rows, key=itemgetter(0, 1)):
        found = list(group)
        keys = sorted((row[9], row[6]) for row in found if row[9] >= 0)
        tables.append(
            SourceTable(
                schema=schema,
                name=name,
                columns=tuple(_source_column(row[6], row[7], row[8]) for row in found if row[6]),
                is_view=found[0][2],
                primary_key=tuple(key for _, key in keys),
                comment=found[0][3],
                size_bytes=found[0][4],
                rows_estimate=found[0][5],
            )
        )
    return tuple(tables)


def _source_column(name: str, declared: str, comment: str) -> SourceColumn:
    kind, reason = glue_type_of(declared)
    misfit, trouble = _misfit(quoted(name), declared, kind)
    return SourceColumn(
        name=name, declared=declared, type=kind, comment=comment, reason=reason, misfit=misfit, trouble=trouble
    )


def glue_type_of(declared: str) -> tuple[str, str]:
    """Return Glue's type for one of PostgreSQL's, and why, where that needs saying."""
    if declared.endswith("[]"):
        inner = declared.removesuffix("[]")
        return f"array<{'string' if inner in _AS_TEXT_IN_ARRAYS else glue_type_of(inner)[0]}>", ""
    if declared == "numeric":
        return UNBOUNDED, "declared numeric without precision"
    if decimal := re.fullmatch(r"numeric\((\d+),(-?\d+)\)", declared):
        precision, scale = int(decimal[1]), int(decimal[2])
        if scale < 0:
            precision, scale = precision - scale, 0
        precision = max(precision, scale)
        if precision > 38:
            return "string", f"declared {declared}: a decimal has 38 digits at most"
        return f"decimal({precision},{scale})", ""
    if re.fullmatch(r"timestamp(\(\d\))? with(out)? time zone", declared):
        return "timestamp", ""
    return _TYPES.get(declared, "string"), ""


def _misfit(column: str, declared: str, kind: str) -> tuple[str, str]:
    """Return SQL that is true of a value which `kind` can't hold, and what it is in words."""
    if kind.startswith("array<"):
        return f"array_ndims({column}) > 1", "an array of several dimensions"
    if kind in ("date", "timestamp"):
        return (
            f"NOT {column} BETWEEN '0001-01-01' AND '9999-12-31 23:59:59.999999'",
            "a year outside 1 to 9999, or infinity",
        )
    if declared == "numeric":
        return (
            f"({column} = 'NaN' OR abs({column}) >= 1e20 OR {column} <> round({column}, 18))",
            f"NaN, or more digits than {kind} has",
        )
    return (f"{column} = 'NaN'", "NaN") if kind.startswith("decimal") else ("", "")


def _selected(column: SourceColumn, wanted: pl.DataType) -> str:
    """Return SQL for a column, as what ADBC brings over exactly: else as text."""
    name = quoted(column.name)
    inner = column.declared.removesuffix("[]")
    if wanted == pl.String() or polars_type(column.type) != wanted:
        if isinstance(wanted, pl.Binary | pl.List):
            raise InvalidInput(f"column {column.name} is no {glue_type(wanted)} any more", hint=CRAWL_AGAIN)
        return f"{name}::text"
    if inner != column.declared:
        return name if inner in ("smallint", "integer", "bigint", "real", "double precision") else f"{name}::text[]"
    if column.type.startswith("decimal"):
        return f"{name}::text"
    if inner.endswith("with time zone"):
        return f"{name} AT TIME ZONE 'UTC'"
    return f"{name}::bigint" if inner == "oid" else name


def _typed(
    frame: pl.DataFrame, columns: Sequence[tuple[SourceColumn, pl.DataType]], guarded: Sequence[SourceColumn]
) -> pl.DataFrame:
    """Return a batch with the types that were asked for. Raises InvalidInput for a value that is not of its type."""
    for place, column in enumerate(guarded):
        if frame[_guard(place)].any():
            raise InvalidInput(f"column {column.name} holds {column.trouble}: no {column.type}", hint=CRAWL_AGAIN)
    if not columns:
        return pl.DataFrame(height=frame.height)
    series = []
    for column, dtype in columns:
        try:
            series.append(frame.select(_cast(pl.col(column.name), frame.schema[column.name], dtype)).to_series())
        except pl.exceptions.PolarsError as error:
            raise InvalidInput(
                f"column {column.name} holds a value that is no {glue_type(dtype)}: {str(error).splitlines()[0]}",
                hint=CRAWL_AGAIN,
            ) from error
    return pl.DataFrame(series)


def _cast(values: pl.Expr, got: pl.DataType, wanted: pl.DataType) -> pl.Expr:
    match got, wanted:
        case _ if got == wanted:
            return values
        case pl.List(), pl.List():
            return values.list.eval(_cast(pl.element(), got.inner, wanted.inner))  # type: ignore[arg-type]
        case pl.String(), _:
            return parse(values, wanted)
        case _:
            return values.cast(wanted)


def _fields(declared: Mapping[str, SourceColumn], schema: Mapping[str, pl.DataType]) -> dict[str, Field]:
    """Return the columns whose values compare in PostgreSQL as they do once they are read."""
    fields = {}
    for name, column in declared.items():
        dtype = schema.get(name)
        text, declared_as = quoted(name), re.sub(r"\(.*?\)", "", column.declared)
        if dtype is None:
            continue
        if dtype == pl.String():
            sql = text if declared_as in _TEXTS else f"{text}::text"
            fields[name] = Field(sql=sql, kind="text", nulls_agree=True)
            continue
        if polars_type(column.type) != dtype:
            continue
        match dtype:
            case pl.Int16() | pl.Int32() | pl.Int64():
                # An oid compares without a sign, and with nothing beyond 32 bits.
                sql = f"{text}::bigint" if declared_as == "oid" else text
                fields[name] = Field(sql=sql, kind="integer", nulls_agree=True)
            case pl.Decimal():
                fields[name] = Field(sql=text, kind="decimal", nulls_agree=True)
            case pl.Float64():
                fields[name] = Field(sql=text, kind="double", nulls_agree=True)
            case pl.Date():
                fields[name] = Field(sql=text, kind="date", nulls_agree=True, moment="DATE '{}'")
            case pl.Datetime():
                zoned = declared_as.endswith("with time zone")
                moment = "TIMESTAMPTZ '{}+00'" if zoned else "TIMESTAMP '{}'"
                fields[name] = Field(sql=text, kind="timestamp", nulls_agree=True, moment=moment)
            case _:
                pass
    return fields
