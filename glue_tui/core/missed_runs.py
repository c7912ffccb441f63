"""What becomes of a schedule's moments that nobody met on time: no engine ran, the machine slept, the engine was held.

Pure: what is due and the clock are arguments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from glue_tui.core.states import MissedRuns

ON_TIME_S = 60.0
"""A moment that is met sooner than this after itself is met on time. No schedule has two moments within this time."""
COUNTED_MAX = 1000
"""Missed moments are counted up to here: nobody wants to know how often every minute comes in a year."""
MADE_UP_MAX = 100
"""Of one trigger at a time, by `run_all`: a clock that is set forward by a year must not start 100,000 runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleMark:
    """Until when the moments of a schedule have been taken care of. Kept as long as schedule and zone are the same."""

    schedule: str
    timezone: str
    done_until: float
    """Seconds since the epoch."""
    note: str = ""
    """What became of the last moments that started no run, in words; empty once one has started a run again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DueStart:
    """A run to be started."""

    at: float
    """The moment that the schedule meant."""
    missed: int = 0
    """How many missed moments the run stands for, this one among them; 0 for one that is met on time."""
    waits_for_room: bool = False
    """It has time: it starts once the workflow has room for it, and those after it wait behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DuePlan:
    starts: tuple[DueStart, ...]
    """Oldest first."""
    left_out: tuple[float, ...] = ()
    """Missed moments that get no run, in order; all of them are older than every start."""


def plan_due(policy: MissedRuns, due: Sequence[float], now: float) -> DuePlan:
    """Return what is to be done about moments that are due, in order; each that is met on time gets its run."""
    missed = [at for at in due if now - at >= ON_TIME_S]
    on_time = tuple(DueStart(at=at) for at in due[len(missed) :])
    if not missed:
        return DuePlan(starts=on_time)
    match policy:
        case MissedRuns.SKIP:
            return DuePlan(starts=on_time, left_out=tuple(missed))
        case MissedRuns.RUN_ONCE:
            return DuePlan(starts=(DueStart(at=missed[-1], missed=min(len(missed), COUNTED_MAX)), *on_time))
        case MissedRuns.RUN_ALL:
            starts = tuple(DueStart(at=at, missed=1, waits_for_room=True) for at in missed[-MADE_UP_MAX:])
            return DuePlan(starts=(*starts, *on_time), left_out=tuple(missed[:-MADE_UP_MAX]))


def count_text(missed: int, what: str = "missed start") -> str:
    """Return `3 missed starts`; beyond what is counted, `1,000 or more missed starts`."""
    number = f"{COUNTED_MAX:,} or more" if missed >= COUNTED_MAX else f"{missed:,}"
    return f"{number} {what}{'s' if missed != 1 else ''}"
