"""Files of a watched folder: new, changed, deleted, settled, taken by a batch. Pure: facts and time are given.

Looks at the folder are the truth, so a missed or doubled hint of a watcher changes nothing. What is remembered of a
file is its last version and the stage that this is in. Files that settle or wait for their batch are *open*; an open
one remembers what was known of the file before, to which it returns where nothing has changed after all.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass, replace
from enum import StrEnum

from glue_tui.core.clock import was_set_back
from glue_tui.core.model import FileWatch
from glue_tui.core.states import FileChange


class Stage(StrEnum):
    BASELINE = "BASELINE"
    """It was there when the trigger was first seen: loading a definition fires nothing."""
    SETTLING = "SETTLING"
    PENDING = "PENDING"
    """Settled; waits for its batch."""
    TAKEN = "TAKEN"
    """Part of a batch that started a run."""
    DROPPED = "DROPPED"
    """A person decided that this version starts nothing."""
    UNSELECTED = "UNSELECTED"
    """It came by a kind of change that the trigger does not select (`events`)."""

    @property
    def is_open(self) -> bool:
        return self in (Stage.SETTLING, Stage.PENDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFact:
    """What a scan saw. `path` is relative to the project folder."""

    path: str
    size_bytes: int
    mtime_ns: int
    is_open: bool = False
    """Some process has it open for writing, as far as the system tells."""
    is_renamed: bool = False
    """It was renamed into place, complete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenFile:
    """What is remembered of one file of one trigger. Of a deleted file: the version that is gone."""

    path: str
    size_bytes: int
    mtime_ns: int
    stage: Stage
    since: float
    """When it came into this stage; for SETTLING, when it was last seen to change."""
    change: FileChange = FileChange.CREATED
    """How this version came about, against what was known before."""
    run_id: str = ""
    before: SeenFile | None = None
    """Of an open file: what was known of it before; None for one that is new."""

    @property
    def is_deleted(self) -> bool:
        return self.change is FileChange.DELETED

    def is_version(self, fact: FileFact) -> bool:
        return (self.size_bytes, self.mtime_ns) == (fact.size_bytes, fact.mtime_ns)


@dataclass(frozen=True, slots=True)
class LookTime:
    """When a look at files was begun and when it was told, seconds since the epoch.

    What it saw was so at some moment in between: a file has held only until `begun_at`, and is known since `told_at`.
    """

    begun_at: float
    told_at: float


def first_seen(fact: FileFact, at: float) -> SeenFile:
    """Return what is remembered of a file that was there before its trigger looked."""
    return _seen(fact, Stage.BASELINE, at)


def found(known: SeenFile | None, fact: FileFact, watch: FileWatch, look: LookTime) -> SeenFile:
    """Return what is to be remembered after a look that found a file; `known` itself where nothing changed."""
    if known is None:
        return _settle(_seen(fact, Stage.SETTLING, look.told_at), fact, watch, look)
    if known.is_version(fact) and not known.is_deleted:
        return _settle(known, fact, watch, look) if known.stage is Stage.SETTLING else known
    before = known.before if known.stage.is_open else known
    if before is None:
        return _settle(_seen(fact, Stage.SETTLING, look.told_at), fact, watch, look)
    if before.is_version(fact):
        # It was away for a moment, or its change was taken back, before anybody was told of it.
        return before
    changed = replace(_seen(fact, Stage.SETTLING, look.told_at), change=FileChange.MODIFIED, before=before)
    return _settle(changed, fact, watch, look)


def gone(known: SeenFile, watch: FileWatch, look: LookTime) -> SeenFile | None:
    """Return what is to be remembered after a look that did not find a file; None: it is forgotten.

    A deletion has to hold as long as a version: a program that replaces a file by deleting it first has modified it.
    """
    if known.stage.is_open and known.is_deleted:
        return _settle_deletion(known, watch, look)
    before = known.before if known.stage.is_open else known
    if before is None:
        return None
    deleted = replace(
        before, stage=Stage.SETTLING, since=look.told_at, change=FileChange.DELETED, run_id="", before=before
    )
    return _settle_deletion(deleted, watch, look)


