"""What the catalog knows of a crawler's files, and which of those listed are still as it knows them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from glue_tui.catalog.places import Storage, is_s3
from glue_tui.catalog.read import Catalog, FileRow, TableEntry, file_from, types_from
from glue_tui.catalog.readers.lake_tables import LAKES, lake_kind, logs_and_parts
from glue_tui.core.model import Crawler, FolderTarget
from glue_tui.core.schema import LAKE_VERSION, Table
from glue_tui.core.schema_changes import FOUND_PARAMETER
from glue_tui.core.states import RecrawlBehavior
from glue_tui.crawlers.facts import AMBIGUOUS, ColumnFacts, CrawledFile, LakeFiles
from glue_tui.crawlers.listing import Entry, ListedFile, ListedFolder
from glue_tui.crawlers.locations import folder_of, is_below, location_of
from glue_tui.crawlers.settings_marks import marks, reading_mark, settings_mark
from glue_tui.crawlers.tables import OWNER_PARAMETER, known_facts

Known = Mapping[str, FileRow]
"""Files as stored, by path."""


@dataclass(frozen=True, slots=True)
class KnownFiles:
    """The tables of a crawler as they stand in the catalog, and their files."""

    tables: tuple[TableEntry, ...]
    rows: Known
    """Of all tables."""
    by_table: tuple[Known, ...]
    """The same, table by table."""
    beside: Mapping[str, Sequence[FileRow]]
    """By the path of a lake's log, which alone is listed: the data files of its version."""
    sheets: Mapping[str, Sequence[tuple[FileRow, int]]]
    """By the path of a workbook with several sheets: what other tables than that of `rows` have of it."""
    targets: tuple[str, ...]
    """Where the crawler looks for files (see `location_of`)."""

    @classmethod
    def of(cls, catalog: Catalog, crawler: Crawler, project_dir: Path) -> KnownFiles:
        found = catalog.contents_by_parameter(crawler.database, OWNER_PARAMETER, crawler.name)
        by_table: list[Known] = []
        workbooks: set[str] = set()
        beside: dict[str, Sequence[FileRow]] = {}
        sheets: dict[str, list[tuple[FileRow, int]]] = defaultdict(list)
        for place, (entry, files) in enumerate(found):
            listed = files
            if entry.table.classification in LAKES:
                listed, parts = logs_and_parts(files)
                beside |= {log[0]: parts for log in listed}
            if entry.table.classification == "excel":
                for row in listed:
                    if row[0] in workbooks:
                        sheets[row[0]].append((row, place))
                listed = [row for row in listed if row[0] not in workbooks]
                workbooks.update(row[0] for row in listed)
            by_table.append({row[0]: row for row in listed})
        rows = by_table[0] if len(by_table) == 1 else {path: row for own in by_table for path, row in own.items()}
        targets = tuple(
            location_of(target.path, project_dir) for target in crawler.targets if isinstance(target, FolderTarget)
        )
        return cls(tuple(entry for entry, _ in found), rows, tuple(by_table), beside, sheets, targets)

    def tables_below(self, place: str) -> tuple[TableEntry, ...]:
        """Return the tables with files of the target at a place (see `location_of`)."""
        return tuple(entry for entry in self.tables if entry.files and self._is_of(entry, place))

    def _is_of(self, entry: TableEntry, place: str) -> bool:
        """Return whether a table lies in a target, and in no other one within that."""
        location = entry.table.location
        return is_below(location, place) and not any(
            other != place and is_below(other, place) and is_below(location, other) for other in self.targets
        )

    def usable(self, crawler: Crawler, target: FolderTarget, place: str) -> Known:
        """Return what is known of the files of a target, as far as they would be read now as they were then."""
        if crawler.recrawl is RecrawlBehavior.CRAWL_EVERYTHING:
            return {}
        mark = reading_mark(target)
        is_same = [marks(entry)[0] == mark for entry in self.tables]
        if all(is_same) and len(crawler.targets) == 1 and crawler.recrawl is RecrawlBehavior.CRAWL_CHANGED:
            return self.rows  # the listing says which of them lie in the target
        usable = (rows for rows, is_read_so in zip(self.by_table, is_same, strict=True) if is_read_so)
        return {path: row for rows in usable for path, row in rows.items() if is_below(path, place)}

    def are_read_otherwise(self, target: FolderTarget, place: str) -> bool:
        """Return whether files of a target were read in another way than they would be now."""
        mark = reading_mark(target)
        return any(self._is_of(entry, place) and marks(entry)[0] != mark for entry in self.tables)

    def stand(self, crawler: Crawler, target: FolderTarget, place: str, kept: Sequence[FileRow]) -> bool:
        """Return whether the tables of a target are what a comparison with its files would make of them."""
        tables = self.tables_below(place)
        files = len(kept)
        if self.beside or self.sheets:
            files += sum(len(self.beside.get(row[0], ())) + len(self.sheets.get(row[0], ())) for row in kept)
        now = (reading_mark(target), settings_mark(crawler, target))
        return files == sum(entry.files for entry in tables) and not any(
            entry.is_deprecated or FOUND_PARAMETER in entry.table.parameters or marks(entry) != now for entry in tables
        )

    def files(self, rows: Iterable[FileRow], place: str, project_dir: Path, storage: Storage) -> Iterator[CrawledFile]:
        """Yield files as the catalog knows them; `place` is the folder that is their target."""
        start = 0 if place in (".", "") else len(place) + 1
        project = f"{str(project_dir.absolute()).rstrip('/')}/"
        facts: dict[tuple[int, int, str], dict[str, ColumnFacts]] = {}
        for row, table_place in self._with_sheets(rows):
            path, size_bytes, mtime_ns, count, _, number, tag, types = row
            table = self.tables[table_place].table
            key = (table_place, number, types)
            if key not in facts:
                facts[key] = known_facts(table, table.formats[number], types_from(types))
            *parts, name = path[start:].split("/")
            listed = ListedFile(
                path=path,
                absolute=path if is_s3(path) or path.startswith("/") else project + path,
                folders=tuple(parts),
                name=name,
                size_bytes=size_bytes,
                mtime_ns=mtime_ns,
                tag=tag,
                storage=storage,
            )
            yield CrawledFile(
                listed=listed,
                format=table.formats[number],
                rows=count,
                facts=facts[key],
                was_read=False,
                lake=self._lake(path, table),
            )

    def _with_sheets(self, rows: Iterable[FileRow]) -> Iterator[tuple[FileRow, int]]:
        """Yield files with the places of their tables."""
        for row in rows:
            yield row, next(place for place, known in enumerate(self.by_table) if row[0] in known)
            yield from self.sheets.get(row[0], ())

    def _lake(self, log: str, table: Table) -> LakeFiles | None:
        """Return what is known of the version of a Delta or Iceberg table that has this log; None for another table."""
        if table.classification not in LAKES:
            return None
        files = tuple(map(file_from, self.beside.get(log, ())))
        version = table.parameters.get(LAKE_VERSION, "")
        return LakeFiles(keys=table.partition_keys, files=files, version=version)


