"""What it means that a trigger was paused or may fire again, on the screen and on the command line alike. Pure."""

from __future__ import annotations

from glue_tui.client.explained import listed
from glue_tui.client.words import counted
from glue_tui.core.schedule import local_text
from glue_tui.protocol.views import RunSummary, TriggerView, WorkflowView


def paused_text(trigger: TriggerView, unfinished: tuple[RunSummary, ...]) -> str:
    """Return what becomes of what would have fired a trigger. `unfinished`: the runs of its workflow that go."""
    match trigger.type:
        case "SCHEDULED":
            return "what comes due meanwhile stays missed"
        case "EVENT":
            return f"files wait meanwhile, {_in_batch(trigger)}"
        case "CONDITIONAL":
            numbers = listed(str(run.number) for run in unfinished)
            keeps = (
                f"; run{'s' * (len(unfinished) > 1)} {numbers} began before and may still fire it" if numbers else ""
            )
            return f"it fires in no run that begins from here on{keeps}"
        case _:
            return "that keeps nobody from firing it by hand, which is all that ever fires it"


def resumed_text(workflow: WorkflowView, trigger: TriggerView) -> str:
    """Return what fires a trigger that is not paused any more."""
    match trigger.type:
        case "SCHEDULED" if trigger.next_fire_at is not None:
            return f"it fires next {local_text(trigger.next_fire_at, workflow.timezone)}"
        case "SCHEDULED":
            return "but no time is left that its schedule names"
        case "EVENT":
            return f"it watches {listed(trigger.watch)}, {_in_batch(trigger)}"
        case "CONDITIONAL":
            return "it may fire in runs that begin from here on"
        case _:
            return "it waits for a hand"


def _in_batch(trigger: TriggerView) -> str:
    settling = f", {trigger.settling_files} more settling" if trigger.settling_files else ""
    return f"{counted(trigger.batch_files, 'file') if trigger.batch_files else 'none'} in its batch{settling}"
