"""`glue-tui runs`: the history as a list, of runs or of one node over the runs."""

from __future__ import annotations

import time

import click

from glue_tui.cli.graph import check_workflow_is_known
from glue_tui.cli.history import project_history
from glue_tui.cli.output import (
    bars_text,
    error_text,
    harmless,
    run_state,
    say,
    show,
    show_json,
    state_text,
    table_text,
    time_text,
)
from glue_tui.cli.settings import Settings
from glue_tui.cli.when import Moment
from glue_tui.client.run_times import run_times, times_text
from glue_tui.client.words import count, duration, late_text, size
from glue_tui.core.states import Outcome, WorkflowRunStatus
from glue_tui.protocol.views import NodeOfRun, RunSummary
from glue_tui.store.history import RunFilter

HEADERS = ("run", "workflow", "outcome", "started by", "started", "took", "failed")
NODE_HEADERS = (
    *("run", "outcome", "node", "attempts", "started", "took", "cpu"),
    *("rows in", "in", "rows out", "out", "memory", "error"),
)


@click.command("runs")
@click.argument("workflow", default="")
@click.option("--node", metavar="NAME", default="", help="One row per run of WORKFLOW for this job or crawler.")
@click.option(
    "--outcome",
    "outcomes",
    multiple=True,
    type=click.Choice([one.value for one in Outcome], case_sensitive=False),
    help="Only runs that ended so; may be repeated.",
)
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice([one.value for one in WorkflowRunStatus], case_sensitive=False),
    help="Only runs in this status of Glue's; may be repeated.",
)
@click.option("--trigger", metavar="NAME", default="", help="Only runs that this trigger started.")
@click.option("--since", type=Moment(), help="Only runs queued since then: 2h, 3d, yesterday, 2026-11-20.")
@click.option("--until", type=Moment(), help="Only runs queued before then.")
@click.option("-n", "--limit", type=click.IntRange(1, 100_000), default=30, show_default=True, help="How many runs.")
@click.option("--json", "as_json", is_flag=True, help="Print the runs as JSON.")
@click.pass_obj
def runs_command(
    settings: Settings,
    workflow: str,
    node: str,
    outcomes: tuple[str, ...],
    statuses: tuple[str, ...],
    trigger: str,
    since: float | None,
    until: float | None,
    limit: int,
    as_json: bool,
) -> None:
    """List runs, newest first; of WORKFLOW only, where one is named. Needs no engine.

    With --node: how that node fared in each of them, to see since when it is slow, fails, or brings fewer rows.
    """
    wanted = RunFilter(
        workflow=workflow, outcomes=outcomes, statuses=statuses, trigger=trigger, since=since, until=until
    )
    if node:
        _show_node(settings, node, wanted, limit, as_json)
        return
    history = project_history(settings.project_dir())
    check_workflow_is_known(settings, history, workflow)
    found = history.find_runs(wanted, limit + 1)
    runs = found[:limit]
    if as_json:
        show_json(runs)
    elif runs:
        now = time.time()
        show(table_text(HEADERS, [_row(summary, now) for summary in runs], right=(0, 5)))
        _say_times(runs, workflow)
    else:
        say(_nothing_found(wanted))
    _say_more(len(found) > limit, limit)


def _show_node(settings: Settings, node: str, wanted: RunFilter, limit: int, as_json: bool) -> None:
    if not wanted.workflow:
        raise click.UsageError(f"--node needs a workflow: glue-tui runs WORKFLOW --node {node}")
    history = project_history(settings.project_dir())
    check_workflow_is_known(settings, history, wanted.workflow)
    found = history.node_of_runs(node, wanted, limit)
    if as_json:
        show_json(found)
    elif found:
        now = time.time()
        show(table_text(NODE_HEADERS, [_node_row(one, now) for one in found], right=(0, 5, 6, 7, 8, 9, 10, 11)))
    else:
        say(_nothing_found(wanted))


def _nothing_found(wanted: RunFilter) -> str:
    if wanted == RunFilter(workflow=wanted.workflow):
        return f"no runs of {wanted.workflow} yet" if wanted.workflow else "no runs yet"
    return "no such runs"


def _say_more(has_more: bool, limit: int) -> None:
    if has_more:
        say(f"the {limit} newest; --limit shows more")


def _say_times(runs: tuple[RunSummary, ...], workflow: str) -> None:
    """Say how long the listed runs of one workflow took, the oldest first; of several workflows it means nothing."""
    times = run_times(runs)
    if workflow and len(times.bars) > 1:
        say(" · ".join(part for part in (bars_text(times), times_text(times)) if part), tone="muted")


def _row(summary: RunSummary, now: float) -> tuple[str, ...]:
    retry = " (retry)" if summary.previous_run_id else ""
    return (
        str(summary.number),
        summary.workflow,
        state_text(run_state(summary)),
        summary.trigger + retry + _files_text(summary) + (f" ({late})" if (late := late_text(summary)) else ""),
        time_text(summary.started_at if summary.started_at is not None else summary.queued_at, now=now),
        _took_text(summary.started_at, summary.finished_at, now),
        ", ".join(summary.failed_nodes) or (summary.message if summary.outcome == "ERROR" else ""),
    )


def _node_row(one: NodeOfRun, now: float) -> tuple[str, ...]:
    node, run = one.node, one.run
    started_at = node.started_at if node.started_at is not None else run.started_at
    return (
        str(run.number),
        state_text(run_state(run)),
        "carried over" if node.carried_from else state_text(node.state),
        str(node.attempt or ""),
        time_text(started_at if started_at is not None else run.queued_at, now=now),
        _took_text(node.started_at, node.finished_at, now),
        duration(node.cpu_s) if node.cpu_s is not None else "",
        count(node.rows_in) if node.rows_in is not None else "",
        size(node.bytes_in) if node.bytes_in is not None else "",
        count(node.rows_out) if node.rows_out is not None else "",
        size(node.bytes_out) if node.bytes_out is not None else "",
        size(node.peak_memory_bytes) if node.peak_memory_bytes else "",
        error_text(node.error) if node.error is not None else harmless(node.reason if node.state == "SKIPPED" else ""),
    )


def _took_text(started_at: float | None, finished_at: float | None, now: float) -> str:
    if started_at is None:
        return ""
    return duration((finished_at if finished_at is not None else now) - started_at)


def _files_text(summary: RunSummary) -> str:
    """Return the file that started the run, and how many more."""
    files = (*summary.event_files, *summary.deleted_files)
    if not files:
        return ""
    gone = "" if summary.event_files else " deleted"
    more = f" +{len(files) - 1}" if len(files) > 1 else ""
    return f": {harmless(files[0].rpartition('/')[2])}{gone}{more}"
