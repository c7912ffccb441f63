"""The files of one EVENT trigger: those that settle or wait are kept here, all others are looked up where needed.

A folder may hold 100,000 files, so nothing here walks them all, and a step that fails takes back just what it changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from glue_tui.core import arrivals
from glue_tui.core.arrivals import Queue, SeenFile, Stage
from glue_tui.core.globs import glob_pattern
from glue_tui.core.loops import Arrival
from glue_tui.core.model import FileWatch
from glue_tui.engine.batch import TriggerKey
from glue_tui.engine.inputs import FolderScanned
from glue_tui.store import seen_files
from glue_tui.store.database import Connection
from glue_tui.store.seen_files import RootMount

LOOK_AGAIN_S = 0.2
"""A file that some program has open is looked at again after its settle time, and not sooner than this …"""
UNREADABLE_LOOK_S = 5.0
"""… and one that can't be looked at, not sooner than this."""


@dataclass(frozen=True, slots=True)
class _Before:
    """What was known of a file before a step."""

    file: SeenFile | None
    look_at: float | None
    is_open: bool


class Inbox:
    def __init__(
        self,
        key: TriggerKey,
        watch: FileWatch,
        looked_at: tuple[str, ...] | None,
        mounts: tuple[RootMount, ...],
        files: Iterable[SeenFile],
    ) -> None:
        self.key = key
        self.watch = watch
        self.looked_at = looked_at
        """The patterns with which it has looked at everything; None: it has not looked yet."""
        self.mounts = mounts
        """Where it has looked."""
        self.open_for_writing: set[str] = set()
        """Files that settle and that some program has open, as far as the system tells."""
        self.has_news = False
        """Whether one of them was opened or closed in this step: clients are told, nothing is stored."""
        self.waiting = Queue()
        """Settled files, oldest first."""
        self.newest = Arrival(written_at=0.0, noticed_at=0.0)
        """The last change that came to be known."""
        self._noticed: dict[str, float] = {}
        """When the present change of an open file was noticed; not stored."""
        self._files: dict[str, SeenFile] = {}
        self._settling = Queue()
        """Files by the time at which to look at them again."""
        self._stored_key = key
        self._stored_looked_at = looked_at
        self._stored_mounts = mounts
        self._rows: dict[str, SeenFile | None] = {}
        """What this step remembers of files, not stored yet; None: they are forgotten."""
        self._undo: dict[str, _Before] = {}
        """Open files as they were before this step."""
        for file in files:
            self._place(file.path, file)

    @classmethod
    def read(cls, conn: Connection, key: TriggerKey, stored_key: TriggerKey, watch: FileWatch) -> Inbox:
        """Return the inbox as it is stored, perhaps under the name that its workflow had before."""
        looked_at = seen_files.read_patterns(conn, *stored_key)
        mounts = seen_files.read_mounts(conn, *stored_key)
        inbox = cls(stored_key, watch, looked_at, mounts, seen_files.read_open_files(conn, *stored_key))
        return inbox.under(key, watch)

    def under(self, key: TriggerKey, watch: FileWatch) -> Inbox:
        """Return the inbox under another definition: what waits and is still wanted goes on to wait.

        This one stays as it is, for the case that the step fails.
        """
        other = Inbox(key, watch, self.looked_at, self.mounts, self._files.values())
        other.open_for_writing = set(self.open_for_writing)
        other.newest, other._noticed = self.newest, dict(self._noticed)
        other._stored_key, other._stored_looked_at = self._stored_key, self._stored_looked_at
        other._stored_mounts = self._stored_mounts
        other._rows = dict(self._rows)
        for file in self._files.values():
            after = arrivals.under(file, watch)
            if after is not file:
                other._remember(file.path, after)
        return other

    # What is there

    def known(self, conn: Connection, path: str) -> SeenFile | None:
        """Return what is remembered of a file at this point of the step."""
        if path in self._files:
            return self._files[path]
        if path in self._rows:
            return self._rows[path]
        return seen_files.read_file(conn, *self._stored_key, path)

    def open_files(self) -> Iterator[SeenFile]:
        """Yield what waits, oldest first, then what settles."""
        yield from (self._files[path] for path in self.waiting.first(len(self.waiting)))
        yield from (self._files[path] for path in self._settling.first(len(self._settling)))

    @property
    def settling_count(self) -> int:
        return len(self._settling)

    @property
    def closes_at(self) -> float | None:
        """When the open batch fires at the latest; None without one."""
        opened = self.waiting.first_at
        return None if opened is None else opened + self.watch.batch_window_s

    @property
    def must_look(self) -> bool:
        """Whether everything that it watches is to be looked at: it never was, or with other patterns."""
        return self.looked_at != self.watch.patterns

    @property
    def look_again_at(self) -> float | None:
        """When to look again because a file may have settled."""
        return self._settling.first_at

    def to_look_at(self, now: float) -> tuple[str, ...]:
        """Return the files that may have settled by now."""
        return self._settling.until(now)

    # What changes it

    def take_in(self, conn: Connection, scan: FolderScanned, look: arrivals.LookTime) -> None:
        """Take in a look; each fact is judged against what is known here."""
        at = look.told_at
        if self.looked_at is None and not scan.is_whole:
            return  # Only a look at everything tells what was there before.
        is_first = self.looked_at is None
        for fact in scan.files:
            known = None if is_first else self.known(conn, fact.path)
            if known is None and not self._has_looked_at(fact.path):
                if scan.is_whole:
                    self._remember(fact.path, arrivals.first_seen(fact, at))
                continue
            after = arrivals.found(known, fact, self.watch, look)
            if after is not known:
                self._notice(known, after, at)
                self._remember(fact.path, after)
            if after.stage is Stage.SETTLING:
                self._look_later(fact.path, fact.is_open, at)
        for path in scan.gone:
            known = self.known(conn, path)
            if known is not None:
                after_all = arrivals.gone(known, self.watch, look) if self.watch.matches(path) else None
                if after_all is not known:
                    self._notice(known, after_all, at)
                    self._remember(path, after_all)
        self._leave_unseen(scan, at)
        if scan.is_whole:
            self.looked_at, self.mounts = self.watch.patterns, scan.mounts

    def take(self, paths: Iterable[str], run_id: str, at: float) -> None:
        """Give waiting files to a run."""
        for path in paths:
            self._remember(path, arrivals.taken(self._files[path], run_id, at))

    def drop(self, paths: Iterable[str], at: float) -> int:
        """Let open files start nothing; return how many of these paths were open."""
        dropped = [self._files[path] for path in paths if path in self._files]
        for file in dropped:
            self._remember(file.path, arrivals.dropped(file, at))
        return len(dropped)

    def batch_files(self, paths: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return which of these open files are there, and which are deleted."""
        files = [self._files[path] for path in paths]
        there = tuple(one.path for one in files if not one.is_deleted)
        return there, tuple(one.path for one in files if one.is_deleted)

    def arrivals_of(self, paths: Iterable[str]) -> list[Arrival]:
        """Return when these open files came about."""
        return [self._arrival(self._files[path]) for path in paths]

    def _arrival(self, file: SeenFile) -> Arrival:
        written_at = file.mtime_ns / 1e9
        noticed_at = self._noticed.get(file.path, written_at)
        return Arrival(written_at=noticed_at if file.is_deleted else written_at, noticed_at=noticed_at)

    def _notice(self, known: SeenFile | None, after: SeenFile | None, at: float) -> None:
        """Keep when an open file came to be as it is, for as long as it is open."""
        if after is None or not after.stage.is_open:
            return
        if known is None or (known.size_bytes, known.mtime_ns, known.is_deleted, known.stage.is_open) != (
            after.size_bytes,
            after.mtime_ns,
            after.is_deleted,
            True,
        ):
            self._noticed[after.path] = at
            self.newest = self._arrival(after)

    # The end of a step

    @property
    def is_changed(self) -> bool:
        return bool(self._rows) or self._is_watch_changed

    @property
    def _is_watch_changed(self) -> bool:
        return (self.looked_at, self.mounts) != (self._stored_looked_at, self._stored_mounts)

    def save(self, conn: Connection) -> None:
        """Store what this step has changed, inside the caller's transaction."""
        if self._is_watch_changed and self.looked_at is not None:
            seen_files.write_watch(conn, *self.key, self.looked_at, self.mounts)
            if self._stored_looked_at not in (None, self.looked_at):
                seen_files.forget_unwatched(conn, *self.key, self.watch.matches)
        seen_files.forget_files(conn, *self.key, (path for path, file in self._rows.items() if file is None))
        seen_files.write_files(conn, *self.key, (file for file in self._rows.values() if file is not None))

    def saved(self) -> None:
        """The step is committed."""
        self._stored_key, self._stored_looked_at, self._stored_mounts = self.key, self.looked_at, self.mounts
        self._rows, self._undo = {}, {}
        self.has_news = False

    def put_back(self) -> None:
        """The step has failed: be as before."""
        for path, before in self._undo.items():
            self._place(path, before.file)
            if before.look_at is not None:
                self._settling.put(path, before.look_at)
            if before.is_open:
                self.open_for_writing.add(path)
        self.looked_at, self.mounts = self._stored_looked_at, self._stored_mounts
        self._rows, self._undo = {}, {}
        self.has_news = False

    def _remember(self, path: str, file: SeenFile | None) -> None:
        self._rows[path] = file
        if path in self._files or (file is not None and file.stage.is_open):
            self._keep(path)
            self._place(path, file)

    def _keep(self, path: str) -> None:
        """Keep what is known of an open file before this step changes it."""
        if path not in self._undo:
            self._undo[path] = _Before(self._files.get(path), self._settling.at(path), path in self.open_for_writing)

    def _place(self, path: str, file: SeenFile | None) -> None:
        """Put an open file where it belongs; others are not kept here."""
        self._files.pop(path, None)
        self.waiting.remove(path)
        self._settling.remove(path)
        self.open_for_writing.discard(path)
        if file is None or not file.stage.is_open:
            self._noticed.pop(path, None)
            return
        self._files[path] = file
        if file.stage is Stage.PENDING:
            self.waiting.put(path, file.since)
        else:
            self._settling.put(path, file.since + self.watch.settle_s)

    def _look_later(self, path: str, is_open: bool, at: float) -> None:
        """Note when to look again at a file that settles: it tells of no change that it is closed."""
        self._keep(path)
        self.has_news |= is_open is not (path in self.open_for_writing)
        if is_open:
            self.open_for_writing.add(path)
            self._settling.put(path, at + max(self.watch.settle_s, LOOK_AGAIN_S))
        elif path in self.open_for_writing:
            self.open_for_writing.discard(path)
            self._settling.put(path, self._files[path].since + self.watch.settle_s)

    def _leave_unseen(self, scan: FolderScanned, at: float) -> None:
        """Look later at files that were due but could not be looked at, instead of again and again."""
        blind = tuple(f"{folder}/" for folder in scan.unreadable)
        for path in self._settling.until(at) if blind else ():
            if path.startswith(blind) or path in scan.unreadable:
                self._keep(path)
                self._settling.put(path, at + UNREADABLE_LOOK_S)

    def _has_looked_at(self, path: str) -> bool:
        return any(glob_pattern(one).match(path) for one in self.looked_at or ())
