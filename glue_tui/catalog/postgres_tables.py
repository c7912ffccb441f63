"""Tables of PostgreSQL that rows go into: their names, and which column takes which of the rows'."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from glue_tui.catalog import postgres_values as values
from glue_tui.catalog.database_urls import quoted
from glue_tui.catalog.database_writes import TableWrite, no_such_column
from glue_tui.core.problem import InvalidInput

_NAME = r'"(?:[^"]|"")+"|[^."]+'


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerTable:
    """A table of the server, with the types of its columns as the server says them."""

    schema: str
    name: str
    columns: Mapping[str, str]

    @property
    def sql(self) -> str:
        return f"{quoted(self.schema)}.{quoted(self.name)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowColumns:
    """The columns of some rows: what each is called in the table, and as what it goes there."""

    frame: tuple[str, ...]
    table: tuple[str, ...]
    dtypes: tuple[pl.DataType, ...]
    declared: tuple[str, ...]

    def of(self, names: Sequence[str]) -> RowColumns:
        places = [self.frame.index(name) for name in names]
        return RowColumns(
            frame=tuple(names),
            table=tuple(self.table[place] for place in places),
            dtypes=tuple(self.dtypes[place] for place in places),
            declared=tuple(self.declared[place] for place in places),
        )

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(map(quoted, self.table))


def table_parts(table: str) -> tuple[str, str]:
    """Return schema and name of `name`, `schema.name`, or either in double quotes, where a dot is a plain letter."""
    parts = re.fullmatch(rf"(?:({_NAME})\.)?({_NAME})", table)
    if parts is None:
        raise InvalidInput(f"{table!r} is no table's name", hint='name, schema.name, or "na.me" in double quotes')
    return _unquoted(parts[1] or ""), _unquoted(parts[2])


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name


def columns_for(write: TableWrite, table: ServerTable) -> RowColumns:
    """Return where each column of the rows goes. Raises InvalidInput where the table has none that holds it."""
    names = []
    for name, dtype in write.rows.schema.items():
        column = _stored_name(name, table.columns)
        if column is None:
            wanted = values.type_for(dtype, is_redshift=False)
            raise no_such_column(
                write.table,
                name,
                tuple(table.columns),
                f"Or add it: ALTER TABLE {table.sql} ADD COLUMN {quoted(name)} {wanted}",
            )
        declared = table.columns[column]
        if not values.fits(dtype, declared):
            raise InvalidInput(
                f"column {name} of table {write.table} is {declared}, but comes as {dtype}",
                hint="CAST it in the query, or ALTER the column's type",
            )
        names.append(column)
    return RowColumns(
        frame=write.columns,
        table=tuple(names),
        dtypes=tuple(write.rows.schema.dtypes()),
        declared=tuple(table.columns[name] for name in names),
    )


def _stored_name(name: str, known: Mapping[str, str]) -> str | None:
    if name in known:
        return name
    alike = [one for one in known if one.lower() == name.lower()]
    return alike[0] if len(alike) == 1 else None


def definitions(columns: Mapping[str, str]) -> str:
    return ", ".join(f"{quoted(name)} {declared}" for name, declared in columns.items())


def plain_rows(table: str, columns: RowColumns, rows: Iterable[pl.DataFrame], place: str) -> Iterator[pl.DataFrame]:
    """Yield the rows as plain values. Raises InvalidInput for one that its column would round."""
    through = list(zip(columns.frame, columns.dtypes, columns.declared, strict=True))
    expressions = [values.written(*one) for one in through]
    checks = [(one, check) for one in through if (check := values.inexact(*one)) is not None]
    done = 0
    for batch in rows:
        for (name, _, declared), check in checks:
            found = batch.filter(check)
            if found.height:
                raise InvalidInput(
                    f"column {name} of table {table} is {declared}: it can't hold {found[name][0]} exactly",
                    hint="round it in the query, or ALTER the column's type",
                )
        plain = batch.select(expressions)
        if place:
            plain = plain.with_columns(pl.int_range(done, done + batch.height).alias(place))
        done += batch.height
        yield plain
