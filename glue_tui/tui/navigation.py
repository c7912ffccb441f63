"""How the selection moves: rows picked, branches opened and closed. Pure."""

from __future__ import annotations

from dataclasses import replace

from glue_tui.tui.failure import failed_nodes
from glue_tui.tui.model import UiModel
from glue_tui.tui.selection import Selection, run_for
from glue_tui.tui.tree_rows import TreeRow


def pick_row(selection: Selection, row: TreeRow) -> Selection:
    """Return the selection with the tree's cursor on `row`."""
    return replace(selection, workflow=row.workflow, trigger=row.trigger, node_id=row.node_id)


def toggled(selection: Selection, row: TreeRow, open_it: bool | None = None) -> Selection:
    """Return the selection with a branch opened or closed; the other way round where `open_it` is None."""
    if row.is_open is None or open_it == row.is_open:
        return selection
    if row.is_open:
        return replace(selection, opened=selection.opened - {row.key}, closed=selection.closed | {row.key})
    return replace(selection, opened=selection.opened | {row.key}, closed=selection.closed - {row.key})


def parent_index(rows: tuple[TreeRow, ...], index: int) -> int:
    """Return the row above in the tree."""
    depth = rows[index].depth
    return next((at for at in range(index - 1, -1, -1) if rows[at].depth < depth), index)


def pick_node(model: UiModel, selection: Selection, node_id: str) -> Selection:
    """Return the selection with a node or trigger of the workflow on show picked, its branch opened."""
    workflow = model.workflow(selection.workflow)
    if workflow is None:
        return selection
    if node_id.startswith("trigger:"):
        return replace(selection, trigger=node_id.removeprefix("trigger:"), node_id="")
    run = run_for(model, selection, selection.workflow)
    started_by = next((node.started_by for node in run.nodes if node.node_id == node_id), "") if run else ""
    starters = [trigger.name for trigger in workflow.triggers if node_id in trigger.actions]
    trigger = started_by if started_by in starters else starters[0] if starters else ""
    key = f"{workflow.name}/{trigger}"
    return replace(
        selection,
        trigger=trigger,
        node_id=node_id,
        opened=selection.opened | {workflow.name, key},
        closed=selection.closed - {workflow.name, key},
    )


def with_first_workflow(model: UiModel, selection: Selection) -> Selection:
    """Return a selection that names a workflow that exists, where there is one; a running one before the first."""
    if model.workflow(selection.workflow) is not None or not model.workflows:
        return selection
    going = [run.summary.workflow for run in model.runs.values() if not run.summary.outcome]
    name = next((one.name for one in model.workflows if one.name in going), model.workflows[0].name)
    return replace(selection, workflow=name, trigger="", node_id="", opened=selection.opened | {name})


def kept_open(selection: Selection, rows: tuple[TreeRow, ...]) -> Selection:
    """Return the selection with every workflow that is open staying so: a run's end closes nothing."""
    if selection.tree_filter:
        return selection  # it has everything open
    opened = {row.key for row in rows if row.depth == 0 and row.is_open}
    return selection if opened <= selection.opened else replace(selection, opened=selection.opened | opened)


def with_run(selection: Selection, workflow: str, run_id: str) -> Selection:
    """Return the selection with a run of a workflow on show; its last one where `run_id` is empty."""
    run_ids = {name: chosen for name, chosen in selection.run_ids.items() if name != workflow}
    if run_id:
        run_ids[workflow] = run_id
    return replace(selection, workflow=workflow, run_ids=run_ids)


def failed_after(model: UiModel, selection: Selection) -> tuple[str, str] | None:
    """Return workflow and id of the next failed node below the cursor, on from the top; None where there is none."""
    failed: list[tuple[int, int, str, str]] = []
    here = (0, -1)
    for at, workflow in enumerate(model.workflows):
        run = run_for(model, selection, workflow.name)
        order = [node.node_id for node in run.nodes] if run else []
        if workflow.name == selection.workflow:
            here = (at, order.index(selection.node_id) if selection.node_id in order else -1)
        failed += [(at, order.index(node.node_id), workflow.name, node.node_id) for node in failed_nodes(run)]
    after = [one for one in failed if one[:2] > here] or failed
    return after[0][2:] if after else None
