"""Hints that files changed, from the operating system. A hint only says where to look; looks say what is there."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from stat import S_ISDIR

# The private core: the public `watch` and `awatch` begin to watch within their first wait for changes, and so can
# neither tell from when on nothing is missed, nor try whether a folder can be watched. pyproject keeps to version 1.
from watchfiles._rust_notify import RustNotify, WatchfilesRustInternalError

from glue_tui.core.globs import is_passing
from glue_tui.engine.file_systems import MountWatch, mounts_now, real_place, silent_mount

STEP_MS = 20
"""Changes are gathered until nothing more comes for so long. The system is asked so often: half of it costs twice."""
REST_STEP_MS = 80
"""The same where nothing has happened for REST_AFTER_S: to ask is most of what an engine at rest costs."""
REST_AFTER_S = 10.0
DEBOUNCE_MS = 200
"""… or at the most for so long."""
SAME_FOLDERS_MS = 250
"""So often it is checked that a watched folder is still the one of that name. Nothing tells when one above it is
renamed, or something is mounted there."""
HINTS_MAX = 2_000
"""With so many changes at once the system may have dropped some (it keeps 16,384 events, several a file)."""
RETRY_S = 30.0
"""So often it is tried again to watch what could not be watched."""
OPENING_SHARE = 0.1
"""At most this part of the time goes into beginning to watch anew."""

_DELETED = 3
_NO_FOLDER = (0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    paths: frozenset[str] = frozenset()
    """Files and folders that came, went or changed: absolute, as they really lie."""
    renamed: frozenset[str] = frozenset()
    """Those that had a temporary name in the same folder until now: complete as they are."""
    is_all: bool = False
    """Watching has begun anew: anything may have changed."""
    is_lost: bool = False
    """Some hints were lost."""


class _End(Enum):
    """Why watching has to begin anew."""

    CHANGED = auto()
    """Other folders are to be watched, or another folder has the name of a watched one."""
    BROKEN = auto()
    """It stumbled over something; hints were lost."""


@dataclass(slots=True)
class _Session:
    """What is watched from one beginning to the next."""

    notify: RustNotify | None
    silent: dict[str, str]
    """Folders on file systems that tell of no changes, and on which. They are not touched: a network may not answer,
    and all others would wait for it."""
    failed: dict[str, str]
    """Folders that can't be watched now, and why."""
    same: dict[str, tuple[int, int]]
    """Device and inode of each folder that may be touched."""
    real: frozenset[str]
    """The same folders as they really lie, and as hints name them."""
    took_s: float


@dataclass(slots=True, kw_only=True)
class Share:
    """One that is given hints, and what it wants to have watched."""

    hint: Callable[[Hints], None]
    begun: Callable[[], None]
    changed: Callable[[], None]
    folders: frozenset[str] = frozenset()

    def watch(self, folders: Iterable[str]) -> None:
        """Watch exactly these folders (absolute paths) from now on. One that is not there is waited for."""
        self.folders = frozenset(folders)
        self.changed()


