"""Databases behind connection URLs, whatever their kind: what is in them, what their tables hold, and their rows.

Here is what all kinds have in common; what each one knows of itself is in `database_sqlite`, `database_postgres` and
`database_mysql`, what the latter two share in `database_server`. Written they are in `database_writes`.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import polars as pl

from glue_tui.catalog.database_urls import is_like
from glue_tui.catalog.types import glue_type, polars_type
from glue_tui.core.database_urls import kind_of
from glue_tui.core.problem import EntityNotFound, InvalidInput, did_you_mean
from glue_tui.core.schema import Column

COUNTED_BYTES_MAX = 1 << 30
"""Tables on a server that take more are not counted and checked row by row: the server's estimate has to do."""
REASON_CHARACTERS_MAX = 500
CRAWL_AGAIN = "the table changed since it was crawled: run its crawler again"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceColumn:
    """A column as the database declares it."""

    name: str
    declared: str
    type: str
    """Glue type that the declaration means."""
    comment: str = ""
    reason: str = ""
    misfit: str = ""
    """SQL that is true of a value which `type` can't hold; empty where there can be none."""
    trouble: str = ""
    """What such values are, in words."""
    wider: str = "string"
    """Type that holds them, too."""
    absent: str = ""
    """SQL that is true of a value which says that there is none; empty where there can be none."""
    absent_text: str = ""
    """How such a value is written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTable:
    """A table or view as the database declares it: nothing of its rows was looked at."""

    schema: str
    """Empty where the database has none."""
    name: str
    columns: tuple[SourceColumn, ...]
    is_view: bool = False
    primary_key: tuple[str, ...] = ()
    comment: str = ""
    size_bytes: int = 0
    """Of its rows, as far as the database says."""
    rows_estimate: int = 0

    @property
    def full_name(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseTable:
    """A table as its rows are."""

    schema: str
    name: str
    columns: tuple[Column, ...]
    rows: int
    is_estimate: bool = False
    """`rows` is the database's own guess, and no value was looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Rows of a table that are asked for."""

    schema: str
    table: str
    columns: Mapping[str, pl.DataType] = field(default_factory=dict)
    predicate: pl.Expr | None = None
    """Rows of which it is not true may come all the same; who asks filters again."""
    rows_max: int | None = None
    """No more than so many; only without a predicate, as the database may not know which rows it is true of."""


class Database(Protocol):
    """A database that is connected; to be closed."""

    @property
    def default_schema(self) -> str:
        """The schema whose tables need not name it; empty where there is none."""

    def tables(self) -> tuple[SourceTable, ...]:
        """Return all tables and views but the system's, ordered by schema and name, from one look at its catalogue."""

    def look_at(self, table: SourceTable) -> DatabaseTable:
        """Return the table as its rows are. Raises InvalidInput where it can't be read."""

    def batches(self, question: Question) -> Generator[pl.DataFrame]:
        """Yield the rows in frames of bounded size, typed as asked for; all of one moment.

        Raises EntityNotFound for a table or column that is not there, InvalidInput for a value that is not of its type.
        """

    def state(self) -> str:
        """Return a text that differs if anything in the database may have changed; empty where that can't be told."""

    def close(self) -> None: ...


def open_database(url: str, project_dir: Path = Path()) -> Database:
    """Connect. Raises InvalidInput or EntityNotFound where there is no database, with what stands in the way."""
    match kind_of(url):
        case "sqlite":
            from glue_tui.catalog.database_sqlite import SqliteDatabase

            return SqliteDatabase(url, project_dir)
        case "postgresql":
            from glue_tui.catalog.database_postgres import PostgresDatabase

            return PostgresDatabase(url)
        case "mysql":
            from glue_tui.catalog.database_mysql import MysqlDatabase

            return MysqlDatabase(url)
        case "redshift":
            raise InvalidInput("Redshift can be written, but not read", hint="UNLOAD its tables to s3://")
        case other:
            raise AssertionError(other)


def list_tables(url: str, include: str = "%", *, project_dir: Path = Path()) -> tuple[str, ...]:
    """Return the names of tables and views that `include` means, ordered. Raises EntityNotFound: no such database."""
    with closing(open_database(url, project_dir)) as database:
        return tuple(item.full_name for item in database.tables() if is_like(include, item.schema, item.name))


def describe(url: str, table: str, *, project_dir: Path = Path()) -> DatabaseTable:
    """Return columns with Glue types and the number of rows, after looking at every value that may contradict them.

    `table` is a name, or `schema.name`. Raises EntityNotFound for an unknown table.
    """
    with closing(open_database(url, project_dir)) as database:
        tables = database.tables()
        found = [item for item in tables if table in (item.full_name, item.name)]
        if not found:
            raise EntityNotFound(
                f"no table {table} in the database", hint=did_you_mean(table, [item.full_name for item in tables])
            )
        return database.look_at(found[0])


def read_table(url: str, table: str, *, project_dir: Path = Path()) -> pl.DataFrame:
    """Return a whole database table, typed as `describe` says."""
    found = describe(url, table, project_dir=project_dir)
    schema = {column.name: polars_type(column.type) for column in found.columns}
    with closing(open_database(url, project_dir)) as database:
        batches = list(database.batches(Question(schema=found.schema, table=found.name, columns=schema)))
    return pl.concat(batches) if batches else pl.DataFrame(schema=schema)


def as_declared(table: SourceTable) -> DatabaseTable:
    """Return a table of which no row was looked at."""
    return DatabaseTable(
        schema=table.schema,
        name=table.name,
        columns=tuple(declared_column(column) for column in table.columns),
        rows=table.rows_estimate,
        is_estimate=True,
    )


def declared_column(column: SourceColumn) -> Column:
    return Column(name=column.name, type=column.type, comment=column.comment, reason=column.reason)


def contradicted(column: SourceColumn, value: object) -> Column:
    """Return a column that holds a value which its declared type can't."""
    reason = f"declared {column.declared or column.type}, but it holds {value!r}"
    return replace(declared_column(column), type=column.wider, reason=reason[:REASON_CHARACTERS_MAX])


def column_gone(table: str, name: str) -> EntityNotFound:
    return EntityNotFound(f"table {table} has no column {name} any more", hint=CRAWL_AGAIN)


def wrong_value(name: str, dtype: pl.DataType, error: Exception) -> InvalidInput:
    """Return that a column holds what its type can't be: the table changed since it was crawled."""
    reason = str(error).splitlines()[0]
    return InvalidInput(f"column {name} holds a value that is no {glue_type(dtype)}: {reason}", hint=CRAWL_AGAIN)


def table_gone(table: str, known: list[str]) -> EntityNotFound:
    return EntityNotFound(f"no table {table} in the database", hint=did_you_mean(table, known))


def no_driver(database: str) -> InvalidInput:
    return InvalidInput(f"{database} needs a driver that is not installed", hint="pip install 'glue-tui[db]'")
