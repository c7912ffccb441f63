"""What a job may put into the properties of its run."""

from __future__ import annotations

import pytest
from publishing import Project

from glue_tui.core.model import Job, PythonWork


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('glue.set_property("big", "x" * 10_001)', "property big has 10,001 characters, of 10,000 at most"),
        ("[glue.set_property(f'p{n}', n) for n in range(1_001)]", "property p1000 would be one more than the 1,000"),
    ],
)
def test_a_job_that_sets_too_much_is_told_so(project: Project, line: str, message: str) -> None:
    (project.folder / "job.py").write_text(f"def run(glue):\n    {line}\n")
    with pytest.raises(ValueError, match=message):
        project.run(Job(name="setter", work=PythonWork(script="job.py")))


def test_as_much_as_is_allowed_is_kept(project: Project) -> None:
    (project.folder / "job.py").write_text(
        "def run(glue):\n    for n in range(1_000):\n        glue.set_property(f'p{n}', n)\n"
    )
    report = project.run(Job(name="setter", work=PythonWork(script="job.py")))
    assert len(report.properties) == 1_000
