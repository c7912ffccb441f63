"""What Delta and Iceberg tables hold, as their own logs say: schema, data files with their rows, and partitions."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence

import polars as pl
from polars.exceptions import PerformanceWarning

from glue_tui.catalog.places import FileStatus, is_s3, local_status
from glue_tui.catalog.readers.lake_log import LakeVersion, LogFile, read_log_of
from glue_tui.catalog.readers.lake_tables import lake_folder, lake_kind, scan_lake, version_of
from glue_tui.catalog.types import glue_type
from glue_tui.core.problem import GlueTuiError, InvalidInput
from glue_tui.core.schema import Column, DataFile, FileFormat
from glue_tui.crawlers.facts import BrokenFile, ColumnFacts, CrawledFile, Found, LakeFiles
from glue_tui.crawlers.group import GroupedTable
from glue_tui.crawlers.listing import ListedFile
from glue_tui.crawlers.values import NULL_TYPE

_KINDS = {"delta": "a Delta", "iceberg": "an Iceberg"}


def read_lake(listed: ListedFile) -> Found:
    """Read one version of a table: its schema, data files and partitions from the log, which has to agree with them."""
    kind = lake_kind(listed.absolute)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PerformanceWarning)
            version = read_log_of(listed.absolute, listed.storage)
            statuses = _statuses(listed, version.files)
            _refuse_other_files(version, statuses)
            frame = scan_lake(listed.absolute, listed.storage)
            schema = frame.collect_schema()
            rows = frame.select(pl.len()).collect(engine="streaming").item()
        if rows != (told := sum(file.rows for file in version.files)):
            raise InvalidInput(f"its log tells of {told:,} rows, its files hold {rows:,}")
    except (Exception, pl.exceptions.PanicException) as error:  # deltalake's and pyiceberg's errors have no common kind
        first_line = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        hint = f" ({error.hint})" if isinstance(error, GlueTuiError) and error.hint else ""
        return BrokenFile(path=listed.path, reason=f"its {kind.capitalize()} table can't be read: {first_line}{hint}")
    types = {name: NULL_TYPE if dtype == pl.Null else glue_type(dtype) for name, dtype in schema.items()}
    columns = tuple(name for name in schema if name not in version.keys)
    return CrawledFile(
        listed=listed,
        format=FileFormat(classification=kind, columns=columns),
        rows=0,
        facts={name: ColumnFacts(type=types[name]) for name in columns},
        lake=LakeFiles(
            keys=tuple(Column(name=name, type=types[name]) for name in version.keys),
            files=tuple(_data_file(listed, file, status) for file, status in zip(version.files, statuses, strict=True)),
            version=f"version {version_of(listed.path.rpartition('/')[2])}"
            + (f", snapshot {version.snapshot}" if version.snapshot else ""),
        ),
    )


def _statuses(listed: ListedFile, files: Sequence[LogFile]) -> list[FileStatus | None]:
    """Return what the data files are like; None for one that is gone."""
    if not is_s3(listed.absolute):
        return [_local_status(file.path) for file in files]
    folder = lake_folder(listed.absolute)
    # An object that can't be named is none of those in the log, or counts as gone.
    beside = dict(listed.storage.list_objects(folder, lambda _key, _folder: None))
    return [
        beside.get(file.path) if file.path.startswith(f"{folder}/") else listed.storage.status(file.path)
        for file in files
    ]


def _local_status(path: str) -> FileStatus | None:
    try:
        return local_status(os.stat(path))  # noqa: PTH116 -- there may be 100,000 of them
    except OSError:
        return None


def _refuse_other_files(version: LakeVersion, statuses: Sequence[FileStatus | None]) -> None:
    """Raise InvalidInput where the data files are not those that the log means."""
    for file, status in zip(version.files, statuses, strict=True):
        if status is None:
            raise InvalidInput(f"{file.path} is in its log, but gone")
        if status.size_bytes != file.size_bytes:
            raise InvalidInput(f"{file.path} has {status.size_bytes:,} bytes, {file.size_bytes:,} in its log")


def _data_file(listed: ListedFile, file: LogFile, status: FileStatus | None) -> DataFile:
    """Return a data file as the catalog keeps it, its path like that of the log."""
    inside = file.path.removeprefix(f"{lake_folder(listed.absolute)}/")
    folder = lake_folder(listed.path)
    return DataFile(
        path=f"{folder}/{inside}" if folder and inside != file.path else inside,
        size_bytes=file.size_bytes,
        mtime_ns=status.mtime_ns if status else 0,
        rows=file.rows,
        partition_values=file.values,
    )


def lake_table(file: CrawledFile, place: str, name: str) -> GroupedTable:
    """Return a Delta or Iceberg table: its folder holds one table whatever lies beside it, as its own log says."""
    folder = lake_folder(file.listed.path)
    folders = tuple(folder.removeprefix(place if place != "." else "").strip("/").split("/")) if folder != place else ()
    version = version_of(file.listed.path.rpartition("/")[2])
    return GroupedTable(
        folders=folders,
        name=folders[-1] if folders else name,
        keys=(),
        files=((file, ()),),
        why=f"version {version} of {_KINDS[file.format.classification]} table, as its log says",
    )
