"""`glue-tui runs`: the history as a list."""

from __future__ import annotations

import time

import click

from glue_tui.cli.history import project_history
from glue_tui.cli.output import harmless, run_state, say, show, show_json, state_text, table_text, time_text
from glue_tui.cli.settings import Settings
from glue_tui.client.words import duration
from glue_tui.protocol.views import RunSummary

HEADERS = ("run", "workflow", "outcome", "started by", "started", "took", "failed")


@click.command("runs")
@click.argument("workflow", default="")
@click.option("-n", "--limit", type=click.IntRange(1, 100_000), default=30, show_default=True, help="How many runs.")
@click.option("--json", "as_json", is_flag=True, help="Print the runs as JSON.")
@click.pass_obj
def runs_command(settings: Settings, workflow: str, limit: int, as_json: bool) -> None:
    """List runs, newest first; of WORKFLOW only, where one is named. Needs no engine."""
    found = project_history(settings.project_dir()).runs(workflow, limit + 1)
    runs = found[:limit]
    if as_json:
        show_json(runs)
    elif runs:
        now = time.time()
        show(table_text(HEADERS, [_row(summary, now) for summary in runs], right=(0, 5)))
    else:
        say(f"no runs of {workflow} yet" if workflow else "no runs yet")
    if len(found) > limit:
        say(f"the {limit} newest; --limit shows more")


def _row(summary: RunSummary, now: float) -> tuple[str, ...]:
    took = ""
    if summary.started_at is not None:
        took = duration((summary.finished_at if summary.finished_at is not None else now) - summary.started_at)
    retry = " (retry)" if summary.previous_run_id else ""
    return (
        str(summary.number),
        summary.workflow,
        state_text(run_state(summary)),
        summary.trigger + retry + _files_text(summary.event_files),
        time_text(summary.started_at if summary.started_at is not None else summary.queued_at, now=now),
        took,
        ", ".join(summary.failed_nodes) or (summary.message if summary.outcome == "ERROR" else ""),
    )


def _files_text(files: tuple[str, ...]) -> str:
    """Return the file that started the run, and how many more."""
    if not files:
        return ""
    more = f" +{len(files) - 1}" if len(files) > 1 else ""
    return f": {harmless(files[0].rpartition('/')[2])}{more}"
