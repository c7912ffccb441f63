"""The files of one target: which the catalog knows, which are new or changed, and what reading those has found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from pathlib import Path

from msgspec import structs

from glue_tui.catalog.places import Storage, is_s3
from glue_tui.catalog.read import FileRow, TableEntry
from glue_tui.core.counts import counted, none_of
from glue_tui.core.model import Crawler, FolderTarget
from glue_tui.core.problem import EntityNotFound, InvalidInput
from glue_tui.core.schema import UNSETTLED_TAG
from glue_tui.core.states import RecrawlBehavior
from glue_tui.crawlers.facts import BrokenFile, CrawledFile, PassedOver
from glue_tui.crawlers.infer import read_files
from glue_tui.crawlers.known_files import KnownFiles, changed_since, in_new_folders
from glue_tui.crawlers.listing import ListedFile, ListedFolder, Troubles, list_folders, shown_path
from glue_tui.crawlers.locations import is_below, location_of
from glue_tui.crawlers.overlaps import Claims
from glue_tui.crawlers.settling import as_listed, statuses

Log = Callable[[str, str], None]
"""Takes a level (INFO, WARN, …) and a line."""
Progress = Callable[[int, int], None]
"""Takes files done and files in all."""

PROBLEMS_LOGGED_MAX = 50
NOTES_LOGGED_MAX = 50


@dataclass(frozen=True, slots=True)
class Problems:
    """Files and folders that are left out, each with its reason; the log is not flooded with them."""

    log: Log
    lines: list[str] = field(default_factory=list)

    def add(self, text: str) -> None:
        self.lines.append(text)
        if len(self.lines) <= PROBLEMS_LOGGED_MAX:
            self.log("WARN", f"left out {text}")


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
    claims: Claims

    def read(self, target: FolderTarget, storage: Storage) -> TargetFiles:
        """Return the files of a target. Raises EntityNotFound or InvalidInput if it can't be listed or read at all."""
        troubles = Troubles(self.problems.add, lambda text: self.log("WARN", text), [])
        listed = self._listed(target, storage, troubles)
        folders, others = self.claims.left_to(target, listed)
        for other, count in others.items():
            self.log("WARN", f"{target.path}: {_left(count)} to target {other}, which holds them, too")
        place = location_of(target.path, self.project_dir)
        is_file = _is_file(place, listed)
        broken = len(self.problems.lines)
        total = sum(len(folder.entries) for folder in folders)
        kept, to_read = self._compared(target, place, folders, troubles)
        if folders or not listed:
            self._log_listing(target, total, len(to_read))
        read = self._found(target, to_read, total)
        result = TargetFiles(
            files=(),
            folders=tuple(listed),
            unlisted=tuple(troubles.unlisted),
            unchanged=None,
            is_file=is_file,
        )
        if not read and kept and self.known.stand(self.crawler, target, place, kept):
            return replace(result, unchanged=self.known.tables_below(place))
        if not read and not kept and len(self.problems.lines) > broken:
            raise InvalidInput(
                f"crawler {self.crawler.name}: {none_of(total, 'file')} in {target.path} can be read",
                hint=self.problems.lines[-1],
            )
        folder = place.rpartition("/")[0] if is_file else place
        files = [*read, *self.known.files(kept, folder, self.project_dir, storage)]
        return replace(result, files=tuple(sorted(files, key=_path)))

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
        self, target: FolderTarget, place: str, folders: Sequence[ListedFolder], troubles: Troubles
    ) -> tuple[list[FileRow], list[ListedFile]]:
        """Return the files that stand as the catalog knows them, and those to be read."""
        recrawl = self.crawler.recrawl
        if recrawl is not RecrawlBehavior.CRAWL_EVERYTHING and self.known.are_read_otherwise(target, place):
            self.log("INFO", f"{target.path}: its files are read otherwise than before: all are read again")
        compare = in_new_folders if recrawl is RecrawlBehavior.CRAWL_NEW_FOLDERS_ONLY else changed_since
        kept, changed = compare(self.known.usable(self.crawler, target, place), folders, troubles.unlisted)
        return kept, [listed for folder, entries in changed for listed in as_listed(folder, entries, self.started_ns)]

    def _log_listing(self, target: FolderTarget, total: int, to_read: int) -> None:
        if total == 0:
            self.log("WARN", f"{target.path}: no data files in it")
        elif to_read == total:
            self.log("INFO", f"{target.path}: {counted(total, 'file')} to read")
        else:
            self.log("INFO", f"{target.path}: {counted(total, 'file')}: {total - to_read} unchanged, {to_read} to read")

    def _found(self, target: FolderTarget, to_read: Sequence[ListedFile], total: int) -> list[CrawledFile]:
        """Return what the files hold, those that can be read."""
        files: list[CrawledFile] = []
        done = total - len(to_read)
        broken, notes = len(self.problems.lines), 0
        self.progress(done, total)
        for found in read_files(to_read, target.classifier):
            crawled = [one for one in found if isinstance(one, CrawledFile)]
            others = [one for one in found if not isinstance(one, CrawledFile)] if len(crawled) < len(found) else []
            for one in crawled:
                if one.notes:
                    notes += len(one.notes)
                    for note in one.notes if notes <= NOTES_LOGGED_MAX else ():
                        self.log("WARN", f"{shown_path(one.listed.path)}: {note}")
            for other in others:
                match other:
                    case PassedOver():
                        self.log("INFO", f"passed over {shown_path(other.path)}: {other.reason}")
                    case BrokenFile():
                        self.problems.add(f"{shown_path(other.path)}: {other.reason}")
            files += self._settled(crawled)
            done += len({*map(_path, crawled), *(other.path for other in others)})
            self.progress(done, total)
        if notes > NOTES_LOGGED_MAX:
            self.log("WARN", f"… and {notes - NOTES_LOGGED_MAX} more such lines on other files")
        if (more := len(self.problems.lines) - broken - PROBLEMS_LOGGED_MAX) > 0:
            self.log("WARN", f"… and {more} more files that can't be read")
        return files

    def _settled(self, files: Sequence[CrawledFile]) -> list[CrawledFile]:
        """Return the files that are still there; one that changed while it was read is read again next time."""
        unsure = [file for file in files if not file.is_settled]
        kept = [file for file in files if file.is_settled]
        for file, status in zip(unsure, statuses([file.listed for file in unsure]), strict=True):
            listed = file.listed
            if status is None:
                self.problems.add(f"{shown_path(listed.path)}: it went away while it was read")
            elif not listed.is_still(status):
                self.log("INFO", f"{shown_path(listed.path)} changed while it was read: it is read again next time")
                kept.append(structs.replace(file, listed=structs.replace(listed, tag=UNSETTLED_TAG)))
            else:
                kept.append(file)
        return kept


_path = attrgetter("listed.path")


def _left(files: int) -> str:
    return f"{files} file{' is' if files == 1 else 's are'} left"


def _is_file(place: str, folders: Sequence[ListedFolder]) -> bool:
    """Return whether a target is one file."""
    return len(folders) == 1 and any(folders[0].path + name == place for name, *_ in folders[0].entries)


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
