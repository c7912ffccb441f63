"""Notifications on their way: how a client sees one, and what is said to and by the process that sends it."""

from __future__ import annotations

from typing import Any

import msgspec

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