def under(known: SeenFile, watch: FileWatch) -> SeenFile | None:
    """Return what is remembered of an open file once its trigger watches as `watch` says; None: it is forgotten."""
    if not watch.matches(known.path):
        return known.before
    if known.stage is Stage.PENDING and known.change not in watch.events:
        return None if known.is_deleted else _closed(known, Stage.UNSELECTED, known.since)
    return known


def taken(known: SeenFile, run_id: str, at: float) -> SeenFile | None:
    """Return what is remembered of a file that a batch has taken; a deleted one is forgotten."""
    return None if known.is_deleted else replace(_closed(known, Stage.TAKEN, at), run_id=run_id)


def dropped(known: SeenFile, at: float) -> SeenFile | None:
    """Return what is remembered of an open file that a person drops: this version of it starts nothing."""
    return None if known.is_deleted else _closed(known, Stage.DROPPED, at)


def _seen(fact: FileFact, stage: Stage, at: float) -> SeenFile:
    return SeenFile(path=fact.path, size_bytes=fact.size_bytes, mtime_ns=fact.mtime_ns, stage=stage, since=at)


def _closed(known: SeenFile, stage: Stage, at: float) -> SeenFile:
    return replace(known, stage=stage, since=at, before=None)


def _settle(settling: SeenFile, fact: FileFact, watch: FileWatch, look: LookTime) -> SeenFile:
    """Let a file count that has held for long enough, or came complete."""
    if was_set_back(settling.since, look.told_at):
        # The clock was set back: start to count again instead of waiting for the old time to come round.
        return replace(settling, since=look.told_at)
    if fact.is_open or not (fact.is_renamed or look.begun_at - settling.since >= watch.settle_s):
        return settling
    if settling.change in watch.events:
        return replace(settling, stage=Stage.PENDING, since=look.told_at)
    return _closed(settling, Stage.UNSELECTED, look.told_at)


def _settle_deletion(deleted: SeenFile, watch: FileWatch, look: LookTime) -> SeenFile | None:
    if deleted.stage is Stage.PENDING:
        return deleted
    if was_set_back(deleted.since, look.told_at):
        return replace(deleted, since=look.told_at)
    if look.begun_at - deleted.since < watch.settle_s:
        return deleted
    return replace(deleted, stage=Stage.PENDING, since=look.told_at) if FileChange.DELETED in watch.events else None


class Queue:
    """Paths in the order of a moment each: files that wait, oldest first, or that are to be looked at next."""

    __slots__ = ("_at", "_order")

    def __init__(self) -> None:
        self._at: dict[str, float] = {}
        self._order: list[tuple[float, str]] = []

    def __len__(self) -> int:
        return len(self._order)

    def put(self, path: str, at: float) -> None:
        """Put a path in its place, or move it there."""
        self.remove(path)
        self._at[path] = at
        insort(self._order, (at, path))

    def remove(self, path: str) -> None:
        at = self._at.pop(path, None)
        if at is not None:
            del self._order[bisect_left(self._order, (at, path))]

    def at(self, path: str) -> float | None:
        """Return a path's moment; None if it is not here."""
        return self._at.get(path)

    @property
    def first_at(self) -> float | None:
        return self._order[0][0] if self._order else None

    def first(self, count: int) -> tuple[str, ...]:
        """Return the first paths, at most `count`."""
        return tuple(path for _, path in self._order[:count])

    def until(self, at: float) -> tuple[str, ...]:
        """Return the paths whose moment has come."""
        return tuple(path for _, path in self._order[: bisect_left(self._order, (at, "\U0010ffff"))])


def due_batch(waiting: Queue, watch: FileWatch, now: float) -> tuple[tuple[str, ...], str]:
    """Return the batch that is complete by size, or whose window is over (rules EV-2, EV-3), and which; else none."""
    if len(waiting) >= watch.batch_size:
        return waiting.first(watch.batch_size), "size"
    opened = waiting.first_at
    if opened is not None and (now >= opened + watch.batch_window_s or was_set_back(opened, now)):
        return waiting.first(watch.batch_size), "window"
    return (), ""
