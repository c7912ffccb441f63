"""Files that arrive in a watched folder: new, growing, settled, taken by a batch. Pure: facts and time are given.

A scan of the folder is the truth, so a missed or doubled hint of a watcher changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from glue_tui.core.clock import was_set_back
from glue_tui.core.model import FileWatch


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
    """What is remembered of one file of one trigger."""

    path: str
    size_bytes: int
    mtime_ns: int
    stage: Stage
    since: float
    """When it came into this stage; for SETTLING, when it was last seen to change."""
    run_id: str = ""


Inbox = Mapping[str, SeenFile]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    changed: tuple[SeenFile, ...]
    gone: tuple[str, ...]


def observe(
    inbox: Inbox | None,
    facts: Iterable[FileFact],
    settle_s: float,
    now: float,
    unreadable: tuple[str, ...] = (),
) -> Observation:
    """Compare a whole scan with what is remembered; None: the trigger has never looked.

    Of files below a folder that was `unreadable` nothing is known: they are not gone.
    """
    known = inbox or {}
    changed: list[SeenFile] = []
    present: set[str] = set()
    for fact in facts:
        present.add(fact.path)
        seen = known.get(fact.path)
        if inbox is None:
            changed.append(_seen(fact, Stage.BASELINE, now))
        elif seen is None or (seen.size_bytes, seen.mtime_ns) != (fact.size_bytes, fact.mtime_ns):
            changed.append(_seen(fact, Stage.SETTLING, now))
        elif seen.stage is Stage.SETTLING and was_set_back(seen.since, now):
            # The clock was set back: start to count again instead of waiting for the old time to come round.
            changed.append(_seen(fact, Stage.SETTLING, now))
        elif seen.stage is Stage.SETTLING and now - seen.since >= settle_s:
            changed.append(_seen(fact, Stage.PENDING, now))
    blind = tuple(f"{folder}/" for folder in unreadable)
    gone = tuple(path for path in known if path not in present and not path.startswith(blind))
    return Observation(changed=tuple(changed), gone=gone)


def _seen(fact: FileFact, stage: Stage, now: float) -> SeenFile:
    return SeenFile(path=fact.path, size_bytes=fact.size_bytes, mtime_ns=fact.mtime_ns, stage=stage, since=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    files: tuple[SeenFile, ...]
    fired_by: str
    """`size` or `window` (rule EV-3)."""


def pending(inbox: Inbox) -> tuple[SeenFile, ...]:
    """Return the settled files that wait, oldest first."""
    waiting = [seen for seen in inbox.values() if seen.stage is Stage.PENDING]
    return tuple(sorted(waiting, key=lambda seen: (seen.since, seen.path)))


def due_batch(inbox: Inbox, watch: FileWatch, now: float) -> Batch | None:
    """Return the batch that is complete by size, or whose window is over (rule EV-2)."""
    waiting = pending(inbox)
    if len(waiting) >= watch.batch_size:
        return Batch(files=waiting[: watch.batch_size], fired_by="size")
    if waiting and (now >= waiting[0].since + watch.batch_window_s or was_set_back(waiting[0].since, now)):
        return Batch(files=waiting, fired_by="window")
    return None


def window_closes_at(inbox: Inbox, watch: FileWatch) -> float | None:
    """Return when the open batch fires at the latest; None without one."""
    waiting = pending(inbox)
    return waiting[0].since + watch.batch_window_s if waiting else None


def look_again_at(inbox: Inbox, settle_s: float) -> float | None:
    """Return when the folder must be scanned again because a file may have settled."""
    return min((seen.since + settle_s for seen in inbox.values() if seen.stage is Stage.SETTLING), default=None)
