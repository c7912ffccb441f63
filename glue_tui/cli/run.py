"""`glue-tui run`: start a workflow, follow it, and tell how it ended; `retry` ends in the same way."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import click

from glue_tui.cli.follow import SilentReporter, follow_run, reporter_for_stderr, stop_and_wait
from glue_tui.cli.output import harmless, ring, say, show, show_json
from glue_tui.cli.run_tree import run_tree_text
from glue_tui.cli.session import with_engine
from glue_tui.cli.settings import EXIT_INTERRUPTED, EXIT_RUN_NOT_SUCCEEDED, EXIT_WRONG_USE, Settings
from glue_tui.client.api import EngineClient
from glue_tui.client.terminal_notice import run_notice
from glue_tui.client.words import duration
from glue_tui.core.problem import InvalidInput
from glue_tui.core.states import Outcome
from glue_tui.protocol.views import FeedMessage, RunSummary, RunView, WorkflowView

Starter = Callable[[EngineClient], Awaitable[RunSummary]]
Follower = Callable[[AsyncIterator[FeedMessage], RunSummary], Awaitable[None]]
"""Says what happens in a run until it is over."""


class DefinitionBroken(Exception):
    """The file of the workflow that was to run has problems; they are in `workflow`."""

    def __init__(self, workflow: WorkflowView) -> None:
        super().__init__(workflow.name)
        self.workflow = workflow


@click.command("run")
@click.argument("workflow")
@click.option("-t", "--trigger", default="", help="Start by this trigger. Default: the ON_DEMAND one.")
@click.option("-p", "--property", "properties", multiple=True, metavar="KEY=VALUE", help="Set a run property.")
@click.option("-d", "--detach", is_flag=True, help="Return at once; the engine goes on.")
@click.option("--json", "as_json", is_flag=True, help="Print the finished run: states, attempts, times, rows.")
@click.option("--local", is_flag=True, help="Run in an engine of this process alone, which ends with the run (for CI).")
@click.pass_obj
def run_command(
    settings: Settings,
    workflow: str,
    trigger: str,
    properties: tuple[str, ...],
    detach: bool,
    as_json: bool,
    local: bool,
) -> None:
    """Run WORKFLOW and wait for its end.

    Exits 0 if the run SUCCEEDED; 1 if it FAILED, RECOVERED (a failure branch ran), was STOPPED or ended in ERROR.
    Ctrl-C leaves the run going and says how to stop it. An engine is started where none runs.
    """
    if detach and local:
        raise click.UsageError("--detach and --local exclude each other: a local engine ends with this command")
    values = property_values(properties)

    async def start(client: EngineClient) -> RunSummary:
        await refuse_if_broken(client, workflow)
        return await client.start_workflow_run(
            workflow, trigger=trigger, properties=values, request_id=new_request_id()
        )

    carry_out(settings.project_dir(), start, detach=detach, as_json=as_json, local=local)


def property_values(texts: tuple[str, ...]) -> dict[str, str]:
    """Return the properties that `-p key=value` options name. Raises InvalidInput."""
    values: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals:
            raise InvalidInput(f'"{harmless(text)}" gives no value', hint=f"write -p {harmless(text)}=VALUE")
        if not name:
            raise InvalidInput(f'"{harmless(text)}" names no property', hint=f"write -p NAME={harmless(value)}")
        if name in values:
            raise InvalidInput(f"{name} is given twice", hint="a property has one value: give it once")
        values[name] = value
    return values


def new_request_id() -> str:
    return os.urandom(8).hex()


async def refuse_if_broken(client: EngineClient, name: str) -> None:
    """Raise DefinitionBroken if the workflow's file, as it is on disk now, has errors."""
    project = await client.reload()
    for workflow in project.workflows:
        if workflow.name == name and (workflow.is_broken or not workflow.is_loaded):
            raise DefinitionBroken(workflow)


async def _follow_states(feed: AsyncIterator[FeedMessage], summary: RunSummary) -> None:
    await follow_run(feed, summary, reporter_for_stderr())


async def _follow_silently(feed: AsyncIterator[FeedMessage], summary: RunSummary) -> None:
    await follow_run(feed, summary, SilentReporter())


