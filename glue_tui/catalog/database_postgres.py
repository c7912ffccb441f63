"""PostgreSQL through ADBC: its catalogue, its types, and rows that stream in as Arrow."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

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
from glue_tui.catalog.database_urls import COMMITS_TABLE, CONNECT_TIMEOUT_S, quoted
from glue_tui.catalog.databases import CRAWL_AGAIN, SourceColumn, no_driver, wrong_value
from glue_tui.catalog.types import parse, polars_type
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
        greatest(c.reltuples, 0)::bigint AS rows_estimate, a.attname::text AS column,
        CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod)
            ELSE format_type(a.atttypid, a.atttypmod) END AS declared,
        coalesce(col_description(c.oid, a.attnum), '') AS column_comment,
        array_position(i.indkey::int2[], a.attnum) AS place_in_key
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
    "statement_timeout": str(LOOK_TIMEOUT_S * 1000),
}
_OPTIONS = {
    "connect_timeout": str(CONNECT_TIMEOUT_S),
    "application_name": "glue-tui",
    # A query may take its time, but a server that is gone from the network is known for that in a minute.
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
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


class PostgresDatabase(ServerDatabase):
    """A PostgreSQL server. Raises InvalidInput for what stands in its way, never with the password."""

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
            self._conn: Connection = dbapi.connect(conninfo(self._url), autocommit=True)
            self._set(_SESSION)
        except Error as error:
            raise unreachable(self._url, self._message(error), WAYS_OUT) from None

    @property
    def default_schema(self) -> str:
        return "public"

    def close(self) -> None:
        self._conn.close()

    def _catalogue(self, schema: str = "", table: str = "") -> Sequence[CatalogueRow]:
        which = f" AND n.nspname = {text_literal(schema)} AND c.relname = {text_literal(table)}" if table else ""
        return [CatalogueRow(*row) for row in self._rows(_TABLES + which + _ORDER)]

    def _source_column(self, name: str, declared: str, comment: str) -> SourceColumn:
        kind, reason = glue_type_of(declared)
        misfit, trouble = _misfit(quoted(name), declared, kind)
        return SourceColumn(
            name=name, declared=declared, type=kind, comment=comment, reason=reason, misfit=misfit, trouble=trouble
        )

    def _selected(self, columns: Wanted) -> Sequence[str]:
        return [
            *(f"{_selected(column, dtype)} AS {quoted(column.name)}" for column, dtype in columns),
            *(f"({column.misfit}) AS {quoted(_guard(place))}" for place, column in enumerate(_guarded(columns))),
        ]

    def _fields(self, columns: Wanted) -> dict[str, Field]:
        found = {column.name: _field(column, dtype) for column, dtype in columns}
        return {name: field for name, field in found.items() if field is not None}

    def _answer(self, query: str, columns: Wanted) -> Generator[pl.DataFrame]:
        with closing(self._conn.cursor()) as cursor:
            cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": str(BATCH_BYTES)})
            cursor.execute(query)
            for batch in self._reader.from_arrow(cursor.fetch_arrow()):
                yield _typed(pl.DataFrame(batch), columns)

    def _rows(self, query: str) -> Sequence[tuple[Any, ...]]:
        with closing(self._conn.cursor()) as cursor:
            cursor.execute(query)
            return pl.DataFrame(cursor.fetch_arrow()).rows()

    def _limit_statements(self, seconds: int) -> None:
        self._set({"statement_timeout": str(seconds * 1000)})

    def _took_too_long(self, error: Exception) -> bool:
        return getattr(error, "sqlstate", None) == "57014"

    def _message(self, error: BaseException) -> str:
        text = str(error)
        said = re.search(r"(?:ERROR|FATAL):\s+(.*)", text)
        first = said[1] if said else text.partition("Failed to connect: ")[2] or text
        line = next((line.strip() for line in first.splitlines() if line.strip()), "no reason given")
        return self._url.without_password(line)

    def _quoted(self, name: str) -> str:
        return quoted(name)

    def _as_text(self, column: str) -> str:
        return f"{column}::text"

    def _set(self, settings: Mapping[str, str]) -> None:
        pairs = enumerate(settings.items())
        calls = (f"set_config('{name}', '{value}', false) AS s{at}" for at, (name, value) in pairs)
        self._rows(f"SELECT {', '.join(calls)}")


def conninfo(url: ServerUrl) -> str:
    """Return what libpq connects with; it holds the password."""
    user = quote(url.user, safe="") + (f":{quote(url.password, safe='')}" if url.password else "")
    host = f"[{url.host}]" if ":" in url.host else quote(url.host, safe="")
    port = f":{url.port}" if url.port else ""
    options = {**_OPTIONS, **dict(url.options)}
    at = f"{user}@" if user else ""
    return f"postgresql://{at}{host}{port}/{quote(url.database, safe='')}?{urlencode(options, quote_via=quote)}"


WAYS_OUT = (
    (
        r"password authentication failed|no password supplied|role .* does not exist",
        "check user and password in its url",
    ),
    (r"database .* does not exist", "correct the database's name in its url"),
    (r"no encryption|SSL (off|is required)", "the server wants TLS: add ?sslmode=require to its url"),
    (r"does not support SSL", "the server has no TLS: sslmode=prefer or disable in its url"),
    (r"certificate", "sslrootcert=… in its url names the certificate to trust"),
    (r"could not translate host name|Name or service", "correct the host in its url"),
    (r"timeout expired", "is it PostgreSQL, and up? ?connect_timeout=… in its url says how many seconds it has"),
    (r"invalid URI query parameter|invalid sslmode", "see PostgreSQL's list of connection parameters"),
)


def _guarded(columns: Wanted) -> list[SourceColumn]:
    """Return the columns of which the server is to tell values that their types can't hold."""
    return [column for column, dtype in columns if column.misfit and polars_type(column.type) == dtype]


