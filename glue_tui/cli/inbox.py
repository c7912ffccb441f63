"""`glue-tui inbox`: the files that wait at EVENT triggers; fire them now, or let them start nothing."""

from __future__ import annotations

import os
import time
from pathlib import Path

import click

from glue_tui.cli.output import harmless, paint, say, show, show_json, table_text
from glue_tui.cli.settings import Settings
from glue_tui.client.words import clock_text, counted, duration, size
from glue_tui.core.problem import EntityNotFound, InvalidInput, did_you_mean
from glue_tui.protocol.inbox_views import InboxFile, InboxView
from glue_tui.protocol.views import ProjectView, TriggerView

NAMES_MAX = 10
"""So many dropped files are named."""


_STAGES = {
    "PENDING": "settled",
    "SETTLING": "settling",
    "TAKEN": "taken",
    "DROPPED": "dropped",
    "UNSELECTED": "ignored (events)",
}


class InboxGroup(click.Group):
    """Without the name of a command: `list`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ctx.help_option_names):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group("inbox", cls=InboxGroup)
def inbox_command() -> None:
    """The files that wait at EVENT triggers: list them, fire them now, drop them.

    `glue-tui inbox [WORKFLOW [TRIGGER]] [--json]` lists, as `inbox list` does.
    """


@inbox_command.command("list")
@click.argument("workflow", default="")
@click.argument("trigger", default="")
@click.option("--ended", is_flag=True, help="Also the newest that wait no more: taken by a run, dropped, ignored.")
@click.option("--json", "as_json", is_flag=True, help="Print the inboxes as JSON.")
@click.pass_obj
def list_command(settings: Settings, workflow: str, trigger: str, ended: bool, as_json: bool) -> None:
    """List what waits: files that settle, and those of the next batch. Needs no engine."""
    from glue_tui.cli.offline import current_inboxes, current_project
    from glue_tui.client.find import state_db
    from glue_tui.store.inbox_files import with_ended_files

    project_dir = settings.project_dir()
    project = current_project(project_dir)
    _check_names(project, workflow, trigger)
    inboxes = current_inboxes(project_dir, workflow, trigger)
    if ended:
        inboxes = with_ended_files(state_db(project_dir), inboxes)
    if as_json:
        show_json(inboxes)
    elif inboxes:
        now = time.time()
        show("\n\n".join(_inbox_text(one, project, now) for one in inboxes))
    else:
        say("no EVENT trigger watches files" + (f" in {workflow}" if workflow else ""))
    if not project.engine.pid:
        say(f"{project.engine.message}, so nobody looks at the folders meanwhile: `glue-tui engine start`")


@inbox_command.command("fire")
@click.argument("workflow")
@click.argument("trigger")
@click.option("--wait", is_flag=True, help="Follow the run to its end, as `run` does.")
@click.option("--json", "as_json", is_flag=True, help="Print the run as JSON.")
@click.pass_obj
def fire_command(settings: Settings, workflow: str, trigger: str, wait: bool, as_json: bool) -> None:
    """Start a run of WORKFLOW now with the settled files that wait at TRIGGER, at most one batch of them."""
    from glue_tui.cli.run import carry_out, new_request_id
    from glue_tui.client.api import EngineClient
    from glue_tui.protocol.views import RunSummary

    async def fire(client: EngineClient) -> RunSummary:
        (inbox,) = await client.inboxes(workflow, trigger)
        settled = _settled(inbox)
        if not settled:
            raise InvalidInput(
                f"no settled file waits at {trigger} of {workflow}",
                hint=f"`glue-tui trigger fire {workflow} {trigger}` starts a run without files",
            )
        return await client.start_workflow_run(workflow, trigger=trigger, request_id=new_request_id())

    carry_out(settings.project_dir(), fire, detach=not wait, as_json=as_json)


@inbox_command.command("drop")
@click.argument("workflow")
@click.argument("trigger")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--all", "every", is_flag=True, help="Drop all that wait.")
@click.pass_obj
def drop_command(settings: Settings, workflow: str, trigger: str, paths: tuple[str, ...], every: bool) -> None:
    """Let files that wait at TRIGGER of WORKFLOW start nothing, ever; a later version of one counts again."""
    from glue_tui.cli.session import with_engine
    from glue_tui.client.api import EngineClient

    if bool(paths) is every:
        raise InvalidInput("name the files to drop, or say --all", hint="`glue-tui inbox` lists what waits")
    project_dir = settings.project_dir()

    async def drop(client: EngineClient) -> tuple[int, tuple[str, ...]]:
        (inbox,) = await client.inboxes(workflow, trigger)
        waiting = tuple(one.path for one in inbox.files)
        named = tuple(path if path in waiting else project_path(project_dir, path) for path in paths)
        return await client.drop_files(workflow, trigger, named), named or waiting

    count, names = with_engine(project_dir, drop)
    if not count:
        say(f"nothing waits at {trigger} of {workflow}: nothing was dropped")
        return
    shown = [harmless(name) for name in names[:NAMES_MAX]]
    more = [f"and {count - NAMES_MAX} more"] if count > NAMES_MAX else []
    say(f"dropped {counted(count, 'file')} of {trigger} of {workflow}: {', '.join([*shown, *more])}")
    say("they start nothing; one that changes from now on counts again")


def project_path(project_dir: Path, path: str) -> str:
    """Return a path as triggers know it: relative to the project folder, absolute outside of it.

    One that does not begin at the working directory may be given as the project has it.
    """
    here = os.path.normpath(Path.cwd() / path)
    if not os.path.lexists(here) and not path.startswith("/"):
        return os.path.normpath(path)
    inside = os.path.relpath(here, project_dir)
    return here if inside.startswith("..") else inside


def _check_names(project: ProjectView, workflow: str, trigger: str) -> None:
    """Raise EntityNotFound for unknown names, InvalidInput for a trigger that watches no files."""
    names = {one.name: one for one in project.workflows}
    if workflow and workflow not in names:
        raise EntityNotFound(f'no workflow "{workflow}"', hint=did_you_mean(workflow, sorted(names)))
    if trigger:
        triggers = {one.name: one for one in names[workflow].triggers}
        if trigger not in triggers:
            raise EntityNotFound(f'no trigger "{trigger}" in {workflow}', hint=did_you_mean(trigger, sorted(triggers)))
        if not triggers[trigger].watch:
            raise InvalidInput(f"{trigger} of {workflow} is {triggers[trigger].type}: only EVENT triggers watch files")


def _settled(inbox: InboxView) -> list[InboxFile]:
    return [one for one in inbox.files if one.stage == "PENDING"]


def _inbox_text(inbox: InboxView, project: ProjectView, now: float) -> str:
    lines = [
        f"{inbox.workflow}  {inbox.trigger}  {paint(', '.join(inbox.patterns), 'muted')}",
        *_state_lines(inbox, project, now),
    ]
    if files := (*inbox.files, *inbox.ended):
        rows = [_file_row(one, now) for one in files]
        lines += [f"  {line}" for line in table_text(("file", "size", "", "since"), rows, right=(1,)).split("\n")]
    return "\n".join(lines)


def _state_lines(inbox: InboxView, project: ProjectView, now: float) -> list[str]:
    """Return what the batch waits for, and what keeps the trigger from firing."""
    trigger = next(
        (one for flow in project.workflows for one in flow.triggers if _is_of(inbox, one)),
        None,
    )
    is_paused = trigger is not None and trigger.state == "DEACTIVATED"
    settled, wanted = len(_settled(inbox)), counted(inbox.batch_size, "file")
    if not inbox.files:
        lines = ["  no file waits"]
    elif settled >= inbox.batch_size:
        lines = [f"  {settled} of {wanted} settled: the batch is complete"]
    elif inbox.window_closes_at is None or is_paused or project.engine.is_held or not project.engine.pid:
        lines = [f"  {settled} of {wanted} settled"]
    else:
        left = max(inbox.window_closes_at - now, 0.0)
        when = f"at {clock_text(inbox.window_closes_at, now)} (in {duration(left)})"
        lines = [f"  {settled} of {wanted} settled; it fires with what it has {when}"]
    if is_paused:
        lines.append(
            paint(f"  paused: `glue-tui trigger enable {inbox.workflow} {inbox.trigger}` lets it fire", "warn")
        )
    if project.engine.is_held:
        lines.append(paint("  the engine is held: `glue-tui engine release` lets it fire", "warn"))
    return lines + [f"  {harmless(note)}" for note in (trigger.notes if trigger else ())]


def _is_of(inbox: InboxView, trigger: TriggerView) -> bool:
    return (trigger.workflow, trigger.name) == (inbox.workflow, inbox.trigger)


def _file_row(file: InboxFile, now: float) -> tuple[str, str, str, str]:
    how_large = size(file.size_bytes) if file.change != "deleted" else "deleted"
    stage = _STAGES[file.stage] + (f" by run {file.run_number}" if file.run_number else "")
    if file.note:
        stage += f": {harmless(file.note)}"
    return harmless(file.path), how_large, stage, clock_text(file.since, now)
