"""What Delta and Iceberg tables hold, as their own logs say: schema, rows and version. A version is one file to us."""

from __future__ import annotations

import warnings

import polars as pl
from polars.exceptions import PerformanceWarning

from glue_tui.catalog.readers.lake_tables import lake_folder, lake_kind, scan_lake, version_of
from glue_tui.catalog.types import glue_type
from glue_tui.core.schema import FileFormat
from glue_tui.crawlers.facts import BrokenFile, ColumnFacts, CrawledFile, Found
from glue_tui.crawlers.group import GroupedTable
from glue_tui.crawlers.listing import ListedFile
from glue_tui.crawlers.values import NULL_TYPE

LAKES = ("delta", "iceberg")
_KINDS = {"delta": "a Delta", "iceberg": "an Iceberg"}


def read_lake(listed: ListedFile) -> Found:
    """Read one version of a table: its schema and the number of its rows, from the log and the files' footers."""
    kind = lake_kind(listed.absolute)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PerformanceWarning)
            frame = scan_lake(listed.absolute, listed.storage)
            schema = frame.collect_schema()
            rows = frame.select(pl.len()).collect(engine="streaming").item()
    except (Exception, pl.exceptions.PanicException) as error:  # deltalake's and pyiceberg's errors have no common kind
        first_line = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        return BrokenFile(path=listed.path, reason=f"its {kind.capitalize()} table can't be read: {first_line}")
    facts = {
        name: ColumnFacts(type=NULL_TYPE if dtype == pl.Null else glue_type(dtype)) for name, dtype in schema.items()
    }
    read_as = FileFormat(classification=kind, columns=tuple(schema))
    return CrawledFile(listed=listed, format=read_as, rows=rows, facts=facts)


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
