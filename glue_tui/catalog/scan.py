"""A catalog table as a LazyFrame: only the files that the catalog lists, united by column name, typed as it says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl
from polars.io.plugins import register_io_source

from glue_tui.catalog import databases
from glue_tui.catalog.places import Storage, absolute_path, is_s3
from glue_tui.catalog.read import Catalog, TableEntry
from glue_tui.catalog.readers.csv_files import scan_csv
from glue_tui.catalog.readers.json_files import scan_json
from glue_tui.catalog.s3_access import CONNECTION_URL_PARAMETER, storage_for
from glue_tui.catalog.set_aside import set_aside
from glue_tui.catalog.templates import filled_in
from glue_tui.catalog.types import parse, polars_type, text_type
from glue_tui.core.problem import InvalidInput
from glue_tui.core.schema import DataFile, FileFormat, Table

NULL_PARTITION = "__HIVE_DEFAULT_PARTITION__"
"""Hive's folder name for a partition key without a value; an empty value is read the same way."""

_PATH = "__glue_tui_path"

_LENIENT = pl.ScanCastOptions(
    integer_cast=["upcast", "allow-float"],
    float_cast=["upcast", "downcast"],
    datetime_cast=["nanosecond-downcast", "microsecond-downcast", "convert-timezone"],
    missing_struct_fields="insert",
    extra_struct_fields="ignore",
)
"""For files of one format whose writer did not say their physical types."""


def scan(catalog: Catalog, full_name: str, *, project_dir: Path, environment: Mapping[str, str]) -> pl.LazyFrame:
    """Return a catalog table, its columns first and its partition keys last.

    `environment` fills in `{{ env.NAME }}` in the URL of a connection, and says how `s3://` is reached. Raises
    EntityNotFound for an unknown name, InvalidInput for a file that is no longer there.
    """
    entry, files = catalog.contents(full_name)
    table = entry.table
    if table.classification == "sqlite":
        url = filled_in(table.location, environment)
        return _scan_database(table, url, project_dir)
    storage = storage_for(table.location, table.parameters.get(CONNECTION_URL_PARAMETER, ""), environment)
    if not is_s3(table.location):
        files = _where_they_lie(entry, files, project_dir)
    frames = [
        _scan_format(
            table,
            file_format,
            [file for file in files if file.format == place and file.rows > 0],
            project_dir,
            storage,
        )
        for place, file_format in enumerate(table.formats)
        if any(file.format == place and file.rows > 0 for file in files)
    ]
    if not frames:
        return pl.LazyFrame(schema=table_schema(table))
    return frames[0] if len(frames) == 1 else pl.concat(frames)


def table_schema(table: Table) -> dict[str, pl.DataType]:
    """Return the polars schema of a table: columns, then partition keys."""
    return {column.name: polars_type(column.type) for column in (*table.columns, *table.partition_keys)}


def _where_they_lie(entry: TableEntry, files: Sequence[DataFile], project_dir: Path) -> tuple[DataFile, ...]:
    """Return the files, those with another path that a job has set aside and the catalog goes on listing."""
    found = []
    for file in files:
        path = project_dir / file.path
        if not path.exists():
            aside = set_aside(project_dir / entry.table.location, path)
            if aside is None:
                raise InvalidInput(
                    f"{entry.full_name}: {file.path} is in the catalog but no longer on disk",
                    hint=f"run {entry.written_by.replace(':', ' ')} again to bring the catalog up to date",
                )
            file = replace(file, path=str(aside))
        found.append(file)
    return tuple(found)


def _scan_format(
    table: Table, file_format: FileFormat, files: list[DataFile], project_dir: Path, storage: Storage
) -> pl.LazyFrame:
    """Return the files of one format, with the table's columns and types."""
    paths = [absolute_path(file.path, project_dir) for file in files]
    match file_format.classification:
        case "parquet":
            return _scan_parquet(table, file_format, files, paths, storage)
        case "json":
            read_as = text_schema(table, file_format)
            frame = scan_json(file_format, paths, read_as, _PATH, storage)
        case "csv":
            read_as = text_schema(table, file_format)
            frame = scan_csv(file_format, paths, read_as, _PATH, storage)
        case other:
            raise InvalidInput(f"{table.full_name}: files of format {other!r} can't be read")
    columns = [
        _missing(item.name, polars_type(item.type))
        if item.name not in read_as
        else _typed(item.name, read_as[item.name], polars_type(item.type))
        for item in table.columns
    ]
    return frame.select(*columns, *_partition_columns(table, files, paths))


