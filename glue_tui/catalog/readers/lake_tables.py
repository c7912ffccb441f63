"""Delta and Iceberg tables, each as it was at one version: that of the file of its log that is named.

A version is one file: `_delta_log/00000000000000000002.json`, `metadata/00003-….metadata.json`. Which data files it
has, and which of their rows, only the log says. Needs the extras `delta` and `iceberg`, which are imported here only.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import polars as pl
from polars.exceptions import PerformanceWarning

from glue_tui.catalog.places import LOCAL, Storage
from glue_tui.catalog.read import FileRow
from glue_tui.core.problem import InvalidInput

if TYPE_CHECKING:
    from deltalake import DeltaTable
    from pyiceberg.table import StaticTable

LAKES = ("delta", "iceberg")
"""Formats of tables whose log says what they hold."""

DELTA_LOG = "_delta_log"
ICEBERG_METADATA = "metadata"
LOGS = (DELTA_LOG, ICEBERG_METADATA)
"""Folders by which a table gives itself away, if there is a version in them."""

_DELTA_VERSION = re.compile(r"(\d{20})\.json")
_ICEBERG_VERSION = re.compile(r"v?(\d+)(?:-[^/]*)?\.(?:gz\.)?metadata\.json(?:\.gz)?")
_LOG_ENDINGS = (".json", ".json.gz")
_LOG_FILE = re.compile(
    rf"(?P<table>.*?)/?(?:{DELTA_LOG}/{_DELTA_VERSION.pattern}|{ICEBERG_METADATA}/{_ICEBERG_VERSION.pattern})"
)


def version_of(name: str) -> int | None:
    """Return the version that a file of a log is, by its name without folders; None for any other file."""
    found = _DELTA_VERSION.fullmatch(name) or _ICEBERG_VERSION.fullmatch(name)
    return int(found[1]) if found else None


def lake_kind(path: str) -> str:
    """Return delta or iceberg if a path is that of a version; else nothing."""
    if not path.endswith(_LOG_ENDINGS) or not _LOG_FILE.fullmatch(path):
        return ""
    return "delta" if path.rpartition("/")[0].endswith(DELTA_LOG) else "iceberg"


def lake_folder(path: str) -> str:
    """Return the folder of the table that a path is a version of."""
    found = _LOG_FILE.fullmatch(path)
    return found["table"] if found else path


def newest_version(names: Iterable[str]) -> str | None:
    """Return the name of the newest version among the names of a log's files; None if there is none."""
    versions = [(version, name) for name in names if (version := version_of(name)) is not None]
    return max(versions)[1] if versions else None


def newest_in(folder: str, log: str) -> str | None:
    """Return the newest version of a table of this machine, as a path relative to its folder; None if it is no table.

    `log` is the folder within that gave it away: `_delta_log` or `metadata`.
    """
    try:
        found = newest_version(os.listdir(f"{folder}/{log}"))  # noqa: PTH208
    except OSError:
        return None
    return f"{log}/{found}" if found and lake_kind(f"{log}/{found}") else None


def logs_and_parts(rows: Sequence[FileRow]) -> tuple[list[FileRow], list[FileRow]]:
    """Return the stored files of a lake's table, parted into its log and the data files of its version."""
    logs = [row for row in rows if lake_kind(row[0])]
    return logs, [row for row in rows if not lake_kind(row[0])]


def scan_lake(path: str, storage: Storage = LOCAL) -> pl.LazyFrame:
    """Return a table as it was at the version at `path`. Raises InvalidInput where a package is missing."""
    match lake_kind(path):
        case "delta":
            return pl.scan_delta(open_delta(path, storage))
        case _:
            # It recommends a planner that is faster for tables of very many files, from another thread when the rows
            # are read.
            warnings.filterwarnings("ignore", message="Iceberg scan planning", category=PerformanceWarning)
            options = storage.iceberg_properties(path) | storage.polars_options(path).get("storage_options", {})
            return pl.scan_iceberg(open_iceberg(path, storage), storage_options=options or None)


def open_delta(path: str, storage: Storage = LOCAL) -> DeltaTable:
    """Return a Delta table at the version at `path`. Raises InvalidInput where the package for it is missing."""
    try:
        from deltalake import DeltaTable
    except ImportError as error:
        hint = "pip install 'glue-tui[delta]'"
        raise InvalidInput("Delta tables need a package that is not installed", hint=hint) from error
    version = version_of(path.rpartition("/")[2])
    return DeltaTable(lake_folder(path), version=version, storage_options=delta_options(path, storage))


def delta_options(path: str, storage: Storage) -> dict[str, str] | None:
    """Return the options by which deltalake reaches a path: nothing for one of this machine."""
    options = storage.polars_options(path).get("storage_options", {})
    return {key: str(value) for key, value in options.items() if key.startswith("aws_")} or None


def open_iceberg(path: str, storage: Storage = LOCAL) -> StaticTable:
    """Return an Iceberg table at the version at `path`. Raises InvalidInput where a package for it is missing."""
    try:
        import pyiceberg  # noqa: F401
        from pyiceberg.io.pyarrow import PyArrowFileIO  # noqa: F401
        from pyiceberg.table import StaticTable
    except ImportError as error:
        hint = "pip install 'glue-tui[iceberg]'"
        raise InvalidInput("Iceberg tables need a package that is not installed", hint=hint) from error
    return StaticTable.from_metadata(path, properties=storage.iceberg_properties(path))
