"""`glue-tui status`: the project at a glance, or one run."""

from __future__ import annotations

import time
from pathlib import Path

import click

from glue_tui.cli.history import project_history, say_if_at_a_standstill
from glue_tui.cli.output import (
    error_lines,
    harmless,
    paint,
    run_state,
    say,
    show,
    show_json,
    state_text,
    table_text,
    time_text,
)
from glue_tui.cli.settings import Settings
from glue_tui.client.words import duration, late_text
from glue_tui.core.schedule import local_text
from glue_tui.core.states import DeliveryState, Outcome, WorkflowRunStatus
from glue_tui.protocol.deliveries import DeliveryView, delivery_text
from glue_tui.protocol.usual_views import RunToldView
from glue_tui.protocol.views import EngineView, ProjectView, RunView, WorkflowView

_NOT_SUCCEEDED = (Outcome.FAILED, Outcome.RECOVERED, Outcome.ERROR)


@click.command("status")
@click.argument("run", metavar="[RUN|WORKFLOW]", default="")
@click.option("--json", "as_json", is_flag=True, help="Print the project, or the run, as JSON.")
@click.option("--line", "as_line", is_flag=True, help="One line for a prompt or a status bar.")
@click.pass_obj
def status_command(settings: Settings, run: str, as_json: bool, as_line: bool) -> None:
    """Show the project: engine, workflows, what runs, what failed and why. With RUN: its nodes and errors.

    RUN is a number or an id; a WORKFLOW means its last run. Without an engine it is told from files and history.
    """
    project_dir = settings.project_dir()
    if run:
        from glue_tui.cli.offline import current_run
        from glue_tui.client.forecast import told_view

        history = project_history(project_dir)
        found = current_run(project_dir, run)
        view = told_view(found, history.usual(found.summary.workflow), time.time())
        if as_json:
            show_json(view)
        else:
            told = [_delivery_line(one) for one in reversed(history.deliveries(run_id=view.summary.run_id))]
            show("\n".join([run_status_text(view), *_forecast_lines(view), *told]))
            say_if_at_a_standstill(project_dir, view.summary)
    elif as_line:
        show(_line(project_dir))
    else:
        print_project_status(project_dir, as_json=as_json)


def print_project_status(project_dir: Path, *, as_json: bool = False) -> None:
    """Print the whole project to stdout."""
    from glue_tui.cli.offline import current_project

    project = current_project(project_dir)
    if as_json:
        show_json(project)
        return
    show(project_text(project, time.time()))
    if not project.engine.pid:
        say("without an engine nothing starts by itself: `glue-tui engine start`")


def project_text(project: ProjectView, now: float) -> str:
    """Return the project for people: a table of workflows, then what is wrong, each with place and way out."""
    runs = {run.summary.run_id: run for run in project.runs}
    rows = [_workflow_row(workflow, runs.get(workflow.last_run_id), now) for workflow in project.workflows]
    parts = [_engine_text(project.engine, now)]
    if rows:
        parts.append(table_text(("workflow", "last run", "run", "ended", "took", "next start"), rows, right=(2, 4)))
    else:
        parts.append("no workflows: write workflows/NAME.toml, or try `glue-tui init`")
    going = [run for run in project.runs if not WorkflowRunStatus(run.summary.status).is_over]
    parts += [_going_text(run, now) for run in going]
    last = {workflow.last_run_id for workflow in project.workflows}
    parts += [_failure_text(run) for run in project.runs if run.summary.run_id in last and _is_failure(run)]
    parts += [text for workflow in project.workflows if (text := _problems_text(workflow))]
    return "\n\n".join(parts)


def run_status_text(run: RunView) -> str:
    """Return one run for people: its head, its tree, its properties and files."""
    from glue_tui.cli.run_tree import run_tree_text
    from glue_tui.core.story import resumed_text

    summary = run.summary
    facts = [f"started by {summary.trigger} ({summary.trigger_type})"]
    if late := late_text(summary):
        facts.append(f"due {time_text(summary.scheduled_at)}, {late}")
    if summary.started_at is not None:
        facts.append(f"at {time_text(summary.started_at)}")
        end = summary.finished_at if summary.finished_at is not None else time.time()
        facts.append(f"took {duration(end - summary.started_at)}")
    facts.append(f"Glue status {summary.status}")
    facts.append(summary.run_id)
    if summary.resumed is not None:
        facts.append(resumed_text(summary.resumed.number, summary.resumed.as_it_ran, summary.resumed.changes))
    elif summary.previous_run_id:
        facts.append(f"resumes {summary.previous_run_id}")
    lines = [run_tree_text(run, with_logs=False), paint(" · ".join(facts), "muted")]
    if summary.message:
        lines.append(harmless(summary.message))
    if run.properties:
        lines.append("properties: " + ", ".join(f"{key}={harmless(value)}" for key, value in run.properties.items()))
    if summary.event_files:
        lines.append("files: " + ", ".join(harmless(file) for file in summary.event_files))
    if summary.deleted_files:
        lines.append("deleted files: " + ", ".join(harmless(file) for file in summary.deleted_files))
    return "\n".join(lines)


