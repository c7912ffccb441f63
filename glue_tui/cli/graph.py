"""`glue-tui graph`: a workflow's triggers and nodes as a tree of plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from glue_tui.cli.output import paint, say, show, show_json
from glue_tui.cli.settings import EXIT_WRONG_USE, Settings
from glue_tui.cli.tree import TRIGGER_PREFIX, children_of, roots_of, tree_lines
from glue_tui.client.words import problem_text
from glue_tui.core.problem import EntityNotFound, did_you_mean
from glue_tui.protocol.views import TriggerView, WorkflowView

if TYPE_CHECKING:
    from glue_tui.store.history import History


@click.command("graph")
@click.argument("workflow")
@click.option("--json", "as_json", is_flag=True, help="Print the workflow with its triggers, nodes and edges as JSON.")
@click.pass_obj
def graph_command(settings: Settings, workflow: str, as_json: bool) -> None:
    """Print WORKFLOW's triggers and nodes as a tree, as its file is now."""
    view = find_workflow(settings, workflow)
    if not view.is_loaded:
        for problem in view.problems:
            say(problem_text(problem), tone="bad")
        say(f"Error: {view.source} has errors, so there is no graph to print", tone="bad")
        click.get_current_context().exit(EXIT_WRONG_USE)
    if as_json:
        show_json(view)
    else:
        show(graph_text(view))


def find_workflow(settings: Settings, name: str) -> WorkflowView:
    """Return a workflow as its file is now. Raises EntityNotFound with the nearest name."""
    from glue_tui.cli.offline import offline_workflows

    workflows = offline_workflows(settings.project_dir())
    for workflow in workflows:
        if workflow.name == name:
            return workflow
    raise EntityNotFound(
        f'no workflow "{name}"', hint=did_you_mean(name, tuple(workflow.name for workflow in workflows))
    )


def check_workflow_is_known(settings: Settings, history: History, name: str) -> None:
    """Raise EntityNotFound for a name that neither a file nor the history has; the empty name means all workflows."""
    if name and name not in history.last_run_ids():
        find_workflow(settings, name)


def graph_text(workflow: WorkflowView) -> str:
    """Return the tree: start triggers first, below each what it starts, then what waits for that."""
    triggers = {TRIGGER_PREFIX + trigger.name: trigger for trigger in workflow.triggers}
    nodes = {node.node_id: node for node in workflow.nodes}

    def label(vertex: str, again: bool) -> list[str]:
        name = vertex.partition(":")[2]
        if again:
            return [f"{name} {paint('(above)', 'muted')}"]
        if vertex in triggers:
            return [f"{paint(name, 'running')}  {paint(_trigger_facts(triggers[vertex]), 'muted')}"]
        node = nodes[vertex]
        return [f"{name}  {paint(f'{node.kind}  {node.source}', 'muted')}"]

    roots = roots_of(workflow.edges, [*triggers, *nodes])
    lines = tree_lines(roots, children_of(workflow.edges), label)
    return "\n".join([workflow.name, *lines])


def _trigger_facts(trigger: TriggerView) -> str:
    facts = [trigger.type]
    if trigger.schedule:
        facts.append(trigger.schedule)
    if trigger.watch:
        facts.append(
            ", ".join(trigger.watch) + (f" in batches of {trigger.batch_size}" if trigger.batch_size > 1 else "")
        )
    if trigger.conditions:
        facts.append((" AND " if trigger.logical == "AND" else " or ").join(trigger.conditions))
    if trigger.state == "DEACTIVATED":
        facts.append("disabled")
    return "  ".join(facts)
