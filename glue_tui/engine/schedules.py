"""The part of the kernel that knows when SCHEDULED triggers fire. No clock: the time is given.

What a step changes here is put back by the kernel where its commit fails: values are replaced, never changed in place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from glue_tui.core.events import StartCause
from glue_tui.core.model import Workflow
from glue_tui.core.states import TriggerType
from glue_tui.engine.batch import TriggerKey
from glue_tui.engine.reloading import first_fire, same_schedule

CLOCK_SET_BACK_S = 3 * 3600.0
"""Where the clock is set back by less, what a schedule has fired is not fired again, as cron does it."""

Workflows = Mapping[str, Workflow]


@dataclass(slots=True)
class Schedules:
    next_fires: dict[TriggerKey, float | None] = field(default_factory=dict)

    def load(self, before: Workflows, workflows: Workflows, now: float) -> None:
        """Put the schedules of other definitions into force."""
        fires: dict[TriggerKey, float | None] = {}
        for workflow in workflows.values():
            for trigger in workflow.triggers:
                if trigger.schedule is not None:
                    key = (workflow.name, trigger.name)
                    # A fire that is due this very moment must survive a reload.
                    kept = same_schedule(before.get(workflow.name), workflow, trigger)
                    fires[key] = self.next_fires.get(key) if kept else first_fire(workflow, trigger, now)
        self.next_fires = fires

    def clock_moved(self, workflows: Workflows, stepped_at: float, now: float) -> None:
        """Look at the clock at the begin of a step; the last one was at `stepped_at`."""
        if now < stepped_at - CLOCK_SET_BACK_S:
            # Otherwise a clock that had been far in the future would silence every schedule until then.
            self.next_fires = {key: _next_fire(workflows, key, now) for key in self.next_fires}

    def due(self, workflows: Workflows, now: float) -> list[tuple[Workflow, StartCause]]:
        """Return the starts whose time has come."""
        starts: list[tuple[Workflow, StartCause]] = []
        for (name, trigger_name), at in self.next_fires.items():
            trigger = workflows[name].trigger(trigger_name)
            if at is None or at > now or trigger is None or not trigger.enabled:
                continue
            cause = StartCause(trigger=trigger_name, trigger_type=TriggerType.SCHEDULED, scheduled_at=at)
            starts.append((workflows[name], cause))
        return starts

    def move_on(self, workflows: Workflows, now: float) -> None:
        """After the commit: what was due has fired."""
        for key, at in self.next_fires.items():
            if at is not None and at <= now:
                self.next_fires[key] = _next_fire(workflows, key, now)

    def wake_times(self) -> list[float]:
        """Return when something is due."""
        return [at for at in self.next_fires.values() if at is not None]


def _next_fire(workflows: Workflows, key: TriggerKey, after: float) -> float | None:
    workflow = workflows[key[0]]
    trigger = workflow.trigger(key[1])
    return first_fire(workflow, trigger, after) if trigger else None
