"""States, durations, sizes and ages as people read them. Pure; draws nothing."""

from __future__ import annotations

from dataclasses import dataclass

from glue_tui.client.words import duration
from glue_tui.protocol.views import NodeView, RunSummary, TriggerView, WorkflowView


@dataclass(frozen=True, slots=True)
class StateLook:
    """How a state is told: a glyph, a word and a tone, so that it reads without colour too."""

    glyph: str
    word: str
    tone: str


_NODE_LOOKS: dict[str, StateLook] = {
    "PENDING": StateLook("pending", "pending", "muted"),
    "WAITING": StateLook("waiting", "waiting", "warn"),
    "STARTING": StateLook("starting", "starting", "running"),
    "RUNNING": StateLook("running", "running", "running"),
    "STOPPING": StateLook("stopping", "stopping", "warn"),
    "SUCCEEDED": StateLook("succeeded", "succeeded", "good"),
    "FAILED": StateLook("failed", "failed", "bad"),
    "TIMEOUT": StateLook("timeout", "timed out", "bad"),
    "STOPPED": StateLook("stopped", "stopped", "warn"),
    "ERROR": StateLook("error", "error", "bad"),
    "SKIPPED": StateLook("skipped", "skipped", "muted"),
}

OUTCOME_LOOKS: dict[str, StateLook] = {
    "SUCCEEDED": StateLook("succeeded", "SUCCEEDED", "good"),
    "RECOVERED": StateLook("recovered", "RECOVERED", "warn"),
    "FAILED": StateLook("failed", "FAILED", "bad"),
    "STOPPED": StateLook("stopped", "STOPPED", "warn"),
    "ERROR": StateLook("error", "ERROR", "bad"),
}

_TRIGGER_GLYPHS = {"SCHEDULED": "scheduled", "EVENT": "event", "ON_DEMAND": "on_demand", "CONDITIONAL": "conditional"}


def node_look(state: str) -> StateLook:
    """Return how the state of a node is told."""
    return _NODE_LOOKS[state]


def run_look(summary: RunSummary) -> StateLook:
    """Return how a run is told: by its outcome once it is over, by its status before."""
    if summary.outcome:
        return OUTCOME_LOOKS[summary.outcome]
    if summary.status == "STOPPING":
        return StateLook("stopping", "STOPPING", "warn")
    if summary.started_at is None:
        return StateLook("waiting", "QUEUED", "warn")
    return StateLook("running", "RUNNING", "running")


def workflow_look(workflow: WorkflowView, last: RunSummary | None) -> StateLook:
    """Return how a workflow is told in the tree: broken before everything, else its last run."""
    if workflow.is_broken:
        return StateLook("broken", "broken", "warn")
    if last is None:
        return StateLook("never_run", "never run", "muted")
    return run_look(last)


def trigger_glyph(trigger_type: str, logical: str = "") -> str:
    """Return the name of a trigger's glyph."""
    if trigger_type == "CONDITIONAL" and logical == "ANY":
        return "conditional_any"
    return _TRIGGER_GLYPHS[trigger_type]


def whole_duration(seconds: float) -> str:
    """Return a running time without fractions, so that it changes once a second: `3s`, `1m 12s`."""
    return f"{int(seconds)}s" if 0 <= seconds < 10 else duration(max(0.0, float(int(seconds))))


def left_text(ends_at: float | None, now: float) -> str:
    """Return how long a run will go on: `~23s left`; nothing where nobody knows."""
    if ends_at is None:
        return ""
    return f"~{whole_duration(ends_at - now)} left" if ends_at - now >= 1 else "ends soon"


def age(seconds: float) -> str:
    """Return how long ago in one unit, minutes at the finest: `now`, `2m`, `3h`, `5d`."""
    minutes = int(max(0.0, seconds) // 60)
    if minutes < 1:
        return "now"
    if minutes < 60:
        return f"{minutes}m"
    if minutes < 60 * 24:
        return f"{minutes // 60}h"
    return f"{minutes // (60 * 24)}d"


def until(seconds: float) -> str:
    """Return how far ahead, minutes at the finest: `now`, `in 55m`, `in 23h 55m`, `in 3d 4h`."""
    if seconds <= 0:
        return "now"
    minutes = int(-(-seconds // 60))
    if minutes < 60:
        return f"in {minutes}m"
    if minutes < 60 * 24:
        return f"in {minutes // 60}h {minutes % 60:02d}m"
    return f"in {minutes // (60 * 24)}d {minutes % (60 * 24) // 60}h"


def node_seconds(node: NodeView, now: float) -> float | None:
    """Return how long a node's last attempt ran or has been running; None before it started."""
    if node.started_at is None:
        return None
    return (node.finished_at if node.finished_at is not None else now) - node.started_at


def run_seconds(summary: RunSummary, now: float) -> float | None:
    """Return how long a run took or has been running; None before it started."""
    if summary.started_at is None:
        return None
    return (summary.finished_at if summary.finished_at is not None else now) - summary.started_at


def trigger_note(trigger: TriggerView, now: float) -> str:
    """Return what the trigger list says beside a trigger that no run decides: its next fire, its batch, the key."""
    if trigger.state == "DEACTIVATED":
        return f"paused · {trigger.batch_files} wait" if trigger.batch_files else "paused"
    match trigger.type:
        case "SCHEDULED":
            return until(trigger.next_fire_at - now) if trigger.next_fire_at is not None else "no next time"
        case "EVENT":
            return _batch_note(trigger, now)
        case "ON_DEMAND":
            return "press f"
        case _:
            return f"0/{len(trigger.conditions)}"


def _batch_note(trigger: TriggerView, now: float) -> str:
    parts = [f"{trigger.batch_files}/{trigger.batch_size}"]
    if trigger.window_closes_at is not None:
        parts.append(f"{whole_duration(trigger.window_closes_at - now)} left")
    if trigger.settling_files:
        parts.append(f"{trigger.settling_files} settling")
    return " · ".join(parts)
