"""What the catalog says of a table that a job writes: as these rows have it, or united with what was there before."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from glue_tui.catalog.read import Catalog
from glue_tui.catalog.types import glue_type, polars_type
from glue_tui.core.job import TableSink
from glue_tui.core.problem import EntityNotFound, InvalidInput, did_you_mean
from glue_tui.core.schema import ChangeKind, Column, FileFormat, Table
from glue_tui.logs.write import LogWriter

_TYPED_FILES = ("parquet",)
"""Formats whose files are read apart where their types differ."""


class Tables:
    """The tables that one attempt writes, as the catalog will have them; each write is united with those before it."""

    def __init__(self, catalog: Catalog, log: LogWriter) -> None:
        self._catalog = catalog
        self._log = log
        self._tables: dict[str, Table] = {}

    def written(self, sink: TableSink, schema: pl.Schema, location: str) -> Table:
        """Return what the catalog will say of a table written by `sink`; what differs from before is told.

        Raises InvalidInput for a name or keys that can't be, and where rows are added to a table that lies elsewhere,
        has other partition keys, or columns of a type that holds no values of theirs.
        """
        check_keys(sink, schema)
        table = _table(sink, schema, location)
        before = self._tables.get(table.full_name) or self._stored(table.full_name)
        if before is not None and sink.mode != "overwrite":
            _check_same_place(before, table, sink)
            table, notes = _united(before, table)
            for note in notes:
                self._log.warning(f"{table.full_name}: {note}")
        self._tables[table.full_name] = table
        return table

    def kind(self, table: Table) -> ChangeKind:
        """Return what writing a table does to the catalog."""
        return ChangeKind.CREATED if self._stored(table.full_name) is None else ChangeKind.UPDATED

    def grows(self, sink: TableSink) -> bool:
        """Tell whether rows are added to a table that is there: where there are none, it stays as it is."""
        return sink.mode == "append" and self._stored(sink.table.lower()) is not None

    def _stored(self, name: str) -> Table | None:
        try:
            return self._catalog.table(name).table
        except EntityNotFound:
            return None


def _check_same_place(before: Table, table: Table, sink: TableSink) -> None:
    if before.location.rstrip("/") != table.location:
        raise InvalidInput(
            f"{sink.table} lies in {before.location}, says the catalog: {sink.mode} into {sink.path} would part it",
            hint=f'write into {before.location}, or overwrite it once: mode = "overwrite"',
        )
    keys = [key.name for key in before.partition_keys]
    if keys != list(sink.partition_by):
        raise InvalidInput(
            f"{sink.table} is partitioned by {', '.join(keys) or 'nothing'}, these rows by"
            f" {', '.join(sink.partition_by) or 'nothing'}",
            hint="partition_by = [" + ", ".join(f'"{key}"' for key in keys) + "]",
        )


def check_keys(sink: TableSink, schema: pl.Schema) -> None:
    """Raise InvalidInput for a name, partition keys or upsert keys that can't be."""
    if sink.table.count(".") != 1 or not all(sink.table.split(".")):
        raise InvalidInput(f'table "{sink.table}"', hint="write it as database.table")
    for key in sink.partition_by:
        if key not in schema:
            raise InvalidInput(f"{sink.table}: no column {key} to partition by", hint=did_you_mean(key, list(schema)))
    for key in sink.keys:
        if key not in schema:
            raise InvalidInput(f"{sink.table}: no column {key} among the keys", hint=did_you_mean(key, list(schema)))
    if sink.partition_by and len(sink.partition_by) == len(schema):
        raise InvalidInput(f"{sink.table}: every column is a partition key", hint="leave one for the files")
    if sink.mode == "overwrite_partitions" and not sink.partition_by:
        raise InvalidInput(f"{sink.table}: overwrite_partitions without partition_by", hint="name the columns")
    if sink.mode == "upsert" and not sink.keys:
        raise InvalidInput(f"{sink.table}: upsert without keys", hint="name the columns that make a row the same")


def _table(sink: TableSink, schema: pl.Schema, location: str) -> Table:
    database, _, name = sink.table.lower().partition(".")
    columns = {key: Column(name=key, type=glue_type(dtype)) for key, dtype in schema.items()}
    keys = tuple(columns.pop(key) for key in sink.partition_by)
    # As they stand in the files: two runs that write other types into one table must be read apart.
    types = tuple(str(schema[key]) for key in columns) if sink.format in _TYPED_FILES else ()
    return Table(
        database=database,
        name=name,
        classification=sink.format,
        location=location,
        columns=tuple(columns.values()),
        partition_keys=keys,
        formats=(FileFormat(classification=sink.format, columns=tuple(columns), types=types),),
        parameters={"classification": sink.format},
    )


def _united(before: Table, added: Table) -> tuple[Table, tuple[str, ...]]:
    """Return a table with the columns of both, and what is to be told of it."""
    found = {column.name: column for column in (*added.columns, *added.partition_keys)}
    known = {column.name for column in before.columns}
    notes = []

    def as_both(column: Column) -> Column:
        kind = wider(column.type, found[column.name].type)
        if kind is None:
            raise InvalidInput(
                f"{before.full_name}: column {column.name} is {column.type} in the table, {found[column.name].type} in"
                " these rows",
                hint="cast it to what the table has, or overwrite the table",
            )
        if kind != column.type:
            notes.append(f"{column.name} becomes {kind}: it was {column.type}, here it is {found[column.name].type}")
        return replace(column, type=kind)

    if absent := [column.name for column in before.columns if column.name not in found]:
        notes.append(f"these rows have no {', '.join(absent)}: null")
    if fresh := [column for column in added.columns if column.name not in known]:
        notes.append(f"new: {', '.join(column.name for column in fresh)}; null in the rows of before")
    columns = tuple(as_both(column) if column.name in found else column for column in before.columns)
    table = replace(
        added,
        columns=(*columns, *fresh),
        partition_keys=tuple(map(as_both, before.partition_keys)),
        parameters={**before.parameters, **added.parameters},
    )
    return table, tuple(notes)


def wider(one: str, other: str) -> str | None:
    """Return the narrowest type that holds the values of both without a loss; None: there is none."""
    types = polars_type(one), polars_type(other)
    if types[0] == types[1]:
        return one
    loses_digits = {dtype.is_decimal() for dtype in types} == {True, False} and any(dtype.is_float() for dtype in types)
    is_number = all(dtype.is_numeric() for dtype in types) and not loses_digits
    is_nested = all(dtype.is_nested() for dtype in types)
    if not (is_number or is_nested or {one, other} == {"date", "timestamp"}):
        return None
    frames = [pl.LazyFrame(schema={"column": dtype}) for dtype in types]
    try:
        return glue_type(pl.concat(frames, how="vertical_relaxed").collect_schema()["column"])
    except pl.exceptions.PolarsError:
        return None
