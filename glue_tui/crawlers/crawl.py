"""One crawl: list, classify, read, group, compare with the catalog. Changes are returned, not written here."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from glue_tui.catalog.places import is_s3
from glue_tui.catalog.read import Catalog, TableEntry
from glue_tui.catalog.readers.lake_tables import LAKES
from glue_tui.catalog.s3_access import CONNECTION_URL_PARAMETER, storage_for
from glue_tui.core.model import Connection, Crawler, CrawlTarget, DatabaseTarget, FolderTarget
from glue_tui.core.problem import EntityNotFound, GlueTuiError, InvalidInput, did_you_mean
from glue_tui.core.schema import Table, TableChange, table_name
from glue_tui.core.states import TableGrouping
from glue_tui.crawlers.database import crawl_database, is_looked_for, source_of
from glue_tui.crawlers.group import Grouping
from glue_tui.crawlers.known_files import KnownFiles
from glue_tui.crawlers.lake_facts import lake_table
from glue_tui.crawlers.listing import shown_path
from glue_tui.crawlers.locations import is_below, location_of
from glue_tui.crawlers.overlaps import Claims, inner_first
from glue_tui.crawlers.policy import Stored, change_of, gone, unchanged
from glue_tui.crawlers.report import TableReport, lines, report_of, report_of_standing
from glue_tui.crawlers.settings_marks import SETTINGS_PARAMETER, settings_parameter
from glue_tui.crawlers.tables import OWNER_PARAMETER, DraftTable, draft
from glue_tui.crawlers.target_files import Log, Problems, Progress, TargetFiles, TargetReader
from glue_tui.crawlers.workbooks import group_by_sheet

TABLES_NAMED_MAX = 30

Found = tuple[TableChange, TableReport]
"""What becomes of a table, and what is said of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlReport:
    """What a crawl found. `rows`, `files` and `size_bytes` count all data of its tables, read again or not."""

    table_changes: tuple[TableChange, ...]
    tables: tuple[TableReport, ...]
    """What is to be said of each of them."""
    rows: int
    files: int
    size_bytes: int
    files_read: int
    problems: tuple[str, ...]
    """Files that could not be read, each with its reason."""


@dataclass(frozen=True, slots=True)
class _Crawl:
    crawler: Crawler
    catalog: Catalog
    project_dir: Path
    log: Log
    known: KnownFiles
    reader: TargetReader
    stored: Mapping[str, TableEntry]
    """All tables of the crawler's database, by name."""
    taken: set[str]
    """Names of tables that this crawl has given."""


@dataclass(slots=True)
class _Held:
    """What the targets hold, gathered one after the other."""

    drafts: list[DraftTable]
    standing: list[TableEntry]
    files: list[TargetFiles]
    unread: set[tuple[str, str, str]]
    """Connection, schema and name of database tables that can't be read."""
    failed: list[tuple[CrawlTarget, GlueTuiError]]
    """Targets that can't be read at all."""


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
    by default) and stay unfilled in the catalog. A target that can't be read is a problem beside others that can;
    raises EntityNotFound or InvalidInput if none holds anything.
    """
    environment = os.environ if environment is None else environment
    known = KnownFiles.of(catalog, crawler, project_dir)
    claims = Claims(sum(isinstance(target, FolderTarget) for target in crawler.targets) > 1)
    reader = TargetReader(crawler, known, project_dir, log, progress, Problems(log), time.time_ns(), claims)
    stored = {entry.table.name: entry for entry in catalog.tables(crawler.database)}
    state = _Crawl(crawler, catalog, project_dir, log, known, reader, stored, set())
    held = _Held([], [], [], set(), [])
    for target in inner_first(crawler.targets, project_dir):
        try:
            match target:
                case FolderTarget():
                    _add_folder(state, held, target, connections, environment)
                case DatabaseTarget():
                    _add_database(state, held, target, connections, environment)
        except GlueTuiError as error:
            held.failed.append((target, error))
    _tell_failed(state, held)
    _refuse_too_many(crawler, [*(entry.table for entry in held.standing), *(item.table for item in held.drafts)])
    told = [_unchanged(state, entry) for entry in held.standing]
    told += [_compared(state, item) for item in held.drafts]
    told += _vanished(state, held)
    return _report(told, held.drafts, held.standing, reader.problems)


def _add_folder(
    state: _Crawl,
    held: _Held,
    target: FolderTarget,
    connections: Mapping[str, Connection],
    environment: Mapping[str, str],
) -> None:
    connection_url = _connection_url(state.crawler, target, connections)
    files = state.reader.read(target, storage_for(target.path, connection_url, environment))
    held.files.append(files)
    if files.unchanged is None:
        held.drafts += _drafts(state, target, connection_url, files)
    else:
        held.standing += files.unchanged
        state.taken.update(entry.table.name for entry in files.unchanged)


def _add_database(
    state: _Crawl,
    held: _Held,
    target: DatabaseTarget,
    connections: Mapping[str, Connection],
    environment: Mapping[str, str],
) -> None:
    tables = crawl_database(
        state.crawler,
        target,
        connections,
        state.known.tables,
        environment=environment,
        project_dir=state.project_dir,
        taken=state.taken,
        free_name=lambda name, location, place: _free_name(state, name, location, place),
    )
    held.drafts += tables.drafts
    held.standing += tables.unchanged
    held.unread |= tables.unread
    for problem in tables.problems:
        state.reader.problems.add(problem)


def _tell_failed(state: _Crawl, held: _Held) -> None:
    """Tell of targets that can't be read beside others that can. Raises the first error if no target holds a table."""
    if not held.failed:
        return
    is_nothing = not held.drafts and not held.standing
    for target, error in held.failed[1:] if is_nothing else held.failed:
        where = target.path if isinstance(target, FolderTarget) else f"{target.connection} {target.include}"
        reason = str(error).removeprefix(f"crawler {state.crawler.name}: ")
        state.reader.problems.add(f"target {where}: {reason}; its tables stay as they are")
    if is_nothing:
        raise held.failed[0][1]


