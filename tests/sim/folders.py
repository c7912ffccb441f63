"""A folder tree in which files appear, grow, settle, are rewritten and vanish; and the truth about every version."""

from __future__ import annotations

from dataclasses import dataclass, replace

from glue_tui.core.arrivals import FileFact
from glue_tui.core.globs import glob_pattern


@dataclass(slots=True)
class Version:
    """One content of one file, in true time."""

    fact: FileFact
    born_s: float
    clock_steps: int
    """How often the clock had been set when it came to be."""
    closed_s: float | None
    """When its writer closed it; None while that has not happened."""
    gone_s: float | None = None


@dataclass(slots=True)
class Absence:
    """The time during which a file was not there."""

    gone_s: float
    clock_steps: int
    back_s: float | None = None


class Folders:
    def __init__(self) -> None:
        self.files: dict[str, FileFact] = {}
        self.versions: dict[tuple[str, int], Version] = {}
        self.absences: dict[str, list[Absence]] = {}
        self._count = 0

    def write(
        self,
        path: str,
        size_bytes: int,
        true_s: float,
        wall_s: float,
        clock_steps: int,
        *,
        is_open: bool = False,
        is_renamed: bool = False,
    ) -> None:
        """Make or change a file; `is_open`: its writer has not closed it yet."""
        self._end(path, true_s)
        if path in self.absences and self.absences[path][-1].back_s is None:
            self.absences[path][-1].back_s = true_s
        self._count += 1
        mtime_ns = int(wall_s * 1000) * 1_000_000 + self._count
        fact = FileFact(path=path, size_bytes=size_bytes, mtime_ns=mtime_ns, is_renamed=is_renamed)
        self.files[path] = fact
        closed_s = None if is_open else true_s
        self.versions[path, mtime_ns] = Version(fact=fact, born_s=true_s, clock_steps=clock_steps, closed_s=closed_s)

    def close(self, path: str, true_s: float) -> None:
        """The last writer of a file closes it."""
        if fact := self.files.get(path):
            version = self.versions[path, fact.mtime_ns]
            version.closed_s = true_s if version.closed_s is None else version.closed_s

    def remove(self, path: str, true_s: float, clock_steps: int) -> None:
        self._end(path, true_s)
        if self.files.pop(path, None):
            self.absences.setdefault(path, []).append(Absence(gone_s=true_s, clock_steps=clock_steps))

    def _end(self, path: str, true_s: float) -> None:
        if old := self.files.get(path):
            self.versions[path, old.mtime_ns].gone_s = true_s

    def scan(self, patterns: tuple[str, ...]) -> tuple[FileFact, ...]:
        """Return what a look at everything finds now."""
        globs = [glob_pattern(one) for one in patterns]
        return tuple(self.look(path) for path in sorted(self.files) if any(one.match(path) for one in globs))

    def look(self, path: str) -> FileFact:
        """Return what a look at a file that is there finds now."""
        fact = self.files[path]
        is_open = self.versions[path, fact.mtime_ns].closed_s is None
        return replace(fact, is_open=is_open, is_renamed=fact.is_renamed and not is_open)
