"""Looks at what a trigger watches: what differs from what is stored of it. Runs in a thread; decides nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISREG

from glue_tui.core.arrivals import FileFact, Stage
from glue_tui.core.globs import is_wild
from glue_tui.core.states import FileChange
from glue_tui.engine.file_systems import Mount, mount_of, mounts_now
from glue_tui.engine.folders import Area, Found, Places, Walk, escaped, is_empty, why_no_folder
from glue_tui.engine.open_files import is_open_for_writing
from glue_tui.store import seen_files
from glue_tui.store.database import Connection, open_readonly
from glue_tui.store.seen_files import RootMount

COMPARED_AT_ONCE = 500
"""Files that are held in memory until they are compared with what is stored."""
WHOLE_SECONDS_S = 2.0
"""Where times of files are kept in whole seconds (or two, on FAT), they may be so much too early."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """Whose files are looked at, and how."""

    key: tuple[str, str]
    """Workflow and trigger."""
    area: Area
    settle_s: float
    state_db: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a look has shown."""

    at: float
    """When it began, seconds since the epoch."""
    is_whole: bool
    """It went everywhere, not to some paths only."""
    files: tuple[FileFact, ...]
    """Those that differ from what is stored, and those that settle."""
    gone: tuple[str, ...]
    folders: tuple[str, ...]
    """Of the paths that it was to look at, those that are folders."""
    unreadable: tuple[str, ...]
    """Folders, sometimes files, of which nothing is known."""
    places: Places
    """The folders that the last look at everything has walked."""
    missing: dict[str, str]
    """Roots that are not there, and why."""
    misnamed: frozenset[str]
    """Of the patterns without wildcards that it has looked at, those that are folders: no file is ever called so."""
    mounts: tuple[RootMount, ...]
    """Of a look at everything: on which mounts the roots are, or were when they were last seen."""
    unnamed: tuple[str, ...]
    """Files with names that are no UTF-8, escaped."""
    linked: frozenset[str]
    """Links to files, and links that lead nowhere."""
    is_full: bool
    must_look_everywhere: bool
    """A link to a folder has come, gone or changed, or files have come to a root on another mount: only a look at
    everything tells what that means."""
    took_s: float


def look_everywhere(watched: Watched, renamed: frozenset[str] = frozenset()) -> Look:
    """Look at everything that a trigger watches. `renamed`: files that have got these names complete."""
    walk = Walk(area=watched.area, places=Places(watched.area))
    with _comparison(watched, renamed) as comparison:
        for found in walk.everything():
            comparison.add(found)
        comparison.compare()
        comparison.doubt(walk, walk.area.roots)
        gone = [] if comparison.is_first else comparison.unseen(walk)
        # Only now is it sure that nothing was unmounted meanwhile.
        gone = comparison.believed(walk, gone)
        mounts = comparison.root_mounts(walk)
    return _look(
        walk, comparison, gone, is_whole=True, misnamed=_folders_among(walk, watched.area.patterns), mounts=mounts
    )


def look_at(watched: Watched, places: Places, paths: Iterable[str], renamed: frozenset[str] = frozenset()) -> Look:
    """Look at some paths, and below them. `renamed`: files that have got these names complete."""
    walk = Walk(area=watched.area, places=places)
    names = _topmost(paths)
    gone: list[str] = []
    others: list[str] = []
    with _comparison(watched, renamed) as comparison:
        for name in names:
            is_file = False
            for found in walk.one(name):
                if isinstance(found, str):
                    gone.append(found)
                else:
                    comparison.add(found)
                    is_file = found[0] == name
            others += [] if is_file else [name]
        comparison.compare()
        # What lay below a folder that has gone, or that now is another one, is looked for file by file.
        folders = sorted(set(others).difference(gone, walk.linked))
        for name in others:
            gone += comparison.unseen(walk, below=name)
        gone = comparison.believed(walk, gone)
        must_look_everywhere = comparison.is_elsewhere(walk) or _has_other_links(walk, names)
    return _look(
        walk,
        comparison,
        gone,
        folders=tuple(folders),
        misnamed=_folders_among(walk, set(folders).intersection(watched.area.patterns)),
        must_look_everywhere=must_look_everywhere,
    )


