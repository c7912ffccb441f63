"""A run's events as lines for people."""

from __future__ import annotations

from typing import assert_never

from glue_tui.core.events import (
    AttemptFinished,
    AttemptLost,
    AttemptQueued,
    AttemptRunning,
    AttemptStarting,
    AttemptStopRequested,
    DeadlinesShifted,
    DelayNoticed,
    Event,
    NodeCarriedOver,
    NodeFinished,
    NodeSkipped,
    PropertiesPut,
    Resumed,
    RunFinished,
    RunQueued,
    RunStarted,
    StartCause,
    StopRequested,
    TriggerFired,
    TriggerRuledOut,
)
from glue_tui.core.missed_runs import count_text
from glue_tui.core.model import node_name
from glue_tui.core.states import TriggerType


def cause_text(cause: StartCause) -> str:
    """Return why a run began: `by hand (by_hand)`, `2 files (files_arrived)`."""
    if cause.fired_by == "resume":
        return f"resumed; first started by {cause.trigger}"
    match cause.trigger_type:
        case TriggerType.EVENT if cause.files or cause.deleted_files:
            by_hand = "by hand, with " if cause.fired_by == "hand" else ""
            return f"{by_hand}{_files_text(cause.files, cause.deleted_files)} ({cause.trigger})"
        case TriggerType.SCHEDULED if cause.scheduled_at is not None:
            return f"schedule ({cause.trigger})" + (f", for {count_text(cause.missed)}" if cause.missed else "")
        case _:
            return f"by hand ({cause.trigger})"


def _files_text(files: tuple[str, ...], deleted_files: tuple[str, ...]) -> str:
    """Return `in/a.csv`, `2 files`, `in/a.csv deleted`, `2 files and 1 deleted`."""
    there = f"{len(files)} files" if len(files) > 1 else "".join(files)
    gone = f"{len(deleted_files)} files" if len(deleted_files) > 1 else "".join(deleted_files)
    if not deleted_files:
        return there
    return f"{there} and {len(deleted_files)} deleted" if files else f"{gone} deleted"


def resumed_text(number: int, as_it_ran: bool, changes: int) -> str:
    """Return what a run goes on from: `resumes run 12 with the definition of now (2 changes)`."""
    if as_it_ran:
        return f"resumes run {number} as it ran"
    count = f"{changes} change{'s' if changes > 1 else ''}" if changes else "nothing changed"
    return f"resumes run {number} with the definition of now ({count})"


def describe(event: Event) -> str:
    """Return one event as one line."""
    match event:
        case RunQueued(resumed=Resumed() as before):
            what = resumed_text(before.number, before.as_it_ran, before.changes)
            return f"run {event.number} of {event.workflow.name} {what}; first started by {event.cause.trigger}"
        case RunQueued():
            return f"run {event.number} of {event.workflow.name} asked for: {cause_text(event.cause)}"
        case RunStarted():
            return "run started"
        case NodeCarriedOver():
            return f"{node_name(event.node_id)} {event.state}, carried over from {event.from_run_id}"
        case TriggerFired(carried_over=True):
            return f"trigger {event.trigger} had fired in the run before"
        case TriggerFired():
            return f"trigger {event.trigger} fired"
        case TriggerRuledOut():
            return f"trigger {event.trigger} can't fire: {event.reason}"
        case NodeSkipped():
            return f"{node_name(event.node_id)} skipped: {event.reason}"
        case AttemptQueued():
            why = f" ({event.reason})" if event.reason else ""
            return f"{node_name(event.node_id)} queued, attempt {event.attempt}{why}"
        case AttemptStarting():
            return f"{node_name(event.node_id)} starting, attempt {event.attempt}"
        case AttemptRunning():
            return f"{node_name(event.node_id)} running, attempt {event.attempt}, worker {event.pid}"
        case AttemptStopRequested():
            return f"{node_name(event.node_id)} is being ended: {event.because}"
        case AttemptFinished():
            error = f": {event.error.type}: {event.error.message}" if event.error else ""
            rows = f", {event.rows_out} rows out" if event.rows_out is not None else ""
            return f"{node_name(event.node_id)} {event.state}, attempt {event.attempt}{rows}{error}"
        case AttemptLost():
            return f"{node_name(event.node_id)} lost its worker, attempt {event.attempt}: {event.reason}"
        case DelayNoticed():
            return f"{node_name(event.node_id)} is still at work after its notify_delay_after, attempt {event.attempt}"
        case DeadlinesShifted(by_s=by_s):
            moved = f"set back by {-by_s:g} s" if by_s < 0 else f"set forward by {by_s:g} s, or the machine slept"
            return f"the clock was {moved}: timeouts and delays move with it"
        case NodeFinished():
            reason = f": {event.reason}" if event.reason else ""
            return f"{node_name(event.node_id)} ended {event.state}{reason}"
        case PropertiesPut():
            pairs = ", ".join(f"{key}={value}" for key, value in event.properties.items())
            return f"{node_name(event.node_id)} set {pairs}"
        case StopRequested():
            return f"stop requested: {event.reason}"
        case RunFinished():
            message = f": {event.message}" if event.message else ""
            return f"run {event.status}, outcome {event.outcome}{message}"
        case _:
            assert_never(event)
