"""`glue-tui graph`: a workflow's triggers and nodes as a tree of plain text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from glue_tui.cli.output import paint, run_state, say, show, show_json, state_text
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
@click.option(
    "--if",
    "supposed",
    metavar="NODE=STATE",
    multiple=True,
    help="Suppose that a node ends so (SUCCEEDED, FAILED, TIMEOUT, STOPPED, ERROR, SKIPPED) and all others succeed:"
    " print what fires, what starts and what never does. May be given again.",
)
@click.option("--trigger", default="", help="With --if: the trigger that begins the run.")
@click.pass_obj
def graph_command(settings: Settings, workflow: str, as_json: bool, supposed: tuple[str, ...], trigger: str) -> None:
    """Print WORKFLOW's triggers and nodes as a tree, as its file is now."""
    if supposed or trigger:
        _show_what_if(settings, workflow, supposed, trigger, as_json=as_json)
        return
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


def _show_what_if(settings: Settings, workflow: str, supposed: tuple[str, ...], trigger: str, *, as_json: bool) -> None:
    from glue_tui.cli.offline import workflow_in_force
    from glue_tui.cli.run_tree import run_tree_text
    from glue_tui.protocol.what_if import what_if_view

    outcomes = dict(one.partition("=")[::2] for one in supposed)
    view = what_if_view(workflow_in_force(settings.project_dir(), workflow), trigger, outcomes)
    if as_json:
        show_json(view)
        return
    said = ", ".join(f"{name} {word.upper()}" for name, word in outcomes.items())
    told = f"{workflow}  {paint('what if', 'warn')} {said or 'all succeed'}: {state_text(run_state(view.summary))}"
    show(run_tree_text(view, with_logs=False, head=told))


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