def _forecast_lines(run: RunToldView) -> list[str]:
    """Return when the run will end, and which nodes decide that, or decided it."""
    lines = []
    if run.ends_at is not None:
        left = duration(max(0.0, run.ends_at - time.time()))
        lines.append(f"about {left} left, by what its nodes usually take: until {time_text(run.ends_at)}")
    elif run.no_estimate:
        lines.append(f"no estimate: {run.no_estimate}")
    if len(run.critical_path) > 1:
        names = {node.node_id: node.name for node in run.nodes}
        when = "decides when it ends" if run.ends_at is not None else "decided when it ended"
        lines.append(f"critical path: {' → '.join(names[one] for one in run.critical_path)} ({when})")
    return [paint(line, "muted") for line in lines]


def _delivery_line(one: DeliveryView) -> str:
    has_failed = one.state in (DeliveryState.FAILED, DeliveryState.MISSED)
    return paint(harmless(delivery_text(one)), "bad" if has_failed else "muted")


def _engine_text(engine: EngineView, now: float) -> str:
    if not engine.pid:
        return f"{engine.project_dir}\n{engine.message}"
    up = duration(now - engine.started_at)
    message = f" — {engine.message}" if engine.message else ""
    return f"{engine.project_dir}\nengine up {up}, pid {engine.pid}, {engine.slots} workers at a time{message}"


def _workflow_row(workflow: WorkflowView, last: RunView | None, now: float) -> tuple[str, ...]:
    fires = [trigger.next_fire_at for trigger in workflow.triggers if trigger.next_fire_at is not None]
    next_start = local_text(min(fires), workflow.timezone) if fires else ""
    name = f"{workflow.name} {state_text('BROKEN')}" if workflow.is_broken else workflow.name
    if last is None:
        return (name, state_text("NEVER RUN"), "", "", "", next_start)
    summary = last.summary
    took = ""
    if summary.started_at is not None:
        took = duration((summary.finished_at if summary.finished_at is not None else now) - summary.started_at)
    ended = time_text(summary.finished_at, now=now) if summary.finished_at is not None else ""
    return (name, state_text(run_state(summary)), str(summary.number), ended, took, next_start)


def _is_failure(run: RunView) -> bool:
    return run.summary.outcome in _NOT_SUCCEEDED


def _going_text(run: RunView, now: float) -> str:
    summary = run.summary
    head = f"{summary.workflow}  run {summary.number}  {state_text(run_state(summary))}"
    nodes = [node for node in run.nodes if node.state in ("STARTING", "RUNNING", "STOPPING", "WAITING")]
    lines = []
    for node in nodes:
        took = f"  {duration(now - node.started_at)}" if node.started_at is not None else ""
        lines.append(f"  {node.name}  {state_text(node.state)}{took}  {harmless(node.reason or node.warning)}".rstrip())
    return "\n".join([head, *lines])


def _failure_text(run: RunView) -> str:
    summary = run.summary
    lines = [f"{summary.workflow}  run {summary.number}  {state_text(run_state(summary))}"]
    for node in run.nodes:
        if node.error is not None and node.state != "SUCCEEDED":
            first, *more = error_lines(node.error)
            lines.append(f"  {node.name}  {paint(first, 'bad')}")
            lines += [f"    {line}" for line in more]
    if summary.message and len(lines) == 1:
        lines.append(f"  {harmless(summary.message)}")
    lines.append(f"  `glue-tui logs {summary.number}` shows why, `glue-tui retry {summary.number}` tries again")
    return "\n".join(lines)


def _problems_text(workflow: WorkflowView) -> str:
    from glue_tui.client.words import problem_text

    if not workflow.is_broken:
        return ""
    force = "its last good version is in force" if workflow.is_loaded else "it cannot run"
    head = f"{workflow.name}  {state_text('BROKEN')}  {force}"
    return "\n".join([head, *(f"  {problem_text(problem)}" for problem in workflow.problems)])


def _line(project_dir: Path) -> str:
    """Return e.g. `sales-project: 1 running · 1 failed`, from the history alone: status bars ask often."""
    from glue_tui.client.find import is_listening

    history = project_history(project_dir)
    last = set(history.last_run_ids().values())
    counts = {"running": 0, "queued": 0, "failed": 0, "recovered": 0}
    for summary in history.current_runs():
        word = run_state(summary)
        if not summary.outcome:
            counts["queued" if word == "QUEUED" else "running"] += 1
        elif summary.run_id in last and summary.outcome in (Outcome.FAILED, Outcome.ERROR):
            counts["failed"] += 1
        elif summary.run_id in last and summary.outcome == Outcome.RECOVERED:
            counts["recovered"] += 1
    facts = [f"{count} {word}" for word, count in counts.items() if count] or ["all quiet"]
    if not is_listening(project_dir):
        facts.append("no engine")
    return f"{project_dir.name}: " + " · ".join(facts)
