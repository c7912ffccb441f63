"""A catalog table as a LazyFrame: only the files that the catalog lists, united by column name, typed as it says."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import accumulate, count, groupby, zip_longest
from operator import and_, attrgetter, itemgetter
from pathlib import Path

import polars as pl
from polars.io.plugins import register_io_source
from polars.lazyframe.resolver import FilterExpr, LazyFrameResolver, ResolvedLazyFrameProps

from glue_tui.catalog.changed_files import opened_as_known
from glue_tui.catalog.database_scan import scan_database
from glue_tui.catalog.hive_folders import hive_schema
from glue_tui.catalog.places import Storage, absolute_path
from glue_tui.catalog.pruning import Trace, files_for, partition_values
from glue_tui.catalog.read import Catalog, FileRow, TableEntry, file_from
from glue_tui.catalog.readers.asked import asked_for
from glue_tui.catalog.readers.csv_files import scan_csv
from glue_tui.catalog.readers.json_files import scan_json
from glue_tui.catalog.readers.lake_tables import LAKES, lake_kind, logs_and_parts, scan_lake
from glue_tui.catalog.readers.log_files import scan_log
from glue_tui.catalog.readers.typed_files import scan_typed
from glue_tui.catalog.s3_access import CONNECTION_URL_PARAMETER, storage_for
from glue_tui.catalog.table_part import TablePart
from glue_tui.catalog.templates import filled_in
from glue_tui.catalog.types import cast_column, parse, polars_type, text_type
from glue_tui.core.problem import InvalidInput
from glue_tui.core.schema import SOURCE_SCHEMA, SOURCE_TABLE, DataFile, FileFormat, Table

SCANS_MAX = 64
_PATH = "__glue_tui_path"

_LENIENT = pl.ScanCastOptions(
    integer_cast=["upcast", "allow-float"],
    float_cast=["upcast", "downcast"],
    datetime_cast=["nanosecond-downcast", "microsecond-downcast", "convert-timezone"],
    missing_struct_fields="insert",
    extra_struct_fields="ignore",
)
"""For files of one format whose writer did not say their physical types."""


def scan(
    catalog: Catalog,
    full_name: str,
    *,
    project_dir: Path,
    environment: Mapping[str, str],
    trace: Trace | None = None,
    types: Mapping[str, str] | None = None,
    part: TablePart | None = None,
) -> pl.LazyFrame:
    """Return a catalog table, its columns first and its partition keys last.

    Of a partitioned table only those files are opened whose partition values a query asks for. `environment` fills in
    `{{ env.NAME }}` in the URL of a connection, and says how `s3://` is reached. `types` are those that columns are
    read as in place of the table's; `part` is all that is read of it. Raises EntityNotFound for an unknown name,
    InvalidInput for a file that is gone or has another header: with partition keys when it is asked for, else at once.
    """
    entry, rows = (part.entry, part.files) if part is not None else catalog.file_rows(full_name)
    table = entry.table
    if types:
        columns = tuple(replace(column, type=types.get(column.name, column.type)) for column in table.columns)
        table = replace(table, columns=columns)
        entry = replace(entry, table=table)
    if table.is_in_database:
        if trace is not None and trace.is_rehearsal:
            return pl.LazyFrame(schema=table_schema(table))
        frame = scan_database(
            filled_in(table.location, environment),
            table.parameters.get(SOURCE_SCHEMA, ""),
            table.parameters.get(SOURCE_TABLE, table.name),
            table_schema(table),
            project_dir=project_dir,
        )
        return frame if part is None or part.condition is None else frame.filter(part.condition)
    storage = storage_for(table.location, table.parameters.get(CONNECTION_URL_PARAMETER, ""), environment)
    files = _Files(entry=entry, rows=rows, project_dir=project_dir, storage=storage, trace=trace or Trace())
    if not table.partition_keys:
        return files.scan(files.chosen(map(file_from, rows)))
    # Polars does not tell which files it leaves out by itself.
    by_folders = files.by_folders() if trace is None else None
    return _Pruned(files).lazy() if by_folders is None else by_folders


@dataclass(frozen=True, slots=True, kw_only=True)
class _Files:
    """The files of one table as its catalog lists them, and how they are reached."""

    entry: TableEntry
    rows: Sequence[FileRow]
    project_dir: Path
    storage: Storage
    trace: Trace

    @property
    def is_lake(self) -> bool:
        return self.entry.table.classification in LAKES

    def by_folders(self) -> pl.LazyFrame | None:
        """Return parquet as one scan whose partitions polars knows by their folders, for what it can make of that.

        None where files, folders or columns are not just as the catalog says.
        """
        table, files = self.entry.table, self.chosen(map(file_from, self.rows))
        formats = {file.format for file in files}
        if self.is_lake or len(formats) != 1 or table.formats[files[0].format].classification != "parquet":
            return None
        try:
            found = opened_as_known(self.entry, files, self.project_dir, self.storage)
            paths = [absolute_path(file.path, self.project_dir) for file in found]
            hive = hive_schema(table, found, paths)
            frame = _parquet(paths, hive, self.storage)
            is_same = hive is not None and frame.collect_schema() == pl.Schema(table_schema(table))
        except (InvalidInput, OSError, pl.exceptions.PolarsError):
            return None  # It may be in a partition that no query asks for.
        return frame if is_same else None

    def asked(self, predicate: pl.Expr | None) -> list[DataFile]:
        """Return the files in which a row may fulfil the predicate; of a lake its log, too."""
        logs, parts = logs_and_parts(self.rows) if self.is_lake else ([], self.rows)
        return [*map(file_from, logs), *files_for(predicate, self.entry.table, parts)]

    def first_rows(self, rows_max: int, needed: Sequence[str] | None) -> pl.LazyFrame:
        """Return the first rows of the table, from as few files as have so many."""
        schema = table_schema(self.entry.table)
        names = list(schema) if needed is None else list(needed)

        def read(*_: object) -> Iterator[pl.DataFrame]:
            left = rows_max
            rows = sorted(self.rows, key=itemgetter(5))  # By format, as `chosen`.
            end = bisect_left(list(accumulate(row[3] for row in rows)), rows_max) + 1
            # Files that shrank since their crawl hold less than the catalog says: then the others are asked, too.
            for part in filter(None, (rows[:end], rows[end:])):
                frame = self.scan(self.chosen(map(file_from, part)), names).head(left).select(names)
                for batch in frame.collect_batches(maintain_order=True):
                    left -= batch.height
                    yield batch
                if left <= 0 or self.trace.is_rehearsal:
                    return

        return register_io_source(read, schema={name: schema[name] for name in names})

    def chosen(self, files: Iterable[DataFile]) -> list[DataFile]:
        """Return these files in the order in which they are read, without those that have no rows."""
        ordered = sorted(files, key=lambda file: file.format)
        self.trace.add(self.entry, ordered)
        if self.trace.is_rehearsal or not any(file.rows for file in ordered):
            return []
        return ordered if self.is_lake else [file for file in ordered if file.rows > 0]

    def scan(self, files: Sequence[DataFile], columns: Sequence[str] | None = None) -> pl.LazyFrame:
        """Return these files as one frame, those of one format read together; partition keys only if they are asked
        for: they have to be put beside each row.
        """
        table = self.entry.table
        if columns is not None and not {key.name for key in table.partition_keys} & set(columns):
            table = replace(table, partition_keys=())
        files = opened_as_known(self.entry, files, self.project_dir, self.storage)
        if self.is_lake:
            return self._scan_lake(files)
        frames = [
            _scan_format(table, table.formats[place], same, self.project_dir, self.storage)
            for place, same in _read_together(table, files)
        ]
        if not frames:
            return pl.LazyFrame(schema=table_schema(table))
        return frames[0] if len(frames) == 1 else pl.concat(frames)

    def _scan_lake(self, files: Sequence[DataFile]) -> pl.LazyFrame:
        """Return the version that the table's log says; of its data files, polars opens those that a filter leaves."""
        log = next((file.path for file in files if lake_kind(file.path)), None)
        if log is None:
            return pl.LazyFrame(schema=table_schema(self.entry.table))
        frame = scan_lake(absolute_path(log, self.project_dir), self.storage)
        found = frame.collect_schema()
        schema = table_schema(self.entry.table)
        typed = (
            cast_column(name, str(found[name]), dtype) if name in found else _missing(name, dtype)
            for name, dtype in schema.items()
        )
        return frame.with_columns(typed).select(list(schema))


