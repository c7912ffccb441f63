"""Walking watched folders: the truth about which files there are. Runs in a thread; keeps no state.

A file is named by the way that its pattern goes: relative to the project folder, or absolute as the pattern is. A
folder that can be reached in several ways, over symbolic links, is walked in one of them only: by itself if that lies
in a watched folder, else over the first link.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISDIR, S_ISLNK, S_ISREG

from glue_tui.core.globs import fixed_folder, glob_pattern, is_passing

FILES_MAX = 1_000_000
"""Files a trigger may watch; a walk ends there, and says so."""
NAMES_KEPT = 20
"""Of files of which nothing but the name is to be told."""

Found = tuple[str, os.stat_result]


class Area:
    """What the patterns of a trigger cover."""

    def __init__(self, project_dir: str, patterns: tuple[str, ...]) -> None:
        self.patterns = patterns
        self.roots = _roots(patterns)
        """The folders that are walked, as files below them are named; `.` is the project folder."""
        self._project_dir = project_dir
        self._matches = re.compile("|".join(f"(?:{glob_pattern(one).pattern})" for one in patterns), re.DOTALL).match
        self._depth = {root: _depth(root, patterns) for root in self.roots}

    def at(self, path: str) -> str:
        """Return where a file or folder of this name is found."""
        return path if path.startswith("/") else f"{self._project_dir}/{path}"

    def root_of(self, path: str) -> str | None:
        """Return the root that is, or lies above, what goes by this name, be it there or not; None: other patterns'."""
        return max((one for one in self.roots if path == one or _is_below(path, one)), key=len, default=None)

    def has(self, path: str) -> bool:
        """Tell whether the patterns want a file of this name. Hidden and temporary files they never want."""
        return not is_passing(path.rpartition("/")[2]) and self._matches(path) is not None

    def goes_into(self, root: str, folder: str) -> bool:
        """Tell whether wanted files may lie in a folder below one of the roots, or under a link there."""
        if folder == root:
            return True
        below = folder if root == "." else folder[len(root) + 1 :]
        return folder.count("/") < self._depth[root] and not below.startswith(".") and "/." not in below


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A folder that is walked: one of the roots, or where a link below one leads."""

    shown: str
    """As files below it are named."""
    real: str
    """Without any link."""
    root: str

    def name_of(self, real: str) -> str:
        """Return how a folder below this one is named."""
        return file_name(self.shown, real[len(self.real) :].lstrip("/"))

    def real_of(self, folder: str) -> str:
        """Return where a folder below this one, of this name, really lies."""
        return _join(self.real, folder if self.shown == "." else folder[len(self.shown) + 1 :])

    @property
    def is_root(self) -> bool:
        return self.shown == self.root


class Places:
    """The folders that a look at everything has walked: how a path is named, and where a name lies."""

    def __init__(self, area: Area) -> None:
        self._area = area
        self._by_name: dict[str, Place] = {}
        self._reals: set[str] = set()

    def __iter__(self) -> Iterator[Place]:
        return iter(self._by_name.values())

    def add(self, place: Place) -> Place:
        self._by_name[place.shown] = place
        self._reals.add(place.real)
        return place

    def starts_at(self, real: str) -> bool:
        """Tell whether a folder is walked under a name of its own."""
        return real in self._reals

    def named(self, path: str) -> Place | None:
        """Return the place that a name lies in."""
        folder = path
        while folder not in self._by_name and folder not in (".", "/"):
            folder = folder.rpartition("/")[0] or ("/" if folder.startswith("/") else ".")
        return self._by_name.get(folder)

    def link(self, path: str) -> str | None:
        """Return where a link leads that is walked; None for what is no such link."""
        place = self._by_name.get(path)
        return None if place is None or place.is_root else place.real

    def names_of(self, folder: str) -> tuple[str, ...]:
        """Return how a folder is named that really lies here; several names only where roots lie within each other."""
        within = [one for one in self if folder == one.real or folder.startswith(_join(one.real, ""))]
        named = [(one, one.name_of(folder)) for one in within]
        named = [(one, shown) for one, shown in named if self._area.goes_into(one.root, shown)]
        if not any(one.is_root for one, _ in named):
            named = sorted(named, key=lambda pair: len(pair[0].real))[-1:]
        return tuple(shown for one, shown in named if one.is_root or len(named) == 1)


@dataclass(slots=True)
class Walk:
    """One look around. What it comes across besides the files stands in its fields afterwards."""

    area: Area
    places: Places
    files_max: int = FILES_MAX
    unreadable: list[str] = field(default_factory=list)
    """Folders and files that are there but could not be looked at: nothing is known of what lies below them."""
    missing: dict[str, str] = field(default_factory=dict)
    """Roots that are not there, with the reason in words."""
    unnamed: list[str] = field(default_factory=list)
    """Files whose names are no UTF-8, escaped: nothing could be told of them."""
    linked: set[str] = field(default_factory=set)
    """Links to files, and links that lead nowhere: only a look tells what becomes of what they lead to."""
    links: dict[str, Place] = field(default_factory=dict)
    """Links to folders, by name."""
    is_full: bool = False
    """There were more than `files_max` files."""
    _count: int = 0

    def everything(self) -> Iterator[Found]:
        """Yield every file that is wanted, in no order, and note in `places` which folders were walked."""
        for root in self.area.roots:
            where = self.area.at(root)
            if why := why_no_folder(where):
                self.missing[root] = why
            else:
                self.places.add(Place(shown=root, real=os.path.realpath(where), root=root))
        pending = list(self.places)
        while pending:
            for place in pending:
                yield from self._below(place.shown, place)
            # Links come after all real folders: which way counts does not depend on the order of names in a folder.
            new = [one for name, one in sorted(self.links.items()) if self.places.named(name) is not one]
            pending = [self.places.add(one) for one in new if not self.is_walked(one.real)]

    def one(self, path: str) -> Iterator[Found | str]:
        """Look at one name: yield what is found there and below it, and the name itself if nothing is there."""
        place = self.places.named(path)
        if place is None or not self.area.goes_into(place.root, path.rpartition("/")[0] or place.root):
            return
        try:
            status = Path(self.area.at(path)).lstat()
        except (FileNotFoundError, NotADirectoryError):
            yield path
        except OSError:
            self.unreadable.append(path)
        else:
            if S_ISDIR(status.st_mode):
                if self.area.goes_into(place.root, path):
                    yield from self._below(path, place)
            elif S_ISLNK(status.st_mode):
                yield from self._link(path, place)
            elif self.area.has(path):
                yield from self._file(path, Path(self.area.at(path)).stat)

    def is_walked(self, folder: str) -> bool:
        """Tell whether a folder that really lies here is walked without a further link."""
        return self.places.starts_at(folder) or bool(self.places.names_of(folder))

    def _below(self, folder: str, place: Place) -> Iterator[Found]:
        """Yield every file that is wanted below a folder that lies in a place; links to folders are noted only."""
        pending = [folder]
        while pending and not self.is_full:
            folder = pending.pop()
            if not place.is_root and folder != place.shown and self.places.starts_at(place.real_of(folder)):
                continue  # It goes by another name.
            try:
                with os.scandir(self.area.at(folder)) as entries:
                    for entry in entries:
                        path = file_name(folder, entry.name)
                        if entry.is_dir(follow_symlinks=False):
                            if self.area.goes_into(place.root, path):
                                pending.append(path)
                        elif entry.is_symlink():
                            yield from self._link(path, place)
                        elif self.area.has(path):
                            yield from self._file(path, entry.stat)
            except (FileNotFoundError, NotADirectoryError):
                continue  # It vanished meanwhile: whoever removed it has given a hint.
            except OSError:
                self.unreadable.append(folder)

    def _link(self, path: str, place: Place) -> Iterator[Found]:
        try:
            status = Path(self.area.at(path)).stat()
        except OSError as error:
            # It leads nowhere, or round in a circle. What it leads to may come, and nothing tells of that.
            if self.area.has(path) or self.area.goes_into(place.root, path):
                self.linked.add(path)
            if self.area.has(path) and not isinstance(error, FileNotFoundError | NotADirectoryError):
                self.unreadable.append(path)
            return
        if S_ISDIR(status.st_mode):
            if self.area.goes_into(place.root, path):
                self.links[path] = Place(shown=path, real=os.path.realpath(self.area.at(path)), root=place.root)
        elif self.area.has(path):
            self.linked.add(path)
            yield from self._file(path, lambda: status)

    def _file(self, path: str, stat: Callable[[], os.stat_result]) -> Iterator[Found]:
        if not is_text(path):
            if len(self.unnamed) < NAMES_KEPT:
                self.unnamed.append(escaped(path))
            return
        try:
            status = stat()
        except (FileNotFoundError, NotADirectoryError):
            return  # It vanished between the listing and the look.
        except OSError:
            self.unreadable.append(path)
            return
        if S_ISREG(status.st_mode):
            self._count += 1
            if self._count <= self.files_max:
                yield path, status
            elif not self.is_full:
                self.is_full = True
                self.unreadable += self.area.roots


def why_no_folder(where: str) -> str:
    """Return why no folder is found at a place, in words that go on after its name; nothing if there is one."""
    try:
        return "" if S_ISDIR(Path(where).stat().st_mode) else "is no folder"
    except FileNotFoundError:
        return "is no folder" if os.path.lexists(where) else "is not there"
    except NotADirectoryError:
        return "is not there"
    except OSError as error:
        # A folder above it may not be entered, a network does not answer, a link leads round in a circle.
        return f"can't be looked at ({error.strerror})"


def is_empty(where: str) -> bool:
    """Tell whether a folder has nothing in it at all, hidden files neither."""
    try:
        with os.scandir(where) as entries:
            return next(entries, None) is None
    except OSError:
        return False


def is_text(path: str) -> bool:
    """Tell whether a path can be stored: the name of a file may be any bytes."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def escaped(path: str) -> str:
    """Return a path that is no text in a form that can be shown: `in/caf\\xe9.csv`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _roots(patterns: tuple[str, ...]) -> tuple[str, ...]:
    """Return the folders that have to be walked for the patterns, without those that lie in another of them."""
    folders = sorted({fixed_folder(one) for one in patterns})
    kept: list[str] = []
    for folder in folders:
        # Below a hidden folder another walk would not come.
        above = [
            one for one in kept if (one == "." and not folder.startswith(("/", "."))) or folder.startswith(f"{one}/")
        ]
        if not any("/." not in folder[0 if one == "." else len(one) :] for one in above):
            kept.append(folder)
    return tuple(kept)


def _depth(root: str, patterns: tuple[str, ...]) -> float:
    """Return how many `/` the name of a wanted file below a root has at most."""
    own = [one for one in patterns if _is_below(one, root)]
    return max(math.inf if "**" in one else one.count("/") for one in own)


def _is_below(path: str, root: str) -> bool:
    return (root == "." and not path.startswith("/")) or path.startswith(_join(root, ""))


def _join(folder: str, name: str) -> str:
    return f"{folder}{name}" if folder.endswith("/") else f"{folder}/{name}"


def file_name(folder: str, name: str) -> str:
    """Return the name of what lies in a folder of this name; nothing stands before what lies in the project folder."""
    return folder if not name else name if folder == "." else _join(folder, name)