class Watcher:
    """Watches folders for the engine, with what lies below them or without; which ones may change while it runs.

    Several may share one, as each costs time at rest: everyone is given the hints of all folders.
    """

    def __init__(self, note: Callable[[str], None], *, is_deep: bool) -> None:
        self.unwatched: dict[str, str] = {}
        """Folders whose changes the system does not tell of, and why."""
        self._shares: list[Share] = []
        self._note = note
        self._is_deep = is_deep
        self._folders: frozenset[str] = frozenset()
        self._rests_from = 0.0
        self._again = threading.Event()
        self._is_ended = False
        self._caught_up = asyncio.Event()
        self._mounts = MountWatch()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="watch")

    def share(self, hint: Callable[[Hints], None], begun: Callable[[], None] = lambda: None) -> Share:
        """Give hints to one more from now on.

        `begun` is told that watching has begun anew, and so that `unwatched` may have changed.
        """
        self._shares.append(Share(hint=hint, begun=begun, changed=self._folders_changed))
        return self._shares[-1]

    def _folders_changed(self) -> None:
        wanted = frozenset(folder for share in self._shares for folder in share.folders)
        if wanted != self._folders:
            self._folders = wanted
            self.begin_anew()

    def begin_anew(self) -> None:
        """Watch from the beginning: some folder below may have been left out."""
        self._caught_up.clear()
        self._again.set()

    async def caught_up(self) -> None:
        """Return when everything is watched that is to be watched now: whoever looks now misses nothing later."""
        if self._folders:
            await self._caught_up.wait()

    async def run(self) -> None:
        """Give hints until cancelled."""
        loop = asyncio.get_running_loop()
        is_lost = False
        try:
            while True:
                session = await loop.run_in_executor(self._thread, self._begin)
                self.unwatched = {**session.silent, **session.failed}
                for share in self._shares:
                    share.begun()
                self._give(Hints(is_all=True, is_lost=is_lost))
                if not self._again.is_set():
                    self._caught_up.set()
                while isinstance(news := await loop.run_in_executor(self._thread, self._next, session), Hints):
                    self._give(news)
                is_lost = news is _End.BROKEN
                if session.notify is not None:
                    session.notify.close()
                if is_lost:
                    # A name that is no UTF-8 does this, perhaps again and again: other work goes on in between.
                    await asyncio.sleep(session.took_s / OPENING_SHARE)
        finally:
            self._is_ended = True
            self._again.set()
            self._thread.shutdown(wait=False)
            self._mounts.close()

    def _give(self, hints: Hints) -> None:
        for share in self._shares:
            share.hint(hints)

    # In the thread

    def _begin(self) -> _Session:
        self._again.clear()
        folders, began = self._folders, time.monotonic()
        while not folders and not self._is_ended:
            self._again.wait()
            self._again.clear()
            folders, began = self._folders, time.monotonic()
        self._mounts.has_changed()
        mounts = mounts_now()
        real = {folder: real_place(folder, mounts) for folder in folders}
        silent: dict[str, str] = {}
        for folder, where in real.items():
            if mount := silent_mount(where, mounts, is_deep=self._is_deep):
                silent[folder] = f"{mount.kind} tells of no changes"
        same = {folder: _identity(folder) for folder in folders if folder not in silent}
        notify, failed = self._open([folder for folder in sorted(same) if same[folder] != _NO_FOLDER])
        for folder, why in failed.items():
            if self.unwatched.get(folder) != why:
                self._note(f"{folder} can't be watched: {why}; it is polled")
        return _Session(
            notify=notify,
            silent=silent,
            failed=failed,
            same=same,
            real=frozenset(real[folder] for folder in same),
            took_s=time.monotonic() - began,
        )

    def _open(self, folders: list[str]) -> tuple[RustNotify | None, dict[str, str]]:
        """Begin to watch as many of these folders as can be; return why the others can't."""
        failed: dict[str, str] = {}
        while folders:
            try:
                return self._notify(folders), failed
            except (OSError, WatchfilesRustInternalError) as error:
                failing = {folder: why for folder in folders if (why := self._why_not(folder))}
                # Each alone can be watched, all together are too many.
                failed.update(failing or {folders[-1]: _in_words(error)})
                folders = [folder for folder in folders if folder not in failed]
        return None, failed

    def _notify(self, folders: list[str]) -> RustNotify:
        real = list(dict.fromkeys(map(os.path.realpath, folders)))
        return RustNotify(real, False, False, 0, self._is_deep, False)

    def _why_not(self, folder: str) -> str:
        """Return why a folder can't be watched, nothing if it can."""
        try:
            self._notify([folder]).close()
        except (OSError, WatchfilesRustInternalError) as error:
            return _in_words(error)
        return ""

    def _next(self, session: _Session) -> Hints | _End:
        """Wait for changes."""
        checked = tried = time.monotonic()
        while not self._again.is_set():
            changes = self._changes(session)
            if changes is None:
                return _End.BROKEN
            now = time.monotonic()
            if now - checked >= SAME_FOLDERS_MS / 1000:
                checked = now
                if self._mounts.has_changed() or any(_identity(one) != known for one, known in session.same.items()):
                    return _End.CHANGED
            if session.failed and now - tried >= RETRY_S:
                tried = now
                if not all(self._why_not(folder) for folder in session.failed):
                    return _End.CHANGED
            if any((_DELETED, folder) in changes for folder in session.real):
                return _End.CHANGED
            if changes:
                return hints_of(changes)
        return _End.CHANGED

    def _changes(self, session: _Session) -> set[tuple[int, str]] | None:
        """Return what happened, none after some time in which nothing did; None if watching can't go on."""
        if session.notify is None:
            self._again.wait(SAME_FOLDERS_MS / 1000)
            return set()
        try:
            step_ms = REST_STEP_MS if time.monotonic() > self._rests_from else STEP_MS
            raw = session.notify.watch(DEBOUNCE_MS, step_ms, SAME_FOLDERS_MS, self._again)
        except WatchfilesRustInternalError as error:
            self._note(f"watching begins anew: {error}")
            return None
        if not isinstance(raw, set):
            return set()
        self._rests_from = time.monotonic() + REST_AFTER_S
        return raw


def hints_of(changes: set[tuple[int, str]]) -> Hints:
    """Return what the system's changes hint at."""
    if len(changes) >= HINTS_MAX:
        return Hints(is_all=True)
    gone: dict[str, set[str]] = defaultdict(set)
    for change, path in changes:
        folder, _, name = path.rpartition("/")
        if change == _DELETED and is_passing(name):
            gone[folder] |= _names_meant(name)
    renamed = (path for change, path in changes if change != _DELETED)
    return Hints(
        paths=frozenset(path for _, path in changes),
        renamed=frozenset(path for path in renamed if path.rpartition("/")[2] in gone[path.rpartition("/")[0]]),
    )


def _names_meant(passing: str) -> set[str]:
    """Return the names that a temporary one may stand for: `.sales.csv.Xy3f` (rsync) and `sales.csv.part` mean one."""
    bare = passing.lstrip(".").removesuffix("~")
    return {bare, bare.rpartition(".")[0]}


def _identity(folder: str) -> tuple[int, int]:
    """Return what tells one folder from another of the same name."""
    try:
        status = Path(folder).stat()
    except OSError:
        return _NO_FOLDER
    return (status.st_dev, status.st_ino) if S_ISDIR(status.st_mode) else _NO_FOLDER


def _in_words(error: Exception) -> str:
    text = str(error)
    if "watch limit" in text:
        return "the system watches no more folders (fs.inotify.max_user_watches)"
    if "os error 24" in text:
        return "the system has no more watchers (fs.inotify.max_user_instances)"
    if isinstance(error, PermissionError):
        return "a folder below it can't be read"
    return text