class _Pruned(LazyFrameResolver):
    """A partitioned table that chooses its files when polars tells what a query asks of it."""

    _resolved = count()

    def __init__(self, files: _Files) -> None:
        self._files = files

    def schema(self) -> dict[str, pl.DataType]:
        return table_schema(self._files.entry.table)

    def cse_eq(self, other: object) -> bool:
        return other is self

    def resolve_lazyframe(
        self,
        *,
        projection: list[str] | None,
        limit: int | None,
        filters: list[FilterExpr],
        filter_columns: list[str],
        filter_drop_columns_idx: int | None,
        existing_resolved_version_key: str | None,
    ) -> tuple[pl.LazyFrame, ResolvedLazyFrameProps]:
        """Return the rows asked for, as a scan of polars' own; each query looks anew whether the files are there."""
        files, predicate = self._files, reduce(and_, (one.expr for one in filters)) if filters else None
        needed = None if projection is None else list(dict.fromkeys((*projection, *filter_columns)))
        if limit is not None and not files.is_lake:
            frame, limit = files.first_rows(limit, needed), None
        else:
            frame = files.scan(files.chosen(files.asked(predicate)), needed)
        version = str(next(self._resolved))
        props = ResolvedLazyFrameProps(version_key=version, applied_filters=range(len(filters)))
        return asked_for(frame, projection, predicate, limit), props


