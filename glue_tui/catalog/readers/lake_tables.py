"""Delta and Iceberg tables, each as it was at one version: that of the file of its log that is named.

A version is one file: `_delta_log/00000000000000000002.json`, `metadata/00003-….metadata.json`. Which data files it
has, and which of their rows, only the log says. Needs the extras `delta` and `iceberg`.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterable

import polars as pl
from polars.exceptions import PerformanceWarning

from glue_tui.catalog.places import LOCAL, Storage, is_s3
from glue_tui.core.problem import InvalidInput

DELTA_LOG = "_delta_log"
ICEBERG_METADATA = "metadata"
LOGS = (DELTA_LOG, ICEBERG_METADATA)
"""Folders by which a table gives itself away, if there is a version in them."""

_DELTA_VERSION = re.compile(r"(\d{20})\.json")
_ICEBERG_VERSION = re.compile(r"v?(\d+)(?:-[^/]*)?\.(?:gz\.)?metadata\.json(?:\.gz)?")
_LOG_FILE = re.compile(
    rf"(?P<table>.*?)/?(?:{DELTA_LOG}/{_DELTA_VERSION.pattern}|{ICEBERG_METADATA}/{_ICEBERG_VERSION.pattern})"
)


def version_of(name: str) -> int | None:
    """Return the version that a file of a log is, by its name without folders; None for any other file."""
    found = _DELTA_VERSION.fullmatch(name) or _ICEBERG_VERSION.fullmatch(name)
    return int(found[1]) if found else None


def lake_kind(path: str) -> str:
    """Return delta or iceberg if a path is that of a version; else nothing."""
    if not _LOG_FILE.fullmatch(path):
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


def scan_lake(path: str, storage: Storage = LOCAL) -> pl.LazyFrame:
    """Return a table as it was at the version at `path`. Raises InvalidInput where a package is missing."""
    match lake_kind(path):
        case "delta":
            return _scan_delta(path, storage)
        case _:
            return _scan_iceberg(path)


def _scan_delta(path: str, storage: Storage) -> pl.LazyFrame:
    try:
        import deltalake  # noqa: F401
    except ImportError as error:
        hint = "pip install 'glue-tui[delta]'"
        raise InvalidInput("Delta tables need a package that is not installed", hint=hint) from error
    options = storage.polars_options(path).get("storage_options", {})
    said = {key: str(value) for key, value in options.items() if key.startswith("aws_")}
    version = version_of(path.rpartition("/")[2])
    return pl.scan_delta(lake_folder(path), version=version, storage_options=said or None)


def _scan_iceberg(path: str) -> pl.LazyFrame:
    try:
        import pyiceberg  # noqa: F401
    except ImportError as error:
        hint = "pip install 'glue-tui[iceberg]'"
        raise InvalidInput("Iceberg tables need a package that is not installed", hint=hint) from error
    if is_s3(path):
        raise InvalidInput("Iceberg tables are read from this machine's folders only, not from s3://")
    # It recommends a planner that is faster for tables of very many files, from another thread when the rows are read.
    warnings.filterwarnings("ignore", message="Iceberg scan planning", category=PerformanceWarning)
    return pl.scan_iceberg(path)
