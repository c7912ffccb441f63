"""A small valid workflow for tests to spoil, and the folder it needs around it."""

from __future__ import annotations

from pathlib import Path

from glue_tui.definitions.load import Loaded, load_file

MINIMAL = """\
[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ job = "load" }]

[jobs.load]
type = "command"
command = ["true"]
"""
"""Seven lines: whatever a test appends begins on line 8."""


def write_workflow(project: Path, text: str | bytes, name: str = "night") -> Path:
    """Write a definition file into a project that has one python script and one query; return its path."""
    folder = project / "workflows"
    (folder / "jobs").mkdir(parents=True, exist_ok=True)
    (folder / "jobs" / "clean.py").write_text("def run(glue): ...\n")
    (folder / "sql").mkdir(exist_ok=True)
    (folder / "sql" / "sum.sql").write_text("SELECT 1 AS one")
    path = folder / f"{name}.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def load_text(project: Path, text: str | bytes) -> Loaded:
    return load_file(write_workflow(project, text), project)


def complaints(loaded: Loaded) -> list[str]:
    """Return the problems as printed, without the file's name."""
    return [str(problem).removeprefix("workflows/night.toml:") for problem in loaded.problems]
