"""Which files a target holds, folder by folder: of this machine or of S3, and the globs that leave files out."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from stat import S_ISDIR, S_ISREG

import msgspec

from glue_tui.catalog.places import LOCAL, FileStatus, Storage, bucket_and_key, is_s3
from glue_tui.catalog.readers.lake_tables import LOGS, newest_in, newest_version
from glue_tui.core.globs import glob_pattern, is_wild
from glue_tui.core.schema import UNSETTLED_TAG

HIDDEN = (".", "_")
FOLDER_MARK = "_$folder$"
"""How the name of an empty file or object ends by which Hadoop and EMR mark a folder."""
"""What begins so is no data: marks of other programs, files on their way."""

Entry = tuple[str, int, int, str]
"""A file of a folder: its name, bytes, time of modification in ns, and the tag of its version."""


class ListedFile(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A data file. No dataclass: of these a crawl makes one for each file, in a tenth of the time."""

    path: str
    """As the catalog keeps it: relative to the project folder where the file lies below it, else absolute."""
    absolute: str
    folders: tuple[str, ...]
    """From the target folder down to the file."""
    name: str
    size_bytes: int
    mtime_ns: int
    tag: str = ""
    """Of this version of the file, as FileStatus has it."""
    storage: Storage = LOCAL
    """Opens `absolute`."""

    def is_still(self, status: FileStatus) -> bool:
        """Return whether the file is the same as when it was listed."""
        # Some S3 servers list milliseconds, but say only the second of a single object.
        precision_ns = 1_000_000_000 if is_s3(self.absolute) else 1
        return (
            status.size_bytes == self.size_bytes
            and status.mtime_ns // precision_ns == self.mtime_ns // precision_ns
            and self.tag in (status.tag, UNSETTLED_TAG)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedFolder:
    """Data files that lie side by side. No object a file: of a million, most have not changed."""

    path: str
    """As the catalog keeps it, ending in `/`; empty for the project folder."""
    absolute: str
    """Ends in `/`."""
    folders: tuple[str, ...]
    """From the target folder down."""
    entries: tuple[Entry, ...]
    storage: Storage

    def file(self, entry: Entry) -> ListedFile:
        name, size_bytes, mtime_ns, tag = entry
        return ListedFile(
            path=self.path + name,
            absolute=self.absolute + name,
            folders=self.folders,
            name=name,
            size_bytes=size_bytes,
            mtime_ns=mtime_ns,
            tag=tag,
            storage=self.storage,
        )


@dataclass(frozen=True, slots=True)
class Troubles:
    """What could not be listed. What the catalog knows to lie there is not taken for deleted."""

    report: Callable[[str], None]
    """Takes a line for people about a file or folder that is left out."""
    warn: Callable[[str], None]
    """Takes any other."""
    unlisted: list[str]
    """Paths of folders, as the catalog keeps them."""

    def add(self, path: str, reason: str) -> None:
        self.unlisted.append(path)
        self.report(f"{shown_path(path)}: {reason}")


def list_folders(
    target: str, exclude: Sequence[str], storage: Storage, *, project_dir: Path, troubles: Troubles
) -> Iterator[ListedFolder]:
    """Yield the data files of a target, which may be a folder or one file, in the order of the walk.

    Only regular files are data: who opens a pipe waits for ever. What begins with a dot or an underscore is none.
    Links are followed unless they lead to what is listed itself. Raises OSError if the target itself can't be listed.
    """
    excluded = _Excluded(exclude)
    if is_s3(target):
        yield from _list_objects(target.rstrip("/"), excluded, storage, troubles)
    else:
        project = os.path.normpath(project_dir.absolute())
        top = os.path.normpath(project_dir.absolute() / target)
        yield from _list_local(top, project, excluded, troubles)
    for glob in excluded.folders_named:
        troubles.warn(f'exclude "{glob}" names a folder and leaves out nothing: "{glob}/**" leaves out what is in it')


def catalog_path(absolute: str, project: str) -> str:
    """Return a path as the catalog keeps it; both arguments are absolute."""
    if absolute == project:
        return "."
    return absolute[len(project) + 1 :] if absolute.startswith(project + os.sep) else absolute


def shown_path(path: str) -> str:
    """Return a path for a line of a log: quoted if it would break the line, or is no text."""
    return path if path.isprintable() else f"{path!a}"


class _Excluded:
    """Exclusion globs, matched with whole paths of files relative to their target (rule GR-9)."""

    def __init__(self, globs: Sequence[str]) -> None:
        self._pattern = re.compile("|".join(f"(?:{glob_pattern(glob).pattern})" for glob in globs), re.DOTALL)
        subtrees = [glob for glob in globs if glob.endswith("**")]
        self._subtrees = [glob_pattern(glob) for glob in subtrees]
        self._plain = frozenset(glob.rstrip("/") for glob in globs if not is_wild(glob))
        self.folders_named: list[str] = []
        """Globs that are the name of a folder."""
        self.is_empty = not globs

    def has_file(self, relative: str) -> bool:
        return not self.is_empty and self._pattern.match(relative) is not None

    def has_folder(self, relative: str) -> bool:
        """Return whether everything below a folder is excluded."""
        if relative in self._plain:
            self.folders_named.append(relative)
        return any(pattern.match(f"{relative}/") for pattern in self._subtrees)


def _list_local(top: str, project: str, excluded: _Excluded, troubles: Troubles) -> Iterator[ListedFolder]:
    status = os.stat(top)  # noqa: PTH116
    if not S_ISDIR(status.st_mode):
        if S_ISREG(status.st_mode):
            folder, _, name = top.rpartition("/")
            yield _folder(folder, project, (), [_entry(name, status)], LOCAL)
        return
    walk = _Walk(os.path.realpath(top), project, excluded, troubles)
    todo: list[tuple[str, tuple[str, ...]]] = [(top, ())]
    while todo:
        folder, folders = todo.pop()
        try:
            entries, below = walk.look(folder, "".join(f"{part}/" for part in folders))
        except OSError as error:
            if not folders:
                raise
            troubles.add(catalog_path(folder, project), f"it can't be listed: {error.strerror}")
            continue
        if entries:
            yield _folder(folder, project, folders, entries, LOCAL)
        todo += [(f"{folder.rstrip('/')}/{name}", (*folders, name)) for name in below]


@dataclass(slots=True)
class _Walk:
    """One walk through a folder of this machine: what lies in it is taken once, however many links lead there."""

    top: str
    """Without links."""
    project: str
    excluded: _Excluded
    troubles: Troubles
    linked: set[tuple[int, int]] = field(default_factory=set)
    """Folders outside that links led to, and those in them."""

    def look(self, folder: str, relative: str) -> tuple[list[Entry], list[str]]:
        """Return the data files of a folder by name, and the names of its folders in backward order.

        Of a Delta or Iceberg table that is the newest version in its log, which knows the others.
        """
        # By its descriptor: the system need not find the way to the folder again for every file.
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            entries, below, log = self._look(folder, descriptor, relative)
        finally:
            os.close(descriptor)
        if log and (version := newest_in(folder, log)):
            return [_entry(version, os.stat(f"{folder}/{version}"))], []  # noqa: PTH116
        entries.sort()
        below.sort(reverse=True)
        return entries, below

    def _look(self, folder: str, descriptor: int, relative: str) -> tuple[list[Entry], list[str], str]:
        """Return the data files, the folders, and the name of the folder that may be the log of a table."""
        entries: list[Entry] = []
        below: list[str] = []
        log = ""
        is_all = self.excluded.is_empty
        with os.scandir(descriptor) as found:
            for item in found:
                name = item.name
                if name in LOGS:
                    log = name
                if name.startswith(HIDDEN):
                    continue
                try:
                    is_folder = item.is_dir()
                    status = None if is_folder and not (self.linked or item.is_symlink()) else item.stat()
                except FileNotFoundError:
                    continue  # a dangling link, or a file that went away during the walk
                except OSError as error:
                    self._trouble(folder, name, f"it can't be looked at: {error.strerror}")
                    continue
                if not name.isascii() and _is_misnamed(name):
                    self._trouble(folder, name, "its name is not UTF-8")
                elif is_folder:
                    is_in = is_all or not self.excluded.has_folder(relative + name)
                    if is_in and (status is None or self._is_first_way(f"{folder}/{name}", item, status)):
                        below.append(name)
                elif status is not None and S_ISREG(status.st_mode):
                    is_in = is_all or not self.excluded.has_file(relative + name)
                    is_in = is_in and not _is_mark(name, status.st_size)
                    if is_in and not (item.is_symlink() and self._is_listed_itself(f"{folder}/{name}")):
                        entries.append(_entry(name, status))
        return entries, below, log

    def _trouble(self, folder: str, name: str, reason: str) -> None:
        self.troubles.add(catalog_path(f"{folder.rstrip('/')}/{name}", self.project), reason)

    def _is_listed_itself(self, path: str) -> bool:
        """Return whether a link leads to what the walk finds without it."""
        real = os.path.realpath(path)
        if real == self.top:
            return True
        if not real.startswith(f"{self.top.rstrip('/')}/"):
            return False
        parts = real[len(self.top.rstrip("/")) + 1 :].split("/")
        above = ("/".join(parts[:depth]) for depth in range(1, len(parts) + 1))
        return not (
            any(part.startswith(HIDDEN) for part in parts)
            or any(self.excluded.has_folder(folder) for folder in above)
            or self.excluded.has_file("/".join(parts))
        )

    def _is_first_way(self, path: str, item: os.DirEntry[str], status: os.stat_result) -> bool:
        """Return whether a folder is not known yet; what a link leads to is remembered, as is all that lies in it."""
        if item.is_symlink() and self._is_listed_itself(path):
            return False
        identity = (status.st_dev, status.st_ino)
        is_first = identity not in self.linked
        self.linked.add(identity)
        return is_first


def _list_objects(target: str, excluded: _Excluded, storage: Storage, troubles: Troubles) -> Iterator[ListedFolder]:
    """Yield the objects below a prefix by their folders, or the one object that has the target's own name."""
    yield from _with_lakes(list(_list_object_folders(target, excluded, storage, troubles)))


def _with_lakes(found: list[ListedFolder]) -> Iterator[ListedFolder]:
    """Yield the folders, but for those of a Delta or Iceberg table only the newest version in its log."""
    lakes: dict[str, ListedFolder] = {}
    for folder in found:
        log = folder.folders[-1] if folder.folders else ""
        version = newest_version(name for name, *_ in folder.entries) if log in LOGS else None
        if version:
            entries = [(f"{log}/{entry[0]}", *entry[1:]) for entry in folder.entries if entry[0] == version]
            above = folder.absolute.rstrip("/").rpartition("/")[0]
            lakes[f"{above}/"] = _folder(above, "", folder.folders[:-1], entries, folder.storage)
    for folder in found:
        if any(part.startswith(HIDDEN) for part in folder.folders):
            continue
        if not any(folder.absolute.startswith(lake) for lake in lakes):
            yield folder
    yield from lakes.values()


def _list_object_folders(
    target: str, excluded: _Excluded, storage: Storage, troubles: Troubles
) -> Iterator[ListedFolder]:
    bucket = f"s3://{bucket_and_key(target)[0]}"

    def lost(key: str, folder: str | None) -> None:
        name = shown_path(f"{bucket}/{key}") + ("…" if key.endswith("/") else "")
        more = "" if folder is None else f", and others of {shown_path(f'{bucket}/{folder}')} may be missing with it"
        troubles.report(f"{name}: an object of such a name can't be asked for{more}: rename it")
        if folder is not None:
            troubles.unlisted.append(f"{bucket}/{folder}".rstrip("/"))

    is_folder = False
    listed = ((path.rpartition("/"), status) for path, status in storage.list_objects(target, lost))
    for folder, objects in groupby(listed, key=lambda item: item[0][0]):
        is_folder = True
        folders = tuple(folder[len(target) + 1 :].split("/")) if folder != target else ()
        if any(part.startswith(HIDDEN) and part not in LOGS for part in folders):
            continue
        relative = "".join(f"{part}/" for part in folders)
        entries = [
            (name, status.size_bytes, status.mtime_ns, status.tag)
            for (_, _, name), status in objects
            if not (name.startswith(HIDDEN) or _is_mark(name, status.size_bytes) or excluded.has_file(relative + name))
        ]
        if entries:
            yield _folder(folder, "", folders, entries, storage)
    if not is_folder and target.count("/") > 2:
        try:
            status = storage.status(target)
        except FileNotFoundError:
            return
        folder, _, name = target.rpartition("/")
        yield _folder(folder, "", (), [(name, status.size_bytes, status.mtime_ns, status.tag)], storage)


def _folder(
    absolute: str, project: str, folders: tuple[str, ...], entries: list[Entry], storage: Storage
) -> ListedFolder:
    path = catalog_path(absolute, project) if project else absolute
    return ListedFolder(
        path="" if path == "." else f"{path.rstrip('/')}/",
        absolute=f"{absolute.rstrip('/')}/",
        folders=folders,
        entries=tuple(entries),
        storage=storage,
    )


def _entry(name: str, status: os.stat_result) -> Entry:
    return name, status.st_size, status.st_mtime_ns, str(status.st_ctime_ns)


def _is_mark(name: str, size_bytes: int) -> bool:
    return not size_bytes and name.endswith(FOLDER_MARK)


def _is_misnamed(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return True
    return False
