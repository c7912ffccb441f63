"""Places where staged files wait: held by a lock as long as the attempt that made them lives."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from glue_tui.catalog.lock_holders import LOCK_TOLD_AFTER_S, holders_of

_SYNCED_AT_ONCE = 16
"""The system brings together what is to be on the disk at the same time."""


def locked_place(path: Path, *, is_file: bool = False) -> int:
    """Make a staging folder or file and return its descriptor, locked: it is in nobody's way, and in use."""
    while True:
        if not is_file:
            path.mkdir(exist_ok=True)
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC if is_file else os.O_RDONLY, 0o666)
        except FileNotFoundError:
            continue
        fcntl.flock(fd, fcntl.LOCK_EX)
        # Somebody who clears away leftovers may have taken it for one before it was locked.
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(fd), path.stat()):
                return fd
        os.close(fd)


@contextmanager
def left_behind(path: Path) -> Iterator[bool]:
    """Hold a place, and yield whether whoever made it is gone: then it may be cleared away meanwhile."""
    try:
        fd = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        yield False
        return
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(fd)


@contextmanager
def alone_in(folder: Path, tell: Callable[[str], None]) -> Iterator[None]:
    """Let no other attempt publish into the same parent folder: two that append would lose each other's files.

    Whoever is there is told if that takes long.
    """
    fd = os.open(folder, os.O_RDONLY)
    try:
        _lock(fd, lambda: tell(f"waits for {folder}, which {holders_of(folder) or 'another job'} holds locked"))
        yield
    finally:
        os.close(fd)


def _lock(fd: int, tell: Callable[[], None]) -> None:
    telling = threading.Timer(LOCK_TOLD_AFTER_S, tell)
    telling.daemon = True
    telling.start()
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
    finally:
        telling.cancel()


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power failure."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def sync_folders(folders: Iterable[Path]) -> None:
    """Do the same for many."""
    with ThreadPoolExecutor(_SYNCED_AT_ONCE) as threads:
        for _ in threads.map(sync_folder, folders):
            pass
