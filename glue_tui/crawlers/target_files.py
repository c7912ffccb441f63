"""The files of one target: which the catalog knows, which are new or changed, and what reading those has found."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from glue_tui.catalog.places import FileStatus, Storage, is_s3, local_status
from glue_tui.catalog.read import Catalog, FileRow, TableEntry
from glue_tui.catalog.readers.lake_tables import lake_folder, lake_kind
from glue_tui.core.model import Crawler, FolderTarget
from glue_tui.core.problem import EntityNotFound, InvalidInput
from glue_tui.core.schema import UNSETTLED_TAG
from glue_tui.core.schema_changes import FOUND_PARAMETER
from glue_tui.core.states import RecrawlBehavior
from glue_tui.crawlers.facts import BrokenFile, ColumnFacts, CrawledFile, PassedOver
from glue_tui.crawlers.infer import read_files
from glue_tui.crawlers.listing import (
    Entry,
    ListedFile,
    ListedFolder,
    Troubles,
    catalog_path,
    list_folders,
    shown_path,
)
from glue_tui.crawlers.tables import OWNER_PARAMETER, known_facts

Log = Callable[[str, str], None]
"""Takes a level (INFO, WARN, …) and a line."""
Progress = Callable[[int, int], None]
"""Takes files done and files in all."""

PROBLEMS_LOGGED_MAX = 50
SETTLE_S = 2.0
"""A file that was modified so shortly before the crawl may have been again, unseen by a clock that ticks coarsely."""
STATUS_THREADS = 16
READING_VERSION = 1
"""Goes up when files are read better than before: what older versions found is then found anew."""

SETTINGS_PARAMETER = "CRAWLER_SETTINGS"
"""Table parameter: two marks, of how the crawler was told to read the files, and of all its settings."""


@dataclass(frozen=True, slots=True)
class Problems:
    """Files and folders that are left out, each with its reason; the log is not flooded with them."""

    log: Log
    lines: list[str] = field(default_factory=list)

    def add(self, text: str) -> None:
        self.lines.append(text)
        if len(self.lines) <= PROBLEMS_LOGGED_MAX:
            self.log("WARN", f"left out {text}")


@dataclass(frozen=True, slots=True)
class KnownFiles:
    """The tables of a crawler as they stand in the catalog, and their files."""

    tables: tuple[TableEntry, ...]
    rows: Mapping[str, tuple[FileRow, int]]
    """By path: the file as stored, and the place of its table."""

    @classmethod
    def of(cls, catalog: Catalog, crawler: Crawler) -> KnownFiles:
        found = catalog.contents_by_parameter(crawler.database, OWNER_PARAMETER, crawler.name)
        rows = {row[0]: (row, place) for place, (_, files) in enumerate(found) for row in files}
        return cls(tuple(entry for entry, _ in found), rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetFiles:
    """What a target holds, read again or not."""

    files: tuple[CrawledFile, ...]
    """All that hold data, by path; none if nothing has changed."""
    folders: tuple[ListedFolder, ...]
    """All that was listed, whether it holds data or not."""
    unlisted: tuple[str, ...]
    """What could not be listed."""
    unchanged: tuple[TableEntry, ...] | None
    """The tables of the target, if nothing at all has changed in it."""
    is_file: bool

    def holds(self, location: str) -> bool:
        """Return whether something lies, or may lie unseen, at or below a table's location."""
        below = f"{location}/"
        return any(
            folder.path.startswith(below)
            or (location.startswith(folder.path) and any(folder.path + name == location for name, *_ in folder.entries))
            for folder in self.folders
        ) or any(is_below(location, path) or is_below(path, location) for path in self.unlisted)


