"""What happened outside and concerns one run. `core.decide` turns a stimulus into events."""

from __future__ import annotations

from dataclasses import dataclass

from glue_tui.core.attempt import AttemptKey, AttemptResult


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnCame:
    """A queued run may start: `max_concurrent_runs` allows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRefused:
    """A queued run will never start; the message says why (rule WF-14)."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotGranted:
    key: AttemptKey


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStarted:
    key: AttemptKey
    pid: int
    process_started_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerExited:
    """The worker's process ended. `result` is None where it died before its work was done."""

    key: AttemptKey
    result: AttemptResult | None
    exit_code: int | None = None
    signal: int | None = None
    out_of_memory: bool | None = None
    """Whether the system killed it for want of memory; None where that is not known."""
    peak_memory_bytes: int | None = None
    """As `cpu_s`: what the system says of the ended process. A result that is there knows better."""
    cpu_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLost:
    """The worker is gone and nobody saw how: its engine or its fork server died."""

    key: AttemptKey
    reason: str
    is_charged: bool = True
    """False where the node can't be to blame: somebody stopped the engine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStopRequested:
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockTicked:
    """Time passed: look for timeouts that are over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockStepped:
    """The wall clock was set, or the machine slept: it moved on by so much more than time has passed."""

    by_s: float
    """Negative where the clock was set back."""


Stimulus = (
    TurnCame
    | StartRefused
    | SlotGranted
    | WorkerStarted
    | WorkerExited
    | WorkerLost
    | RunStopRequested
    | ClockTicked
    | ClockStepped
)
