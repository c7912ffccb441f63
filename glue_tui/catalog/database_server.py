"""What databases on a server have in common: their catalogue, looking at a table, asking for rows, and saying no.

What each one calls things, and how its values come over, is in `database_postgres` and `database_mysql`.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

import polars as pl

from glue_tui.catalog.database_filters import Field, condition
from glue_tui.catalog.databases import (
    COUNTED_BYTES_MAX,
    CRAWL_AGAIN,
    DatabaseTable,
    Question,
    SourceColumn,
    SourceTable,
    as_declared,
    column_gone,
    contradicted,
    declared_column,
    table_gone,
)
from glue_tui.catalog.types import glue_type, polars_type
from glue_tui.core.database_urls import ServerUrl
from glue_tui.core.problem import InvalidInput
from glue_tui.core.schema import Column

LOOK_TIMEOUT_S = 30
"""A server may take so long to count and check one table; then its estimate has to do."""

Wanted = Sequence[tuple[SourceColumn, pl.DataType]]
"""Columns that are asked for, as they are declared now, and as what they are to be read."""


class CatalogueRow(NamedTuple):
    """A column as the server's catalogue has it, with what it says of the table. A table without columns has one row.

    Numbers may come as text.
    """

    schema: str
    table: str
    is_view: bool | str
    comment: str
    size_bytes: int | str | None
    rows_estimate: int | str | None
    column: str | None
    declared: str
    column_comment: str
    place_in_key: int | str | None


class ServerDatabase(ABC):
    """A connection that only reads, statements of which end after LOOK_TIMEOUT_S until rows are asked for.

    Raises InvalidInput for what stands in its way, never with the password.
    """

    _url: ServerUrl
    _error: type[Exception]

    @property
    @abstractmethod
    def default_schema(self) -> str: ...

    @abstractmethod
    def close(self) -> None: ...

    def tables(self) -> tuple[SourceTable, ...]:
        with self._refusals("its catalogue"):
            return self._source_tables(self._catalogue())

    def look_at(self, table: SourceTable) -> DatabaseTable:
        if table.size_bytes > COUNTED_BYTES_MAX:
            return as_declared(table)
        with self._refusals(f"table {table.full_name}"):
            try:
                return self._looked_at(table)
            except self._error as error:
                if not self._took_too_long(error):
                    raise
                return as_declared(table)

    def batches(self, question: Question) -> Generator[pl.DataFrame]:
        with self._refusals(f"table {question.table}"):
            declared = self._declared(question)
            columns = [(declared[name], dtype) for name, dtype in question.columns.items()]
            selected = ", ".join(self._selected(columns)) or "1"
            where = condition(question.predicate, self._fields(columns))
            limit = "" if question.rows_max is None else f" LIMIT {question.rows_max}"
            place = self._place(question.schema, question.table)
            self._limit_statements(0)
            yield from self._answer(f"SELECT {selected} FROM {place}{where}{limit}", columns)

    def state(self) -> str:
        return ""

    @abstractmethod
    def _catalogue(self, schema: str = "", table: str = "") -> Sequence[CatalogueRow]:
        """Return the columns of all tables and views, or of one, those of a table in their order."""

    @abstractmethod
    def _source_column(self, name: str, declared: str, comment: str) -> SourceColumn: ...

    @abstractmethod
    def _rows(self, query: str) -> Sequence[tuple[Any, ...]]:
        """Return the answer to a query, all of it."""

    @abstractmethod
    def _selected(self, columns: Wanted) -> Sequence[str]:
        """Return SQL for these columns, and for what else the answer needs. Raises InvalidInput where there is none."""

    @abstractmethod
    def _fields(self, columns: Wanted) -> Mapping[str, Field]:
        """Return the columns whose values compare on the server as they do once they are read."""

    @abstractmethod
    def _answer(self, query: str, columns: Wanted) -> Generator[pl.DataFrame]:
        """Yield the answer to a query of what `_selected` has said, typed."""

    @abstractmethod
    def _limit_statements(self, seconds: int) -> None:
        """Limit the time that each statement from now on may take; 0 is for ever."""

    @abstractmethod
    def _took_too_long(self, error: Exception) -> bool:
        """Tell whether the limit is what ended a statement."""

    @abstractmethod
    def _message(self, error: BaseException) -> str:
        """Return what the server says, without the driver's own words around it."""

    @abstractmethod
    def _quoted(self, name: str) -> str: ...

    @abstractmethod
    def _as_text(self, column: str) -> str:
        """Return SQL for a value as text."""

    def _place(self, schema: str, table: str) -> str:
        return f"{self._quoted(schema)}.{self._quoted(table)}"

    def _source_tables(self, rows: Sequence[CatalogueRow]) -> tuple[SourceTable, ...]:
        # MySQL takes `Orders` and `orders` for the same when it sorts, but has both.
        whose = attrgetter("schema", "table")
        return tuple(self._source_table(list(group)) for _, group in groupby(sorted(rows, key=whose), key=whose))

    def _source_table(self, rows: Sequence[CatalogueRow]) -> SourceTable:
        first = rows[0]
        keys = sorted(
            (int(row.place_in_key), row.column) for row in rows if row.column and row.place_in_key is not None
        )
        return SourceTable(
            schema=first.schema,
            name=first.table,
            columns=tuple(
                self._source_column(row.column, row.declared, row.column_comment) for row in rows if row.column
            ),
            is_view=bool(int(first.is_view)),
            primary_key=tuple(key for _, key in keys),
            comment=first.comment,
            size_bytes=int(first.size_bytes or 0),
            rows_estimate=int(first.rows_estimate or 0),
        )

    def _looked_at(self, table: SourceTable) -> DatabaseTable:
        place = self._place(table.schema, table.name)
        checks = [check or "1 = 0" for column in table.columns for check in (column.misfit, column.absent)]
        asked = "".join(f", count(CASE WHEN {check} THEN 1 END) AS c{at}" for at, check in enumerate(checks))
        ((rows, *counts),) = self._rows(f"SELECT count(*) AS counted{asked} FROM {place}")
        columns = [
            self._as_stored(place, column, int(misfits), int(absent))
            for column, misfits, absent in zip(table.columns, counts[::2], counts[1::2], strict=True)
        ]
        return DatabaseTable(schema=table.schema, name=table.name, columns=tuple(columns), rows=int(rows))

    def _as_stored(self, place: str, column: SourceColumn, misfits: int, absent: int) -> Column:
        if misfits:
            value = self._as_text(self._quoted(column.name))
            found = self._rows(f"SELECT {value} AS wrong FROM {place} WHERE {column.misfit} LIMIT 1")
            return contradicted(column, found[0][0] if found else column.trouble)
        if absent:
            reason = f"{absent} of its values are {column.absent_text}, read as no value"
            return replace(declared_column(column), reason=reason)
        return declared_column(column)

    def _declared(self, question: Question) -> dict[str, SourceColumn]:
        """Return the table's columns as they are now."""
        tables = self._source_tables(self._catalogue(question.schema, question.table))
        found = [table for table in tables if table.name == question.table] or tables
        if not found:
            raise table_gone(question.table, [table.name for table in self.tables()])
        columns = {column.name: column for column in found[0].columns}
        for name in question.columns:
            if name not in columns:
                raise column_gone(question.table, name)
        return columns

    @contextmanager
    def _refusals(self, what: str) -> Iterator[None]:
        try:
            yield
        except self._error as error:
            raise InvalidInput(f"{what} in {self._url} can't be read: {self._message(error)}") from None


def unreachable(url: ServerUrl, message: str, ways_out: Sequence[tuple[str, str]]) -> InvalidInput:
    """Return that there is no connection, with the way out of the first pattern that is in the message."""
    hint = next(
        (hint for pattern, hint in ways_out if re.search(pattern, message)),
        "is the server running, and can this machine reach it?",
    )
    return InvalidInput(f"no connection to {url}: {message}", hint=hint)


def text_literal(value: str) -> str:
    """Return a text as SQL, where a backslash is a plain letter."""
    return "'" + value.replace("'", "''") + "'"


def no_longer(column: SourceColumn, wanted: pl.DataType) -> InvalidInput:
    return InvalidInput(f"column {column.name} is no {glue_type(wanted)} any more", hint=CRAWL_AGAIN)


def refuse_rounding(column: SourceColumn, wanted: pl.DataType, text: pl.Series) -> None:
    """Raise ValueError for a number with more decimals than the column was crawled with: polars would round it."""
    if isinstance(wanted, pl.Decimal) and polars_type(column.type) != wanted:
        longer = text.filter(text.str.contains(rf"\.\d{{{wanted.scale}}}\d*[1-9]|[eE]-"))
        if len(longer):
            raise ValueError(longer[0])
