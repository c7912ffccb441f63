"""What the log of a Delta or Iceberg table says of one version: its data files, and the values of its partitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import polars as pl

from glue_tui.catalog.places import Storage, is_s3
from glue_tui.catalog.pruning import NULL_PARTITION
from glue_tui.catalog.readers.lake_tables import lake_folder, lake_kind, open_delta, open_iceberg
from glue_tui.catalog.types import TIMESTAMP_FORMAT
from glue_tui.core.problem import InvalidInput

if TYPE_CHECKING:
    from deltalake import DeltaTable
    from pyiceberg.schema import Schema
    from pyiceberg.table import FileScanTask, StaticTable

_FILE_URL = "file://"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFile:
    """A data file of a version."""

    path: str
    """Absolute, or `s3://bucket/key`."""
    size_bytes: int
    rows: int
    """Without those that are deleted in this version."""
    values: tuple[str, ...]
    """For each of the version's partition keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LakeVersion:
    keys: tuple[str, ...]
    """Columns of which each data file holds one value, which the log says and a text can say."""
    files: tuple[LogFile, ...]
    snapshot: str = ""
    """Iceberg's id of what the version holds."""


def read_log_of(path: str, storage: Storage) -> LakeVersion:
    """Return the data files of the version at `path`.

    Raises InvalidInput where a package is missing, or where the files would be read otherwise than the log means, and
    whatever the table's own library raises.
    """
    if lake_kind(path) == "delta":
        return _delta_version(open_delta(path, storage), lake_folder(path), storage)
    return _iceberg_version(open_iceberg(path, storage))


def _delta_version(table: DeltaTable, folder: str, storage: Storage) -> LakeVersion:
    added = pl.DataFrame(table.get_add_actions())
    if added.is_empty():
        return LakeVersion(keys=(), files=())
    columns = table.metadata().partition_columns
    paths = [_whole_path(path, folder) for path in added["path"]]
    counts = added["num_records"].to_list() if "num_records" in added.columns else [None] * len(paths)
    deleted = _deleted_in_delta(table)
    texts = {}
    for name in columns:
        values = added["partition"].struct.field(name)
        _refuse_other_folders(name, values, added["path"])
        texts[name] = _texts(values)
    return _version(
        texts,
        [
            LogFile(
                path=path,
                size_bytes=size_bytes,
                rows=(_rows_of(path, storage) if rows is None else rows) - deleted.get(path, 0),
                values=(),
            )
            for path, size_bytes, rows in zip(paths, added["size_bytes"], counts, strict=True)
        ],
    )


def _refuse_other_folders(key: str, values: pl.Series, paths: pl.Series) -> None:
    """Raise InvalidInput for a data file in whose folders is not the value that the log says: polars reads that one."""
    for value, path in zip(values, paths, strict=True):
        parts = [unquote(part).partition("=") for part in unquote(path).split("/")[:-1]]
        found = {name: None if text == NULL_PARTITION else text for name, _, text in parts}
        if key not in found or (values.dtype == pl.String and found[key] != value):
            raise InvalidInput(
                f"{path} lies in no folder {key}={value}, only the log has this value: such files can't be read yet",
                hint="write the table anew, partitioned by folders",
            )


def _whole_path(path: str, folder: str) -> str:
    """Return a path of a Delta log, where it is a URL: relative to the table's folder, or absolute."""
    plain = unquote(path)
    if is_s3(plain) or plain.startswith(("/", _FILE_URL)):
        return plain.removeprefix(_FILE_URL)
    return f"{folder}/{plain}"


def _deleted_in_delta(table: DeltaTable) -> dict[str, int]:
    """Return how many rows of a data file its deletion vector takes out, by its path."""
    vectors = pl.DataFrame(table.deletion_vectors())
    if vectors.is_empty():
        return {}
    kept = vectors["selection_vector"]
    deleted = (kept.list.len() - kept.list.sum()).to_list()
    return {path.removeprefix(_FILE_URL): rows for path, rows in zip(vectors["filepath"], deleted, strict=True)}


