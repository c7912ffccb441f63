"""By what one can tell, without reading it, that a file has changed; and in which folders such changes show."""

from __future__ import annotations

import os
import time
from collections.abc import Collection
from pathlib import Path

LINKS_MAX = 40
"""Symbolic links on the way to one file: the system follows no more either."""

Sign = tuple[int, int, int, int, int, int] | str
"""Device, inode, mode, size, times of modification and of change (ns); or in words why it can't be looked at."""


def sign_of(path: Path) -> Sign:
    """Return what is to be seen of a file, or of what it is a link to."""
    try:
        stat = path.stat()
    except OSError as error:
        return error.strerror or str(error)
    return (stat.st_dev, stat.st_ino, stat.st_mode, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


def age_s(path: Path) -> float:
    """Return how long ago a file changed, by the clock of its file system; of one that is gone, how long ago its folder
    did. 0 where neither can be looked at."""
    for one in (path, path.parent):
        try:
            return time.time() - one.stat().st_ctime
        except OSError:
            continue
    return 0.0


def folders_of(paths: Collection[Path]) -> frozenset[Path]:
    """Return the folders in which these files can change, come or go.

    A link shows changes beside it and where it leads to. What does not exist is waited for in the nearest folder above.
    """
    folders: set[Path] = set()
    for parent in {path.parent for path in paths}:
        folders |= _folders_on_the_way(parent / "any file")
    for path in paths:
        if _link(path) is not None:
            folders |= _folders_on_the_way(path)
    return frozenset(folders)


def _folders_on_the_way(path: Path) -> set[Path]:
    """Return the folder that `path` leads into at last, and those with a link that is passed on the way there."""
    folders: set[Path] = set()
    here, todo, links = Path("/"), list(path.parts[1:]), 0
    while todo:
        step = here / todo.pop(0)
        target = _link(step)
        if target is not None and links < LINKS_MAX:
            folders.add(here)
            links += 1
            here, todo = Path("/"), [*Path(os.path.normpath(here / target)).parts[1:], *todo]
        elif _is_folder(step):
            here = step
        else:
            break
    return folders | {here}


def _link(path: Path) -> Path | None:
    """Return where a link leads to; None if it is none, or can't be looked at."""
    try:
        return path.readlink()
    except OSError:
        return None


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False
