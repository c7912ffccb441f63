"""A frame as the files of one table: parquet, csv, json or ipc, in one folder or in Hive's folder per partition."""

from __future__ import annotations

import datetime
import errno
import itertools
import os
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import polars as pl

from glue_tui.catalog.pruning import NULL_PARTITION
from glue_tui.core.job import TableSink
from glue_tui.core.problem import InvalidInput, did_you_mean
from glue_tui.jobs.targets.text_columns import as_files_hold

_DATA_SUFFIXES = frozenset(
    (".parquet", ".csv", ".json", ".jsonl", ".ndjson", ".gz", ".zst", ".avro", ".orc", ".crc", ".ipc", ".arrow")
)
"""What an overwrite may take away. A folder with anything else in it is probably not the one that was meant."""
_SAFE_IN_FOLDER_NAMES = " -_.,+@()"
_ERROR_NUMBER = re.compile(r"\(os error (\d+)\)")
_SHOWN_CHARS = 40
_INTEGER = re.compile(r"[+-]?\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenFile:
    path: Path
    rows: int
    partition_values: tuple[str, ...]
    """As text, without the escapes of the folder's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where the rows of a frame go below their folder."""

    file_bytes_max: int | None = None
    """What grows beyond about as much is parted into several files; None: of partitions only, as polars thinks fit."""
    safe: str = _SAFE_IN_FOLDER_NAMES
    """Letters that partition values keep in the names of folders; others are escaped."""
    is_flat: bool = False
    """Partitions are files beside each other, and hold their keys."""
    keeps_empty: bool = True
    """Whether no rows at all are a file without rows: the first of a table, which has its columns."""


def write_files(
    frame: pl.LazyFrame, sink: TableSink, folder: Path, name: str, layout: Layout | None = None
) -> tuple[WrittenFile, ...]:
    """Write `frame` below `folder`, synced to disk; the names of files begin with `name`.

    Runs streaming and keeps the order of the rows, in each partition as well.
    """
    layout = layout or Layout()
    frame = as_files_hold(frame, sink)
    values_of: dict[str, tuple[str, ...]] = {}
    numbers = itertools.count()

    def place(arguments: Any) -> str:
        # Polars asks for the whole path below the folder, not the name alone: else all partitions share one file.
        row = arguments.partition_keys.row(0) if sink.partition_by else ()
        values = tuple(partition_text(value) for value in row)
        folders = zip(sink.partition_by, values, strict=True) if not layout.is_flat else ()
        steps = [f"{key}={quote(value, safe=layout.safe)}" for key, value in folders]
        number = next(numbers) if layout.is_flat else arguments.index_in_partition
        path = "/".join([*steps, f"{name}-{number:05d}.{sink.format}"])
        values_of[path] = values
        return path

    target: Any
    if sink.partition_by or layout.file_bytes_max:
        keys: Any = {"key": list(sink.partition_by), "include_key": layout.is_flat} if sink.partition_by else {}
        limit: Any = layout.file_bytes_max or "auto"
        target = pl.PartitionBy(folder, file_path_provider=place, approximate_bytes_per_file=limit, **keys)
    else:
        path = f"{name}-00000.{sink.format}"
        values_of[path] = ()
        target = folder / path
    try:
        rows = _sink(frame, sink.format, target)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise refusal(error, sink, folder, values_of) or error from error
    written = tuple(
        WrittenFile(path=folder / path, rows=rows(folder / path), partition_values=values)
        for path, values in sorted(values_of.items())
    )
    if layout.keeps_empty or any(file.rows for file in written):
        return written
    for file in written:
        file.path.unlink()
    return ()


def partition_text(value: object) -> str:
    """Return a partition's value as its folder and the catalog say it."""
    match value:
        case None:
            return NULL_PARTITION
        case bool():
            return "true" if value else "false"
        case datetime.datetime():
            return value.isoformat(sep=" ")
        case datetime.date():
            return value.isoformat()
        case _:
            return str(value) or NULL_PARTITION


def partition_of(path: str, keys: Sequence[str]) -> tuple[str, ...] | None:
    """Return the partition in which a file lies, by its path below the table's folder; None: in none by these keys."""
    steps = [step.partition("=") for step in path.split("/")[:-1]]
    if tuple(name for name, _, _ in steps) != tuple(keys):
        return None
    return tuple(unquote(value) for _, _, value in steps)


def partitions_of(files: Iterable[WrittenFile], dtypes: Sequence[pl.DataType]) -> frozenset[tuple[str, ...]]:
    """Return the partitions of files, as `same_partition` says them."""
    return frozenset(same_partition(file.partition_values, dtypes) for file in files)


def is_data(name: str) -> bool:
    """Whether a file of this name may be one of a table: neither hidden nor of another kind."""
    return not name.startswith((".", "_")) and Path(name).suffix in _DATA_SUFFIXES


def same_partition(values: tuple[str, ...], dtypes: Sequence[pl.DataType]) -> tuple[str, ...]:
    """Return a partition's values so that those that mean the same are the same: 01 and 1 of a number."""
    return tuple(
        str(int(value)) if dtype.is_integer() and _INTEGER.fullmatch(value) else value
        for value, dtype in zip(values, dtypes, strict=True)
    )


def check_overwritten(sink: TableSink, present: Iterable[str]) -> None:
    """Raise InvalidInput where an overwrite would remove what is no table's file.

    `present`: what is there, by its path below the table's place.
    """
    for path in present:
        name = path.rpartition("/")[2]
        if not name.startswith((".", "_")) and not is_data(name):
            raise InvalidInput(
                f"path of {sink.table}: overwriting {sink.path} would remove {_below(sink, path)}, which is no data"
                " file",
                hint="choose a folder of its own for the table",
            )


def check_partitioned(sink: TableSink, present: Iterable[str]) -> None:
    """Raise InvalidInput where one of a table's files is in no partition: none could be replaced beside it.

    `present`: what is there, by its path below the table's place.
    """
    for path in present:
        if partition_of(path, sink.partition_by) is None and is_data(path.rpartition("/")[2]):
            raise InvalidInput(
                f"{sink.table}: {_below(sink, path)} is in no partition by {', '.join(sink.partition_by)}:"
                " none can be replaced",
                hint='mode = "overwrite" replaces all that is there',
            )


def _below(sink: TableSink, path: str) -> str:
    return f"{sink.path.rstrip('/')}/{path}"


def refusal(error: Exception, sink: TableSink, folder: Path, paths: Iterable[str] = ()) -> InvalidInput | None:
    """Return what the system refused, in words with a way out; None: the error is the frame's."""
    found = _ERROR_NUMBER.search(str(error))
    number = int(found[1]) if found else getattr(error, "errno", None)
    match number:
        case errno.ENOSPC | errno.EDQUOT:
            return InvalidInput(f"{sink.table}: the disk of {folder.parent} is full", hint="free space, then retry")
        case errno.ENAMETOOLONG:
            name = max((step for path in paths for step in path.split("/")), key=len, default="")
            return InvalidInput(
                f"{sink.table}: partition {name[:_SHOWN_CHARS]}… has a name of {len(name)} bytes: too long",
                hint="no folder may be called so: partition by a shorter column",
            )
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return InvalidInput(
                f"{sink.table}: {folder.parent} can't be written: {os.strerror(number)}",
                hint="who runs the engine must be allowed to write there",
            )
        case _:
            return None


def _sink(frame: pl.LazyFrame, format: str, target: Any) -> Callable[[Path], int]:
    """Write, and return what tells the rows of a written file."""
    common: dict[str, Any] = {"mkdir": True, "maintain_order": True, "sync_on_close": "all"}
    rows: dict[str, int] = {}

    def count(written: Any) -> None:
        rows.update({os.path.realpath(file.path): file.num_rows for file in written.paths})

    match format:
        case "parquet":
            frame.sink_parquet(target, sinked_paths_callback=count, **common)
        case "ipc":
            frame.sink_ipc(target, sinked_paths_callback=count, **common)
        case "csv":
            frame.sink_csv(target, **common)
            return lambda path: _count(pl.scan_csv(path, infer_schema=False, glob=False))
        case "json":
            frame.sink_ndjson(target, check_extension=False, **common)
            return lambda path: _count(pl.scan_lines(path, glob=False))
        case _:
            raise InvalidInput(f'no format "{format}"', hint=did_you_mean(format, ("parquet", "csv", "json", "ipc")))
    return lambda path: rows[os.path.realpath(path)]


def _count(frame: pl.LazyFrame) -> int:
    return int(frame.select(pl.len()).collect(engine="streaming").item())
