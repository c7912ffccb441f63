"""What `glue-tui catalog` prints for people: lists, and one table, as wide as the terminal."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from itertools import zip_longest
from textwrap import wrap

from glue_tui.catalog.read import PartitionEntry, VersionEntry
from glue_tui.cli.output import cell_width, harmless, paint, table_text, time_text
from glue_tui.client.catalog_views import ColumnMatch, TableDetails, TableListing, UseView
from glue_tui.client.words import count, counted, size
from glue_tui.core.schema import DATABASE_KINDS, Column, DataFile

PARTITIONS_SHOWN = 20
VERSIONS_SHOWN = 5
_TYPE_CHARS_MAX = 40
_WHY_CHARS_MIN = 24
_LEFT_OUT_FIRST = ("columns", "updated", "by", "partitions", "format")
"""Of a list of tables, where the terminal is too narrow."""


def screen_width() -> int:
    """Return the cells of a line: of the terminal, 120 where there is none."""
    return shutil.get_terminal_size((120, 24)).columns


def tables_text(tables: Sequence[TableListing], width: int) -> str:
    """Return a list of tables, without its least columns where the terminal is narrow."""
    shown = {
        "table": [one.full_name + (" (deprecated)" if one.is_deprecated else "") for one in tables],
        "format": [one.classification for one in tables],
        "rows": [count(one.rows) for one in tables],
        "columns": [count(len(one.columns) + len(one.partition_keys)) for one in tables],
        "partitions": [count(one.partitions) if one.partition_keys else "" for one in tables],
        "files": [count(one.files) for one in tables],
        "size": [size(one.size_bytes) for one in tables],
        "updated": [time_text(one.updated_at) for one in tables],
        "by": [one.written_by.partition(":")[2] for one in tables],
    }
    left_out = iter(_LEFT_OUT_FIRST)
    while _width(shown) > width and (least := next(left_out, None)) is not None:
        del shown[least]
    numbers = {"rows", "columns", "partitions", "files", "size"}
    right = [place for place, name in enumerate(shown) if name in numbers]
    return table_text(list(shown), list(zip(*shown.values(), strict=True)), right=right)


def totals_text(tables: Sequence[TableListing]) -> str:
    """Return `2 databases, 8 tables, 37 000 rows, 1.9 MB`."""
    databases = len({one.database for one in tables})
    rows, bytes_ = sum(one.rows for one in tables), sum(one.size_bytes for one in tables)
    return f"{counted(databases, 'database')}, {counted(len(tables), 'table')}, {counted(rows, 'row')}, {size(bytes_)}"


def details_text(details: TableDetails, width: int) -> str:
    """Return all that is known of one table."""
    table = details.table
    parts = [_head(table, details.uses), columns_text(table.columns, table.partition_keys, width)]
    if details.partitions:
        parts.append(partitions_text(table, details.partitions[:PARTITIONS_SHOWN], len(details.partitions)))
    if len(details.versions) > 1:
        parts.append(versions_text(details.versions[:VERSIONS_SHOWN], len(details.versions), width))
    return "\n\n".join(parts)


def _head(table: TableListing, uses: Sequence[UseView]) -> str:
    facts = [
        table.classification,
        counted(table.rows, "row"),
        *([counted(table.partitions, "partition")] if table.partition_keys else []),
        *([counted(table.files, "file"), size(table.size_bytes)] if table.files else []),
        f"version {table.version}",
    ]
    lines = [f"{paint(table.full_name, 'running')}  {' · '.join(facts)}", f"at {harmless(table.location)}"]
    made = f", made {time_text(table.created_at)}" if table.created_at < table.updated_at else ""
    lines.append(f"updated {time_text(table.updated_at)}{made}")
    if table.classification in DATABASE_KINDS and _is_written_since(table, uses):
        lines.append(paint("a job has written it since: a crawl counts its rows anew", "muted"))
    if table.lake_version:
        lines.append(f"files of {table.lake_version} in its log")
    if table.is_deprecated:
        lines.append(paint("DEPRECATED: its files are gone", "warn"))
    if table.is_locked:
        lines.append("locked: crawls leave its columns alone")
    if table.data_types:
        others = ", ".join(f"{harmless(name)} {kind}" for name, kind in table.data_types.items())
        lines.append(paint(f"the data has it otherwise: {others}", "warn"))
    lines += [paint(f"in doubt: {harmless(doubt)}", "warn") for doubt in table.doubts]
    for access, words in (("writes", "written by"), ("reads", "read by")):
        lines += [f"{words} {_use(one)}" for one in uses if one.access == access]
    if not any(one.access == "reads" for one in uses):
        lines.append(paint("read by nothing so far", "muted"))
    return "\n".join(lines)


def _is_written_since(table: TableListing, uses: Sequence[UseView]) -> bool:
    """Tell whether a job has written a database's table after a crawler has counted its rows."""
    written = [one for one in uses if one.access == "writes" and one.at is not None]
    counted_at = max([table.updated_at, *(one.at or 0 for one in written if one.type == "crawler")])
    return any(one.type == "job" and (one.at or 0) > counted_at for one in written)


