"""Timeouts, delays before retries, graces of stops and notices of delay, held against a clock that nobody sets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from violation import require

from glue_tui.core.attempt import AttemptKey
from glue_tui.core.events import (
    AttemptFinished,
    AttemptQueued,
    AttemptRunning,
    AttemptStarting,
    AttemptStopRequested,
    DelayNoticed,
    Event,
)
from glue_tui.core.job import Job
from glue_tui.core.model import NodeId
from glue_tui.core.run import WorkflowRun
from glue_tui.core.states import NodeState
from glue_tui.core.wanted import STOP_GRACE_S

if TYPE_CHECKING:
    from world import World

EARLY_S = 0.01
LATE_S = 15.0
"""Commits may fail for a while, and each is tried again after a second."""


class Stopwatch:
    """Remembers when an attempt came into each state, as long as the engine lives that saw it."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._at: dict[tuple[AttemptKey, str], tuple[float, int]] = {}

    def saw(self, before: WorkflowRun, event: Event, *, is_fresh: bool) -> None:
        """Check an event that was just recorded, and remember it; not if it was read long after (`is_fresh`)."""
        match event:
            case AttemptStarting():
                self._check_delay(before, event)
            case AttemptStopRequested(because=NodeState.TIMEOUT):
                self._check_timeout(before, event)
            case DelayNoticed():
                self._check_notice(before, event)
            case AttemptFinished():
                self._check_noticed(before, event)
            case _:
                pass
        kinds = (AttemptQueued, AttemptStarting, AttemptRunning, AttemptStopRequested)
        if is_fresh and isinstance(event, kinds):
            key = _key(before, event.node_id, event.attempt)
            self._at[key, type(event).__name__] = (self._world.true_s, self._world.crashes)

    def kills(self, key: AttemptKey) -> None:
        """The engine ends a worker the hard way."""
        grace_s = self._since(key, "AttemptStopRequested")
        require(grace_s is None or grace_s >= STOP_GRACE_S - EARLY_S, f"{key.node_id} is killed after {grace_s} s")

    def _since(self, key: AttemptKey, *kinds: str) -> float | None:
        """Return the true time since the first of these that was seen; None if an engine has died since."""
        for kind in kinds:
            if (key, kind) in self._at:
                at_s, crashes = self._at[key, kind]
                return self._world.true_s - at_s if crashes == self._world.crashes else None
        return None

    def _check_delay(self, run: WorkflowRun, event: AttemptStarting) -> None:
        last = run.nodes[event.node_id].last
        waited_s = self._since(_key(run, event.node_id, event.attempt), "AttemptQueued")
        if last is not None and last.not_before is not None and waited_s is not None:
            delay_s = last.not_before - last.queued_at
            require(waited_s >= delay_s - EARLY_S, f"{event.node_id} starts after {waited_s} s of {delay_s} s")

    def _check_timeout(self, run: WorkflowRun, event: AttemptStopRequested) -> None:
        last = run.nodes[event.node_id].last
        assert last is not None
        assert last.timeout_s is not None
        worked_s = self._since(_key(run, event.node_id, event.attempt), "AttemptRunning", "AttemptStarting")
        if worked_s is not None:
            fits = last.timeout_s - EARLY_S <= worked_s <= last.timeout_s + LATE_S
            require(fits, f"{event.node_id} times out after {worked_s} s of {last.timeout_s} s")

    def _check_notice(self, run: WorkflowRun, event: DelayNoticed) -> None:
        after_s, last = _notify_after_s(run, event.node_id), run.nodes[event.node_id].last
        assert last is not None
        where = f"run {run.number}: the delay of {event.node_id}"
        require(after_s is not None, f"{where} is noticed, though nobody asked")
        require(last.state.is_active and last.delay_noticed_at is None, f"{where} is noticed twice, or after its end")
        worked_s = self._since(_key(run, event.node_id, event.attempt), "AttemptStarting")
        if worked_s is not None and after_s is not None:
            fits = after_s - EARLY_S <= worked_s <= after_s + LATE_S
            require(fits, f"{where} is noticed after {worked_s} s of {after_s} s")

    def _check_noticed(self, run: WorkflowRun, event: AttemptFinished) -> None:
        after_s, last = _notify_after_s(run, event.node_id), run.nodes[event.node_id].last
        assert last is not None
        worked_s = self._since(_key(run, event.node_id, event.attempt), "AttemptStarting")
        if after_s is not None and worked_s is not None and worked_s > after_s + LATE_S:
            require(last.delay_noticed_at is not None, f"nobody noticed that {event.node_id} took {worked_s} s")


def _key(run: WorkflowRun, node_id: NodeId, attempt: int) -> AttemptKey:
    return AttemptKey(run_id=run.run_id, node_id=node_id, attempt=attempt)


def _notify_after_s(run: WorkflowRun, node_id: NodeId) -> float | None:
    node = run.workflow.node(node_id)
    return node.notify_delay_after_s if isinstance(node, Job) else None
