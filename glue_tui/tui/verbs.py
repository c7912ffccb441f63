"""What the actions do, one function a verb. Nothing else calls the engine to change something."""

from __future__ import annotations

import uuid

from glue_tui.client.trigger_words import paused_text
from glue_tui.client.words import counted
from glue_tui.core.problem import EntityNotFound, GlueTuiError, IllegalWorkflowState, InvalidInput
from glue_tui.protocol.inbox_views import InboxView
from glue_tui.protocol.plan_views import ResumePlanView
from glue_tui.protocol.views import NodeView, TriggerView
from glue_tui.tui import cli_twins, refusals
from glue_tui.tui.host import Host
from glue_tui.tui.navigation import failed_after
from glue_tui.tui.place import Place
from glue_tui.tui.screens.confirm import ConfirmScreen
from glue_tui.tui.screens.message import MessageScreen
from glue_tui.tui.screens.retry import RetryChoice, RetryScreen
from glue_tui.tui.screens.run_form import RunForm, needs_form
from glue_tui.tui.selection import Looked
from glue_tui.tui.why import why_lines

# Runs


async def start_run(host: Host, looked: Looked) -> None:
    """Start a run of the selected workflow, after its form where there is something to ask."""
    await _start(host, looked, trigger="")


async def fire_trigger(host: Host, looked: Looked) -> None:
    """Start a run by the selected trigger."""
    assert looked.trigger is not None
    await _start(host, looked, trigger=looked.trigger.name)


async def _start(host: Host, looked: Looked, trigger: str) -> None:
    name = looked.trigger.workflow if trigger and looked.trigger else looked.selection.workflow
    workflow = looked.model.workflow(name)
    assert workflow is not None
    properties: dict[str, str] | None = {}
    if needs_form(workflow.properties):
        properties = await host.ask(RunForm(host.look, workflow))
        if properties is None:
            return
    summary = await host.client.start_workflow_run(
        name, trigger=trigger, properties=properties, request_id=uuid.uuid4().hex
    )
    host.show_run(name, summary.run_id)
    verb = "queued" if summary.started_at is None and summary.queued_at is not None else "started"
    twin = cli_twins.fire(name, trigger, properties) if trigger else cli_twins.run(name, properties)
    files = len(summary.event_files) + len(summary.deleted_files)
    taken = f" with {counted(files, 'waiting file')}" if files else ""
    host.say(f"run {summary.number} of {name} {verb}{taken}", cli=twin)


async def retry_run(host: Host, looked: Looked) -> None:
    """Ask what shall run again, then resume. What each choice comes to is the engine's word."""
    assert looked.run is not None
    run = looked.run
    await host.client.reload()  # The mended file counts, even if the watcher has not seen it yet.
    node = looked.node if looked.node is not None and looked.node.attempt > 0 else None
    scopes = ((), (node.node_id,)) if node is not None else ((),)
    plans = {
        RetryChoice(nodes=nodes, as_it_ran=as_it_ran): await _plan(host, run.summary.run_id, nodes, as_it_ran)
        for nodes in scopes
        for as_it_ran in (False, True)
    }
    choice = await host.ask(RetryScreen(host.look, run, node.node_id if node is not None else "", plans))
    if choice is None:
        return
    await _resume(host, looked, choice)


async def _plan(host: Host, run_id: str, nodes: tuple[str, ...], as_it_ran: bool) -> ResumePlanView | GlueTuiError:
    try:
        return await host.client.plan_resume(run_id, nodes=nodes, as_it_ran=as_it_ran)
    except (EntityNotFound, IllegalWorkflowState, InvalidInput) as error:
        return error


async def _resume(host: Host, looked: Looked, choice: RetryChoice) -> None:
    assert looked.run is not None
    summary = await host.client.resume_workflow_run(
        looked.run.summary.run_id, nodes=choice.nodes, as_it_ran=choice.as_it_ran, request_id=uuid.uuid4().hex
    )
    host.show_run(summary.workflow, summary.run_id)
    host.say(
        f"run {summary.number} repeats run {looked.run.summary.number}" + (" as it ran" if choice.as_it_ran else ""),
        cli=cli_twins.retry(looked.run.summary.number, choice.nodes, choice.as_it_ran),
    )


async def stop_run(host: Host, looked: Looked) -> None:
    """Stop the run on show, after a question that names it."""
    assert looked.run is not None
    summary = looked.run.summary
    question = f"Stop run {summary.number} of {summary.workflow}?"
    if await host.ask(ConfirmScreen(host.look, question, _cut_off_by_stop(looked.run.nodes), verb="stop it")):
        await host.client.stop_workflow_run(summary.run_id)
        host.say(f"run {summary.number} is stopping", cli=cli_twins.stop(summary.number), tone="warn")


