"""Notifications on their way: how a client sees one, and what is said to and by the process that sends it."""

from __future__ import annotations

from typing import Any

import msgspec

from glue_tui.core.states import DeliveryState
from glue_tui.protocol.views import View

REASON_CHARS_MAX = 500


class DeliveryView(View, frozen=True):
    """One notification about one run, and what became of it."""

    run_id: str
    number: int
    """Of the run."""
    workflow: str
    notification: int
    """Its place among the `[[notifications]]` of the run's definition, from 1."""
    occasion: str
    """Outcome of the run, or DELAYED."""
    way: str
    """url | command"""
    target: str
    """The program, or the URL without its secrets."""
    state: str
    """PENDING | SENT | FAILED | MISSED"""
    at: float
    """When that came about which it tells."""
    node: str = ""
    """The job that takes long."""
    tries: int = 0
    next_try_at: float | None = None
    changed_at: float | None = None
    reason: str = ""
    """Why the last try failed, or why there was none."""


def delivery_text(delivery: DeliveryView) -> str:
    """Return what became of a notification: `notification 1 (url) FAILED after 6 tries: connection refused`."""
    what = f"notification {delivery.notification} ({delivery.way}) on {delivery.occasion}"
    if delivery.node:
        what += f" of {delivery.node}"
    tries = f" after {delivery.tries} tries" if delivery.tries > 1 else ""
    why = f": {delivery.reason}" if delivery.reason else ""
    match DeliveryState(delivery.state):
        case DeliveryState.SENT:
            return f"{what} sent{tries}"
        case DeliveryState.PENDING:
            return f"{what} will be tried again{tries}{why}" if delivery.tries else f"{what} is to be sent"
        case DeliveryState.FAILED:
            return f"{what} given up{tries}{why}"
        case DeliveryState.MISSED:
            return f"{what} was not sent{why}"


class DeliveryOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What a sending process is to do; it reads the run itself."""

    project_dir: str
    state_db: str
    timeout_s: float
    position: int
    """Of the notification in the definition, from 0."""
    occasion: str
    run_id: str = ""
    """Empty for a sample, which tells of a run that never was."""
    node_id: str = ""
    attempt: int = 0
    sample_workflow: dict[str, Any] | None = None
    """`to_data` of the Workflow that a sample is of."""


class DeliveryResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a sending process has done."""

    is_sent: bool
    reason: str = ""
    """Why not, for people, without secrets."""
    is_final: bool = False
    """Another try would fail for the same reason."""
