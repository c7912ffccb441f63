"""What a resume would do as a view: the plan, and what changed since the run, what concerns it first. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from glue_tui.core.changes import Change, changed_lines
from glue_tui.core.model import NodeId
from glue_tui.core.resume import ResumePlan
from glue_tui.core.run import WorkflowRun
from glue_tui.protocol.plan_views import ChangeView, ResumePlanView, ScriptView

CHANGES_MAX = 200
"""Listed in a plan; how many there are is told besides."""

_AGAIN, _WORKFLOW, _OTHERS = _ORDER = ("again", "workflow", "others")


def resume_plan_view(
    run: WorkflowRun,
    plan: ResumePlan,
    *,
    as_it_ran: bool,
    changes: Sequence[Change],
    scripts: tuple[ScriptView, ...],
    refused_now: str = "",
) -> ResumePlanView:
    """Return the plan for a client. `changes` lead from the run's definition to the one of now."""
    again = frozenset((*plan.restart, *plan.follow))
    ranked = sorted(changes, key=lambda change: _ORDER.index(_concerns(change, again)))
    return ResumePlanView(
        restart=plan.restart,
        follow=plan.follow,
        carried=plan.carried,
        gone=plan.gone,
        run_id=run.run_id,
        run_number=run.number,
        as_it_ran=as_it_ran,
        changes=tuple(_change_view(change, again) for change in ranked[:CHANGES_MAX]),
        changes_total=len(changes),
        scripts=scripts,
        refused_now=refused_now,
    )


def change_views(changes: Sequence[Change]) -> tuple[ChangeView, ...]:
    """Return the first changes for a client that asks of no resume: none of the nodes runs again."""
    return tuple(_change_view(change, frozenset()) for change in changes[:CHANGES_MAX])


def _concerns(change: Change, again: frozenset[NodeId]) -> str:
    if not change.node_ids:
        return _WORKFLOW
    return _AGAIN if again.intersection(change.node_ids) else _OTHERS


def _change_view(change: Change, again: frozenset[NodeId]) -> ChangeView:
    return ChangeView(
        kind=change.kind.value,
        where=change.where,
        before="" if change.is_text else change.before,
        after="" if change.is_text else change.after,
        lines=changed_lines(change.before, change.after) if change.is_text else (),
        concerns=_concerns(change, again),
    )