def _cut_off_by_stop(nodes: tuple[NodeView, ...]) -> str:
    """Return what a stop ends, what it keeps from starting, and what becomes of unfinished work."""
    active = [node for node in nodes if node.state in ("STARTING", "RUNNING", "STOPPING")]
    programs = [node.name for node in active if node.kind == "command"]
    waiting = sum(node.state in ("PENDING", "WAITING") for node in nodes)
    parts = [
        f"Now running: {', '.join(node.name for node in active)}." if active else "",
        f"{counted(waiting, 'node')} will not start." if waiting else "",
        "What is not published yet is discarded." if len(programs) < len(active) else "",
        f"What {', '.join(programs)} wrote so far stays." if programs else "",
        "It can be retried later.",
    ]
    return " ".join(part for part in parts if part)


# Triggers


async def pause_trigger(host: Host, looked: Looked) -> None:
    """Pause the selected trigger, or let a paused one fire again."""
    assert looked.trigger is not None
    trigger = looked.trigger
    enable = trigger.state == "DEACTIVATED"
    await host.client.set_trigger_enabled(trigger.workflow, trigger.name, enable)
    said = f"{trigger.name} {_switched_text(looked, trigger, enable)}"
    host.say(said, cli=cli_twins.pause(trigger.workflow, trigger.name, enable), tone="good" if enable else "warn")


def _switched_text(looked: Looked, trigger: TriggerView, enable: bool) -> str:
    if enable:
        # When it fires next, or what waits, the list beside it says.
        return "may fire again"
    runs = [run.summary for run in looked.model.runs.values() if run.summary.workflow == trigger.workflow]
    going = tuple(run for run in runs if not run.outcome)
    return f"is paused: {paused_text(trigger, going)}"


async def release_engine(host: Host, looked: Looked) -> None:
    """End the hold after repeated crashes."""
    await host.client.release_engine()
    host.say("released: schedules and files start runs again", cli="glue-tui engine release", tone="good")


async def explain(host: Host, looked: Looked) -> None:
    """Tell why the selected trigger or node did or did not start."""
    title, lines = why_lines(looked, host.now(), await _inbox_of(host, looked))
    await host.ask(MessageScreen(host.look, title, lines))


async def _inbox_of(host: Host, looked: Looked) -> InboxView | None:
    """Return what waits at the selected trigger; None where it watches no files, or nobody can tell."""
    trigger = looked.trigger
    if trigger is None or trigger.type != "EVENT" or refusals.engine(looked):
        return None
    inboxes = await host.client.inboxes(trigger.workflow, trigger.name)
    return inboxes[0] if inboxes else None


# Looking


def show_logs(host: Host, looked: Looked) -> None:
    """Go to the logs of what is selected; a closed branch is opened instead."""
    host.move_cursor("right")


async def edit_file(host: Host, looked: Looked) -> None:
    """Open the editor on what is selected."""
    await host.edit(looked)


def find(host: Host, looked: Looked) -> None:
    """Ask which names the tree shall show, or what to find in the logs."""
    if looked.selection.pane == "workflows":
        host.filter_tree()
    else:
        host.go_to_place(Place.LOGS)
        host.logs.begin_find()


def next_failed(host: Host, looked: Looked) -> None:
    """Put the tree's cursor on the next failed node."""
    found = failed_after(looked.model, looked.selection)
    assert found is not None
    host.go_to_node(*found)


def next_view(host: Host, looked: Looked) -> None:
    """Show the next view."""
    host.next_view(1)


def previous_view(host: Host, looked: Looked) -> None:
    """Show the view before."""
    host.next_view(-1)


def show_last_run(host: Host, looked: Looked) -> None:
    """Show the workflow's last run again."""
    host.show_run(looked.selection.workflow, "")


async def reload_files(host: Host, looked: Looked) -> None:
    """Have the engine read the workflow files now, and tell what is broken."""
    project = await host.client.reload()
    broken = [workflow.source for workflow in project.workflows if workflow.is_broken]
    if broken:
        host.say(f"read again; broken: {', '.join(broken)}", cli="glue-tui validate", tone="warn")
    else:
        host.say(f"{len(project.workflows)} workflow files read again, none broken", cli="glue-tui validate")


# The screen itself


async def show_help(host: Host, looked: Looked) -> None:
    """Show the keys."""
    await host.show_help()


async def show_palette(host: Host, looked: Looked) -> None:
    """Show the command palette."""
    await host.show_palette()


def leave(host: Host, looked: Looked) -> None:
    """Leave the screen; the engine goes on."""
    host.leave()
