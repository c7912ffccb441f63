"""How long the last runs took, as bars of one cell each, with their median and the slowest. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from glue_tui.client.words import duration
from glue_tui.protocol.views import RunSummary

RUNS_MAX = 30
LEVELS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class RunBar:
    """One run."""

    level: int
    """1 to `LEVELS`, as long as it took; 0: it did not succeed, and its time would say little."""
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTimes:
    """The last runs, oldest first. Median and slowest are of those that succeeded or recovered."""

    bars: tuple[RunBar, ...]
    median_s: float | None
    slowest_s: float | None
    slowest_number: int


def run_times(runs: Iterable[RunSummary]) -> RunTimes:
    """Return the times of the newest `RUNS_MAX` runs that are over; a crawler run by itself is none of them."""
    over = [run for run in runs if run.finished_at is not None and run.started_at is not None and not run.crawler]
    newest = sorted(over, key=lambda run: run.number)[-RUNS_MAX:]
    good = [run for run in newest if run.outcome in ("SUCCEEDED", "RECOVERED")]
    slowest = max(good, key=_seconds, default=None)
    slowest_s = _seconds(slowest) if slowest is not None else None
    return RunTimes(
        bars=tuple(RunBar(level=_level(run, slowest_s) if run in good else 0, outcome=run.outcome) for run in newest),
        median_s=_median([_seconds(run) for run in good]),
        slowest_s=slowest_s,
        slowest_number=slowest.number if slowest is not None else 0,
    )


def times_text(times: RunTimes) -> str:
    """Return `median 54s · slowest 1m 32s, run 36`; nothing where no run succeeded."""
    if times.median_s is None or times.slowest_s is None:
        return ""
    return f"median {duration(times.median_s)} · slowest {duration(times.slowest_s)}, run {times.slowest_number}"


def _seconds(run: RunSummary) -> float:
    assert run.started_at is not None
    assert run.finished_at is not None
    return max(0.0, run.finished_at - run.started_at)


def _median(values: list[float]) -> float | None:
    ordered = sorted(values)
    middle = len(ordered) // 2
    if not ordered:
        return None
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _level(run: RunSummary, slowest_s: float | None) -> int:
    return max(1, round(LEVELS * _seconds(run) / slowest_s)) if slowest_s else 1