def changed_since(
    known: Known, folders: Sequence[ListedFolder], unlisted: Sequence[str]
) -> tuple[list[FileRow], list[tuple[ListedFolder, list[Entry]]]]:
    """Return the files that stand as they are known, and by folder those that are new or changed.

    What is known to lie in a folder that could not be listed stands. A file with a column that could mean two things
    goes with those that are new or changed, if there are any: they may settle it.
    """
    kept: list[FileRow] = []
    changed: list[tuple[ListedFolder, list[Entry]]] = []
    for folder in folders:
        prefix = folder.path
        others = []
        for entry in folder.entries:
            name, size_bytes, mtime_ns, tag = entry
            row = known.get(prefix + name)
            if row and row[1] == size_bytes and row[2] == mtime_ns and (row[6] == tag or not row[6]):
                kept.append(row)
            else:
                others.append(entry)
        if others:
            changed.append((folder, others))
    if changed and (ambiguous := {row[0] for row in kept if row[7] and _is_ambiguous(row)}):
        kept = [row for row in kept if row[0] not in ambiguous]
        changed += [
            (folder, again)
            for folder in folders
            if (again := [entry for entry in folder.entries if folder.path + entry[0] in ambiguous])
        ]
    if unlisted:
        kept += [row for path, row in known.items() if any(is_below(path, folder) for folder in unlisted)]
    return kept, changed


def _is_ambiguous(row: FileRow) -> bool:
    return any(kind == AMBIGUOUS for _, kind in types_from(row[7]))


def in_new_folders(
    known: Known, folders: Sequence[ListedFolder], unlisted: Sequence[str]
) -> tuple[list[FileRow], list[tuple[ListedFolder, list[Entry]]]]:
    """Return the known files that are still there, changed or not, and all files of folders that hold none of them."""
    kept = [known[path] for path in _still_listed(known, folders, unlisted)]
    holding = {folder_of(row[0]) for row in kept}
    return kept, [(folder, list(folder.entries)) for folder in folders if folder.path not in holding]


def _still_listed(paths: Iterable[str], folders: Sequence[ListedFolder], unlisted: Sequence[str]) -> Iterator[str]:
    """Yield the known files that lie where they did, or may, unseen. A lake's log may be another by now."""
    listed = {folder.path + name for folder in folders for name, *_ in folder.entries}
    listed |= {folder.path for folder in folders if folder.entries}
    for path in paths:
        place = folder_of(path) if lake_kind(path) else path
        if place in listed or any(is_below(path, folder) for folder in unlisted):
            yield path
