"""One crawl: list, classify, read, group, compare with the catalog. Changes are returned, not written here."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

from glue_tui.catalog.read import Catalog, TableEntry
from glue_tui.core.model import Connection, Crawler, DatabaseTarget, FolderTarget
from glue_tui.core.problem import EntityNotFound, InvalidInput
from glue_tui.core.schema import DataFile, FileFormat, Table, TableChange, table_name
from glue_tui.core.states import RecrawlBehavior, TableGrouping
from glue_tui.crawlers.database import crawl_database, is_looked_for, source_of
from glue_tui.crawlers.facts import BrokenFile, CrawledFile, PassedOver
from glue_tui.crawlers.group import GroupedTable, Grouping, group
from glue_tui.crawlers.infer import read_files
from glue_tui.crawlers.listing import ListedFile, catalog_path, list_files
from glue_tui.crawlers.policy import Stored, change_of, gone
from glue_tui.crawlers.tables import OWNER_PARAMETER, DraftTable, draft, known_facts

Log = Callable[[str, str], None]
"""Takes a level (INFO, WARN, …) and a line."""
Progress = Callable[[int, int], None]
"""Takes files done and files in all."""

PROBLEMS_LOGGED_MAX = 50
TABLES_NAMED_MAX = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlReport:
    """What a crawl found. `rows`, `files` and `size_bytes` count all data of its tables, read again or not."""

    table_changes: tuple[TableChange, ...]
    rows: int
    files: int
    size_bytes: int
    files_read: int
    problems: tuple[str, ...]
    """Files that could not be read, each with its reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """A file as it stands in the catalog."""

    file: DataFile
    format: FileFormat
    table: Table


@dataclass(frozen=True, slots=True)
class _Crawl:
    crawler: Crawler
    catalog: Catalog
    project_dir: Path
    log: Log
    progress: Progress
    problems: list[str]


def crawl(
    crawler: Crawler,
    connections: Mapping[str, Connection],
    catalog: Catalog,
    *,
    project_dir: Path,
    log: Log,
    progress: Progress,
    environment: Mapping[str, str] | None = None,
) -> CrawlReport:
    """Crawl all targets and return what it means for the catalog.

    Connections come as they are defined: templates in their URLs are filled in from `environment` (the process's own
    by default) and stay unfilled in the catalog. Raises EntityNotFound or InvalidInput if a target has nothing to read.
    """
    state = _Crawl(crawler, catalog, project_dir, log, progress, [])
    drafts: list[DraftTable] = []
    listed: list[str] = []
    taken: set[str] = set()
    unread: set[tuple[str, str, str]] = set()
    for target in crawler.targets:
        match target:
            case FolderTarget():
                drafts += _crawl_folder(state, target, listed, taken)
            case DatabaseTarget():
                found = crawl_database(
                    crawler,
                    target,
                    connections,
                    [entry.table for entry in _own_tables(state)],
                    environment=os.environ if environment is None else environment,
                    project_dir=project_dir,
                    free_name=lambda name, location, place: _free_name(state, name, location, taken, place),
                )
                drafts += found.drafts
                unread |= found.unread
                for problem in found.problems:
                    _problem(state, problem)
    _refuse_too_many(crawler, drafts)
    changes = [_compared(state, item) for item in drafts]
    changes += _vanished(state, drafts, listed, unread)
    return CrawlReport(
        table_changes=tuple(changes),
        rows=sum(item.table.row_count + sum(file.rows for file in item.files) for item in drafts),
        files=sum(len(item.files) for item in drafts),
        size_bytes=sum(file.size_bytes for item in drafts for file in item.files),
        files_read=sum(item.read for item in drafts if item.files),
        problems=tuple(state.problems),
    )


def _crawl_folder(state: _Crawl, target: FolderTarget, all_listed: list[str], taken: set[str]) -> list[DraftTable]:
    crawler = state.crawler
    if "://" in target.path:
        raise InvalidInput(
            f"crawler {crawler.name}: {target.path} can't be crawled yet",
            hint="targets are folders and databases so far",
        )
    if not (state.project_dir / target.path).exists():
        raise EntityNotFound(
            f"crawler {crawler.name}: {target.path} does not exist",
            hint=f"make it, or correct the path in crawlers.{crawler.name}.targets",
        )
    try:
        listed = list(list_files(Path(target.path), target.exclude, project_dir=state.project_dir))
    except OSError as error:
        raise InvalidInput(f"crawler {crawler.name}: {error.filename} can't be listed: {error.strerror}") from error
    all_listed.extend(file.path for file in listed)
    if not listed:
        state.log("WARN", f"{target.path}: no data files in it")
        return []
    broken = len(state.problems)
    files = _read(state, target, listed)
    if not files:
        if len(state.problems) > broken:
            raise InvalidInput(
                f"crawler {crawler.name}: none of the {len(listed)} files in {target.path} can be read",
                hint=state.problems[-1],
            )
        state.log("WARN", f"{target.path}: no data files in it")
        return []
    name = Path(os.path.normpath(state.project_dir.absolute() / target.path)).name
    if len(listed) == 1 and (state.project_dir / target.path).is_file():
        name = name.partition(".")[0]
    return _drafts(state, target, group(files, name, _grouping(state, target)), taken)


