"""Projects to be measured: workflows of jobs that do nothing, in the shapes of the goals."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

JOB = "def run(glue):\n    pass\n"


def write_project(project_dir: Path, workflows: dict[str, str]) -> Path:
    """Make a project of these workflows (TOML by name) and one script that does nothing; return its folder."""
    (project_dir / "workflows" / "jobs").mkdir(parents=True)
    (project_dir / "workflows" / "jobs" / "nothing.py").write_text(JOB)
    for name, text in workflows.items():
        (project_dir / "workflows" / f"{name}.toml").write_text(text)
    return project_dir


def layers(widths: Sequence[int]) -> str:
    """Return a workflow of layers of jobs; every job waits for all of the layer before it."""
    names = [[f"n{layer}_{place}" for place in range(width)] for layer, width in enumerate(widths)]
    parts = [_trigger("begin", 'type = "ON_DEMAND"', names[0])]
    for layer, (before, after) in enumerate(pairwise(names), start=1):
        conditions = ", ".join(f'{{ job = "{name}", state = "SUCCEEDED" }}' for name in before)
        parts.append(
            _trigger(f"t{layer}", f'type = "CONDITIONAL"\nlogical = "AND"\nconditions = [{conditions}]', after)
        )
    parts += [f'[jobs.{name}]\ntype = "python"\nscript = "jobs/nothing.py"\n' for layer in names for name in layer]
    return "\n".join(parts)


def chain(nodes: int) -> str:
    """Return a workflow of jobs one after the other."""
    return layers([1] * nodes)


def diamond() -> str:
    """Return a workflow of five nodes: one, three side by side, one."""
    return layers([1, 3, 1])


def _trigger(name: str, kind: str, starts: Sequence[str]) -> str:
    actions = ", ".join(f'{{ job = "{one}" }}' for one in starts)
    return f"[triggers.{name}]\n{kind}\nactions = [{actions}]\n"