@dataclass(frozen=True, slots=True)
class TargetReader:
    """Reads the targets of one crawl."""

    crawler: Crawler
    known: KnownFiles
    project_dir: Path
    log: Log
    progress: Progress
    problems: Problems
    started_ns: int
    """When the crawl began, since 1970."""

    def read(self, target: FolderTarget, storage: Storage) -> TargetFiles:
        """Return the files of a target. Raises EntityNotFound or InvalidInput if it can't be listed or read at all."""
        troubles = Troubles(self.problems.add, lambda text: self.log("WARN", text), [])
        folders = self._listed(target, storage, troubles)
        broken = len(self.problems.lines)
        total = sum(len(folder.entries) for folder in folders)
        kept, to_read = self._compared(target, folders, troubles)
        self._log_listing(target, total, len(to_read))
        read = list(self._found(target, to_read, total))
        result = TargetFiles(
            files=(),
            folders=tuple(folders),
            unlisted=tuple(troubles.unlisted),
            unchanged=None,
            is_file=_is_file(target, folders, self.project_dir),
        )
        if not read and kept and self._stands(target, len(kept)):
            return replace(result, unchanged=self._tables(target))
        if not read and not kept and len(self.problems.lines) > broken:
            raise InvalidInput(
                f"crawler {self.crawler.name}: none of the {total} files in {target.path} can be read",
                hint=self.problems.lines[-1],
            )
        files = [*read, *self._unread(target, kept, folders, storage)]
        return replace(result, files=tuple(sorted(files, key=lambda file: file.listed.path)))

    def _listed(self, target: FolderTarget, storage: Storage, troubles: Troubles) -> list[ListedFolder]:
        name = self.crawler.name
        try:
            folders = list(
                list_folders(target.path, target.exclude, storage, project_dir=self.project_dir, troubles=troubles)
            )
        except FileNotFoundError as error:
            reason = error.strerror if is_s3(target.path) else f"{target.path} does not exist"
            raise EntityNotFound(
                f"crawler {name}: {reason}", hint=f"make it, or correct the path in crawlers.{name}.targets"
            ) from error
        except OSError as error:
            reason = f"{shown_path(str(error.filename or target.path))} can't be listed: {error.strerror}"
            raise InvalidInput(f"crawler {name}: {reason}", hint=_way_out(target, error)) from error
        return folders

    def _compared(
        self, target: FolderTarget, folders: Sequence[ListedFolder], troubles: Troubles
    ) -> tuple[list[FileRow], list[ListedFile]]:
        """Return the files that stand as the catalog knows them, and those to be read."""
        known = self._usable(target)
        kept: list[FileRow] = []
        to_read: list[ListedFile] = []
        if self.crawler.recrawl is RecrawlBehavior.CRAWL_NEW_FOLDERS_ONLY:
            kept += [known[path][0] for path in _still_listed(known, folders, troubles.unlisted)]
            holding = {_folder_of(row[0]) for row in kept}
            for folder in folders:
                if folder.path not in holding:
                    to_read += [self._file(folder, entry) for entry in folder.entries]
            return kept, to_read
        for folder in folders:
            prefix = folder.path
            for entry in folder.entries:
                found = known.get(prefix + entry[0])
                if found is not None:
                    row = found[0]
                    if row[1] == entry[1] and row[2] == entry[2] and (row[6] == entry[3] or not row[6]):
                        kept.append(row)
                        continue
                to_read.append(self._file(folder, entry))
        if troubles.unlisted:
            kept += [
                row for path, (row, _) in known.items() if any(is_below(path, folder) for folder in troubles.unlisted)
            ]
        return kept, to_read

    def _usable(self, target: FolderTarget) -> Mapping[str, tuple[FileRow, int]]:
        """Return what is known of the files of a target, as far as they would be read now as they were then."""
        if self.crawler.recrawl is RecrawlBehavior.CRAWL_EVERYTHING:
            return {}
        mark = _reading_mark(target)
        is_same = [_marks(entry)[0] == mark for entry in self.known.tables]
        if all(is_same) and len(self.crawler.targets) == 1 and self.crawler.recrawl is RecrawlBehavior.CRAWL_CHANGED:
            return self.known.rows  # the listing says which of them lie in the target
        place = location_of(target.path, self.project_dir)
        own = [is_below(entry.table.location, place) for entry in self.known.tables]
        if any(mine and not same for mine, same in zip(own, is_same, strict=True)):
            self.log("INFO", f"{target.path}: its files are read otherwise than before: all are read again")
        return {
            path: (row, table)
            for path, (row, table) in self.known.rows.items()
            if is_same[table] and is_below(path, place)
        }

    def _file(self, folder: ListedFolder, entry: Entry) -> ListedFile:
        is_fresh = entry[2] >= self.started_ns - SETTLE_S * 1e9 and not is_s3(folder.absolute)
        return folder.file((*entry[:3], UNSETTLED_TAG) if is_fresh else entry)

    def _log_listing(self, target: FolderTarget, total: int, to_read: int) -> None:
        if total == 0:
            self.log("WARN", f"{target.path}: no data files in it")
        elif to_read == total:
            self.log("INFO", f"{target.path}: {total} file{'' if total == 1 else 's'} to read")
        else:
            self.log("INFO", f"{target.path}: {total} files: {total - to_read} unchanged, {to_read} to read")

    def _found(self, target: FolderTarget, to_read: Sequence[ListedFile], total: int) -> Iterator[CrawledFile]:
        """Yield what the files hold, those that can be read."""
        done = total - len(to_read)
        broken = len(self.problems.lines)
        self.progress(done, total)
        for found in read_files(to_read, target.classifier):
            crawled: list[CrawledFile] = []
            for result in found:
                match result:
                    case PassedOver():
                        self.log("INFO", f"passed over {shown_path(result.path)}: {result.reason}")
                    case BrokenFile():
                        self.problems.add(f"{shown_path(result.path)}: {result.reason}")
                    case CrawledFile():
                        crawled.append(result)
                        for note in result.notes:
                            self.log("WARN", f"{shown_path(result.listed.path)}: {note}")
            yield from self._settled(crawled)
            done += len(found)
            self.progress(done, total)
        if (more := len(self.problems.lines) - broken - PROBLEMS_LOGGED_MAX) > 0:
            self.log("WARN", f"… and {more} more files that can't be read")

    def _settled(self, files: Sequence[CrawledFile]) -> Iterator[CrawledFile]:
        """Yield the files that are still there; one that changed while it was read is read again next time."""
        for file, status in zip(files, _statuses(file.listed for file in files), strict=True):
            listed = file.listed
            if status is None:
                self.problems.add(f"{shown_path(listed.path)}: it went away while it was read")
            elif not listed.is_still(status):
                self.log("INFO", f"{shown_path(listed.path)} changed while it was read: it is read again next time")
                yield replace(file, listed=replace(listed, tag=UNSETTLED_TAG))
            else:
                yield file

    def _unread(
        self, target: FolderTarget, rows: Iterable[FileRow], folders: Sequence[ListedFolder], storage: Storage
    ) -> Iterator[CrawledFile]:
        """Yield files as the catalog knows them."""
        place = location_of(target.path, self.project_dir)
        place = place.rpartition("/")[0] if _is_file(target, folders, self.project_dir) else place
        start = 0 if place in (".", "") else len(place) + 1
        facts: dict[tuple[int, int], dict[str, ColumnFacts]] = {}
        for row in rows:
            path, size_bytes, mtime_ns, count, _, number, tag = row
            table_place = self.known.rows[path][1]
            table = self.known.tables[table_place].table
            if (table_place, number) not in facts:
                facts[(table_place, number)] = known_facts(table, table.formats[number])
            *parts, name = path[start:].split("/")
            listed = ListedFile(
                path=path,
                absolute=path if is_s3(path) else str(self.project_dir.absolute() / path),
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
                facts=facts[(table_place, number)],
                was_read=False,
            )

    def _tables(self, target: FolderTarget) -> tuple[TableEntry, ...]:
        """Return the crawler's tables below a target."""
        place = location_of(target.path, self.project_dir)
        return tuple(entry for entry in self.known.tables if entry.files and is_below(entry.table.location, place))

    def _stands(self, target: FolderTarget, kept: int) -> bool:
        """Return whether the tables of a target are what a comparison with its files would make of them."""
        tables = self._tables(target)
        marks = (_reading_mark(target), _settings_mark(self.crawler, target))
        return kept == sum(entry.files for entry in tables) and not any(
            entry.is_deprecated or FOUND_PARAMETER in entry.table.parameters or _marks(entry) != marks
            for entry in tables
        )


