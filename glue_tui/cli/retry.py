"""`glue-tui retry`: a new run that repeats what failed in a finished one."""

from __future__ import annotations

import click

from glue_tui.cli.history import project_history
from glue_tui.cli.output import harmless, paint, say, show, show_json
from glue_tui.cli.run import carry_out, new_request_id
from glue_tui.cli.session import with_engine
from glue_tui.cli.settings import Settings
from glue_tui.client.api import EngineClient
from glue_tui.client.resume_words import SCRIPTS_RULE, change_text, more_text, script_text, since_text
from glue_tui.core.model import NodeId, node_name
from glue_tui.core.problem import EntityNotFound
from glue_tui.core.states import Outcome
from glue_tui.protocol.plan_views import ResumePlanView
from glue_tui.protocol.views import RunSummary

_FAILED = (Outcome.FAILED, Outcome.RECOVERED, Outcome.ERROR)
_RUNS_SEARCHED = 500
_CHANGES_SAID = 3
"""So many changes are told before a run; of more only how many they are."""


@click.command("retry")
@click.argument("run", metavar="[RUN|WORKFLOW]", default="")
@click.option("-n", "--node", "nodes", multiple=True, help="Repeat this node instead of those that failed; repeatable.")
@click.option("--as-it-ran", is_flag=True, help="With the definition that the run had, not with the one of now.")
@click.option("--dry-run", is_flag=True, help="Start nothing; tell what would run and what changed since the run.")
@click.option("-d", "--detach", is_flag=True, help="Return at once; the engine goes on.")
@click.option("--json", "as_json", is_flag=True, help="Print the finished run, or the plan of a --dry-run.")
@click.pass_obj
def retry_command(
    settings: Settings,
    run: str,
    nodes: tuple[str, ...],
    as_it_ran: bool,
    dry_run: bool,
    detach: bool,
    as_json: bool,
) -> None:
    """Run what failed once more, and everything downstream; what succeeded before is kept.

    RUN is a number or an id; a WORKFLOW means its last run. Without either: the last run that failed and has not been
    retried yet. The definition is the one of now, whole; --dry-run lists what changed since the run. Exit codes as for
    `run`.
    """
    if dry_run and detach:
        raise click.UsageError("--dry-run starts nothing that --detach could leave")
    project_dir = settings.project_dir()
    ref = run
    if not ref:
        last = last_failed(project_history(project_dir).runs(limit=_RUNS_SEARCHED))
        if last is None:
            raise EntityNotFound(
                "no run failed, or each that did was retried",
                hint="name a run or workflow: `glue-tui retry RUN --node NODE`",
            )
        doing = "would retry" if dry_run else "retrying"
        say(f"{doing} run {last.number} of {last.workflow} ({last.outcome}: {', '.join(last.failed_nodes)})")
        ref = last.run_id

    async def plan_of(client: EngineClient) -> ResumePlanView:
        await client.reload()  # The mended file counts, even if the watcher has not seen it yet.
        return await client.plan_resume(ref, nodes=nodes, as_it_ran=as_it_ran)

    async def start(client: EngineClient) -> RunSummary:
        plan = await plan_of(client)
        if not as_json:
            _say_changes(plan)
        return await client.resume_workflow_run(
            plan.run_id, nodes=nodes, as_it_ran=as_it_ran, request_id=new_request_id()
        )

    if not dry_run:
        carry_out(project_dir, start, detach=detach, as_json=as_json)
        return
    plan = with_engine(project_dir, plan_of)
    if as_json:
        show_json(plan)
    else:
        show(plan_text(plan))
        say("nothing was started: the same command without --dry-run does it", tone="muted")


def plan_text(plan: ResumePlanView) -> str:
    """Return for people what a resume would do, what changed since the run, and which scripts did."""
    definition = "as it ran" if plan.as_it_ran else "as it is now"
    groups = (
        ("restart at once", plan.restart),
        ("follow if triggers fire", plan.follow),
        ("carried over", plan.carried),
        ("not there any more", plan.gone),
    )
    lines = [f"run {plan.run_number} again, with its definition {definition}:"]
    lines += [
        f"  {head:<25}{', '.join(node_name(NodeId(one)) for one in node_ids)}" for head, node_ids in groups if node_ids
    ]
    left_out = ", left out" if plan.as_it_ran and plan.changes else ""
    lines += ["", harmless(since_text(plan)) + left_out + (":" if plan.changes else "")]
    for change in plan.changes:
        aside = paint("  (stays as it is)", "muted") if change.concerns == "others" and not plan.as_it_ran else ""
        lines.append(f"  {harmless(change_text(change))}{aside}")
        lines += [f"      {harmless(line)}" for line in change.lines]
    lines += [f"  {text}" for text in [more_text(plan)] if text]
    return "\n".join([*lines, *_script_lines(plan)])


def _say_changes(plan: ResumePlanView) -> None:
    """Tell in a few lines which definition is used and what changed since the run."""
    number = plan.run_number
    changes = since_text(plan) + (" are left out" if plan.as_it_ran and plan.changes else "")
    used = f"uses the definition as run {number} had it" if plan.as_it_ran else "uses the definition as it is now"
    are_few = len(plan.changes) <= _CHANGES_SAID and not any(change.lines for change in plan.changes)
    where = "" if are_few else f" (`glue-tui retry {number} --dry-run` shows them)"
    say(f"{used}: {harmless(changes)}{where}")
    for change in plan.changes if are_few else ():
        say(f"  {harmless(change_text(change))}")
    for line in _script_lines(plan):
        say(line)


def _script_lines(plan: ResumePlanView) -> list[str]:
    lines = [harmless(script_text(script, plan.run_number)) for script in plan.scripts]
    return [*lines, SCRIPTS_RULE] if lines else []


def last_failed(runs: tuple[RunSummary, ...]) -> RunSummary | None:
    """Return the newest of `runs` (newest first) that failed and that no newer one retries."""
    retried: set[str] = set()
    for summary in runs:
        if summary.outcome in _FAILED and summary.run_id not in retried:
            return summary
        if summary.previous_run_id:
            retried.add(summary.previous_run_id)
    return None
