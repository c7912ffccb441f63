"""One line on screen for what became of workflow files."""

from __future__ import annotations

import pytest

from glue_tui.protocol.views import ProblemView, WorkflowsChanged, WorkflowView
from glue_tui.tui.file_news import file_news


def workflow(name: str, *, problem: str = "", is_loaded: bool = True) -> WorkflowView:
    source = f"workflows/{name}.toml"
    problems = (ProblemView(path=source, line=7, key="jobs.a", message=problem),) if problem else ()
    return WorkflowView(name=name, source=source, is_broken=bool(problem), is_loaded=is_loaded, problems=problems)


A, B, BROKEN = workflow("a"), workflow("b"), workflow("a", problem="no such file")


@pytest.mark.parametrize(
    ("before", "message", "told"),
    [
        ((A,), WorkflowsChanged(workflows=(A,)), None),
        ((A,), WorkflowsChanged(workflows=(A, B), changed=("a", "b")), "a, b: in force as saved"),
        ((A,), WorkflowsChanged(workflows=(A,), changed=tuple("vwxyz")), "v, w, x and 2 more: in force as saved"),
        ((A, B), WorkflowsChanged(workflows=(A,)), "workflows/b.toml: gone"),
        ((A,), WorkflowsChanged(workflows=(B,), renamed={"b": "a"}), "a is called b now"),
        ((BROKEN,), WorkflowsChanged(workflows=(A,), changed=("a",)), "workflows/a.toml: mended, in force again"),
        (
            (A,),
            WorkflowsChanged(workflows=(BROKEN, B), changed=("b",)),
            "workflows/a.toml:7: jobs.a: no such file; its last good version stays in force",
        ),
        (
            (),
            WorkflowsChanged(workflows=(workflow("c", problem="x", is_loaded=False), BROKEN)),
            "workflows/c.toml:7: jobs.a: x; 1 more broken",
        ),
    ],
)
def test_what_became_of_files_is_one_line(
    before: tuple[WorkflowView, ...], message: WorkflowsChanged, told: str | None
) -> None:
    news = file_news(before, message)
    assert (news.text if news else None) == told