def text_schema(table: Table, file_format: FileFormat) -> dict[str, pl.DataType]:
    """Return the dtypes to read a text file's columns with; a column that the table lacks is read as text."""
    types = {column.name: text_type(polars_type(column.type)) for column in table.columns}
    return {name: types.get(name, pl.String()) for name in file_format.columns}


def _scan_parquet(
    table: Table, file_format: FileFormat, files: list[DataFile], paths: list[str], storage: Storage
) -> pl.LazyFrame:
    """Return parquet files of one physical schema. The scan itself knows Hive folders and prunes by them."""
    hive = bool(table.partition_keys) and all(
        _hive_keys(path) == tuple(key.name for key in table.partition_keys) for path in paths
    )
    frame = pl.scan_parquet(
        paths,
        glob=False,
        include_file_paths=None if hive else _PATH,
        hive_partitioning=hive,
        hive_schema={key.name: _hive_type(polars_type(key.type)) for key in table.partition_keys} if hive else None,
        cast_options=_LENIENT,
        **storage.polars_options(paths[0]),
    )
    present = set(file_format.columns)
    columns = [
        pl.col(item.name).cast(polars_type(item.type))
        if item.name in present
        else _missing(item.name, polars_type(item.type))
        for item in table.columns
    ]
    if hive:
        types = {key.name: polars_type(key.type) for key in table.partition_keys}
        keys = [_typed(name, _hive_type(dtype), dtype) for name, dtype in types.items()]
    else:
        keys = _partition_columns(table, files, paths)
    return frame.select(*columns, *keys)


def _scan_database(table: Table, url: str, project_dir: Path) -> pl.LazyFrame:
    schema = table_schema(table)
    source = table.parameters.get("sourceTable", table.name)

    def read(
        columns: list[str] | None, predicate: pl.Expr | None, rows_max: int | None, _batch_rows: int | None
    ) -> Iterator[pl.DataFrame]:
        asked = {name: schema[name] for name in (schema if columns is None else columns)}
        for batch in databases.read_batches(url, source, asked, project_dir=project_dir):
            frame = batch if predicate is None else batch.filter(predicate)
            if rows_max is not None:
                frame = frame.head(rows_max)
                rows_max -= frame.height
            yield frame
            if rows_max == 0:
                return

    return register_io_source(read, schema=schema)


def _typed(name: str, read_as: pl.DataType, dtype: pl.DataType) -> pl.Expr:
    return pl.col(name) if read_as == dtype else parse(pl.col(name), dtype).alias(name)


def _missing(name: str, dtype: pl.DataType) -> pl.Expr:
    return pl.lit(None, dtype=dtype).alias(name)


def _partition_columns(table: Table, files: list[DataFile], paths: list[str]) -> list[pl.Expr]:
    """Return the partition keys as columns, each file's values looked up by its path."""
    columns = []
    for place, key in enumerate(table.partition_keys):
        values = [_partition_value(file, place) for file in files]
        if len(set(values)) == 1:
            text = pl.lit(values[0], dtype=pl.String)
        else:
            text = pl.col(_PATH).replace_strict(paths, values, return_dtype=pl.String)
        columns.append(parse(text, polars_type(key.type)).alias(key.name))
    return columns


def _partition_value(file: DataFile, place: int) -> str | None:
    value = file.partition_values[place] if place < len(file.partition_values) else ""
    return None if value in ("", NULL_PARTITION) else value


def _hive_type(dtype: pl.DataType) -> pl.DataType:
    """Return the dtype to read a Hive key with: what polars makes of a folder's name itself, else text for `parse`."""
    return dtype if dtype.is_integer() or dtype == pl.Date() else pl.String()


def _hive_keys(path: str) -> tuple[str, ...]:
    """Return the keys of all `key=value` folders on the way to a file, as polars will see them."""
    return tuple(part.partition("=")[0] for part in path.split("/")[:-1] if "=" in part)
