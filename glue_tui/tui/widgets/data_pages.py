"""What the Data view shows, as grids: the catalog, and of one table its facets. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from itertools import groupby
from typing import TYPE_CHECKING

from glue_tui.client.words import count, counted, size
from glue_tui.core.model import NodeId, node_name
from glue_tui.core.schema_changes import Difference, differences
from glue_tui.tui.format import age
from glue_tui.tui.paint import Span, Spans
from glue_tui.tui.widgets.data_grid import Grid, GridColumn, GridRow, grid

if TYPE_CHECKING:
    from glue_tui.catalog.answers import QueryAnswer
    from glue_tui.catalog.read import PartitionEntry, TableEntry, VersionEntry
    from glue_tui.client.catalog_views import TableDetails, UseView
    from glue_tui.core.schema import Column


class Facet(StrEnum):
    """What can be looked at of one table; the value is its tab's word."""

    COLUMNS = "Columns"
    ROWS = "Rows"
    PARTITIONS = "Partitions"
    VERSIONS = "Versions"
    USES = "Uses"


TEXT_CELLS_MAX = 100
"""Of a reason, a note, a comment: it stands last in its row."""

COLUMNS_FOUND_SHOWN = 5
"""Of each table, when columns are searched by name: a letter may be in all of ten thousand."""

_CATALOG = (
    GridColumn(name="table", tone="strong"),
    GridColumn(name="rows", is_right=True),
    GridColumn(name="columns", is_right=True),
    GridColumn(name="size", is_right=True),
    GridColumn(name="format", tone="running"),
    GridColumn(name="by", tone="muted"),
    GridColumn(name="updated", tone="muted", is_right=True),
    GridColumn(name="partitions", is_right=True, tone="muted"),
    GridColumn(name="version", is_right=True, tone="muted"),
)


def catalog_grid(entries: Sequence[TableEntry], folded: Collection[str], text: str, now: float) -> Grid:
    """Return the tables by database; with a text only those whose name, or a column's name, holds it, and which
    columns. A row's key is `database.table` or, of a database, its name.
    """
    wanted = text.lower()
    rows: list[GridRow] = []
    for database, group in groupby(entries, key=lambda entry: entry.table.database):
        tables = list(group)
        found: list[GridRow] = []
        for entry in tables:
            columns = _columns_with(entry, wanted) if wanted else []
            if columns or wanted in entry.full_name:
                found += [_table_row(entry, now), *columns]
        if found:
            rows.append(_database_row(database, tables))
            rows += found if wanted or database not in folded else ()
    said = f'no table and no column has "{text}" in its name' if entries else "the catalog is empty: a crawler fills it"
    return grid(_CATALOG, rows, said)


def _database_row(database: str, tables: Sequence[TableEntry]) -> GridRow:
    rows, bytes_ = sum(one.rows for one in tables), sum(one.size_bytes for one in tables)
    cells = (database, count(rows), "", size(bytes_) if bytes_ else "", counted(len(tables), "table"), "", "", "", "")
    return GridRow(cells=cells, key=database, tone="accent")


def _table_row(entry: TableEntry, now: float) -> GridRow:
    return GridRow(
        cells=(
            f"  {entry.table.name}",
            count(entry.rows),
            count(len(entry.table.columns) + len(entry.table.partition_keys)),
            size(entry.size_bytes) if entry.size_bytes else "",
            entry.table.classification + (" deprecated" if entry.is_deprecated else ""),
            node_name(NodeId(entry.written_by)),
            age(now - entry.updated_at),
            count(entry.partitions) if entry.partitions else "",
            str(entry.version),
        ),
        key=entry.full_name,
        tone="muted" if entry.is_deprecated else "",
    )


def _columns_with(entry: TableEntry, wanted: str) -> list[GridRow]:
    found = [one for one in (*entry.table.columns, *entry.table.partition_keys) if wanted in one.name.lower()]
    told = [(one.name, one.type) for one in found[:COLUMNS_FOUND_SHOWN]]
    more = len(found) - len(told)
    told += [(f"and {counted(more, 'more column')}", "")] if more else []
    return [
        GridRow(cells=(f"    {name}", "", "", "", kind, "", "", "", ""), key=entry.full_name, tone="running")
        for name, kind in told
    ]


def columns_grid(details: TableDetails, nulls: Mapping[str, str], text: str) -> Grid:
    """Return a table's columns; `nulls`: of each how many rows have no value, where they have been counted."""
    table = details.table
    keys = {one.name for one in table.partition_keys}
    columns = (
        GridColumn(name="column", tone="strong"),
        GridColumn(name="type", tone="running"),
        *((GridColumn(name="nulls", is_right=True),) if nulls else ()),
        GridColumn(name="", tone="warn"),
        GridColumn(name="why", tone="muted", cells_max=TEXT_CELLS_MAX),
    )
    rows = [
        GridRow(
            cells=(
                one.name,
                one.type,
                *((nulls.get(one.name, ""),) if nulls else ()),
                _marks(one, one.name in keys, table.data_types),
                "; ".join(said for said in (one.comment, one.reason) if said),
            ),
            key=one.name,
        )
        for one in (*table.columns, *table.partition_keys)
        if text.lower() in one.name.lower() or text.lower() in one.comment.lower()
    ]
    return grid(columns, rows, f'no column has "{text}" in its name or comment')