def _use(use: UseView) -> str:
    of = f" of {use.workflow}" if use.workflow else ""
    run = f"run {use.run_number}" if use.run_number else use.run_id
    when = f", {run}, {time_text(use.at)}" if use.run_id else ", not yet"
    gone = "" if use.is_defined or not use.workflow else paint(" (its workflow has it no longer)", "muted")
    return f"{use.type} {use.node}{of}{when}{gone}"


def columns_text(columns: Sequence[Column], keys: Sequence[Column], width: int) -> str:
    """Return columns with types and why; what is long goes on in the next line."""
    key_names = {one.name for one in keys}
    texts = [
        (
            harmless(one.name),
            one.type + (" (partition key)" if one.name in key_names else "") + (" locked" if one.is_locked else ""),
            "; ".join(harmless(text) for text in (one.comment, one.reason) if text),
        )
        for one in (*columns, *keys)
    ]
    name_width = max([6, *(cell_width(name) for name, _, _ in texts)])
    type_width = max([4, *(min(len(kind), _TYPE_CHARS_MAX) for _, kind, _ in texts)])
    why_width = max(_WHY_CHARS_MIN, width - name_width - type_width - 4)
    rows: list[tuple[str, str, str]] = []
    for name, kind, why in texts:
        kinds = wrap(kind, _TYPE_CHARS_MAX, break_on_hyphens=False)
        rows += zip_longest([name], kinds, wrap(why, why_width), fillvalue="")
    return table_text(("column", "type", "why"), rows)


def partitions_text(table: TableListing, partitions: Sequence[PartitionEntry], total: int) -> str:
    """Return partitions with a column for each key; what is left out is said."""
    keys = [key.name for key in table.partition_keys]
    rows = [
        (*(harmless(value) for value in one.values), count(one.files), count(one.rows), size(one.size_bytes))
        for one in partitions
    ]
    numbers = range(len(keys), len(keys) + 3)
    more = total - len(partitions)
    text = table_text((*keys, "files", "rows", "size"), rows, right=numbers)
    hint = f"\n… and {count(more)} more: `glue-tui catalog {table.full_name} --partitions` lists all"
    return text + (paint(hint, "muted") if more else "")


def versions_text(versions: Sequence[VersionEntry], total: int, width: int) -> str:
    """Return the versions of a table's schema, newest first, with what was noted of each."""
    rows: list[tuple[str, str, str, str]] = []
    for one in versions:
        fixed = (str(one.version), time_text(one.at), one.written_by.partition(":")[2])
        notes = wrap(harmless("; ".join(one.notes)), max(_WHY_CHARS_MIN, width - 34 - len(fixed[2]))) or [""]
        rows += [(*(fixed if place == 0 else ("", "", "")), note) for place, note in enumerate(notes)]
    more = total - len(versions)
    return table_text(("version", "since", "by", "notes"), rows, right=(0,)) + (
        paint(f"\n… and {count(more)} older: --versions lists all", "muted") if more else ""
    )


def files_text(files: Sequence[DataFile]) -> str:
    """Return files with what the catalog knows of them."""
    rows = [(harmless(one.path), count(one.rows), size(one.size_bytes), time_text(one.mtime_ns / 1e9)) for one in files]
    return table_text(("file", "rows", "size", "modified"), rows, right=(1, 2))


def matches_text(matches: Sequence[ColumnMatch]) -> str:
    """Return what a search found."""
    rows = [(one.table, harmless(one.column), one.type, harmless(one.comment)) for one in matches]
    return table_text(("table", "column", "type", "comment"), rows)


def _width(shown: dict[str, list[str]]) -> int:
    return sum(max(map(cell_width, (name, *cells))) + 2 for name, cells in shown.items()) - 2
