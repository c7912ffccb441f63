"""What became of workflow files between two states that were in force, in words for the engine's log. Pure."""

from __future__ import annotations

from glue_tui.definitions.project import Definition, DefinitionSet
from glue_tui.engine.reloading import renames


def changed_names(before: DefinitionSet, after: DefinitionSet) -> tuple[str, ...]:
    """Return the workflows that are new, or of which another version is in force."""
    return tuple(
        item.name
        for item in after.definitions
        if item.workflow is not None and ((old := before.get(item.name)) is None or old.workflow != item.workflow)
    )


def definition_news(before: DefinitionSet, after: DefinitionSet) -> tuple[str, ...]:
    """Return a line for everything that happened: renamed, gone, in force, broken, mended."""
    renamed = renames(before.workflows, after.workflows)
    lines = [
        f"{old} is called {new} now: what its triggers have seen, and pauses, go with it; runs so far stay under {old}"
        for new, old in renamed.items()
    ]
    lines += [
        f"{item.source} is gone" + (f", and {item.name} with it" if item.workflow else "")
        for item in before.definitions
        if after.get(item.name) is None and item.name not in renamed.values()
    ]
    names = [name for name in changed_names(before, after) if name not in renamed]
    if names:
        lines.append(f"in force as saved: {', '.join(names)}")
    for item in after.definitions:
        old = before.get(item.name)
        if item.is_broken and (old is None or old.problems != item.problems):
            lines.append(_broken(item))
        elif old is not None and old.is_broken and not item.is_broken and item.name not in names:
            lines.append(f"{item.source} is mended")
    return tuple(lines)


def _broken(item: Definition) -> str:
    first = next(str(problem) for problem in item.problems if not problem.is_warning)
    return f"{first}; " + ("its last good version stays in force" if item.workflow else f"there is no {item.name} yet")