def is_at_rest(status: os.stat_result, settle_s: float, now: float) -> bool:
    """Tell whether a file has held still for its settle time when it is first seen, by its own times.

    A write sets the time of modification to now, so a file whose time lies back was not written to since: it was moved
    here (`mv`), or copied with its times, which tools set when they are done (`cp -p`, `rsync -t`, `tar`, `scp -p`), or
    it came while nobody looked. Something that is renamed right after its last write does not show it: that
    settles like any other file. `touch` and `chmod` set no time back, nor does a link. On file systems with coarse
    times a time of whole seconds may be too early, and has to lie further back.
    """
    mtime_s = status.st_mtime_ns / 1e9
    slack_s = WHOLE_SECONDS_S if status.st_mtime_ns % 1_000_000_000 == 0 else 0.0
    return status.st_size > 0 and now - mtime_s >= settle_s + slack_s


def _look(
    walk: Walk,
    comparison: _Comparison,
    gone: Iterable[str],
    *,
    is_whole: bool = False,
    folders: tuple[str, ...] = (),
    misnamed: frozenset[str] = frozenset(),
    mounts: tuple[RootMount, ...] = (),
    must_look_everywhere: bool = False,
) -> Look:
    return Look(
        at=comparison.at,
        is_whole=is_whole,
        files=tuple(comparison.files),
        gone=tuple(dict.fromkeys(gone)),
        folders=folders,
        # Of a root that is not there nothing is known: it may be renamed and come back, or not be mounted.
        unreadable=tuple(dict.fromkeys((*walk.unreadable, *walk.missing))),
        places=walk.places,
        missing=walk.missing,
        misnamed=misnamed,
        mounts=mounts,
        unnamed=tuple(sorted(walk.unnamed)),
        linked=frozenset(walk.linked),
        is_full=walk.is_full,
        must_look_everywhere=must_look_everywhere,
        took_s=time.monotonic() - comparison.began,
    )


def _comparison(watched: Watched, renamed: frozenset[str] = frozenset()) -> closing[_Comparison]:
    conn = open_readonly(watched.state_db)
    assert conn is not None
    return closing(_Comparison(conn=conn, watched=watched, renamed=renamed))


