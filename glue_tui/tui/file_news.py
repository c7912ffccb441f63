"""Workflow files that broke or were mended since the last look, in words. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from glue_tui.protocol.views import ProblemView, WorkflowView


@dataclass(frozen=True, slots=True)
class FileNews:
    """What to say, and how loud."""

    text: str
    tone: str


def file_news(before: Sequence[WorkflowView], after: Sequence[WorkflowView]) -> FileNews | None:
    """Return what happened to the files between two lists of workflows: broken ones go before mended ones."""
    old = {workflow.source: _error(workflow) for workflow in before}
    broken = [error for one in after if (error := _error(one)) is not None and error != old.get(one.source)]
    mended = [one.source for one in after if _error(one) is None and old.get(one.source) is not None]
    if broken:
        more = f"; {len(broken) - 1} more broken" if len(broken) > 1 else ""
        return FileNews(_told(broken[0]) + more, "warn")
    if mended:
        return FileNews(f"{', '.join(mended)}: mended, in force again", "good")
    return None


def _error(workflow: WorkflowView) -> ProblemView | None:
    if not workflow.is_broken:
        return None
    first = next((one for one in workflow.problems if not one.is_warning), None)
    return first or ProblemView(path=workflow.source, line=0, key="", message="broken")


def _told(problem: ProblemView) -> str:
    place = f"{problem.path}:{problem.line}" if problem.line else problem.path
    key = f"{problem.key}: " if problem.key else ""
    return f"{place}: {key}{problem.message}" + (f" ({problem.hint})" if problem.hint else "")
