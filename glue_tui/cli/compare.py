"""`glue-tui compare`: two runs beside each other, what differs most first."""

from __future__ import annotations

import click

from glue_tui.cli.history import project_history, run_ref
from glue_tui.cli.output import harmless, paint, show, show_json, table_text, time_text, tone_of
from glue_tui.cli.settings import Settings
from glue_tui.client.compare import compare, last_success_before
from glue_tui.client.compare_words import ComparisonLine, comparison_lines, note_lines
from glue_tui.client.run_pair import changes_between
from glue_tui.core.problem import EntityNotFound, InvalidInput
from glue_tui.protocol.views import RunSummary, RunView
from glue_tui.store.history import History, RunFilter

LOOKED_BACK_RUNS = 1_000


@click.command("compare")
@click.argument("run", metavar="[RUN", default="")
@click.argument("other", metavar="[OTHER]]", default="")
@click.option("--json", "as_json", is_flag=True, help="Print all figures of both runs as JSON.")
@click.pass_obj
def compare_command(settings: Settings, run: str, other: str, as_json: bool) -> None:
    """Compare two runs of a workflow: states, durations, rows, bytes, memory, attempts, properties, definition.

    RUN is a number, an id or a workflow's name (its last run); without one the newest run. Without OTHER it is
    compared with the last run before it that succeeded. Figures that are the same are left out; ! marks what stands
    out. Needs no engine.
    """
    project_dir = settings.project_dir()
    history = project_history(project_dir)
    view = history.run(run_ref(history, run))
    against = history.run(other or _last_success(history, view.summary).run_id)
    _check(view, against)
    first, last = sorted((view.summary, against.summary), key=lambda summary: summary.number)
    found = compare(view, against, changes_between(project_dir, first.run_id, last.run_id))
    if as_json:
        show_json(found)
        return
    lines = comparison_lines(found)
    headers = ("  " + found.after.workflow, _run_text(first), _run_text(last), "difference")
    show(table_text(headers, [_row(line) for line in lines]))
    show("\n".join(["", *(harmless(note) for note in note_lines(found))]))


def _last_success(history: History, run: RunSummary) -> RunSummary:
    wanted = RunFilter(workflow=run.workflow, outcomes=("SUCCEEDED",), until=run.queued_at)
    found = last_success_before(history.find_runs(wanted, LOOKED_BACK_RUNS), run)
    if found is None:
        raise EntityNotFound(
            f"no run of {run.workflow} before run {run.number} has succeeded",
            hint=f"name the other run: glue-tui compare {run.number} OTHER; `glue-tui runs {run.workflow}` lists them",
        )
    return found


def _check(one: RunView, other: RunView) -> None:
    if one.summary.workflow != other.summary.workflow:
        raise InvalidInput(
            f"run {one.summary.number} is of {one.summary.workflow}, run {other.summary.number} of "
            f"{other.summary.workflow}: runs of one workflow can be compared",
            hint=f"`glue-tui runs {one.summary.workflow}` lists those of {one.summary.workflow}",
        )
    if one.summary.run_id == other.summary.run_id:
        raise InvalidInput(f"run {one.summary.number} is named twice", hint="name another run to compare it with")


def _run_text(run: RunSummary) -> str:
    began = time_text(run.started_at if run.started_at is not None else run.queued_at)
    return f"run {run.number}, {began}"


def _row(line: ComparisonLine) -> tuple[str, ...]:
    mark = "! " if line.is_notable else "  "
    label = mark + ("  " if line.is_part else "") + harmless(line.label)
    return (
        paint(label, "warn" if line.is_notable else ""),
        paint(harmless(line.before), tone_of(line.state_before)),
        paint(harmless(line.after), tone_of(line.state_after)),
        paint(line.difference, "warn" if line.is_notable else ""),
    )