@dataclass(slots=True)
class _Comparison:
    """Facts that differ from the rows of a trigger, of which only some are in memory at a time."""

    conn: Connection
    watched: Watched
    renamed: frozenset[str]
    at: float = field(default_factory=time.time)
    began: float = field(default_factory=time.monotonic)
    mounts: tuple[Mount, ...] = field(init=False)
    """What was mounted when the look began."""
    known_mounts: dict[str, RootMount] = field(init=False)
    """On which mounts the roots were when everything was looked at last."""
    elsewhere: frozenset[int] = field(init=False)
    """Devices that are no part of this machine."""
    is_first: bool = False
    """The trigger has never looked at anything: all that is there will be its baseline."""
    files: list[FileFact] = field(default_factory=list)
    _pending: list[Found] = field(default_factory=list)
    _known: int = 0

    def __post_init__(self) -> None:
        self.mounts = mounts_now()
        self.elsewhere = frozenset(one.device for one in self.mounts if one.is_silent)
        # Rows are read as they are by then, without one transaction for all: a look may hang in a network's folder, and
        # for as long as somebody reads the database its log of changes grows. The rows of a trigger only come and go
        # with its looks, of which there is one at a time; and the kernel judges each fact anew.
        self.known_mounts = {one.root: one for one in seen_files.read_mounts(self.conn, *self.watched.key)}
        self.is_first = seen_files.read_patterns(self.conn, *self.watched.key) is None

    def close(self) -> None:
        self.conn.close()

    def add(self, found: Found) -> None:
        self._pending.append(found)
        if len(self._pending) >= COMPARED_AT_ONCE:
            self.compare()

    def compare(self) -> None:
        """Compare what has gathered."""
        paths = [path for path, _ in self._pending]
        rows = {} if self.is_first else seen_files.read_versions(self.conn, *self.watched.key, paths)
        for path, status in self._pending:
            row = rows.get(path)
            self._known += row is not None
            if row is None or row[:2] != (status.st_size, status.st_mtime_ns) or row[3] == FileChange.DELETED:
                self.files.append(self._new(path, status))
            elif row[2] == Stage.SETTLING:
                self.files.append(self._fact(path, status, is_open=self._is_open(path, status) is True))
        self._pending.clear()

    def unseen(self, walk: Walk, below: str | None = None) -> list[str]:
        """Return the paths of stored files that are not there (below a folder): each is looked for."""
        if below is None and seen_files.count_there(self.conn, *self.watched.key) == self._known:
            return []
        blind = tuple(f"{folder}/" for folder in (*walk.unreadable, *walk.missing))
        paths = seen_files.read_paths_there(self.conn, *self.watched.key, below)
        return [path for path in paths if not path.startswith(blind) and self._is_gone(path)]

    def doubt(self, walk: Walk, roots: Iterable[str]) -> None:
        """Note which of these roots nothing is known of: they are not there, or not mounted as they were."""
        now = mounts_now()
        for root in roots:
            if root not in walk.missing and (why := self._why_unknown(root, walk.area.at(root), now)):
                walk.missing[root] = why

    def believed(self, walk: Walk, gone: list[str]) -> list[str]:
        """Return those of the paths where nothing was found whose roots are still as they were when the look began."""
        roots = {path: walk.area.root_of(path) for path in gone}
        self.doubt(walk, {root for root in roots.values() if root is not None})
        return [path for path, root in roots.items() if root not in walk.missing]

    def root_mounts(self, walk: Walk) -> tuple[RootMount, ...]:
        """Return on which mounts the roots are; those of which nothing is known now stay as they were."""
        missing = (self.known_mounts.get(root) for root in walk.missing)
        there = (self._root_mount(root, walk.area.at(root), self.mounts) for root in walk.area.roots)
        found = [one for one in there if one is not None and one.root not in walk.missing]
        return tuple(sorted([*found, *filter(None, missing)], key=lambda one: one.root))

    def is_elsewhere(self, walk: Walk) -> bool:
        """Tell whether files were found below a root that is on another mount than when everything was looked at."""
        roots = {walk.area.root_of(one.path) for one in self.files}
        mounts = (self._root_mount(root, walk.area.at(root), self.mounts) for root in roots if root is not None)
        return any(map(self._is_other, mounts))

    def _why_unknown(self, root: str, where: str, now: tuple[Mount, ...]) -> str:
        if why := why_no_folder(where):
            return why
        mount = self._root_mount(root, where, now)
        if mount != self._root_mount(root, where, self.mounts):
            return "was mounted or unmounted just now"
        # The folder on which something was mounted is mostly an empty one: that tells nothing of the files.
        if self._is_other(mount) and is_empty(where):
            return f"is empty: {self.known_mounts[root].what} is not mounted there"
        return ""

    def _is_other(self, mount: RootMount | None) -> bool:
        return mount is not None and self.known_mounts.get(mount.root, mount) != mount

    def _root_mount(self, root: str, where: str, mounts: tuple[Mount, ...]) -> RootMount | None:
        mount = mount_of(os.path.realpath(where), mounts)
        if mount is None:
            return None
        return RootMount(root=root, folder=escaped(mount.folder), what=escaped(f"{mount.kind} {mount.source}"))

    def _is_gone(self, path: str) -> bool:
        try:
            return not S_ISREG(Path(self.watched.area.at(path)).stat().st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError:
            return False

    def _new(self, path: str, status: os.stat_result) -> FileFact:
        if self.is_first:
            return self._fact(path, status)
        is_open = self._is_open(path, status)
        is_complete = is_open is False and (
            path in self.renamed or is_at_rest(status, self.watched.settle_s, time.time())
        )
        return self._fact(path, status, is_open=is_open is True, is_renamed=is_complete)

    def _is_open(self, path: str, status: os.stat_result) -> bool | None:
        # Of a file that other machines can write to, this one knows too little.
        return None if status.st_dev in self.elsewhere else is_open_for_writing(self.watched.area.at(path))

    def _fact(self, path: str, status: os.stat_result, *, is_open: bool = False, is_renamed: bool = False) -> FileFact:
        return FileFact(
            path=path,
            size_bytes=status.st_size,
            mtime_ns=status.st_mtime_ns,
            is_open=is_open,
            is_renamed=is_renamed,
        )


def _topmost(paths: Iterable[str]) -> list[str]:
    """Return the paths without those that lie below others of them."""
    kept: list[str] = []
    for path in sorted(paths, key=lambda path: path.split("/")):
        if not kept or not path.startswith(f"{kept[-1]}/"):
            kept.append(path)
    return kept


def _folders_among(walk: Walk, patterns: Iterable[str]) -> frozenset[str]:
    """Return the patterns that name a folder where they were to name files."""
    return frozenset(one for one in patterns if not is_wild(one) and not why_no_folder(walk.area.at(one)))


def _has_other_links(walk: Walk, names: Iterable[str]) -> bool:
    """Tell whether links to folders at or below these names are others than those that are walked."""
    near = {f"{name}/" for name in names}
    links = [one for one in walk.places if not one.is_root]
    known = {one.shown: one.real for one in links if any(f"{one.shown}/".startswith(name) for name in near)}
    there = {name: one.real for name, one in walk.links.items() if name in known or not walk.is_walked(one.real)}
    return there != known
