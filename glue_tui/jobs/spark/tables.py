"""Catalog tables for Spark: parquet files as they lie, all else as parquet that polars makes of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import groupby
from pathlib import Path

import polars as pl

from glue_tui.catalog.changed_files import opened_as_known
from glue_tui.catalog.places import LOCAL, absolute_path, is_s3
from glue_tui.catalog.pruning import NULL_PARTITION
from glue_tui.catalog.read import TableEntry, file_from
from glue_tui.catalog.scan import table_schema
from glue_tui.catalog.types import polars_type
from glue_tui.core.problem import InvalidInput
from glue_tui.core.schema import DataFile, Table
from glue_tui.jobs.session import JobSession
from glue_tui.jobs.templates import spark_text

_PARTITIONS_A_STATEMENT = 500
_PRIMITIVES: dict[type[pl.DataType], str] = {
    pl.String: "STRING",
    pl.Boolean: "BOOLEAN",
    pl.Int8: "TINYINT",
    pl.Int16: "SMALLINT",
    pl.Int32: "INT",
    pl.Int64: "BIGINT",
    pl.Float32: "FLOAT",
    pl.Float64: "DOUBLE",
    pl.Date: "DATE",
    pl.Datetime: "TIMESTAMP_NTZ",
    pl.Binary: "BINARY",
}


class SparkTables:
    """The tables of the catalog that one job's Spark knows under their own names; their files lie below a folder."""

    def __init__(self, session: JobSession, folder: Path, *, case_matters: bool) -> None:
        self._session = session
        self._folder = folder
        self._case_matters = case_matters
        self._databases: set[str] = set()
        self._names: set[str] = set()
        self._files: frozenset[str] = frozenset()

    def make_known(self, name: str) -> tuple[str, ...]:
        """Return the statements that make a table known, none if it is; its rows and types are those polars reads.

        Raises EntityNotFound, and InvalidInput for a table that Spark can't hold.
        """
        session = self._session
        part = session.bookmark.part(name)
        entry, rows = (part.entry, part.files) if part is not None else session.catalog.file_rows(name)
        if entry.full_name in self._names:
            return ()
        _check_columns(entry.table, case_matters=self._case_matters)
        place = self._folder / entry.full_name
        place.mkdir(parents=True)
        statements = []
        if entry.table.database not in self._databases:
            self._databases.add(entry.table.database)
            statements.append(f"CREATE DATABASE IF NOT EXISTS {_quoted(entry.table.database)}")
        if _is_read_alike(entry.table):
            session.count_table(name, part)
            files = opened_as_known(entry, [file_from(row) for row in rows], session.project_dir, LOCAL)
            statements += _linked(entry, files, place, session.project_dir)
        else:
            _stage(session, entry, place)
            statements.append(_create(entry.table, place, ()))
        self._names.add(entry.full_name)
        self._files |= self._files_below(place)
        return tuple(statements)

    def written_into(self) -> str:
        """Return the name of a table that the program has written files into, where nobody will look; or nothing."""
        strange = self._files_below(self._folder) - self._files
        return min(strange).partition("/")[0] if strange else ""

    def _files_below(self, place: Path) -> frozenset[str]:
        return frozenset(str(path.relative_to(self._folder)) for path in place.rglob("*") if not path.is_dir())


def _is_read_alike(table: Table) -> bool:
    """Say whether Spark reads the files as polars does: parquet of this machine, each column of the very type."""
    if table.classification != "parquet" or is_s3(table.location):
        return False
    if any("map<" in column.type for column in table.columns):
        return False  # To polars a list of pairs.
    types = {column.name: str(polars_type(column.type)) for column in table.columns}
    return all(
        one.classification == "parquet"
        and all(types.get(name, said) == said for name, said in zip(one.columns, one.types, strict=False))
        and len(one.columns) == len(one.types)
        for one in table.formats
    )


def _stage(session: JobSession, entry: TableEntry, place: Path) -> None:
    # Its rows are read, and counted, as those of any other job.
    session.table(entry.full_name).sink_parquet(place / "000000.parquet")
    what = entry.table.classification
    session.log.info(f"{entry.full_name}: polars reads its {what} and hands it to Spark as parquet")


def _linked(entry: TableEntry, files: Iterable[DataFile], place: Path, project_dir: Path) -> Iterator[str]:
    """Put links to the files below `place`, those of one partition in one folder, and yield the statements."""
    table = entry.table
    keys = [key.name for key in table.partition_keys]
    yield _create(table, place, keys)
    specs = []
    ordered = sorted(files, key=lambda file: (file.partition_values if keys else (), file.path))
    for number, (values, same) in enumerate(groupby(ordered, lambda file: file.partition_values if keys else ())):
        where = place / f"{number:06d}" if keys else place
        where.mkdir(exist_ok=True)
        for index, file in enumerate(same):
            _link(absolute_path(file.path, project_dir), where / f"{index:06d}.parquet")
        if keys:
            pairs = ", ".join(
                f"{_quoted(key)} = {_value(values[index] if index < len(values) else '')}"
                for index, key in enumerate(keys)
            )
            specs.append(f"PARTITION ({pairs}) LOCATION {spark_text(f'file://{where}')}")
    for start in range(0, len(specs), _PARTITIONS_A_STATEMENT):
        yield f"ALTER TABLE {_name(table)} ADD {' '.join(specs[start : start + _PARTITIONS_A_STATEMENT])}"


def _link(path: str, place: Path) -> None:
    # A hard link holds what is overwritten while Spark reads it.
    with suppress(OSError):
        os.link(os.path.realpath(path), place)
        return
    place.symlink_to(path)


def _create(table: Table, place: Path, keys: Iterable[str]) -> str:
    columns = ", ".join(f"{_quoted(name)} {spark_type(dtype)}" for name, dtype in table_schema(table).items())
    parts = ", ".join(map(_quoted, keys))
    partitioned = f" PARTITIONED BY ({parts})" if parts else ""
    return (
        f"CREATE TABLE {_name(table)} ({columns}) USING parquet{partitioned} LOCATION {spark_text(f'file://{place}')}"
    )


def spark_type(dtype: pl.DataType) -> str:
    """Return Spark's word for the type of a catalog column."""
    match dtype:
        case pl.Decimal():
            return f"DECIMAL({dtype.precision}, {dtype.scale})"
        case pl.List():
            return f"ARRAY<{spark_type(_instance(dtype.inner))}>"
        case pl.Struct():
            fields = (f"{_quoted(item.name)}: {spark_type(_instance(item.dtype))}" for item in dtype.fields)
            return f"STRUCT<{', '.join(fields)}>"
        case _:
            return _PRIMITIVES[type(dtype)]


def _check_columns(table: Table, *, case_matters: bool) -> None:
    seen: dict[str, str] = {}
    for name in table_schema(table):
        other = seen.setdefault(name if case_matters else name.lower(), name)
        if other != name:
            raise InvalidInput(
                f"{table.full_name}: {other} and {name} are one column to Spark",
                hint='conf = { "spark.sql.caseSensitive" = "true" }',
            )


def _instance(dtype: object) -> pl.DataType:
    made = dtype() if isinstance(dtype, type) else dtype
    assert isinstance(made, pl.DataType)
    return made


def _name(table: Table) -> str:
    return f"{_quoted(table.database)}.{_quoted(table.name)}"


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"


def _value(text: str) -> str:
    return "NULL" if text in ("", NULL_PARTITION) else spark_text(text)
