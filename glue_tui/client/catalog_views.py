"""What the command line and the screen tell of a table, made of what catalog, history and definitions know."""

from __future__ import annotations

from pathlib import Path

import msgspec

from glue_tui.catalog.lineage import TableUse, lineage
from glue_tui.catalog.read import Catalog, PartitionEntry, TableEntry, VersionEntry
from glue_tui.client.find import state_db
from glue_tui.core.model import NodeId, node_name
from glue_tui.core.problem import EntityNotFound
from glue_tui.core.schema import LAKE_VERSION, Column, Table
from glue_tui.core.schema_changes import LOCKED_PARAMETER, NULL_TYPE, found_otherwise


class TableListing(msgspec.Struct, frozen=True, kw_only=True):
    """A table of the catalog."""

    database: str
    name: str
    classification: str
    location: str
    columns: tuple[Column, ...]
    partition_keys: tuple[Column, ...]
    rows: int
    files: int
    size_bytes: int
    partitions: int
    version: int
    created_at: float
    updated_at: float
    written_by: str
    run_id: str
    is_deprecated: bool
    is_locked: bool
    """Crawls leave its columns alone."""
    data_types: dict[str, str]
    """Types of columns that the data has otherwise than the table, or that the table leaves out."""
    doubts: tuple[str, ...] = ()
    """What its files could also mean, each with the key of a classifier that settles it."""
    lake_version: str = ""
    """Of a Delta or Iceberg table: the version, and Iceberg's snapshot, that its files are of."""

    @property
    def full_name(self) -> str:
        return f"{self.database}.{self.name}"


class UseView(msgspec.Struct, frozen=True, kw_only=True):
    """A crawler or job that writes or reads a table."""

    access: str
    """writes | reads"""
    workflow: str
    node: str
    type: str
    """crawler | job"""
    run_id: str
    """Of the last run in which it did; empty if only its definition says so."""
    run_number: int
    """0 if the history no longer has that run."""
    at: float | None
    is_defined: bool
    """The workflow has this node now."""


class TableDetails(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of one table."""

    table: TableListing
    partitions: tuple[PartitionEntry, ...]
    versions: tuple[VersionEntry, ...]
    uses: tuple[UseView, ...]


class ColumnMatch(msgspec.Struct, frozen=True, kw_only=True):
    """Where a search found its text: a table, or a column of it."""

    table: str
    column: str
    """Empty where the table's own name holds the text."""
    type: str
    comment: str


def listing(entry: TableEntry) -> TableListing:
    """Return a table as it is listed."""
    table = entry.table
    return TableListing(
        database=table.database,
        name=table.name,
        classification=table.classification,
        location=table.location,
        columns=table.columns,
        partition_keys=table.partition_keys,
        rows=entry.rows,
        files=entry.files,
        size_bytes=entry.size_bytes,
        partitions=entry.partitions,
        version=entry.version,
        created_at=entry.created_at,
        updated_at=entry.updated_at,
        written_by=entry.written_by,
        run_id=entry.run_id,
        is_deprecated=entry.is_deprecated,
        is_locked=LOCKED_PARAMETER in table.parameters,
        data_types={name: kind for name, kind in found_otherwise(table).items() if kind != NULL_TYPE},
        doubts=tuple(dict.fromkeys(doubt for item in table.formats for doubt in item.doubts)),
        lake_version=table.parameters.get(LAKE_VERSION, ""),
    )


def table_details(catalog: Catalog, project_dir: Path, name: str) -> TableDetails:
    """Return all that is known of a table. Raises EntityNotFound with the nearest name."""
    entry = catalog.table(name)
    return TableDetails(
        table=listing(entry),
        partitions=catalog.partitions(name),
        versions=catalog.versions(name),
        uses=_uses(catalog, project_dir, entry.table),
    )


def matches(catalog: Catalog, text: str) -> tuple[ColumnMatch, ...]:
    """Return the tables and columns whose names or comments hold a text, in any case."""
    wanted = text.lower()
    found: list[ColumnMatch] = []
    for entry in catalog.tables():
        table = entry.table
        if wanted in table.full_name:
            found.append(ColumnMatch(table=table.full_name, column="", type=table.classification, comment=""))
        found += [
            ColumnMatch(table=table.full_name, column=one.name, type=one.type, comment=one.comment)
            for one in (*table.columns, *table.partition_keys)
            if wanted in one.name.lower() or wanted in one.comment.lower()
        ]
    return tuple(found)


def _uses(catalog: Catalog, project_dir: Path, table: Table) -> tuple[UseView, ...]:
    from glue_tui.definitions.project import load_project

    uses = lineage(catalog.uses(table.full_name), load_project(project_dir).workflows, table)
    numbers = _run_numbers(project_dir, {one.run_id for one in uses} - {""})
    return tuple(_use_view(one, numbers.get(one.run_id, 0)) for one in uses)


def _use_view(use: TableUse, number: int) -> UseView:
    kind, _, _ = use.node_id.partition(":")
    return UseView(
        access=use.access.value,
        workflow=use.workflow,
        node=node_name(NodeId(use.node_id)),
        type=kind,
        run_id=use.run_id,
        run_number=number,
        at=use.at,
        is_defined=use.is_defined,
    )


def _run_numbers(project_dir: Path, run_ids: set[str]) -> dict[str, int]:
    from glue_tui.store.history import open_history

    history = open_history(state_db(project_dir))
    numbers: dict[str, int] = {}
    try:
        for run_id in run_ids:
            try:
                numbers[run_id] = history.run(run_id).summary.number
            except EntityNotFound:
                continue
    finally:
        history.close()
    return numbers
