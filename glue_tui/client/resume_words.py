"""A resume's plan in words, on the screen and on the command line alike. Pure."""

from __future__ import annotations

from glue_tui.client.words import counted
from glue_tui.protocol.plan_views import ChangeView, ResumePlanView, ScriptView

SCRIPTS_RULE = "scripts are not pinned: either definition runs them as they are now"

_MARKS = {"added": "+", "removed": "-", "changed": "~"}


def since_text(plan: ResumePlanView) -> str:
    """Return how much changed: `2 changes since run 12`, `nothing has changed since run 12`."""
    if plan.refused_now:
        return f"the definition of now can't be used: {plan.refused_now}"
    if plan.changes_total:
        return f"{counted(plan.changes_total, 'change')} since run {plan.run_number}"
    what = "the definition has not" if plan.scripts else "nothing has"
    return f"{what} changed since run {plan.run_number}"


def change_text(change: ChangeView) -> str:
    """Return one change on one line: `~ jobs.clean_sales.timeout: 30m → 10m`; of a text only its place."""
    sides = " → ".join(side for side in (change.before, change.after) if side)
    return f"{_MARKS[change.kind]} {change.where}" + (f": {sides}" if sides else "")


def more_text(plan: ResumePlanView) -> str:
    """Return how many changes the plan leaves out; nothing where it has them all."""
    more = plan.changes_total - len(plan.changes)
    return f"… {counted(more, 'more change')}" if more else ""


def script_text(script: ScriptView, run_number: int) -> str:
    """Return why a script is not what the run before ran."""
    if script.saved_at is None:
        return f"{script.path} is gone"
    return f"{script.path} was saved after run {run_number} began"