def _marks(column: Column, is_key: bool, data_types: Mapping[str, str]) -> str:
    found = data_types.get(column.name)
    marks = ["partition key"] if is_key else []
    marks += ["locked"] if column.is_locked else []
    marks += [f"data has {found}"] if found else []
    return ", ".join(marks)


def partitions_grid(details: TableDetails, text: str) -> Grid:
    """Return a table's partitions, those that have `text` in a value."""
    keys = details.table.partition_keys
    numbers = [GridColumn(name=name, is_right=True) for name in ("files", "rows", "size")]
    columns = (*(GridColumn(name=key.name, tone="strong") for key in keys), *numbers)
    rows = [_partition_row(one) for one in details.partitions if any(text.lower() in v.lower() for v in one.values)]
    if not keys:
        return grid((), (), "the table has no partition keys")
    return grid(columns, rows, f'no partition has "{text}" in a value' if text else "no partition yet")


def _partition_row(one: PartitionEntry) -> GridRow:
    return GridRow(
        cells=(*one.values, count(one.files), count(one.rows), size(one.size_bytes)), key="/".join(one.values)
    )


def versions_grid(details: TableDetails, base: int, now: float) -> Grid:
    """Return the versions of a table's columns with what changed: as noted, or against version `base` if not 0."""
    columns = (
        GridColumn(name="version", is_right=True, tone="strong"),
        GridColumn(name="since", is_right=True, tone="muted"),
        GridColumn(name="by", tone="trigger"),
        GridColumn(name=f"against version {base}" if base else "what changed", cells_max=TEXT_CELLS_MAX),
    )
    versions = details.versions
    rows = [
        GridRow(
            cells=(
                str(one.version),
                age(now - one.at),
                node_name(NodeId(one.written_by)),
                _against(versions, one, base) if base else "; ".join(one.notes) or "first seen",
            ),
            key=str(one.version),
            tone="accent" if one.version == base else "",
        )
        for one in versions
    ]
    return grid(columns, rows)


def _against(versions: Sequence[VersionEntry], one: VersionEntry, base: int) -> str:
    if one.version == base:
        return "(marked: v lets go)"
    found = version_differences(versions, base, one.version)
    return "; ".join(map(str, found)) or "the same columns"


def version_differences(versions: Sequence[VersionEntry], before: int, after: int) -> tuple[Difference, ...]:
    """Return how the columns of version `after` differ from those of `before`; from none where that is not kept."""
    kept = {one.version: one for one in versions}
    new, old = kept[after], kept.get(before)
    return differences(old.columns if old else (), new.columns, old.partition_keys if old else (), new.partition_keys)


def uses_grid(details: TableDetails, now: float) -> Grid:
    """Return who writes and who reads a table. A row's key is the place of its use."""
    columns = (
        GridColumn(name="", tone="muted"),
        GridColumn(name="node", tone="strong"),
        GridColumn(name="type", tone="muted"),
        GridColumn(name="workflow"),
        GridColumn(name="run", is_right=True),
        GridColumn(name="when", is_right=True, tone="muted"),
        GridColumn(name="", tone="warn"),
    )
    rows = [_use_row(one, str(place), now) for place, one in enumerate(details.uses)]
    return grid(columns, rows, "nothing is known to write or read this table")


def _use_row(use: UseView, key: str, now: float) -> GridRow:
    access = "written by" if use.access == "writes" else "read by"
    run = str(use.run_number) if use.run_number else ""
    when = age(now - use.at) if use.at is not None else "not yet"
    gone = "" if use.is_defined or not use.workflow else "its workflow has it no longer"
    return GridRow(cells=(access, use.node, use.type, use.workflow, run, when, gone), key=key)


def answer_grid(answer: QueryAnswer) -> Grid:
    """Return the rows of a query."""
    columns = [GridColumn(name=one.name, is_right=one.is_numeric) for one in answer.columns]
    return grid(columns, (GridRow(cells=row) for row in answer.rows), "no rows")


def catalog_facts(entries: Sequence[TableEntry]) -> Spans:
    """Return the sums of the catalog: `2 databases · 8 tables · 37 000 rows · 1.9 MB`."""
    if not entries:
        return ()
    databases = len({entry.table.database for entry in entries})
    rows, bytes_ = sum(one.rows for one in entries), sum(one.size_bytes for one in entries)
    parts = (counted(databases, "database"), counted(len(entries), "table"), counted(rows, "row"), size(bytes_))
    keys: Spans = (("   Enter", "key"), (" open  ", "muted"), ("/", "key"), (" find  ", "muted"), ("i", "key"))
    return ((" · ".join(parts), "muted"), *keys, (" SQL", "muted"))


def table_facts(details: TableDetails, now: float) -> Spans:
    """Return what is known of a table as a whole, what matters most first."""
    table = details.table
    warnings: list[str] = ["DEPRECATED: its files are gone"] if table.is_deprecated else []
    warnings += ["locked: crawls leave its columns alone"] if table.is_locked else []
    warnings += [f"in doubt: {doubt}" for doubt in table.doubts]
    updated = age(now - table.updated_at)
    facts = [
        counted(table.rows, "row"),
        table.classification,
        table.location,
        *([counted(table.partitions, "partition")] if table.partition_keys else []),
        *([counted(table.files, "file"), size(table.size_bytes)] if table.files else []),
        f"version {table.version}",
        "updated just now" if updated == "now" else f"updated {updated} ago",
        *([table.lake_version] if table.lake_version else []),
    ]
    spans: list[Span] = [(f"{warning}  ", "warn") for warning in warnings]
    return (*spans, (" · ".join(facts), "muted"))
