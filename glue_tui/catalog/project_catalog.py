"""What `glue_tui.open_catalog` returns: a project's tables for programs and notebooks. Its names are a promise."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from glue_tui.catalog.query import run_sql
from glue_tui.catalog.read import Catalog
from glue_tui.catalog.scan import scan
from glue_tui.core.problem import EntityNotFound
from glue_tui.definitions.folder import STATE_FOLDER, find_project_dir


class ProjectCatalog:
    """The data catalog of one project, read-only: `catalog["raw.sales"]` is a table as a polars LazyFrame.

    Names are `database.table`. Unknown ones raise EntityNotFound with the nearest name. Every call reads the catalog as
    it is at that moment; `{{ env.NAME }}` in connections is filled in from the environment of this process.
    """

    def __init__(self, project_dir: Path) -> None:
        self.project_dir = project_dir
        """The project's folder."""
        self._catalog = Catalog.open(project_dir / STATE_FOLDER / "state.db")

    def table(self, name: str) -> pl.LazyFrame:
        """Return a table, its columns first, then its partition keys; filters on these open only files they need."""
        return scan(self._catalog, name, project_dir=self.project_dir, environment=os.environ)

    def __getitem__(self, name: str) -> pl.LazyFrame:
        return self.table(name)

    def sql(self, query: str) -> pl.LazyFrame:
        """Return the answer to a query over all tables, in polars' SQL. Raises InvalidInput for one that is wrong."""
        return run_sql(self._catalog, query, project_dir=self.project_dir, environment=os.environ)

    def tables(self, database: str = "") -> pl.DataFrame:
        """Return the tables of one database, or of all: name, format, rows, files, size_bytes, partitions, version,
        updated_at (UTC), written_by (the crawler or job), location; ordered by name.
        """
        entries = self._catalog.tables(database)
        return pl.DataFrame(
            [
                (
                    one.full_name,
                    one.table.classification,
                    one.rows,
                    one.files,
                    one.size_bytes,
                    one.partitions,
                    one.version,
                    datetime.fromtimestamp(one.updated_at, UTC),
                    one.written_by.partition(":")[2],
                    one.table.location,
                )
                for one in entries
            ],
            schema={
                "table": pl.String,
                "format": pl.String,
                "rows": pl.Int64,
                "files": pl.Int64,
                "size_bytes": pl.Int64,
                "partitions": pl.Int64,
                "version": pl.Int64,
                "updated_at": pl.Datetime("us", "UTC"),
                "written_by": pl.String,
                "location": pl.String,
            },
            orient="row",
        )

    def describe(self, name: str) -> pl.DataFrame:
        """Return a table's columns: column, type (Glue's), is_partition_key, comment, why it has this type."""
        table = self._catalog.table(name).table
        columns = [(column, False) for column in table.columns] + [(key, True) for key in table.partition_keys]
        return pl.DataFrame(
            [(one.name, one.type, is_key, one.comment, one.reason) for one, is_key in columns],
            schema={
                "column": pl.String,
                "type": pl.String,
                "is_partition_key": pl.Boolean,
                "comment": pl.String,
                "why": pl.String,
            },
            orient="row",
        )

    def partitions(self, name: str) -> pl.DataFrame:
        """Return a table's partitions: a column of text for each partition key, then files, rows, size_bytes."""
        keys = [key.name for key in self._catalog.table(name).table.partition_keys]
        sums = {"files": pl.Int64, "rows": pl.Int64, "size_bytes": pl.Int64}
        return pl.DataFrame(
            [(*one.values, one.files, one.rows, one.size_bytes) for one in self._catalog.partitions(name)],
            schema={**dict.fromkeys(keys, pl.String), **sums},
            orient="row",
        )

    def __iter__(self) -> Iterator[str]:
        """Iterate over the tables' names."""
        return iter(self._catalog.names())

    def __len__(self) -> int:
        return len(self._catalog.names())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._catalog.names()

    def __repr__(self) -> str:
        names = self._catalog.names()
        tables = ", ".join(names[:10]) + (f", … {len(names) - 10} more" if len(names) > 10 else "")
        return f"<catalog of {self.project_dir}: {tables or 'empty, crawlers and jobs fill it'}>"

    def _repr_html_(self) -> str:
        """A notebook shows the tables."""
        shown: str = self.tables()._repr_html_()
        return shown

    def _ipython_key_completions_(self) -> list[str]:
        """What Tab offers behind `catalog["`."""
        return list(self._catalog.names())


def find_catalog(project: str | os.PathLike[str] | None) -> ProjectCatalog:
    """Return the catalog of the nearest project at or above a folder. Raises EntityNotFound."""
    start = Path(project if project is not None else Path.cwd())
    found = find_project_dir(start) if start.is_dir() else None
    if found is None:
        raise EntityNotFound(
            f"no project at or above {start.absolute()}: there is no workflows/*.toml",
            hint='name its folder: glue_tui.open_catalog("path/to/project")',
        )
    return ProjectCatalog(found)