def _read_together(table: Table, files: Sequence[DataFile]) -> Iterator[tuple[int, list[DataFile]]]:
    """Yield files that one scan reads, with their format. Few partitions are read each by itself: their values are
    constants then. Of many, each row looks up those of its file.
    """
    partitions = {file.partition_values for file in files} if table.partition_keys else set()
    is_few = len(partitions) <= SCANS_MAX
    together = attrgetter("format", "partition_values") if is_few and partitions else attrgetter("format")
    for _, same in groupby(sorted(files, key=together), together):
        group = list(same)
        yield group[0].format, group


def table_schema(table: Table) -> dict[str, pl.DataType]:
    """Return the polars schema of a table: columns, then partition keys."""
    return {column.name: polars_type(column.type) for column in (*table.columns, *table.partition_keys)}


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
        case "log":
            read_as = {name: pl.String() for name in file_format.columns}
            frame = scan_log(file_format, paths, read_as, _PATH, storage)
        case "avro" | "ipc" | "excel":
            types = {column.name: polars_type(column.type) for column in table.columns}
            read_as = {name: types[name] for name in file_format.columns if name in types}
            frame = scan_typed(file_format, paths, read_as, _PATH, storage)
        case other:
            raise InvalidInput(f"{table.full_name}: files of format {other!r} can't be read")
    forms = dict(file_format.forms)
    columns = [
        _missing(item.name, polars_type(item.type))
        if item.name not in read_as
        else _typed(item.name, read_as[item.name], polars_type(item.type), forms.get(item.name, ""))
        for item in table.columns
    ]
    return _with_keys(frame, columns, table, files, paths)


def text_schema(table: Table, file_format: FileFormat) -> dict[str, pl.DataType]:
    """Return the dtypes to read a text file's columns with; a column that the table lacks is read as text."""
    forms = dict(file_format.forms)
    types = {column.name: text_type(polars_type(column.type), forms.get(column.name, "")) for column in table.columns}
    return {name: types.get(name, pl.String()) for name in file_format.columns}


def _scan_parquet(
    table: Table, file_format: FileFormat, files: list[DataFile], paths: list[str], storage: Storage
) -> pl.LazyFrame:
    """Return parquet files of one physical schema."""
    hive = hive_schema(table, files, paths)
    frame = _parquet(paths, hive, storage)
    found = dict(zip_longest(file_format.columns, file_format.types, fillvalue=""))
    columns = [
        cast_column(item.name, found[item.name], polars_type(item.type))
        if item.name in found
        else _missing(item.name, polars_type(item.type))
        for item in table.columns
    ]
    return frame.select(*columns, *hive) if hive else _with_keys(frame, columns, table, files, paths)


def _parquet(paths: list[str], hive: Mapping[str, pl.DataType] | None, storage: Storage) -> pl.LazyFrame:
    """Return files with the values of their folders, or else with their paths."""
    return pl.scan_parquet(
        paths,
        glob=False,
        include_file_paths=_PATH if hive is None else None,
        hive_partitioning=hive is not None,
        hive_schema=hive,
        cast_options=_LENIENT,
        **storage.polars_options(paths[0]),
    )


def _with_keys(
    frame: pl.LazyFrame, columns: list[pl.Expr], table: Table, files: list[DataFile], paths: list[str]
) -> pl.LazyFrame:
    """Return these columns and the partition keys, whose values each row gets from its file."""
    names = [key.name for key in table.partition_keys]
    values = partition_values(table, files).select(names)
    if values.n_unique() <= 1:
        constants = [pl.lit(values[name].first(), dtype=values.schema[name]).alias(name) for name in names]
        if any(column.meta.root_names() for column in columns):
            return frame.select(*columns, *constants)
        # Of constants alone there would be one row, however many the files have.
        return frame.select(_PATH, *columns, *constants).drop(_PATH)
    # Joined, the rows go on streaming: `replace` would hold all of them.
    keys = values.lazy().with_columns(pl.Series(_PATH, paths))
    rows = frame.select(*columns, _PATH).join(keys, on=_PATH, how="left", maintain_order="left")
    return rows.drop(_PATH)


def _typed(name: str, read_as: pl.DataType, dtype: pl.DataType, form: str = "") -> pl.Expr:
    return pl.col(name) if read_as == dtype else parse(pl.col(name), dtype, form).alias(name)


def _missing(name: str, dtype: pl.DataType) -> pl.Expr:
    return pl.lit(None, dtype=dtype).alias(name)
