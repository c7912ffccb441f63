"""One definition file: read it, and say either what workflow it is or everything that is wrong with it."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from glue_tui.core.model import Workflow
from glue_tui.core.problem import Problem
from glue_tui.definitions.authored import AuthoredWorkflow
from glue_tui.definitions.build import NAME_LENGTH_MAX, NAME_RULE, build_workflow, is_name
from glue_tui.definitions.check import check_graph
from glue_tui.definitions.files import InputFile, digest_of, read_file
from glue_tui.definitions.report import Report
from glue_tui.definitions.scope import Scope
from glue_tui.definitions.shape import read_shape
from glue_tui.definitions.syntax import read_toml


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A definition file as it stands now."""

    name: str
    source: str
    """Path relative to the project folder."""
    workflow: Workflow | None
    """None if there is any problem that is not a warning."""
    problems: tuple[Problem, ...]
    digest: str
    """Of the file, and of the files beside it that it names."""
    inputs: tuple[InputFile, ...] = ()
    """Those files, whether they exist or not."""

    def is_unchanged(self, path: Path) -> bool:
        """Tell whether reading the file again would give the same."""
        return self.digest == digest_of([read_file(path), *(item.look() for item in self.inputs)])


def load_file(path: Path, project_dir: Path) -> Loaded:
    """Read a definition file. A mistake of the user's never raises: it is among the problems."""
    path, project_dir = (Path(os.path.normpath(item.absolute())) for item in (path, project_dir))
    source = path.relative_to(project_dir).as_posix() if path.is_relative_to(project_dir) else str(path)
    content = read_file(path)
    inputs: dict[InputFile, bytes | str] = {}
    if isinstance(content, bytes):
        workflow, problems, inputs = _load_text(content, path, source, project_dir)
    else:
        workflow, problems = None, (_file_problem(source, content),)
    return Loaded(
        name=path.stem,
        source=source,
        workflow=workflow,
        problems=problems,
        digest=digest_of([content, *inputs.values()]),
        inputs=tuple(inputs),
    )


def _load_text(
    content: bytes, path: Path, source: str, project_dir: Path
) -> tuple[Workflow | None, tuple[Problem, ...], dict[InputFile, bytes | str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return None, (_file_problem(source, "not text in UTF-8", line),), {}
    document, syntax_problems = read_toml(source, text)
    if document is None:
        return None, syntax_problems, {}
    report = Report(source, text)
    if not document:
        # Editors empty a file before they write it, and a full disk leaves it empty: nobody means that by it.
        report.problem((), "the file is empty", "write the workflow, or remove the file")
        return None, report.problems, {}
    if not is_name(path.stem):
        report.problem((), f'"{path.stem}" can\'t name a workflow', f"{NAME_RULE}, at most {NAME_LENGTH_MAX}")
    authored = read_shape(AuthoredWorkflow, document, (), report)
    scope = Scope(
        report=report,
        project_dir=project_dir,
        folder=path.parent,
        now=time.time(),
        jobs=_names(document, "jobs"),
        crawlers=_names(document, "crawlers"),
        connections=_names(document, "connections"),
        properties=_names(document, "properties"),
    )
    workflow = build_workflow(authored, path.stem, scope)
    check_graph(workflow, scope)
    return None if report.has_errors else workflow, report.problems, scope.inputs


def _names(document: dict[str, object], table: str) -> tuple[str, ...]:
    """Return the names a table holds, also of entries that turn out to be wrong: they exist, after all."""
    items = document.get(table)
    return tuple(str(name) for name in items) if isinstance(items, dict) else ()


def _file_problem(source: str, message: str, line: int = 1) -> Problem:
    return Problem(path=source, line=line, key="", message=message)