def _guard(place: int) -> str:
    return f"__misfit_{place}"


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
        several, trouble = f"array_ndims({column}) > 1", "an array of several dimensions"
        inner, inner_trouble = _misfit("one", declared.removesuffix("[]"), kind[len("array<") : -1])
        if not inner:
            return several, trouble
        return (
            f"({several} OR EXISTS (SELECT FROM unnest({column}) one WHERE {inner}))",
            f"{trouble}, or {inner_trouble}",
        )
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
            raise no_longer(column, wanted)
        return f"{name}::text"
    if inner != column.declared:
        return name if inner in ("smallint", "integer", "bigint", "real", "double precision") else f"{name}::text[]"
    if column.type.startswith("decimal"):
        return f"{name}::text"
    if inner.endswith("with time zone"):
        return f"{name} AT TIME ZONE 'UTC'"
    return f"{name}::bigint" if inner == "oid" else name


def _typed(frame: pl.DataFrame, columns: Wanted) -> pl.DataFrame:
    """Return a batch with the types that were asked for. Raises InvalidInput for a value that is not of its type."""
    for place, column in enumerate(_guarded(columns)):
        if frame[_guard(place)].any():
            raise InvalidInput(f"column {column.name} holds {column.trouble}: no {column.type}", hint=CRAWL_AGAIN)
    if not columns:
        return pl.DataFrame(height=frame.height)
    series = []
    for column, dtype in columns:
        values = frame[column.name]
        try:
            if values.dtype == pl.String():
                refuse_rounding(column, dtype, values)
            is_so = values.dtype == dtype
            series.append(
                values if is_so else frame.select(_cast(pl.col(column.name), values.dtype, dtype)).to_series()
            )
        except (ValueError, pl.exceptions.PolarsError) as error:
            raise wrong_value(column.name, dtype, error) from error
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


def _field(column: SourceColumn, dtype: pl.DataType) -> Field | None:
    """Return the column as one whose values compare in PostgreSQL as they do once they are read, if they do."""
    text, declared_as = quoted(column.name), re.sub(r"\(.*?\)", "", column.declared)
    if dtype == pl.String():
        return Field(sql=text if declared_as in _TEXTS else f"{text}::text", kind="text", nulls_agree=True)
    kind = kind_of_values(dtype)
    if not kind or polars_type(column.type) != dtype:
        return None
    # An oid compares without a sign, and with nothing beyond 32 bits.
    sql = f"{text}::bigint" if declared_as == "oid" else text
    zoned = declared_as.endswith("with time zone")
    moments = {"date": "DATE '{}'", "timestamp": "TIMESTAMPTZ '{}+00'" if zoned else "TIMESTAMP '{}'"}
    return Field(sql=sql, kind=kind, nulls_agree=True, moment=moments.get(kind, "'{}'"))
