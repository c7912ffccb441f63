"""A folder tree in which files appear, grow, settle, are rewritten and vanish; and the truth about every version."""

from __future__ import annotations

from dataclasses import dataclass

from glue_tui.core.arrivals import FileFact
from glue_tui.core.globs import glob_pattern


@dataclass(slots=True)
class Version:
    """One content of one file, in true time."""

    fact: FileFact
    born_s: float
    clock_steps: int
    """How often the clock had been set when it came to be."""
    gone_s: float | None = None


class Folders:
    def __init__(self) -> None:
        self.files: dict[str, FileFact] = {}
        self.versions: dict[tuple[str, int], Version] = {}
        self._count = 0

    def write(self, path: str, size_bytes: int, true_s: float, wall_s: float, clock_steps: int) -> None:
        """Make or change a file."""
        self._end(path, true_s)
        self._count += 1
        fact = FileFact(path=path, size_bytes=size_bytes, mtime_ns=int(wall_s * 1000) * 1_000_000 + self._count)
        self.files[path] = fact
        self.versions[path, fact.mtime_ns] = Version(fact=fact, born_s=true_s, clock_steps=clock_steps)

    def remove(self, path: str, true_s: float) -> None:
        self._end(path, true_s)
        self.files.pop(path, None)

    def _end(self, path: str, true_s: float) -> None:
        if old := self.files.get(path):
            self.versions[path, old.mtime_ns].gone_s = true_s

    def scan(self, patterns: tuple[str, ...]) -> tuple[FileFact, ...]:
        """Return what a scan finds now."""
        globs = [glob_pattern(one) for one in patterns]
        return tuple(fact for path, fact in sorted(self.files.items()) if any(one.match(path) for one in globs))
