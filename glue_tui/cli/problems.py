"""Problems of definition files, and what is in force meanwhile."""

from __future__ import annotations

from collections.abc import Iterable

from glue_tui.cli.output import harmless
from glue_tui.core.problem import Problem
from glue_tui.protocol.views import ProblemView, WorkflowView


def problem_view(problem: Problem) -> ProblemView:
    return ProblemView(
        path=problem.path,
        line=problem.line,
        key=problem.key,
        message=problem.message,
        hint=problem.hint,
        is_warning=problem.is_warning,
    )


def broken_texts(workflows: Iterable[WorkflowView]) -> list[str]:
    """Return of each file with errors what is in force in its place: what is listed is not what is saved."""
    return [
        f"{harmless(one.source)} has errors: "
        + ("its last good version is in force" if one.is_loaded else "nothing of it is in force")
        + f", `glue-tui validate {harmless(one.source)}` lists them"
        for one in workflows
        if one.is_broken
    ]