def carry_out(
    project_dir: Path,
    start: Starter,
    *,
    detach: bool,
    as_json: bool,
    local: bool = False,
    follow: Follower = _follow_states,
) -> None:
    """Start a run, follow it to its end unless `detach`, print the result and exit by it."""
    started: list[RunSummary] = []

    async def work(client: EngineClient) -> RunView | None:
        if detach:
            started.append(await start(client))
            return None
        feed = aiter(client.subscribe())
        await anext(feed)  # The snapshot: from here on nothing is missed.
        started.append(await start(client))
        summary = started[0]
        if not as_json:
            say(f"{summary.workflow} run {summary.number} by {summary.trigger}")
        try:
            await (_follow_silently if as_json else follow)(feed, summary)
        except asyncio.CancelledError:
            if local:  # Nobody would be left to carry it on, nor to clean up after workers that end with us.
                await stop_and_wait(client, summary.run_id)
            raise
        return await client.run(summary.run_id)

    try:
        run = with_engine(project_dir, work, local=local)
    except DefinitionBroken as broken:
        _say_problems(broken.workflow)
        click.get_current_context().exit(EXIT_WRONG_USE)
    except KeyboardInterrupt:
        _say_interrupted(started[0] if started else None, local=local)
        click.get_current_context().exit(EXIT_INTERRUPTED)
    if run is None:
        _show_started(started[0], as_json=as_json)
        return
    if as_json:
        show_json(run)
    else:
        show(run_tree_text(run))
    say_outcome(run)
    if run.summary.outcome in run.summary.rings_on:
        ring(*run_notice(run))
    if run.summary.outcome != Outcome.SUCCEEDED:
        click.get_current_context().exit(EXIT_RUN_NOT_SUCCEEDED)


def say_outcome(run: RunView) -> None:
    """Say how a finished run ended and what can be done now."""
    summary = run.summary
    began = summary.started_at if summary.started_at is not None else summary.queued_at
    took = duration((summary.finished_at or began) - began)
    head = f"run {summary.number} of {summary.workflow} {summary.outcome} after {took}"
    failed = ", ".join(summary.failed_nodes)
    retry = f"`glue-tui logs {summary.number}` shows why, `glue-tui retry {summary.number}` tries again"
    hint = ""
    match Outcome(summary.outcome):
        case Outcome.SUCCEEDED:
            say(head, tone="good")
        case Outcome.FAILED:
            say(f"{head}: {failed} failed", tone="bad")
            hint = retry
        case Outcome.RECOVERED:
            say(f"{head}: {failed} failed, and what listens for that ran", tone="warn")
            hint = retry
        case Outcome.STOPPED:
            say(f"{head}: {harmless(summary.message)}", tone="warn")
            has_begun = summary.started_at is not None
            goes_on = f"`glue-tui retry {summary.number}` goes on from there"
            anew = summary.trigger if summary.crawler else f"run {summary.workflow}"
            hint = goes_on if has_begun else f"`glue-tui {anew}` starts another one"
        case Outcome.ERROR:
            ours = f"{failed} failed, by a fault of ours or of this machine, not of its work"
            say(f"{head}: {harmless(summary.message) or ours}", tone="bad")
            hint = retry if failed else ""
    if hint:
        say(f"  Hint: {hint}")


def _show_started(summary: RunSummary, *, as_json: bool) -> None:
    if as_json:
        show_json(summary)
    else:
        show(f"{summary.workflow} run {summary.number}")
    say(f"it goes on in the engine: `glue-tui status {summary.number}`, `glue-tui logs -f {summary.number}`")


def _say_problems(workflow: WorkflowView) -> None:
    from glue_tui.client.words import problem_text

    for problem in workflow.problems:
        say(problem_text(problem), tone="" if problem.is_warning else "bad")
    say(f"Error: {workflow.source} has errors, so {workflow.name} was not started", tone="bad")
    if workflow.is_loaded:
        say("  Hint: until it is mended, its last good version serves schedules and files only, not a start by hand")


def _say_interrupted(summary: RunSummary | None, *, local: bool) -> None:
    if summary is None:
        say("interrupted before the run began")
    elif local:
        say(f"interrupted: run {summary.number} was stopped")
    else:
        say(
            f"interrupted: run {summary.number} goes on. "
            f"`glue-tui stop {summary.number}` stops it, `glue-tui logs -f {summary.number}` follows it"
        )
