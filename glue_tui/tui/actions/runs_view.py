"""What is done in the history of runs alone: filtering, marking, comparing."""

from __future__ import annotations

from glue_tui.client.compare import compare, last_success_before
from glue_tui.core.problem import EntityNotFound, GlueTuiError
from glue_tui.protocol.views import RunSummary
from glue_tui.tui import cli_twins, refusals
from glue_tui.tui.actions.action import Action
from glue_tui.tui.host import Host
from glue_tui.tui.place import Place
from glue_tui.tui.screens.compare import CompareScreen
from glue_tui.tui.selection import Looked

LOOKED_BACK_RUNS = 200
"""So far back a run that succeeded is looked for."""


def filter_runs(host: Host, looked: Looked) -> None:
    """Ask which runs to show."""
    host.view.history.begin_filter()


def mark_run(host: Host, looked: Looked) -> None:
    """Mark the run under the cursor, or take its mark away."""
    host.view.history.toggle_mark()


def show_all_runs(host: Host, looked: Looked) -> None:
    """Let go of the filter; where there is none, of the mark."""
    host.view.history.let_go()


async def compare_runs(host: Host, looked: Looked) -> None:
    """Show the run under the cursor beside the marked one, or beside the last before it that succeeded."""
    history = host.view.history
    run = history.current_run or (looked.run.summary if looked.run is not None else None)
    if run is None:
        raise EntityNotFound(f"no run of {looked.selection.workflow} yet", hint="press r")
    marked = history.marked_run()
    other = marked if marked is not None and marked.run_id != run.run_id else await _last_success(host, run)
    before, after = sorted((run, other), key=lambda one: one.number)
    try:
        definition = await host.view.source.changes_between(before.run_id, after.run_id)
    except GlueTuiError:
        definition = None  # the comparison says so; the runs themselves are known
    found = compare(await host.client.run(before.run_id), await host.client.run(after.run_id), definition)
    await host.ask(CompareScreen(host.look, found, cli_twins.compare(run.number, other.number)))


async def _last_success(host: Host, run: RunSummary) -> RunSummary:
    found = last_success_before(await host.client.runs(run.workflow, LOOKED_BACK_RUNS), run)
    found = found or last_success_before(host.view.history.runs, run)
    if found is None:
        raise EntityNotFound(
            f"no run before {run.number} has succeeded", hint="press m on the run to compare with, then c on this one"
        )
    return found


RUNS_VIEW: tuple[Action, ...] = (
    Action(
        name="filter_runs",
        keys=("slash",),
        shown="/",
        label="filter runs",
        help="filter by outcome, trigger, #number, property, failed node, file; ! before a word: without it",
        group="Runs",
        perform=filter_runs,
        place=Place.RUNS,
    ),
    Action(
        name="mark_run",
        keys=("m",),
        shown="m",
        label="mark run",
        help="mark the run to compare others with; again: no mark",
        group="Runs",
        perform=mark_run,
        refusal=refusals.no_run,
        place=Place.RUNS,
    ),
    Action(
        name="compare_runs",
        keys=("c",),
        shown="c",
        label="compare runs",
        help="compare with the marked run, or with the last one before that succeeded",
        group="Runs",
        perform=compare_runs,
        refusal=refusals.compare,
        cli=cli_twins.compare_of,
        place=Place.RUNS,
    ),
    Action(
        name="show_all_runs",
        keys=("escape",),
        shown="Esc",
        label="show all runs",
        help="show all runs again; where all are shown: take the mark away",
        group="Runs",
        perform=show_all_runs,
        place=Place.RUNS,
    ),
)
