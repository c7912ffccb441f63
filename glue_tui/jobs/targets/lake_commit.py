"""What a lake is asked for: how its table is now, whether it has taken a write already, and to take one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import polars as pl

from glue_tui.catalog.places import Storage, is_s3
from glue_tui.core.job import TableSink
from glue_tui.jobs.targets.files import WrittenFile
from glue_tui.jobs.targets.waiting import sync_folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Lake:
    """A table as it is now."""

    log: str
    """The file that is its newest version: an absolute path or `s3://` URL."""
    schema: pl.Schema
    partition_by: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LakeCommit:
    """Rows that are to become part of a table."""

    sink: TableSink
    location: str
    """The table's folder: an absolute path or `s3://` URL."""
    storage: Storage
    schema: pl.Schema
    mark: str
    """What the commit carries, by which a later attempt knows it."""
    written_by: str
    files: Mapping[str, tuple[int, WrittenFile]]
    """By their path below the location: bytes, and the file as it was staged. They lie there but for an upsert."""
    changes_nothing: bool
    """No row, and no column that the table lacks."""
    partitions: frozenset[tuple[str, ...]]
    """Those of `files`."""

    def put(self, path: str) -> None:
        """Put one of the files where the table is."""
        file = self.files[path][1].path
        target = f"{self.location}/{path}"
        if is_s3(target):
            self.storage.put(target, file)
            return
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(file, target)
        except OSError:
            shutil.copyfile(file, target)
        sync_folder(Path(target).parent)

    def staged_rows(self) -> pl.LazyFrame:
        """Return the rows, from where they were staged."""
        return pl.scan_parquet([file.path for _, file in self.files.values()], glob=False, hive_partitioning=False)


class LakeFormat(Protocol):
    """The tables of one format."""

    def find(self, location: str, storage: Storage) -> Lake | None:
        """Return the table at a location as it is now; None: there is none. Raises InvalidInput without the package."""

    def has_taken(self, location: str, storage: Storage, marks: Sequence[str]) -> bool:
        """Return whether a commit that carries one of these marks is part of the table."""

    def commit(self, commit: LakeCommit) -> None:
        """Let rows appear. Raises InvalidInput where the table refuses them."""
