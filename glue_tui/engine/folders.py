"""Scanning watched folders: the truth about which files there are. Runs in a thread; touches no state."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG

from glue_tui.core.arrivals import FileFact
from glue_tui.core.globs import fixed_folder, glob_pattern, is_passing

FILES_MAX = 1_000_000
"""Files a trigger may watch; a scan ends there, and says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    files: tuple[FileFact, ...]
    unreadable: tuple[str, ...]
    """Folders that exist but could not be listed whole: nothing is known of what lies below them."""
    is_full: bool = False
    """There were more than FILES_MAX files."""


def scan(project_dir: Path, patterns: tuple[str, ...], files_max: int = FILES_MAX) -> Scan:
    """Return the files that match, by path. Hidden and temporary files (`.x`, `x~`, `x.tmp`, `x.part`) don't count,
    nor do names that are no UTF-8.
    """
    found: dict[str, FileFact] = {}
    unreadable: list[str] = []
    is_full = False
    for pattern in patterns:
        matches = glob_pattern(pattern)
        root = project_dir / fixed_folder(pattern)
        for entry in _walk(root, set(), unreadable):
            path = os.path.relpath(entry.path, project_dir) if not pattern.startswith("/") else entry.path
            if path in found or not matches.match(path) or is_passing(entry.name) or not _is_text(path):
                continue
            try:
                stat = entry.stat()
            except OSError:
                continue  # It vanished between the listing and the look: the next scan tells.
            if not S_ISREG(stat.st_mode):
                continue
            if len(found) >= files_max:
                is_full = True
                unreadable.append(str(root))
                break
            found[path] = FileFact(path=path, size_bytes=stat.st_size, mtime_ns=stat.st_mtime_ns)
    return Scan(
        files=tuple(found[path] for path in sorted(found)),
        unreadable=tuple(os.path.relpath(folder, project_dir) for folder in unreadable),
        is_full=is_full,
    )


def _is_text(path: str) -> bool:
    """Tell whether a path can be stored: the name of a file may be any bytes."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _walk(folder: Path | str, seen: set[tuple[int, int]], unreadable: list[str]) -> Iterator[os.DirEntry[str]]:
    """Yield the files below a folder; a cycle of symbolic links is walked once."""
    try:
        stat = Path(folder).stat()
        if (stat.st_dev, stat.st_ino) in seen:
            return
        seen.add((stat.st_dev, stat.st_ino))
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError:
        unreadable.append(str(folder))
        return
    for entry in listed:
        try:
            is_dir = entry.is_dir()
        except OSError:
            continue
        if is_dir:
            if not entry.name.startswith("."):
                yield from _walk(entry.path, seen, unreadable)
        else:
            yield entry
