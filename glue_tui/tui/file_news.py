"""Workflow files that broke, were mended, changed or went since the last look, in words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from glue_tui.protocol.views import ProblemView, WorkflowsChanged, WorkflowView

NAMES_MAX = 3
"""So many workflows are named in one line, the others counted."""


@dataclass(frozen=True, slots=True)
class FileNews:
    """What to say, and how loud."""

    text: str
    tone: str


def file_news(before: Sequence[WorkflowView], message: WorkflowsChanged) -> FileNews | None:
    """Return what happened to the files since `before`: broken ones go before mended ones, those before the others."""
    after = message.workflows
    old = {workflow.source: _error(workflow) for workflow in before}
    new = {workflow.source for workflow in after}
    broken = [one for one in after if (error := _error(one)) is not None and error != old.get(one.source)]
    mended = [one.source for one in after if _error(one) is None and old.get(one.source) is not None]
    names = message.renamed.values()
    gone = [workflow.source for workflow in before if workflow.source not in new and workflow.name not in names]
    if broken:
        more = f"; {len(broken) - 1} more broken" if len(broken) > 1 else ""
        stays = "; its last good version stays in force" if broken[0].is_loaded else ""
        return FileNews(_told(_error(broken[0])) + stays + more, "warn")
    if mended:
        return FileNews(f"{_names(mended)}: mended, in force again", "good")
    parts = [f"{old} is called {name} now" for name, old in message.renamed.items()]
    parts += [f"{_names(message.changed)}: in force as saved"] if message.changed else []
    parts += [f"{_names(gone)}: gone"] if gone else []
    return FileNews("; ".join(parts), "good") if parts else None


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMES_MAX} more" if len(names) > NAMES_MAX else ""
    return ", ".join(names[:NAMES_MAX]) + more


def _error(workflow: WorkflowView) -> ProblemView | None:
    if not workflow.is_broken:
        return None
    first = next((one for one in workflow.problems if not one.is_warning), None)
    return first or ProblemView(path=workflow.source, line=0, key="", message="broken")


def _told(problem: ProblemView | None) -> str:
    assert problem is not None
    place = f"{problem.path}:{problem.line}" if problem.line else problem.path
    key = f"{problem.key}: " if problem.key else ""
    return f"{place}: {key}{problem.message}" + (f" ({problem.hint})" if problem.hint else "")