def _report(
    told: Sequence[Found], drafts: Sequence[DraftTable], standing: Sequence[TableEntry], problems: Problems
) -> CrawlReport:
    return CrawlReport(
        table_changes=tuple(change for change, _ in told),
        tables=tuple(report for _, report in told),
        rows=sum(item.table.row_count + sum(file.rows for file in item.files) for item in drafts)
        + sum(entry.rows for entry in standing),
        files=sum(len(item.files) for item in drafts) + sum(entry.files for entry in standing),
        size_bytes=sum(file.size_bytes for item in drafts for file in item.files)
        + sum(entry.size_bytes for entry in standing),
        files_read=sum(item.read for item in drafts if item.files),
        problems=tuple(problems.lines),
    )


def _connection_url(crawler: Crawler, target: FolderTarget, connections: Mapping[str, Connection]) -> str:
    if not target.connection:
        return ""
    connection = connections.get(target.connection)
    if connection is None:
        raise EntityNotFound(
            f"crawler {crawler.name}: no connection named {target.connection!r}",
            hint=did_you_mean(target.connection, tuple(connections)),
        )
    return connection.url


def _drafts(state: _Crawl, target: FolderTarget, connection_url: str, found: TargetFiles) -> list[DraftTable]:
    if not found.files:
        return []
    place = location_of(target.path, state.project_dir)
    name = (state.project_dir.absolute().name if place == "." else place.rpartition("/")[2]) or "table"
    if found.is_file:
        name = name.partition(".")[0]
    parameters = {SETTINGS_PARAMETER: settings_parameter(state.crawler, target)}
    if connection_url:
        parameters[CONNECTION_URL_PARAMETER] = connection_url
    drafts = []
    lakes = [file for file in found.files if file.format.classification in LAKES]
    others = [file for file in found.files if file.format.classification not in LAKES]
    tables = group_by_sheet(others, name, _grouping(state, target))
    for grouped in [*tables, *(lake_table(file, place, name) for file in lakes)]:
        if not any(file.format.columns or file.lake for file, _ in grouped.files):
            paths = [file.listed.path for file, _ in grouped.files]
            more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
            state.reader.problems.add(f"{shown_path(min(paths))}{more}: there are records, but not one column")
            continue
        folder = "/".join((place, *grouped.folders)) if place != "." else "/".join(grouped.folders) or "."
        location = grouped.files[0][0].listed.path if grouped.single_file else folder
        name_of_table = _free_name(state, table_name(grouped.name, state.crawler.table_prefix), location)
        entry = state.stored.get(name_of_table)
        made = draft(
            grouped,
            database=state.crawler.database.lower(),
            name=name_of_table,
            location=location,
            crawler=state.crawler.name,
            said_types=dict(target.classifier.types),
            before=entry.table.columns if entry else (),
        )
        table = replace(made.table, parameters={**made.table.parameters, **parameters})
        drafts.append(replace(made, table=table))
    return drafts


