"""`glue-tui retry`: a new run that repeats what failed in a finished one."""

from __future__ import annotations

import click

from glue_tui.cli.history import project_history
from glue_tui.cli.output import say
from glue_tui.cli.run import carry_out, new_request_id
from glue_tui.cli.settings import Settings
from glue_tui.client.api import EngineClient
from glue_tui.core.problem import EntityNotFound
from glue_tui.core.states import Outcome
from glue_tui.protocol.views import RunSummary

_FAILED = (Outcome.FAILED, Outcome.RECOVERED, Outcome.ERROR)
_RUNS_SEARCHED = 500


@click.command("retry")
@click.argument("run", metavar="[RUN|WORKFLOW]", default="")
@click.option("-n", "--node", "nodes", multiple=True, help="Repeat this node instead of those that failed; repeatable.")
@click.option("--as-it-ran", is_flag=True, help="With the definition that the run had, not with today's.")
@click.option("-d", "--detach", is_flag=True, help="Return at once; the engine goes on.")
@click.option("--json", "as_json", is_flag=True, help="Print the finished run.")
@click.pass_obj
def retry_command(
    settings: Settings, run: str, nodes: tuple[str, ...], as_it_ran: bool, detach: bool, as_json: bool
) -> None:
    """Run what failed once more, and everything downstream; what succeeded before is kept.

    RUN is a number or an id; a WORKFLOW means its last run. Without either: the last run that failed and has not been
    retried yet. Exit codes as for `run`.
    """
    project_dir = settings.project_dir()
    ref = run
    if not ref:
        last = last_failed(project_history(project_dir).runs(limit=_RUNS_SEARCHED))
        if last is None:
            raise EntityNotFound(
                "no run failed, or each that did was retried",
                hint="name a run or workflow: `glue-tui retry RUN --node NODE`",
            )
        say(f"retrying run {last.number} of {last.workflow} ({last.outcome}: {', '.join(last.failed_nodes)})")
        ref = last.run_id

    async def start(client: EngineClient) -> RunSummary:
        if not as_it_ran:
            await client.reload()  # The mended file counts, even if the watcher has not seen it yet.
        return await client.resume_workflow_run(ref, nodes=nodes, as_it_ran=as_it_ran, request_id=new_request_id())

    carry_out(project_dir, start, detach=detach, as_json=as_json)


def last_failed(runs: tuple[RunSummary, ...]) -> RunSummary | None:
    """Return the newest of `runs` (newest first) that failed and that no newer one retries."""
    retried: set[str] = set()
    for summary in runs:
        if summary.outcome in _FAILED and summary.run_id not in retried:
            return summary
        if summary.previous_run_id:
            retried.add(summary.previous_run_id)
    return None