def _grouping(state: _Crawl, target: FolderTarget) -> Grouping:
    crawler = state.crawler
    top = _location(state, target.path).removeprefix(".")
    below = [
        entry.table.location.removeprefix(top).strip("/")
        for entry in _own_tables(state)
        if not entry.is_deprecated and f"{entry.table.location}/".startswith(f"{top}/" if top else "")
    ]
    return Grouping(
        is_combining=crawler.table_grouping is TableGrouping.COMBINE_COMPATIBLE_SCHEMAS,
        table_depth=None if crawler.table_level is None else max(crawler.table_level - target.level, 0),
        tables_before=frozenset(tuple(path.split("/")) if path else () for path in below),
    )


def _refuse_too_many(crawler: Crawler, drafts: Sequence[DraftTable]) -> None:
    """Let a crawl fail that finds more tables than it may (rule CR-12): nothing of it reaches the catalog."""
    if crawler.table_threshold is None or len(drafts) <= crawler.table_threshold:
        return
    names = [item.table.name for item in drafts]
    more = f" and {len(names) - TABLES_NAMED_MAX} more" if len(names) > TABLES_NAMED_MAX else ""
    raise InvalidInput(
        f"crawler {crawler.name}: {len(drafts)} tables detected, table_threshold is {crawler.table_threshold}: "
        f"{', '.join(names[:TABLES_NAMED_MAX])}{more}",
        hint=f"nothing was written; `glue-tui crawl {crawler.name} --dry-run` says why each is one: "
        "table_level, table_grouping or targets of their own make it fewer",
    )


def _read(state: _Crawl, target: FolderTarget, listed: Sequence[ListedFile]) -> list[CrawledFile]:
    """Return all files that hold data: the changed ones read, the others as the catalog knows them."""
    known = _known_files(state)
    folders = {os.path.dirname(path) for path in known}  # noqa: PTH120
    files: list[CrawledFile] = []
    to_read: list[ListedFile] = []
    broken = len(state.problems)
    for item in listed:
        if not item.path.isprintable() and _is_misnamed(item.path):
            _problem(state, f"{item.path!a}: its name is not UTF-8")
            continue
        before = known.get(item.path)
        match state.crawler.recrawl:
            case RecrawlBehavior.CRAWL_EVERYTHING:
                is_known = False
            case RecrawlBehavior.CRAWL_CHANGED:
                is_known = before is not None and _is_unchanged(item, before.file)
            case RecrawlBehavior.CRAWL_NEW_FOLDERS_ONLY:
                is_known = before is not None
                if before is None and os.path.dirname(item.path) in folders:  # noqa: PTH120
                    continue
        if is_known and before is not None:
            files.append(_unread(item, before))
        else:
            to_read.append(item)
    _log_listing(state, target, len(listed), len(files))
    done = len(listed) - len(to_read)
    state.progress(done, len(listed))
    for found in read_files(to_read, target.classifier):
        for result in found:
            match result:
                case PassedOver():
                    state.log("INFO", f"passed over {result.path}: {result.reason}")
                case BrokenFile():
                    _problem(state, f"{result.path}: {result.reason}")
                case CrawledFile():
                    files.append(result)
        done += len(found)
        state.progress(done, len(listed))
    if len(state.problems) - broken > PROBLEMS_LOGGED_MAX:
        state.log("WARN", f"… and {len(state.problems) - broken - PROBLEMS_LOGGED_MAX} more files that can't be read")
    return sorted(files, key=lambda file: file.listed.path)