def _grouping(state: _Crawl, target: FolderTarget) -> Grouping:
    crawler = state.crawler
    top = location_of(target.path, state.project_dir).removeprefix(".")
    below = [
        entry.table.location.removeprefix(top).strip("/")
        for entry in state.known.tables
        if not entry.is_deprecated and f"{entry.table.location}/".startswith(f"{top}/" if top else "")
    ]
    return Grouping(
        is_combining=crawler.table_grouping is TableGrouping.COMBINE_COMPATIBLE_SCHEMAS,
        table_depth=None if crawler.table_level is None else max(crawler.table_level - target.level, 0),
        tables_before=frozenset(tuple(path.split("/")) if path else () for path in below),
    )


def _refuse_too_many(crawler: Crawler, tables: Sequence[Table]) -> None:
    """Let a crawl fail that finds more tables than it may (rule CR-12): nothing of it reaches the catalog."""
    if crawler.table_threshold is None or len(tables) <= crawler.table_threshold:
        return
    names = [table.name for table in tables]
    more = f" and {len(names) - TABLES_NAMED_MAX} more" if len(names) > TABLES_NAMED_MAX else ""
    raise InvalidInput(
        f"crawler {crawler.name}: {len(tables)} tables detected, table_threshold is {crawler.table_threshold}: "
        f"{', '.join(names[:TABLES_NAMED_MAX])}{more}",
        hint=f"nothing was written; `glue-tui crawl {crawler.name} --dry-run` says why each is one: "
        "table_level, table_grouping or targets of their own make it fewer",
    )


def _free_name(state: _Crawl, name: str, location: str, place: str = "") -> str:
    """Take and return the name, with a hash of where the table is if another table has it (rule GR-6).

    `place` tells tables of one location apart: those of a database.
    """
    holder = state.stored.get(name)
    is_other = False
    if holder is not None and holder.table.location != location and not holder.is_deprecated:
        is_own = holder.table.parameters.get(OWNER_PARAMETER) == state.crawler.name
        is_other = not is_own or _may_exist(state, holder.table.location)
    if name in state.taken or is_other:
        where = f"{location} {place}" if place else location
        name = f"{name[:119]}_{hashlib.sha1(where.encode(), usedforsecurity=False).hexdigest()[:8]}"
    state.taken.add(name)
    return name


def _may_exist(state: _Crawl, location: str) -> bool:
    return is_s3(location) or (state.project_dir / location).exists()


def _unchanged(state: _Crawl, entry: TableEntry) -> Found:
    """Return that nothing has changed of a table, its files not looked at one by one."""
    change = unchanged(entry, state.crawler)
    return _told(state, change, report_of_standing(entry, change))


def _compared(state: _Crawl, item: DraftTable) -> Found:
    entry = state.stored.get(item.table.name)
    stored: Stored | None = None
    if entry is not None:
        stored = state.catalog.contents(item.table.full_name) if entry.files else (entry, ())
    change = change_of(item, stored, state.crawler)
    return _told(state, change, report_of(item, stored, change))


def _told(state: _Crawl, change: TableChange, report: TableReport) -> Found:
    for level, text in lines(report):
        state.log(level, text)
    return change, report


def _vanished(state: _Crawl, held: _Held) -> list[Found]:
    """Return changes for tables of this crawler that its targets should hold but no longer do."""
    found = {item.table.name for item in held.drafts} | {entry.table.name for entry in held.standing}
    failed = [target for target, _ in held.failed]
    told = []
    for entry in state.known.tables:
        table = entry.table
        if table.name in found or (table.is_in_database and source_of(table) in held.unread):
            continue
        if not _is_looked_for(state, table, state.crawler.targets) or _is_looked_for(state, table, failed):
            continue
        location = table.location
        if any(files.holds(location) for files in held.files) and not _is_regrouped(entry, held.drafts):
            continue  # its files are there but can't be read: it stays as it is
        change = gone(entry, state.crawler)
        if change is None:
            if not entry.is_deprecated:
                state.log("WARN", f"{entry.full_name}: its data is no longer found (schema_change.delete is LOG)")
            continue
        told.append(_told(state, change, report_of_standing(entry, change)))
    return told


def _is_regrouped(entry: TableEntry, drafts: Sequence[DraftTable]) -> bool:
    """Return whether the files below a table's location now belong to other tables."""
    location = entry.table.location
    return any(file.path == location or file.path.startswith(location + "/") for item in drafts for file in item.files)


def _is_looked_for(state: _Crawl, table: Table, targets: Sequence[CrawlTarget]) -> bool:
    """Return whether a table is one that these targets mean, were it there."""
    if table.is_in_database:
        return is_looked_for(table, targets)
    folders = (location_of(target.path, state.project_dir) for target in targets if isinstance(target, FolderTarget))
    return any(is_below(table.location, folder) for folder in folders)
