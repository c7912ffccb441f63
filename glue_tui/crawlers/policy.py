"""What becomes of a found table in the catalog: made, updated or left, by the policy (rules SC-1 to SC-3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from glue_tui.catalog.read import TableEntry
from glue_tui.catalog.write import DEPRECATED_PARAMETER
from glue_tui.core.model import Crawler, crawler_id
from glue_tui.core.schema import SOURCE_STATE, ChangeKind, Column, DataFile, Table, TableChange
from glue_tui.core.schema_changes import table_differences
from glue_tui.core.states import DeleteBehavior, RecrawlBehavior, UpdateBehavior
from glue_tui.crawlers.tables import DraftTable, comments_kept

Stored = tuple[TableEntry, tuple[DataFile, ...]]


def change_of(draft: DraftTable, stored: Stored | None, crawler: Crawler) -> TableChange:
    """Return the change that brings the catalog from `stored` to what the crawl found, as far as the policy lets it."""
    written_by = crawler_id(crawler.name)
    if stored is None:
        return TableChange(
            kind=ChangeKind.CREATED,
            table=draft.table,
            written_by=written_by,
            files=draft.files,
            notes=_reasons(draft.table),
        )
    entry, files_before = stored
    before = entry.table
    columns = comments_kept(draft.table.columns, {column.name: column for column in before.columns})
    table = replace(draft.table, columns=columns, parameters=_merged_parameters(before, draft.table))
    notes = [str(one) for one in table_differences(before, table) if one.kind != "moved"]
    if notes and crawler.update_behavior is UpdateBehavior.LOG:
        notes = [f"{note} (not applied: schema_change.update is LOG)" for note in notes]
        if [key.name for key in before.partition_keys] != [key.name for key in table.partition_keys]:
            return TableChange(kind=ChangeKind.UNCHANGED, table=before, written_by=written_by, notes=tuple(notes))
        table = replace(table, columns=before.columns, partition_keys=before.partition_keys)
    if entry.is_deprecated:
        notes.append("it is found again: no longer deprecated")
    files, removed = _file_differences(before, files_before, table, draft.files)
    if not files and not removed and _is_same(before, table):
        seen = replace(before, parameters=table.parameters)
        return TableChange(kind=ChangeKind.UNCHANGED, table=seen, written_by=written_by, notes=tuple(notes))
    notes += [f"{len(removed)} files are gone: {', '.join(removed[:3])}"] if removed else []
    whole = crawler.recrawl is RecrawlBehavior.CRAWL_EVERYTHING or before.location != table.location
    return TableChange(
        kind=ChangeKind.UPDATED,
        table=table,
        written_by=written_by,
        files=draft.files if whole else tuple(files),
        replace_files=whole,
        removed_paths=() if whole else tuple(removed),
        notes=tuple(notes),
    )


def gone(entry: TableEntry, crawler: Crawler) -> TableChange | None:
    """Return the change for a table whose data is no longer found; None where the policy only logs it."""
    match crawler.delete_behavior:
        case DeleteBehavior.LOG:
            return None
        case DeleteBehavior.DEPRECATE_IN_DATABASE:
            kind, note = ChangeKind.DEPRECATED, "its data is no longer found: marked as deprecated"
        case DeleteBehavior.DELETE_FROM_DATABASE:
            kind, note = ChangeKind.DELETED, "its data is no longer found: deleted from the catalog"
    if entry.is_deprecated and kind is ChangeKind.DEPRECATED:
        return None
    return TableChange(kind=kind, table=entry.table, written_by=crawler_id(crawler.name), notes=(note,))


def _reasons(table: Table) -> tuple[str, ...]:
    return tuple(
        f"column {column.name} is {column.type}{_because(column)}" for column in table.columns if column.reason
    )


def _because(column: Column) -> str:
    return f": {column.reason}" if column.reason else ""


def _merged_parameters(before: Table, after: Table) -> dict[str, str]:
    kept = {key: text for key, text in before.parameters.items() if key != DEPRECATED_PARAMETER}
    return {**kept, **after.parameters}


def _is_same(before: Table, after: Table) -> bool:
    """Return whether nothing differs but the order or number of formats, or the moment at which it was looked at."""
    return _what_it_is(before) == _what_it_is(after)


def _what_it_is(table: Table) -> Table:
    parameters = {key: text for key, text in table.parameters.items() if key != SOURCE_STATE}
    return replace(table, formats=(), parameters=parameters)


def _file_differences(
    before: Table, files_before: Sequence[DataFile], after: Table, files_after: Sequence[DataFile]
) -> tuple[list[DataFile], list[str]]:
    """Return the files that are new or changed, and the paths that are gone."""
    old = {file.path: file for file in files_before}
    changed = [
        file
        for file in files_after
        if file.path not in old
        or before.formats[old[file.path].format] != after.formats[file.format]
        or replace(old[file.path], format=0) != replace(file, format=0)
    ]
    paths = {file.path for file in files_after}
    return changed, sorted(path for path in old if path not in paths)
