"""`glue-tui trigger`: list, enable, disable and fire triggers."""

from __future__ import annotations

import click

from glue_tui.cli.output import harmless, paint, say, show, show_json, table_text
from glue_tui.cli.problems import broken_texts
from glue_tui.cli.session import with_engine
from glue_tui.cli.settings import Settings
from glue_tui.client.api import EngineClient
from glue_tui.client.trigger_words import paused_text, resumed_text
from glue_tui.client.words import waiting_text
from glue_tui.core.schedule import local_text
from glue_tui.protocol.views import ProjectView, TriggerView


@click.group("trigger")
def trigger_command() -> None:
    """List, enable, disable and fire triggers."""


@trigger_command.command("list")
@click.argument("workflow", default="")
@click.option("--json", "as_json", is_flag=True, help="Print the triggers as JSON.")
@click.pass_obj
def list_command(settings: Settings, workflow: str, as_json: bool) -> None:
    """List the triggers of the project, or of WORKFLOW: type, state, next fire, waiting files."""
    from glue_tui.cli.graph import find_workflow
    from glue_tui.cli.offline import current_project

    if workflow:
        find_workflow(settings, workflow)
    project = current_project(settings.project_dir())
    chosen = [one for one in project.workflows if workflow in ("", one.name)]
    triggers = tuple(trigger for one in chosen for trigger in one.triggers)
    if as_json:
        show_json(triggers)
    elif triggers:
        rows = [
            (one.workflow, one.name, one.type, one.state, _when_text(one, of.timezone), ", ".join(_names(one.actions)))
            for of in chosen
            for one in of.triggers
        ]
        show(table_text(("workflow", "trigger", "type", "state", "fires", "starts"), rows))
        for one in triggers:
            for note in one.notes:
                say(f"{one.workflow}: {one.name}: {harmless(note)}", tone="warn")
    else:
        say("no triggers")
    for line in broken_texts(chosen):
        say(line, tone="warn")
    if not project.engine.pid:
        say(f"{project.engine.message}, so nothing fires: `glue-tui engine start`")


@trigger_command.command("enable")
@click.argument("workflow")
@click.argument("trigger")
@click.pass_obj
def enable_command(settings: Settings, workflow: str, trigger: str) -> None:
    """Let TRIGGER of WORKFLOW fire again."""
    _switch(settings, workflow, trigger, enabled=True)


@trigger_command.command("disable")
@click.argument("workflow")
@click.argument("trigger")
@click.pass_obj
def disable_command(settings: Settings, workflow: str, trigger: str) -> None:
    """Keep TRIGGER of WORKFLOW from firing until it is enabled again, also across restarts of the engine."""
    _switch(settings, workflow, trigger, enabled=False)


@trigger_command.command("fire")
@click.argument("workflow")
@click.argument("trigger")
@click.option("-p", "--property", "properties", multiple=True, metavar="KEY=VALUE", help="Set a run property.")
@click.option("--wait", is_flag=True, help="Follow the run to its end, as `run` does.")
@click.option("--json", "as_json", is_flag=True, help="Print the run as JSON.")
@click.pass_obj
def fire_command(
    settings: Settings, workflow: str, trigger: str, properties: tuple[str, ...], wait: bool, as_json: bool
) -> None:
    """Start a run of WORKFLOW by TRIGGER now, whatever its schedule or files."""
    from glue_tui.cli.run import carry_out, new_request_id, property_values

    values = property_values(properties)
    carry_out(
        settings.project_dir(),
        lambda client: client.start_workflow_run(
            workflow, trigger=trigger, properties=values, request_id=new_request_id()
        ),
        detach=not wait,
        as_json=as_json,
    )


def _switch(settings: Settings, workflow: str, trigger: str, *, enabled: bool) -> None:
    async def switch(client: EngineClient) -> ProjectView:
        await client.set_trigger_enabled(workflow, trigger, enabled)
        return await client.project()

    project = with_engine(settings.project_dir(), switch)
    said = f"{workflow}: {trigger} is {'enabled' if enabled else 'disabled'}"
    of = next((one for one in project.workflows if one.name == workflow), None)
    view = next((one for one in of.triggers if one.name == trigger), None) if of else None
    if of is None or view is None:
        say(said)
        return
    going = tuple(run.summary for run in project.runs if run.summary.workflow == workflow and not run.summary.outcome)
    say(f"{said}: {resumed_text(of, view) if enabled else paused_text(view, going)}")


def _names(node_ids: tuple[str, ...]) -> list[str]:
    return [node_id.partition(":")[2] for node_id in node_ids]


def _when_text(trigger: TriggerView, timezone: str) -> str:
    """Return what makes the trigger fire, and when, in the time zone of its workflow."""
    match trigger.type:
        case "SCHEDULED":
            if trigger.next_fire_at is None:
                return trigger.schedule
            return f"{trigger.schedule}  {paint('next', 'muted')} {local_text(trigger.next_fire_at, timezone)}"
        case "EVENT":
            return ", ".join([*trigger.watch, *_waiting_texts(trigger)])
        case "CONDITIONAL":
            return (" AND " if trigger.logical == "AND" else " or ").join(trigger.conditions)
        case _:
            return "by hand"


def _waiting_texts(trigger: TriggerView) -> list[str]:
    """Return what waits at an EVENT trigger; nothing where each file is a batch of its own and none waits."""
    waits = trigger.batch_size > 1 or trigger.batch_files
    most = trigger.batch_size
    number = f"{trigger.batch_files} of {most} files wait" if most > 1 else waiting_text(trigger.batch_files)
    found = [number] if waits else []
    return found + ([f"{trigger.settling_files} settling"] if trigger.settling_files else [])
