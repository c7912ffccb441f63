"""Why a query fails over a table whose columns have other types than its data: a lock, a person or a policy says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from polars.exceptions import PanicException, PolarsError

from glue_tui.catalog.lineage import mentioned
from glue_tui.catalog.read import Catalog, TableEntry
from glue_tui.catalog.scan import scan
from glue_tui.catalog.types import polars_type
from glue_tui.core.problem import InvalidInput
from glue_tui.core.schema import Column
from glue_tui.core.schema_changes import LOCKED_PARAMETER, NULL_TYPE, found_otherwise


def misfit(catalog: Catalog, query: str, *, project_dir: Path, environment: Mapping[str, str]) -> InvalidInput | None:
    """Return what to say of a query that failed because a column's values are not of the type that the catalog says:
    the table, the column, a value, and the way out. None if there is no such column in its tables.
    """
    looker = _Looker(catalog, project_dir, environment)
    for full_name in mentioned(query, catalog.names()):
        entry = catalog.table(full_name)
        if entry.table.is_in_database:
            continue
        found = found_otherwise(entry.table)
        for column in entry.table.columns:
            kind = found.get(column.name, NULL_TYPE)
            if kind not in (NULL_TYPE, column.type) and looker.fails(entry, column):
                value = looker.value(entry, column)
                return InvalidInput(
                    f"{full_name}: column {column.name} is {column.type} in the catalog, but {kind} in the files"
                    + (f", which hold {value!r}" if value is not None else ""),
                    hint=_way_out(entry, column, kind),
                )
    return None


def _way_out(entry: TableEntry, column: Column, kind: str) -> str:
    retype = f"`glue-tui catalog retype {entry.full_name} {column.name} {kind}`"
    if column.is_locked or LOCKED_PARAMETER in entry.table.parameters:
        name = f" {column.name}" if column.is_locked else ""
        return f"{retype}, or `glue-tui catalog unlock {entry.full_name}{name}` and a crawl"
    return f'{retype}, or a crawl with schema_change.update = "UPDATE_IN_DATABASE"'


@dataclass(frozen=True, slots=True)
class _Looker:
    catalog: Catalog
    project_dir: Path
    environment: Mapping[str, str]

    def fails(self, entry: TableEntry, column: Column) -> bool:
        """Return whether the column alone can't be read."""
        frame = self._column(entry, column, {})
        try:
            frame.select(pl.len(), pl.col(column.name).is_null().sum()).collect(engine="streaming")
        except (PolarsError, PanicException):
            return True
        return False

    def value(self, entry: TableEntry, column: Column) -> str | None:
        """Return the first value that is not of the column's type; None where that takes more than a look at texts."""
        dtype = polars_type(column.type)
        if not (dtype.is_numeric() or dtype == pl.Date()) or any(
            column.name in dict(one.forms) for one in entry.table.formats
        ):
            return None
        text = pl.col(column.name)
        if entry.table.classification not in ("csv", "json", "log"):
            # A double that is whole is an integer, but is written otherwise.
            text = text.str.strip_suffix(".0")
        fitting = text.str.to_date("%Y-%m-%d", strict=False) if dtype == pl.Date() else text.cast(dtype, strict=False)
        texts = self._column(entry, column, {column.name: "string"}).filter(text != "", fitting.is_null())
        try:
            values = texts.head(1).collect(engine="streaming").to_series()
        except PolarsError:
            return None
        return values[0] if len(values) else None

    def _column(self, entry: TableEntry, column: Column, types: Mapping[str, str]) -> pl.LazyFrame:
        frame = scan(
            self.catalog, entry.full_name, project_dir=self.project_dir, environment=self.environment, types=types
        )
        return frame.select(column.name)
