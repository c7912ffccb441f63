"""What becomes of a found table in the catalog: made, updated or left, by the policy (rules SC-1 to SC-7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from glue_tui.catalog.read import TableEntry
from glue_tui.catalog.readers.lake_tables import lake_kind
from glue_tui.catalog.write import DEPRECATED_PARAMETER
from glue_tui.core.model import Crawler, crawler_id
from glue_tui.core.schema import SOURCE_STATE, ChangeKind, Column, DataFile, Table, TableChange
from glue_tui.core.schema_changes import (
    data_types,
    in_order,
    merged,
    table_differences,
    with_data_types,
    with_locks,
)
from glue_tui.core.states import DeleteBehavior, RecrawlBehavior, UpdateBehavior
from glue_tui.crawlers.tables import FORMAT_PARAMETERS, DraftTable, comments_kept

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
    columns = in_order(
        comments_kept(draft.table.columns, {column.name: column for column in before.columns}), before.columns
    )
    found = replace(draft.table, columns=columns, parameters=_merged_parameters(before, draft.table))
    if crawler.update_behavior is UpdateBehavior.MERGE_NEW_COLUMNS and found.classification != before.classification:
        return _left_to_a_person(entry, found, written_by)
    allowed, notes = _as_the_policy_says(before, found, crawler.update_behavior)
    if allowed is None:
        return TableChange(kind=ChangeKind.UNCHANGED, table=before, written_by=written_by, notes=notes)
    locked, lock_notes = with_locks(before, allowed)
    table = with_data_types(locked, data_types(found))
    notes = (*(str(one) for one in table_differences(before, table)), *notes, *lock_notes)
    if entry.is_deprecated:
        notes = (*notes, "it is found again: no longer deprecated")
    files, removed = _file_differences(before, files_before, table, draft.files)
    if not removed and _is_same(before, table) and _have_same_data(files_before, files):
        seen = replace(before, parameters=table.parameters)
        return TableChange(
            kind=ChangeKind.UNCHANGED, table=seen, written_by=written_by, files=tuple(files), notes=notes
        )
    if gone_files := [path for path in removed if not lake_kind(path)]:  # A newer version takes a lake's log away.
        gone_text = "1 file is gone" if len(gone_files) == 1 else f"{len(gone_files)} files are gone"
        notes = (*notes, f"{gone_text}: {', '.join(gone_files[:3])}")
    whole = crawler.recrawl is RecrawlBehavior.CRAWL_EVERYTHING or before.location != table.location
    return TableChange(
        kind=ChangeKind.UPDATED,
        table=table,
        written_by=written_by,
        files=draft.files if whole else tuple(files),
        replace_files=whole,
        removed_paths=() if whole else tuple(removed),
        notes=notes,
    )


def _as_the_policy_says(before: Table, found: Table, behavior: UpdateBehavior) -> tuple[Table | None, tuple[str, ...]]:
    """Return what the table may become, and for people what it may not (rules SC-2, SC-5, SC-7).

    None where its files can't be brought in: they have values for other partition keys than the table.
    """
    if behavior is UpdateBehavior.UPDATE_IN_DATABASE:
        return found, ()
    refused = [one for one in table_differences(before, found) if one.kind != "moved"]
    kept = replace(found, columns=before.columns, partition_keys=before.partition_keys)
    if behavior is UpdateBehavior.MERGE_NEW_COLUMNS:
        kept = replace(kept, columns=merged(before, found).columns)
        refused = [one for one in table_differences(kept, found) if one.kind != "moved"]
    else:
        kept = replace(kept, classification=before.classification)
    notes = tuple(f"{one} (not applied: schema_change.update is {behavior.value})" for one in refused)
    if [key.name for key in before.partition_keys] != [key.name for key in found.partition_keys]:
        return None, (*notes, "so its files stay as the catalog knows them")
    return kept, notes


def _left_to_a_person(entry: TableEntry, found: Table, written_by: str) -> TableChange:
    """Mark a table as deprecated whose files have another format now: merging does not go so far (rule SC-5)."""
    note = (
        f"its files are {found.classification} now, they were {entry.table.classification}: with schema_change.update "
        'MERGE_NEW_COLUMNS it stays as it was, marked as deprecated; "UPDATE_IN_DATABASE" brings it up to date'
    )
    kind = ChangeKind.UNCHANGED if entry.is_deprecated else ChangeKind.DEPRECATED
    return TableChange(kind=kind, table=entry.table, written_by=written_by, notes=(note,))


def unchanged(entry: TableEntry, crawler: Crawler) -> TableChange:
    """Return that a table stands as it is: neither its files nor the crawler's settings have changed."""
    return TableChange(kind=ChangeKind.UNCHANGED, table=entry.table, written_by=crawler_id(crawler.name))


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
    """Return what the crawler says, and what others have said besides."""
    own = (DEPRECATED_PARAMETER, *FORMAT_PARAMETERS)
    return {**{key: text for key, text in before.parameters.items() if key not in own}, **after.parameters}


def _is_same(before: Table, after: Table) -> bool:
    """Return whether nothing differs but the order or number of formats, or the moment at which it was looked at."""
    return _what_it_is(before) == _what_it_is(after)


def _what_it_is(table: Table) -> Table:
    parameters = {key: text for key, text in table.parameters.items() if key != SOURCE_STATE}
    return replace(table, formats=(), parameters=parameters)


def _have_same_data(before: Sequence[DataFile], changed: Sequence[DataFile]) -> bool:
    """Return whether files differ from before in nothing but what is known of their versions."""
    old = {file.path: file for file in before} if changed else {}
    return all(
        file.path in old and replace(file, tag="", format=0) == replace(old[file.path], tag="", format=0)
        for file in changed
    )


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
