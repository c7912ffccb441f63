"""`glue-tui stop`: end a run, and say what that cut off and what stays."""

from __future__ import annotations

import click

from glue_tui.cli.follow import stop_and_wait
from glue_tui.cli.output import run_state, say, show_json
from glue_tui.cli.run import say_outcome
from glue_tui.cli.session import with_engine
from glue_tui.cli.settings import EXIT_INTERRUPTED, Settings
from glue_tui.client.api import EngineClient
from glue_tui.protocol.views import RunView


@click.command("stop")
@click.argument("run", metavar="RUN|WORKFLOW")
@click.option("-d", "--detach", is_flag=True, help="Return at once; the engine goes on ending it.")
@click.option("--json", "as_json", is_flag=True, help="Print the stopped run.")
@click.pass_obj
def stop_command(settings: Settings, run: str, detach: bool, as_json: bool) -> None:
    """Stop a run and wait for its end: its workers end, nodes that have not started never will.

    A WORKFLOW means its last run. Says which nodes were ended, which never started, and what stays. Nothing is rolled
    back; `retry` goes on from there.
    """

    async def stop(client: EngineClient) -> RunView:
        summary = await (client.stop_workflow_run(run) if detach else stop_and_wait(client, run))
        return await client.run(summary.run_id)

    try:
        # Without an engine nothing is going; one is not started only to be told so.
        stopped = with_engine(settings.project_dir(), stop, start=False)
    except KeyboardInterrupt:
        say("interrupted: the engine goes on ending the run")
        click.get_current_context().exit(EXIT_INTERRUPTED)
    if as_json:
        show_json(stopped)
    if stopped.summary.outcome:
        say_outcome(stopped)
    else:
        say(f"run {stopped.summary.number} of {stopped.summary.workflow}: {run_state(stopped.summary)}")