def _rows_of(path: str, storage: Storage) -> int:
    """Return the rows that a data file holds, whose writer did not tell the log."""
    frame = pl.scan_parquet(path, glob=False, **storage.polars_options(path))
    rows: int = frame.select(pl.len()).collect().item()
    return rows


def _texts(values: pl.Series) -> list[str] | None:
    """Return values of a partition key as the catalog keeps them, empty where there is none; None where it can't."""
    dtype = values.dtype
    match dtype:
        case pl.String() | pl.Boolean() | pl.Date() | pl.Decimal() | pl.Null():
            texts = values.cast(pl.String)
        case pl.Datetime():
            texts = values.cast(pl.Datetime("us")).dt.to_string(TIMESTAMP_FORMAT)
        case _ if dtype.is_integer():
            texts = values.cast(pl.String)
        case _:
            return None
    return None if texts.is_in(["", NULL_PARTITION]).any() else texts.fill_null("").to_list()


def _version(texts: Mapping[str, list[str] | None], files: Sequence[LogFile]) -> LakeVersion:
    known = {name: values for name, values in texts.items() if values is not None}
    values = zip(*known.values(), strict=True) if known else ((),) * len(files)
    return LakeVersion(
        keys=tuple(known),
        files=tuple(replace(file, values=tuple(own)) for file, own in zip(files, values, strict=True)),
    )


def _iceberg_version(table: StaticTable) -> LakeVersion:
    tasks = list(table.scan().plan_files())
    schema = table.schema()
    values = [_identity_values(table, schema, task) for task in tasks]
    # Where the partitioning was changed, older files may hold many values of what is a key in newer ones.
    names = [field.name for field in schema.fields if values and all(field.name in one for one in values)]
    texts = {name: _texts(pl.Series([one[name] for one in values])) for name in names}
    files = [
        LogFile(
            path=_local_path(task.file.file_path),
            size_bytes=task.file.file_size_in_bytes,
            rows=_rows_left(table, task) if task.delete_files else task.file.record_count,
            values=(),
        )
        for task in tasks
    ]
    snapshot = table.current_snapshot()
    return replace(_version(texts, files), snapshot=str(snapshot.snapshot_id) if snapshot else "")


def _identity_values(table: StaticTable, schema: Schema, task: FileScanTask) -> dict[str, Any]:
    """Return the values of those columns by which a data file was partitioned as they are: not by month, or bucket."""
    from pyiceberg.transforms import IdentityTransform
    from pyiceberg.types import BooleanType, DateType, DecimalType, IntegerType, LongType, StringType, TimestampType

    values: dict[str, Any] = {}
    for place, field in enumerate(table.specs()[task.file.spec_id].fields):
        name = schema.find_column_name(field.source_id)
        if not isinstance(field.transform, IdentityTransform) or name is None:
            continue
        kind, value = schema.find_type(field.source_id), task.file.partition[place]
        match kind:
            case DateType() | TimestampType():  # Days, or microseconds, since 1970.
                dtype = pl.Date() if isinstance(kind, DateType) else pl.Datetime("us")
                values[name] = pl.Series([value], dtype=pl.Int64).cast(dtype).item()
            case BooleanType() | IntegerType() | LongType() | DecimalType() | StringType():
                values[name] = value
    return values


def _rows_left(table: StaticTable, task: FileScanTask) -> int:
    """Return the rows of a data file that its delete files leave."""
    from pyiceberg.expressions import AlwaysTrue
    from pyiceberg.io.pyarrow import ArrowScan

    schema = table.schema()
    narrow = schema.select(schema.fields[0].name)
    return len(ArrowScan(table.metadata, table.io, narrow, AlwaysTrue()).to_table([task]))


def _local_path(path: str) -> str:
    """Return the path of an Iceberg table's data file without the scheme that stands for this machine."""
    return path.removeprefix(_FILE_URL).removeprefix("file:")