def _is_misnamed(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        return True
    return False


def _log_listing(state: _Crawl, target: FolderTarget, total: int, unchanged: int) -> None:
    if state.crawler.recrawl is RecrawlBehavior.CRAWL_EVERYTHING or not unchanged:
        state.log("INFO", f"{target.path}: {total} files to read")
    else:
        state.log("INFO", f"{target.path}: {total} files: {unchanged} unchanged, {total - unchanged} to read")


def _known_files(state: _Crawl) -> dict[str, _Known]:
    """Return the files of this crawler's tables, by path."""
    if state.crawler.recrawl is RecrawlBehavior.CRAWL_EVERYTHING:
        return {}
    known: dict[str, _Known] = {}
    for entry in _own_tables(state):
        _, files = state.catalog.contents(entry.full_name)
        for file in files:
            known[file.path] = _Known(file=file, format=entry.table.formats[file.format], table=entry.table)
    return known


def _own_tables(state: _Crawl) -> list[TableEntry]:
    return [
        entry
        for entry in state.catalog.tables(state.crawler.database)
        if entry.table.parameters.get(OWNER_PARAMETER) == state.crawler.name
    ]


def _is_unchanged(listed: ListedFile, before: DataFile) -> bool:
    return listed.size_bytes == before.size_bytes and listed.mtime_ns == before.mtime_ns


def _unread(listed: ListedFile, before: _Known) -> CrawledFile:
    """Return a file as the catalog knows it; if it did change, its next crawl shall see that too."""
    return CrawledFile(
        listed=replace(listed, size_bytes=before.file.size_bytes, mtime_ns=before.file.mtime_ns),
        format=before.format,
        rows=before.file.rows,
        facts=known_facts(before.table, before.format),
        was_read=False,
    )


def _problem(state: _Crawl, text: str) -> None:
    state.problems.append(text)
    if len(state.problems) <= PROBLEMS_LOGGED_MAX:
        state.log("WARN", f"left out {text}")


def _drafts(state: _Crawl, target: FolderTarget, tables: list[GroupedTable], taken: set[str]) -> list[DraftTable]:
    drafts = []
    for grouped in tables:
        folder = _location(state, "/".join((target.path, *grouped.folders)))
        location = grouped.files[0][0].listed.path if grouped.single_file else folder
        name = _free_name(state, table_name(grouped.name, state.crawler.table_prefix), location, taken)
        drafts.append(
            draft(
                grouped,
                database=state.crawler.database.lower(),
                name=name,
                location=location,
                crawler=state.crawler.name,
            )
        )
    return drafts


def _location(state: _Crawl, path: str) -> str:
    project = state.project_dir.absolute()
    return catalog_path(os.path.normpath(project / path), os.path.normpath(project))


def _free_name(state: _Crawl, name: str, location: str, taken: set[str], place: str = "") -> str:
    """Take and return the name, with a hash of where the table is if another table has it (rule GR-6).

    `place` tells tables of one location apart: those of a database.
    """
    holder = next((entry for entry in state.catalog.tables(state.crawler.database) if entry.table.name == name), None)
    is_other = False
    if holder is not None and holder.table.location != location and not holder.is_deprecated:
        is_own = holder.table.parameters.get(OWNER_PARAMETER) == state.crawler.name
        is_other = not is_own or (state.project_dir / holder.table.location).exists()
    if name in taken or is_other:
        where = f"{location} {place}" if place else location
        name = f"{name[:119]}_{hashlib.sha1(where.encode(), usedforsecurity=False).hexdigest()[:8]}"
    taken.add(name)
    return name


def _compared(state: _Crawl, item: DraftTable) -> TableChange:
    stored: Stored | None
    try:
        stored = state.catalog.contents(item.table.full_name)
    except EntityNotFound:
        stored = None
    change = change_of(item, stored, state.crawler)
    state.log("INFO", _summary(item, change))
    for note in (*item.notes, *change.notes):
        state.log("INFO", f"  {note}")
    return change


def _summary(item: DraftTable, change: TableChange) -> str:
    table = change.table
    rows = sum(file.rows for file in item.files) if item.files else item.table.row_count
    parts = [f"{rows} rows", f"{len(table.columns)} columns"]
    if item.files:
        parts.append(f"{len(item.files)} files")
    if table.partition_keys:
        values = {file.partition_values for file in item.files}
        parts.append(f"{len(values)} partitions by {', '.join(key.name for key in table.partition_keys)}")
    if len(item.table.formats) > 1:
        parts.append(f"{len(item.table.formats)} file formats")
    why = f"; {item.why}" if item.why else ""
    return f"{table.full_name} {change.kind.value}: {table.classification}, {', '.join(parts)}{why}"


def _vanished(
    state: _Crawl, drafts: Sequence[DraftTable], listed: Sequence[str], unread: Set[tuple[str, str, str]]
) -> list[TableChange]:
    """Return changes for tables of this crawler that its targets should hold but no longer do."""
    found = {item.table.name for item in drafts}
    changes = []
    for entry in _own_tables(state):
        table = entry.table
        if table.name in found or (table.is_in_database and source_of(table) in unread):
            continue
        if not (
            is_looked_for(table, state.crawler) if table.is_in_database else _is_below_target(state, table.location)
        ):
            continue
        location = entry.table.location
        if any(path == location or path.startswith(location + "/") for path in listed) and not _is_regrouped(
            entry, drafts
        ):
            continue  # its files are there but can't be read: it stays as it is
        change = gone(entry, state.crawler)
        if change is None:
            if not entry.is_deprecated:
                state.log("WARN", f"{entry.full_name}: its data is no longer found (schema_change.delete is LOG)")
            continue
        state.log("WARN", f"{entry.full_name} {change.kind.value}: {change.notes[0]}")
        changes.append(change)
    return changes


def _is_regrouped(entry: TableEntry, drafts: Sequence[DraftTable]) -> bool:
    """Return whether the files below a table's location now belong to other tables."""
    location = entry.table.location
    return any(file.path == location or file.path.startswith(location + "/") for item in drafts for file in item.files)


def _is_below_target(state: _Crawl, location: str) -> bool:
    targets = [_location(state, item.path) for item in state.crawler.targets if isinstance(item, FolderTarget)]
    return any(target == "." or location == target or location.startswith(target + "/") for target in targets)
