"""All definition files of a project, with the last good version of each that has turned bad."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from glue_tui.core.model import Workflow
from glue_tui.core.problem import Problem
from glue_tui.definitions.folder import STATE_FOLDER, WORKFLOWS_FOLDER, definition_files, find_project_dir
from glue_tui.definitions.load import Loaded, load_file

__all__ = [
    "STATE_FOLDER",
    "WORKFLOWS_FOLDER",
    "Definition",
    "DefinitionSet",
    "find_project_dir",
    "load_project",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One file: what is in force, and what is wrong with the text as it stands now."""

    name: str
    source: str
    workflow: Workflow | None
    """In force: of the file itself, or of its last good version; None if there has been none."""
    problems: tuple[Problem, ...]
    is_broken: bool
    """The text as it stands now can't be used."""
    loaded: Loaded


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionSet:
    """The definition files of a project, by name."""

    definitions: tuple[Definition, ...]

    @property
    def workflows(self) -> tuple[Workflow, ...]:
        """All workflows in force."""
        return tuple(item.workflow for item in self.definitions if item.workflow is not None)

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(problem for item in self.definitions for problem in item.problems)

    @property
    def is_broken(self) -> bool:
        return any(item.is_broken for item in self.definitions)

    def get(self, name: str) -> Definition | None:
        return next((item for item in self.definitions if item.name == name), None)

    def with_last_good(self, versions: Mapping[str, Workflow]) -> DefinitionSet:
        """Put the last good versions, by source, into force where a file is broken and none is in force yet."""
        return DefinitionSet(
            definitions=tuple(
                replace(item, workflow=versions.get(item.source)) if item.workflow is None else item
                for item in self.definitions
            )
        )

    def reloaded(self, project_dir: Path) -> DefinitionSet:
        """Return the files as they are now; only what changed is read again, and it returns itself if nothing did."""
        known = {item.source: item for item in self.definitions}
        fresh = _load(project_dir, known)
        return self if fresh == self else fresh


def load_project(project_dir: Path) -> DefinitionSet:
    """Read all definition files of a project, in the order of their names. Never raises for the user's mistakes."""
    return _load(project_dir, {})


def _load(project_dir: Path, known: dict[str, Definition]) -> DefinitionSet:
    project_dir = project_dir.resolve()
    definitions: list[Definition] = []
    folded: dict[str, str] = {}
    for path in definition_files(project_dir):
        before = known.get(path.relative_to(project_dir).as_posix())
        clash = folded.setdefault(path.stem.casefold(), path.name)
        definitions.append(_definition(path, project_dir, before, "" if clash == path.name else clash))
    return DefinitionSet(definitions=tuple(definitions))


def _definition(path: Path, project_dir: Path, before: Definition | None, clash: str) -> Definition:
    loaded = before.loaded if before and before.loaded.is_unchanged(path) else load_file(path, project_dir)
    problems = loaded.problems
    if clash:
        message = f"{WORKFLOWS_FOLDER}/{clash} has the same name but for case"
        problems = (Problem(path=loaded.source, line=1, key="", message=message, hint="rename one of them"), *problems)
    is_broken = loaded.workflow is None or bool(clash)
    return Definition(
        name=loaded.name,
        source=loaded.source,
        workflow=loaded.workflow if not is_broken else before.workflow if before else None,
        problems=problems,
        is_broken=is_broken,
        loaded=loaded,
    )
