"""All definition files of a project, with the last good version of each that has turned bad."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from glue_tui.core.model import Workflow
from glue_tui.core.problem import Problem
from glue_tui.definitions.files import read_file
from glue_tui.definitions.folder import STATE_FOLDER, WORKFLOWS_FOLDER, find_project_dir, list_definitions
from glue_tui.definitions.load import Loaded, load_file
from glue_tui.definitions.report import Report
from glue_tui.definitions.watch_loops import HINT, Link, find_loops, from_workflow, loop_text

__all__ = [
    "STATE_FOLDER",
    "WORKFLOWS_FOLDER",
    "Definition",
    "DefinitionSet",
    "find_project_dir",
    "last_good",
    "listed_files",
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

    def lost_since(self, before: DefinitionSet) -> frozenset[str]:
        """Return the sources of files that say less than before: gone, with mistakes, or short of a trigger.

        That may be meant; or a file is half written, or about to come back.
        """
        now = {item.source: item for item in self.definitions}
        then = {item.source: item for item in before.definitions}
        gone = then.keys() - now.keys()
        return frozenset(gone | {source for source, item in now.items() if _says_less(item, then.get(source))})

    def reloaded(self, project_dir: Path, *, kept: frozenset[str] = frozenset()) -> DefinitionSet:
        """Return the files as they are now; only what changed is read again, and it returns itself if nothing did.

        Of the sources in `kept` everything stays as it is, whatever has become of the file.
        """
        known = {item.source: item for item in self.definitions}
        fresh = _load(project_dir, known, kept)
        return self if fresh == self else fresh


def last_good(versions: Mapping[str, Workflow]) -> DefinitionSet:
    """Return what was in force, by source, when nobody has looked at the files yet: `reloaded` does."""
    return DefinitionSet(
        definitions=tuple(
            Definition(
                name=workflow.name,
                source=source,
                workflow=workflow,
                problems=(),
                is_broken=False,
                loaded=Loaded(name=workflow.name, source=source, workflow=workflow, problems=(), digest=""),
            )
            for source, workflow in sorted(versions.items())
        )
    )


def load_project(project_dir: Path) -> DefinitionSet:
    """Read all definition files of a project, in the order of their names. Never raises for the user's mistakes."""
    return _load(project_dir, {}, frozenset())


def _load(project_dir: Path, known: dict[str, Definition], kept: frozenset[str]) -> DefinitionSet:
    project_dir = project_dir.resolve()
    definitions: list[Definition] = []
    folded: dict[str, str] = {}
    for path in sorted(
        {*listed_files(project_dir, known), *(project_dir / source for source in kept if source in known)}
    ):
        source = path.relative_to(project_dir).as_posix()
        before = known.get(source)
        if before is not None and source in kept:
            definitions.append(before)
            continue
        clash = folded.setdefault(path.stem.casefold(), path.name)
        definitions.append(_definition(path, project_dir, before, "" if clash == path.name else clash))
    return DefinitionSet(definitions=_without_loops(definitions, known, project_dir))


def _without_loops(
    definitions: list[Definition], known: dict[str, Definition], project_dir: Path
) -> tuple[Definition, ...]:
    """Refuse the files that make a loop together; one that is a loop by itself was refused already."""
    problems: dict[str, list[Problem]] = {}
    for loop in find_loops([item.workflow for item in definitions if item.workflow], project_dir):
        names = dict.fromkeys(link.workflow for link in loop)
        for name in names if len(names) > 1 else ():
            problems.setdefault(name, []).append(_loop_problem(from_workflow(loop, name), project_dir))
    return tuple(
        replace(
            item,
            workflow=before.workflow if (before := known.get(item.source)) else None,
            problems=(*problems[item.name], *item.problems),
            is_broken=True,
        )
        if item.name in problems and not item.is_broken
        else item
        for item in definitions
    )


def _loop_problem(loop: tuple[Link, ...], project_dir: Path) -> Problem:
    source = f"{WORKFLOWS_FOLDER}/{loop[0].workflow}.toml"
    content = read_file(project_dir / source)
    report = Report(source, content.decode("utf-8-sig", "replace") if isinstance(content, bytes) else "")
    report.problem(("jobs", loop[0].written.job, *loop[0].written.key), loop_text(loop), HINT)
    return report.problems[0]


def listed_files(project_dir: Path, known: Iterable[str]) -> list[Path]:
    """Return the definition files there are; where they can't be listed the known ones, by source, to be found
    unreadable each."""
    try:
        return list_definitions(project_dir)
    except OSError:
        return [project_dir / source for source in known]


def _says_less(item: Definition, before: Definition | None) -> bool:
    if item == before:
        return False
    if item.is_broken:
        return True
    had = before.workflow.triggers if before and before.workflow else ()
    assert item.workflow is not None
    return not {trigger.name for trigger in had} <= {trigger.name for trigger in item.workflow.triggers}


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
