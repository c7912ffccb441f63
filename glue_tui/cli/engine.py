"""`glue-tui engine`: the process that owns runs, schedules and files of a project."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import click

from glue_tui.cli.history import project_history
from glue_tui.cli.output import paint, say, show, show_json
from glue_tui.cli.session import with_engine
from glue_tui.cli.settings import EXIT_ENGINE, EXIT_WRONG_USE, Settings
from glue_tui.client.api import EngineClient
from glue_tui.client.find import is_lock_held, read_engine_file
from glue_tui.client.words import duration, size
from glue_tui.core.problem import EngineUnavailable
from glue_tui.core.states import WorkflowRunStatus
from glue_tui.protocol.views import EngineView

ANSWER_TIMEOUT_S = 3.0
"""An engine that is to stop and does not answer for so long is told by a signal."""
STOP_TIMEOUT_S = 20.0
"""Workers get some seconds to end by themselves before they are killed."""

RUNS_NAMED_MAX = 5
"""Of those that an engine leaves unfinished."""


@click.group("engine")
def engine_command() -> None:
    """Start, stop and look at the engine: the process that owns a project's runs, schedules and file events."""


@engine_command.command("start")
@click.pass_obj
def start_command(settings: Settings) -> None:
    """Start the engine in the background, unless it runs already."""
    with_engine(settings.project_dir(), _say_up)


@engine_command.command("release")
@click.pass_obj
def release_command(settings: Settings) -> None:
    """Let schedules and files start runs again, after the engine was held because it had crashed repeatedly."""

    async def release(client: EngineClient) -> bool:
        was_held = (await client.project()).engine.is_held
        await client.release_engine()
        return was_held

    if with_engine(settings.project_dir(), release, start=False):
        say("released: schedules and files start runs again")
    else:
        say("the engine was not held: schedules and files start runs")


@engine_command.command("reload")
@click.pass_obj
def reload_command(settings: Settings) -> None:
    """Return once the workflow files as they are now are in force. Saving one does it by itself, within half a second.

    Prints what is wrong with files; exits 2 if one can't be used: then its last good version stays in force.
    """
    from glue_tui.client.words import problem_text

    project = with_engine(settings.project_dir(), lambda client: client.reload(), start=False)
    for problem in (problem for workflow in project.workflows for problem in workflow.problems):
        show(paint(problem_text(problem), "warn" if problem.is_warning else "bad"))
    broken = [workflow for workflow in project.workflows if workflow.is_broken]
    for workflow in broken:
        stays = "its last good version stays in force" if workflow.is_loaded else "nothing of it is in force"
        say(f"{workflow.source} can't be used: {stays}", tone="bad")
    good = len(project.workflows) - len(broken)
    say(f"{good} workflow file{'s' if good != 1 else ''} in force as saved")
    if broken:
        click.get_current_context().exit(EXIT_WRONG_USE)


@engine_command.command("stop")
@click.pass_obj
def stop_command(settings: Settings) -> None:
    """End the engine and its workers. Unfinished runs go on when the next engine starts."""
    project_dir = settings.project_dir()
    if not is_lock_held(project_dir):
        say("no engine runs for this project")
        return
    file = read_engine_file(project_dir)
    try:
        with_engine(project_dir, lambda client: client.stop_engine(), start=False, timeout_s=ANSWER_TIMEOUT_S)
    except EngineUnavailable as error:
        if file is None or not _is_engine(file.pid):
            raise
        say(f"{error.message}: ending it by a signal", tone="warn")
        os.kill(file.pid, signal.SIGTERM)
    if file is not None and not _has_ended(file.pid, project_dir):
        raise EngineUnavailable(
            f"the engine (pid {file.pid}) has not ended within {STOP_TIMEOUT_S:.0f} s",
            hint=f"`kill -9 {file.pid}` loses nothing: unfinished runs go on with the next engine",
        )
    say("the engine has ended")
    _say_what_is_not_over(project_dir)


@engine_command.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_obj
def status_command(settings: Settings, as_json: bool) -> None:
    """Say whether the engine runs, and how large history and logs are; exits 3 if it does not run."""
    from msgspec import to_builtins

    from glue_tui.client.local import history_bytes

    try:
        project = with_engine(settings.project_dir(), lambda client: client.project(), start=False)
    except EngineUnavailable as error:
        say(error.message)
        if error.hint:
            say(f"  Hint: {error.hint}")
        click.get_current_context().exit(EXIT_ENGINE)
    in_database, in_logs = history_bytes(settings.project_dir())
    if as_json:
        show_json({**to_builtins(project.engine), "history_bytes": in_database, "logs_bytes": in_logs})
    else:
        show(f"{_engine_text(project.engine)}\nhistory {size(in_database)}, logs {size(in_logs)}")


@engine_command.command("run")
@click.pass_obj
def run_command(settings: Settings) -> None:
    """Run the engine in this terminal until Ctrl-C: for services and containers."""
    from glue_tui.client.launch import engine_command as command_line

    command = command_line(settings.project_dir())
    os.execv(command[0], command)


async def _say_up(client: EngineClient) -> None:
    say(_engine_text((await client.project()).engine))


def _engine_text(engine: EngineView) -> str:
    up = duration(time.time() - engine.started_at)
    message = f"; {engine.message}" if engine.message else ""
    return f"engine of {engine.project_dir}: up {up}, pid {engine.pid}, {engine.slots} workers at a time{message}"


def _say_what_is_not_over(project_dir: Path) -> None:
    runs = project_history(project_dir).current_runs()
    unfinished = [run for run in reversed(runs) if not WorkflowRunStatus(run.status).is_over]
    if unfinished:
        which = ", ".join(f"run {run.number} of {run.workflow}" for run in unfinished[:RUNS_NAMED_MAX])
        more = f" and {len(unfinished) - RUNS_NAMED_MAX} more" if len(unfinished) > RUNS_NAMED_MAX else ""
        say(f"not over, the next engine goes on with them: {which}{more}")


def _is_engine(pid: int) -> bool:
    """Return whether the process is an engine of ours: a number from an old file may mean anybody by now."""
    import psutil

    try:
        return "glue_tui.engine" in psutil.Process(pid).cmdline()
    except psutil.Error:
        return False


def _has_ended(pid: int, project_dir: Path) -> bool:
    """Wait until the process is gone; return whether it is."""
    import psutil

    try:
        psutil.Process(pid).wait(STOP_TIMEOUT_S)
    except psutil.NoSuchProcess:
        pass
    except psutil.TimeoutExpired:
        return not is_lock_held(project_dir)
    return True
