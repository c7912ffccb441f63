"""What of a trigger survives when definitions are read again: its next fire, its inbox."""

from __future__ import annotations

from glue_tui.core.model import Trigger, Workflow
from glue_tui.core.schedule import next_fire, parse_schedule


def first_fire(workflow: Workflow, trigger: Trigger, after: float) -> float | None:
    """Return when a trigger fires next; None for one without schedule, or paused."""
    if trigger.schedule is None or not trigger.enabled:
        return None
    return next_fire(parse_schedule(trigger.schedule), after, workflow.timezone)


def same_schedule(before: Workflow | None, workflow: Workflow, trigger: Trigger) -> bool:
    """Tell whether a trigger fires at the same times as before."""
    old = before.trigger(trigger.name) if before else None
    if before is None or old is None:
        return False
    return (old.schedule, old.enabled, before.timezone) == (trigger.schedule, trigger.enabled, workflow.timezone)


def same_patterns(before: Workflow | None, trigger: Trigger) -> bool:
    """Tell whether a trigger watches the same files as before."""
    old = before.trigger(trigger.name) if before else None
    if old is None or old.watch is None or trigger.watch is None:
        return False
    return old.watch.patterns == trigger.watch.patterns
