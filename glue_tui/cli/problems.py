"""Problems of definition files on one line each."""

from __future__ import annotations

from glue_tui.core.problem import Problem
from glue_tui.protocol.views import ProblemView


def problem_text(problem: ProblemView) -> str:
    """Return `path:line: key: message (hint)`, the form that editors jump to."""
    return str(
        Problem(
            path=problem.path,
            line=problem.line,
            key=problem.key,
            message=problem.message,
            hint=problem.hint,
            is_warning=problem.is_warning,
        )
    )


def problem_view(problem: Problem) -> ProblemView:
    return ProblemView(
        path=problem.path,
        line=problem.line,
        key=problem.key,
        message=problem.message,
        hint=problem.hint,
        is_warning=problem.is_warning,
    )
