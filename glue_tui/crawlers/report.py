"""What a crawl says of a table, in the same words to its log and to who asks for a preview. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from glue_tui.catalog.read import TableEntry
from glue_tui.core.counts import counted
from glue_tui.core.schema import ChangeKind, Column, DataFile, TableChange
from glue_tui.core.schema_changes import Difference, table_differences
from glue_tui.crawlers.policy import Stored
from glue_tui.crawlers.tables import DraftTable

PARTITIONS_NAMED_MAX = 5
"""A line names so many partitions at most; a report holds them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableReport:
    """What a crawl found of one table, and what becomes of it."""

    table: str
    """`database.table`."""
    kind: ChangeKind
    classification: str
    location: str
    columns: tuple[Column, ...]
    """As the table will have them."""
    partition_keys: tuple[Column, ...]
    why: str = ""
    """Why it is a table of its own, with the similarity that decided."""
    differences: tuple[Difference, ...] = ()
    """Of its columns and keys; none for a new table."""
    partitions_added: tuple[str, ...] = ()
    """Values of each, joined by `/`."""
    partitions_gone: tuple[str, ...] = ()
    partitions: int = 0
    formats: int = 0
    """Kinds of files that are read apart: other delimiters, other columns."""
    files: int = 0
    files_read: int = 0
    """In this crawl; the others stand unchanged in the catalog."""
    files_added: int = 0
    files_changed: int = 0
    files_gone: int = 0
    rows: int = 0
    notes: tuple[str, ...] = ()
    """What was decided and why."""
    doubts: tuple[str, ...] = ()
    """What the data left open, each with the key that settles it."""


def report_of(draft: DraftTable, stored: Stored | None, change: TableChange) -> TableReport:
    """Return what to say of a table that was found; `stored` is how the catalog knew it."""
    before = {file.path: file for file in stored[1]} if stored else {}
    paths = {file.path for file in draft.files}
    partitions, partitions_before = _partitions(draft.files), _partitions(before.values())
    doubted = {doubt.partition(": ")[2] for doubt in draft.doubts} - {""}
    return TableReport(
        table=change.table.full_name,
        kind=change.kind,
        classification=change.table.classification,
        location=change.table.location,
        columns=change.table.columns,
        partition_keys=change.table.partition_keys,
        why=draft.why,
        differences=table_differences(stored[0].table, change.table) if stored else (),
        partitions_added=tuple(one for one in partitions if one not in partitions_before),
        partitions_gone=tuple(one for one in partitions_before if one not in partitions),
        partitions=len(partitions),
        formats=len(draft.table.formats),
        files=len(draft.files),
        files_read=draft.read if draft.files else 0,
        files_added=sum(file.path not in before for file in draft.files),
        files_changed=sum(
            (before[file.path].size_bytes, before[file.path].mtime_ns) != (file.size_bytes, file.mtime_ns)
            for file in draft.files
            if file.path in before
        ),
        files_gone=sum(path not in paths for path in before),
        rows=sum(file.rows for file in draft.files) if draft.files else draft.table.row_count,
        # A reason that is a doubt, too, is said as that alone.
        notes=tuple(note for note in (*draft.notes, *change.notes) if note.partition(": ")[2] not in doubted),
        doubts=draft.doubts,
    )


def report_of_standing(entry: TableEntry, change: TableChange) -> TableReport:
    """Return what to say of a table whose files were not looked at one by one: it is gone, or nothing has changed."""
    return TableReport(
        table=entry.full_name,
        kind=change.kind,
        classification=entry.table.classification,
        location=entry.table.location,
        columns=entry.table.columns,
        partition_keys=entry.table.partition_keys,
        partitions=entry.partitions,
        formats=len(entry.table.formats),
        files=entry.files,
        rows=entry.rows,
        notes=change.notes,
    )


def lines(report: TableReport) -> Iterator[tuple[str, str]]:
    """Yield what a log says: levels and texts, the table first and indented what there is to know of it."""
    is_gone = report.kind in (ChangeKind.DEPRECATED, ChangeKind.DELETED)
    yield "WARN" if is_gone else "INFO", f"{report.table} {report.kind.value}: {_summary(report)}"
    if report.why:
        yield "INFO", f"  a table because: {report.why}"
    for note in report.notes:
        yield "WARN" if is_gone else "INFO", f"  {note}"
    for word, partitions in (("new", report.partitions_added), ("gone", report.partitions_gone)):
        if partitions and report.kind is not ChangeKind.CREATED:
            yield "INFO", f"  {word}: {counted(len(partitions), 'partition')}, {_named(partitions)}"
    for doubt in report.doubts:
        yield "WARN", f"  {doubt}"


def _summary(report: TableReport) -> str:
    parts = [
        report.classification,
        counted(report.rows, "row"),
        counted(len(report.columns), "column"),
    ]
    if report.files:
        changes = [
            f"{number} {word}"
            for number, word in (
                (report.files_added, "new"),
                (report.files_changed, "changed"),
                (report.files_gone, "gone"),
            )
            if number and report.kind is not ChangeKind.CREATED
        ]
        parts.append(counted(report.files, "file") + (f" ({', '.join(changes)})" if changes else ""))
    if report.partition_keys:
        keys = ", ".join(key.name for key in report.partition_keys)
        parts.append(f"{counted(report.partitions, 'partition')} by {keys}")
    if report.formats > 1:
        parts.append(f"{report.formats} file formats")
    return ", ".join(parts)


def _named(partitions: Sequence[str]) -> str:
    more = len(partitions) - PARTITIONS_NAMED_MAX
    return ", ".join(partitions[:PARTITIONS_NAMED_MAX]) + (f" and {more} more" if more > 0 else "")


def _partitions(files: Iterable[DataFile]) -> dict[str, None]:
    """Return the partitions of files, in their order."""
    return dict.fromkeys(
        "/".join(values) for values in dict.fromkeys(file.partition_values for file in files) if values
    )