def settings_parameter(crawler: Crawler, target: FolderTarget) -> str:
    """Return the marks of a crawler's settings, for its tables: if they differ, a table is looked at anew."""
    return f"{_reading_mark(target)}-{_settings_mark(crawler, target)}"


def location_of(path: str, project_dir: Path) -> str:
    """Return the path of a target, or of a folder in it, as tables have it."""
    if is_s3(path):
        return path.rstrip("/")
    project = project_dir.absolute()
    return catalog_path(os.path.normpath(project / path), os.path.normpath(project))


def is_below(path: str, folder: str) -> bool:
    """Return whether a path of the catalog is a folder or lies below it."""
    if folder == ".":
        return not path.startswith("/") and not is_s3(path)
    return path == folder or path.startswith(folder if folder == "/" else f"{folder}/")


def _folder_of(path: str) -> str:
    """Return the folder that a known file was listed in, as ListedFolder.path has it: of a lake its table's."""
    if lake_kind(path):
        folder = lake_folder(path)
        return f"{folder}/" if folder else ""
    folder, slash, _ = path.rpartition("/")
    return folder + slash


def _still_listed(paths: Iterable[str], folders: Sequence[ListedFolder], unlisted: Sequence[str]) -> Iterator[str]:
    """Yield the known files that lie where they did, or may, unseen. A lake's log may be another by now."""
    listed = {folder.path + name for folder in folders for name, *_ in folder.entries}
    listed |= {folder.path for folder in folders if folder.entries}
    for path in paths:
        place = _folder_of(path) if lake_kind(path) else path
        if place in listed or any(is_below(path, folder) for folder in unlisted):
            yield path


