"""Notifications on their way: how a client sees one, and what is said to and by the process that sends it."""

from __future__ import annotations

from glue_tui.protocol.views import View


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
