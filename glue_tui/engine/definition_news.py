"""What became of workflow files between two states that were in force, for clients and for the engine's log. Pure."""

from __future__ import annotations

from glue_tui.definitions.project import Definition, DefinitionSet
from glue_tui.engine.reloading import renames
from glue_tui.protocol.views import WorkflowsChanged, WorkflowView


def workflows_changed(
    before: DefinitionSet, after: DefinitionSet, workflows: tuple[WorkflowView, ...]
) -> WorkflowsChanged:
    """Return what clients are told; `workflows` are all of them as they are now."""
    renamed = renames(before.workflows, after.workflows)
    changed = tuple(
        item.name
        for item in after.definitions
        if item.workflow is not None
        and item.name not in renamed
        and ((old := before.get(item.name)) is None or old.workflow != item.workflow)
    )
    return WorkflowsChanged(workflows=workflows, changed=changed, renamed=renamed)


def log_lines(before: DefinitionSet, after: DefinitionSet, news: WorkflowsChanged) -> tuple[str, ...]:
    """Return a line for everything that happened: gone, in force, broken, mended. Of new names the kernel tells."""
    lines = [
        f"{item.source} is gone" + (f", and {item.name} with it" if item.workflow else "")
        for item in before.definitions
        if after.get(item.name) is None and item.name not in news.renamed.values()
    ]
    if news.changed:
        lines.append(f"in force as saved: {', '.join(news.changed)}")
    for item in after.definitions:
        old = before.get(item.name)
        if item.is_broken and (old is None or old.problems != item.problems):
            lines.append(_broken(item))
        elif old is not None and old.is_broken and not item.is_broken and item.name not in news.changed:
            lines.append(f"{item.source} is mended")
    return tuple(lines)


def _broken(item: Definition) -> str:
    first = next(str(problem) for problem in item.problems if not problem.is_warning)
    return f"{first}; " + ("its last good version stays in force" if item.workflow else f"there is no {item.name} yet")