def _is_file(target: FolderTarget, folders: Sequence[ListedFolder], project_dir: Path) -> bool:
    """Return whether the target is one file."""
    place = location_of(target.path, project_dir)
    return len(folders) == 1 and any(folders[0].path + name == place for name, *_ in folders[0].entries)


def _statuses(files: Iterable[ListedFile]) -> Iterator[FileStatus | None]:
    """Yield what the files are like now; None for one that is gone."""
    files = list(files)
    if files and is_s3(files[0].absolute):
        with ThreadPoolExecutor(STATUS_THREADS) as threads:
            yield from threads.map(_status, files)
    else:
        yield from map(_status, files)


def _status(listed: ListedFile) -> FileStatus | None:
    try:
        if is_s3(listed.absolute):
            return listed.storage.status(listed.absolute)
        return local_status(os.stat(listed.absolute))  # noqa: PTH116
    except OSError:
        return None


def _marks(entry: TableEntry) -> tuple[str, str]:
    reading, _, settings = entry.table.parameters.get(SETTINGS_PARAMETER, "").partition("-")
    return reading, settings


def _reading_mark(target: FolderTarget) -> str:
    return _mark(READING_VERSION, target.classifier)


def _settings_mark(crawler: Crawler, target: FolderTarget) -> str:
    """Return a mark of all settings that decide what becomes of files, however they are read."""
    plain = replace(
        crawler,
        targets=(target,),
        recrawl=RecrawlBehavior.CRAWL_CHANGED,
        description="",
        timeout_s=None,
        max_retries=0,
        retry_delay_s=0.0,
    )
    return _mark(plain)


def _mark(*values: object) -> str:
    return hashlib.sha1(repr(values).encode(), usedforsecurity=False).hexdigest()[:10]


def _way_out(target: FolderTarget, error: OSError) -> str:
    """Return what to do about a target that can't be listed."""
    if not is_s3(target.path):
        return "the engine's user must be allowed to read it"
    match error:
        case PermissionError():
            return "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY where the engine is started, or name a connection"
        case ConnectionError():
            return "is it up? AWS_ENDPOINT_URL or the connection's endpoint says where it is"
        case _:
            return ""
