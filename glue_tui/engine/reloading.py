"""What of a trigger survives when definitions are read again: its inbox."""

from __future__ import annotations

from glue_tui.core.model import Trigger, Workflow


def same_patterns(before: Workflow | None, trigger: Trigger) -> bool:
    """Tell whether a trigger watches the same files as before."""
    old = before.trigger(trigger.name) if before else None
    if old is None or old.watch is None or trigger.watch is None:
        return False
    return old.watch.patterns == trigger.watch.patterns
