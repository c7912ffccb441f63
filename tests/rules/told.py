"""What `glue-tui why` prints of a project under the real kernel: the same views, the same words."""

from __future__ import annotations

import time
from collections.abc import Iterator

import click
import pytest
from one_project import Project, Run

from glue_tui.cli.why import explanation_text
from glue_tui.client import why
from glue_tui.client.explained import Explanation
from glue_tui.client.on_disk import what_lies_at
from glue_tui.client.why_file import file_at_trigger
from glue_tui.client.why_node import node_in_run, run_outcome
from glue_tui.client.why_start import Surroundings
from glue_tui.core.waiting import NOTHING, waits
from glue_tui.definitions.project import last_good
from glue_tui.engine.inbox_views import inbox_views
from glue_tui.engine.overview import workflow_views
from glue_tui.protocol.present import run_view
from glue_tui.protocol.requests import GetInbox
from glue_tui.protocol.views import EngineView, RunView, TriggerView, WorkflowView


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let moments be told in UTC, wherever the tests run."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def view_of(run: Run) -> RunView:
    """Return a run as clients see it, with what it waits for."""
    project = run.project
    found = waits(project.kernel.runs.values(), project.now)
    return run_view(run.it, "/state", waits=found.get(run.run_id, NOTHING))


def workflow_of(project: Project, name: str = "night") -> WorkflowView | None:
    """Return a workflow as clients see it; the file may be broken."""
    definitions = last_good({one.source: one for one in project.kernel.workflows.values()})
    views = workflow_views(project.kernel, definitions.reloaded(project.folder), {})
    return next((one for one in views if one.name == name), None)


def in_run(run: Run, trigger: str) -> str:
    """Return `why RUN TRIGGER`."""
    workflow = workflow_of(run.project, run.it.workflow.name)
    return _text(why.of_trigger_in_run(workflow, view_of(run), trigger, run.project.now))


def of_node(run: Run, name: str) -> str:
    """Return `why RUN --node NODE`."""
    view = view_of(run)
    (node,) = [one for one in view.nodes if one.name == name]
    return _text(node_in_run(view, node, run.project.now))


def outcome(run: Run) -> str:
    """Return what `why RUN` begins with."""
    return _text(run_outcome(view_of(run), run.project.now))


def now(project: Project, trigger: str, *, has_engine: bool = True, workflow: str = "night") -> str:
    """Return `why WORKFLOW TRIGGER`."""
    view, around = _around(project, trigger, has_engine, workflow)
    runs = project.runs()
    return _text(why.of_trigger(around, view, view_of(runs[-1]) if runs else None))


def of_file(project: Project, path: str, *, has_engine: bool = True) -> str:
    """Return `why WORKFLOW files --file PATH`."""
    view, around = _around(project, "files", has_engine, "night")
    (inbox,) = inbox_views(project.kernel, GetInbox(workflow="night", trigger="files", path=path))
    known = inbox.files[0] if inbox.files else None
    summaries = [view_of(run).summary for run in reversed(project.runs())]
    if known is not None:
        taken_by = next((one for one in summaries if one.run_id == known.run_id), None)
    else:
        taken_by = next((one for one in summaries if path in (*one.event_files, *one.deleted_files)), None)
    on_disk = what_lies_at(project.folder / path)
    return _text(file_at_trigger(around, view, path, known=known, on_disk=on_disk, taken_by=taken_by))


def _around(project: Project, trigger: str, has_engine: bool, name: str) -> tuple[TriggerView, Surroundings]:
    workflow = workflow_of(project, name)
    assert workflow is not None
    view = next(one for one in workflow.triggers if one.name == trigger)
    engine = EngineView(
        pid=int(has_engine),
        started_at=project.now,
        version="0",
        project_dir="/p",
        slots=2,
        is_held=project.kernel.is_held,
        message="" if has_engine else "no engine runs for this project",
    )
    runs = tuple(view_of(run) for run in project.runs())
    mine = [run.summary for run in runs if (run.summary.workflow, run.summary.trigger) == (name, trigger)]
    inbox = inbox_views(project.kernel, GetInbox(workflow="night", trigger=trigger)) if view.watch else ()
    return view, why.surroundings(
        engine,
        workflow,
        runs,
        project.now,
        last_started=mine[-1] if mine else None,
        inbox=inbox[0] if inbox else None,
    )


def _text(explanation: Explanation) -> str:
    return click.unstyle(explanation_text(explanation))
