"""What the person looks at: cursor, shown run, open branches, view. Pure; the engine's own words are in `model`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from glue_tui.protocol.views import NodeDefinition, NodeView, RunView, TriggerRunView, TriggerView, WorkflowView
from glue_tui.tui.model import UiModel, node_in
from glue_tui.tui.views import View


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """A run that never was, shown in place of a workflow's own."""

    workflow: str
    outcomes: dict[str, str]
    """How nodes are supposed to end, by id; the others end as they did, or succeed."""
    run: RunView


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Names only, so that it outlives every change of the model."""

    workflow: str = ""
    trigger: str = ""
    """A trigger of `workflow`: the tree's row, or the one above the node the cursor is on."""
    node_id: str = ""
    listed_trigger: tuple[str, str] = ("", "")
    """Workflow and name of the trigger under the cursor of the trigger list."""
    run_ids: dict[str, str] = field(default_factory=dict)
    """Workflow → run chosen in the history; absent: its last one."""
    opened: frozenset[str] = frozenset()
    closed: frozenset[str] = frozenset()
    """Keys of tree rows opened and closed by hand; the rest follows `is_open_by_itself`."""
    tree_filter: str = ""
    """The tree shows only names with this in them, and what stands above them; empty: everything."""
    what_if: WhatIf | None = None
    view: View = View.GRAPH
    pane: str = "workflows"


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """The selection looked up in the model: what actions act on and panes show."""

    model: UiModel
    selection: Selection
    workflow: WorkflowView | None = None
    run: RunView | None = None
    trigger: TriggerView | None = None
    """The trigger that keys act on: the list's when that pane has the focus, else the tree's."""
    trigger_run: TriggerRunView | None = None
    definition: NodeDefinition | None = None
    node: NodeView | None = None
    what_if: WhatIf | None = None
    """Then `run` never was."""


def look_up(model: UiModel, selection: Selection) -> Looked:
    """Return what the selection means now."""
    workflow = model.workflow(selection.workflow)
    run = shown_run(model, selection)
    if selection.pane == "triggers" and selection.listed_trigger[1]:
        trigger = model.trigger(*selection.listed_trigger)
        trigger_run_source = run if selection.listed_trigger[0] == selection.workflow else None
    else:
        trigger = model.trigger(selection.workflow, selection.trigger)
        trigger_run_source = run
    trigger_run = None
    if trigger is not None and trigger_run_source is not None:
        trigger_run = next((one for one in trigger_run_source.triggers if one.name == trigger.name), None)
    node_id = selection.node_id
    definition = next((one for one in workflow.nodes if one.node_id == node_id), None) if workflow else None
    return Looked(
        model=model,
        selection=selection,
        workflow=workflow,
        run=run,
        trigger=trigger,
        trigger_run=trigger_run,
        definition=definition,
        node=node_in(run, node_id),
        what_if=selection.what_if if _is_supposed(selection, selection.workflow) else None,
    )


def shown_run(model: UiModel, selection: Selection) -> RunView | None:
    """Return the run on show for the selected workflow: the chosen one, else its last."""
    return run_for(model, selection, selection.workflow)


def run_for(model: UiModel, selection: Selection, workflow: str) -> RunView | None:
    """Return the run whose states stand beside a workflow in the tree: supposed, chosen, or its last."""
    if selection.what_if is not None and _is_supposed(selection, workflow):
        return selection.what_if.run
    chosen = model.runs.get(selection.run_ids.get(workflow, ""))
    return chosen or model.last_run(workflow)


def without_what_if(selection: Selection) -> Selection:
    """Return the selection with nothing supposed."""
    return replace(selection, what_if=None)


def _is_supposed(selection: Selection, workflow: str) -> bool:
    return selection.what_if is not None and selection.what_if.workflow == workflow
