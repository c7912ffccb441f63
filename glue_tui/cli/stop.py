"""`glue-tui stop`: end a run."""

from __future__ import annotations

import click

from glue_tui.cli.output import run_state, say
from glue_tui.cli.session import with_engine
from glue_tui.cli.settings import Settings


@click.command("stop")
@click.argument("run", metavar="RUN|WORKFLOW")
@click.pass_obj
def stop_command(settings: Settings, run: str) -> None:
    """Stop a run: its workers end, nodes that have not started never will. A WORKFLOW means its last run."""
    # Without an engine nothing is going; one is not started only to be told so.
    summary = with_engine(settings.project_dir(), lambda client: client.stop_workflow_run(run), start=False)
    say(f"run {summary.number} of {summary.workflow}: {run_state(summary)}")
