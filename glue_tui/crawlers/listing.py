"""Which files a folder holds: the walk, and the globs that leave files out."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from glue_tui.catalog.places import LOCAL, Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedFile:
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


def list_files(root: Path, exclude: Sequence[str], *, project_dir: Path) -> Iterator[ListedFile]:
    """Yield the data files below `root` (or `root` itself, if it is a file), ordered by path.

    Only regular files are data: who opens a pipe waits for ever. What begins with a dot or an underscore is none.
    Links are followed; a folder inside itself is walked once.
    """
    project = os.path.normpath(project_dir.absolute())
    top = os.path.normpath(project_dir.absolute() / root)
    status = Path(top).stat()
    if not S_ISDIR(status.st_mode):
        if S_ISREG(status.st_mode):
            yield _listed(top, project, (), Path(top).name, status)
        return
    excluded = [glob_pattern(glob) for glob in exclude]
    yield from _walk(top, project, (), excluded, frozenset({_identity(status)}))


def _walk(
    folder: str,
    project: str,
    folders: tuple[str, ...],
    excluded: list[re.Pattern[str]],
    above: frozenset[tuple[int, int]],
) -> Iterator[ListedFile]:
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        if entry.name.startswith((".", "_")):
            continue
        relative = "/".join((*folders, entry.name))
        if any(pattern.fullmatch(relative) for pattern in excluded):
            continue
        try:
            status = entry.stat()
            is_folder = entry.is_dir()
        except OSError:
            continue  # a dangling link, or a file that went away during the walk
        if not is_folder:
            if entry.is_file():
                yield _listed(entry.path, project, folders, entry.name, status)
        elif _identity(status) not in above:
            deeper = above | {_identity(status)}
            yield from _walk(entry.path, project, (*folders, entry.name), excluded, deeper)


def catalog_path(absolute: str, project: str) -> str:
    """Return a path as the catalog keeps it; both arguments are absolute."""
    if absolute == project:
        return "."
    return absolute[len(project) + 1 :] if absolute.startswith(project + os.sep) else absolute


@cache
def glob_pattern(glob: str) -> re.Pattern[str]:
    """Return the pattern of an exclusion glob, to be matched with a whole path relative to its target (rule GR-9).

    `*` stays within one folder, `**` crosses folders, `**/` also matches no folder at all, `{a,b}` is a choice.
    """
    parts: list[str] = []
    place = 0
    choice = False
    while place < len(glob):
        letter = glob[place]
        if glob.startswith("**/", place):
            parts.append("(?:.*/)?")
            place += 3
            continue
        if glob.startswith("**", place):
            parts.append(".*")
            place += 2
            continue
        closing = glob.find("]", place + 2) if letter == "[" else -1
        if letter == "[" and closing > 0:
            inside = glob[place + 1 : closing]
            negated = inside.startswith("!")
            parts.append(f"[{'^' if negated else ''}{re.escape(inside[negated:]).replace(chr(92) + '-', '-')}]")
            place = closing + 1
            continue
        if letter == "\\" and place + 1 < len(glob):
            place += 1
            parts.append(re.escape(glob[place]))
        elif letter == "*":
            parts.append("[^/]*")
        elif letter == "?":
            parts.append("[^/]")
        elif letter == "{" and "}" in glob[place:]:
            parts.append("(?:")
            choice = True
        elif letter == "}" and choice:
            parts.append(")")
            choice = False
        elif letter == "," and choice:
            parts.append("|")
        else:
            parts.append(re.escape(letter))
        place += 1
    return re.compile("".join(parts), re.DOTALL)


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _listed(absolute: str, project: str, folders: tuple[str, ...], name: str, status: os.stat_result) -> ListedFile:
    return ListedFile(
        path=catalog_path(absolute, project),
        absolute=absolute,
        folders=folders,
        name=name,
        size_bytes=status.st_size,
        mtime_ns=status.st_mtime_ns,
        tag=str(status.st_ctime_ns),
    )
