"""The project as the definition files and the state database tell it, for commands that need no engine."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from glue_tui.cli.history import project_history
from glue_tui.cli.problems import problem_view
from glue_tui.client.find import read_engine_file
from glue_tui.core.arrivals import Stage
from glue_tui.core.graph import build_graph
from glue_tui.core.missed_runs import COUNTED_MAX, ScheduleMark, count_text
from glue_tui.core.model import FileWatch, Trigger, Workflow
from glue_tui.core.problem import EngineUnavailable, EntityNotFound, did_you_mean
from glue_tui.core.schedule import local_text, newest_fires, next_fire, parse_schedule
from glue_tui.core.states import TriggerState, TriggerType, WorkflowRunStatus
from glue_tui.definitions.project import Definition, DefinitionSet, last_good, load_project
from glue_tui.protocol.inbox_views import STOPPED, InboxFile, InboxView
from glue_tui.protocol.present import condition_texts, edges, node_definitions, notification_views, property_definitions
from glue_tui.protocol.views import EngineView, ProjectView, RunView, TriggerView, WorkflowView

if TYPE_CHECKING:
    from glue_tui.store.history import History

_ANSWER_TIMEOUT_S = 5.0
"""For an engine that lives but does not answer: then files and history have to do."""


def current_project(project_dir: Path) -> ProjectView:
    """Return the project as its engine sees it; without an engine, as files and history tell it (engine pid 0)."""
    if read_engine_file(project_dir) is not None:
        from glue_tui.cli.session import with_engine

        try:
            return with_engine(project_dir, lambda client: client.project(), start=False, timeout_s=_ANSWER_TIMEOUT_S)
        except EngineUnavailable as error:
            return offline_project(project_dir, error.message)
    return offline_project(project_dir)


def current_run(project_dir: Path, ref: str) -> RunView:
    """Return a run by number, id or workflow name (its last one); while it goes, as its engine sees it.

    Without an engine nothing is said of what its nodes wait for. Raises EntityNotFound.
    """
    run = project_history(project_dir).run(ref)
    if WorkflowRunStatus(run.summary.status).is_over or read_engine_file(project_dir) is None:
        return run
    from glue_tui.cli.session import with_engine

    try:
        return with_engine(
            project_dir, lambda client: client.run(run.summary.run_id), start=False, timeout_s=_ANSWER_TIMEOUT_S
        )
    except EngineUnavailable:
        return run


def offline_project(project_dir: Path, because: str = "no engine runs for this project") -> ProjectView:
    """Return the project as files and history tell it, with an engine of pid 0 whose message says why."""
    engine = EngineView(pid=0, started_at=0.0, version="", project_dir=str(project_dir), slots=0, message=because)
    return ProjectView(
        engine=engine,
        workflows=_workflow_views(project_dir, _in_force(project_dir, project_history(project_dir))),
        runs=_last_and_unfinished_runs(project_dir),
    )


def current_inboxes(project_dir: Path, workflow: str = "", trigger: str = "", path: str = "") -> tuple[InboxView, ...]:
    """Return what waits at EVENT triggers, as the engine sees it or left it; with `path` that one file of each."""
    if read_engine_file(project_dir) is not None:
        from glue_tui.cli.session import with_engine

        try:
            return with_engine(
                project_dir,
                lambda client: client.inboxes(workflow, trigger, path),
                start=False,
                timeout_s=_ANSWER_TIMEOUT_S,
            )
        except EngineUnavailable:
            pass
    history = project_history(project_dir)
    return tuple(
        _inbox_view(one, watching, watching.watch, history.inbox_files(one.name, watching.name, path))
        for one in _in_force(project_dir, history).workflows
        for watching in one.triggers
        if watching.watch is not None and workflow in ("", one.name) and trigger in ("", watching.name)
    )


def _in_force(project_dir: Path, history: History) -> DefinitionSet:
    """Return what an engine would put into force now: of a file with mistakes its last good version."""
    return last_good(history.good_definitions()).reloaded(project_dir)


def workflow_in_force(project_dir: Path, name: str) -> Workflow:
    """Return a workflow as an engine would run it now: of a file with mistakes its last good version, triggers paused
    that somebody has paused. Raises EntityNotFound with the nearest name.
    """
    history = project_history(project_dir)
    workflows = {one.name: one for one in _in_force(project_dir, history).workflows}
    if name not in workflows:
        raise EntityNotFound(f'no workflow "{name}"', hint=did_you_mean(name, tuple(workflows)))
    found, left = workflows[name], _LeftBehind(history)
    return replace(found, triggers=tuple(replace(one, enabled=left.is_enabled(found, one)) for one in found.triggers))


def offline_workflows(project_dir: Path) -> tuple[WorkflowView, ...]:
    """Return the workflows as their files are now; of a file with mistakes no version is in force here."""
    return _workflow_views(project_dir, load_project(project_dir))


def _workflow_views(project_dir: Path, definitions: DefinitionSet) -> tuple[WorkflowView, ...]:
    history = project_history(project_dir)
    last_runs, left = history.last_run_ids(), _LeftBehind(history)
    return tuple(_workflow_view(one, left, last_runs.get(one.name, "")) for one in definitions.definitions)


class _LeftBehind:
    """What the last engine left behind about triggers."""

    def __init__(self, history: History) -> None:
        self.now = time.time()
        self.inbox_files = history.inbox_files
        self._settings = history.trigger_settings()
        self._stop_reasons = history.stop_reasons()
        self._marks = history.schedule_marks()

    def is_enabled(self, workflow: Workflow, trigger: Trigger) -> bool:
        return self._settings.get((workflow.name, trigger.name), trigger.enabled)

    def mark(self, workflow: Workflow, trigger: Trigger) -> ScheduleMark | None:
        """Return until when a schedule has been taken care of, if it is still the same one."""
        mark = self._marks.get((workflow.name, trigger.name))
        is_same = mark is not None and (mark.schedule, mark.timezone) == (trigger.schedule, workflow.timezone)
        return mark if is_same else None

    def notes(self, workflow: Workflow, trigger: Trigger) -> tuple[str, ...]:
        """Return why an engine has paused a trigger by itself; what became of the last moments of a schedule, and what
        has come due since its engine ended.
        """
        mark, stopped = self.mark(workflow, trigger), self._stop_reasons.get((workflow.name, trigger.name))
        if stopped:
            return (f"{STOPPED}{stopped}",)
        if mark is None or not self.is_enabled(workflow, trigger):
            return ()
        due = newest_fires(parse_schedule(mark.schedule), mark.done_until, self.now, mark.timezone, COUNTED_MAX)
        said = [mark.note] if mark.note else []
        if due:
            last = local_text(due[-1], mark.timezone)
            said.append(f"{count_text(len(due), 'start')} came due while no engine runs, the last {last}")
        return tuple(said)


def _inbox_view(workflow: Workflow, trigger: Trigger, watch: FileWatch, files: tuple[InboxFile, ...]) -> InboxView:
    settled = [one.since for one in files if one.stage == Stage.PENDING]
    return InboxView(
        workflow=workflow.name,
        trigger=trigger.name,
        patterns=watch.patterns,
        batch_size=watch.batch_size,
        batch_window_s=watch.batch_window_s,
        window_closes_at=min(settled) + watch.batch_window_s if settled else None,
        files=files,
    )


def _workflow_view(definition: Definition, left: _LeftBehind, last_run_id: str) -> WorkflowView:
    problems = tuple(problem_view(problem) for problem in definition.problems)
    workflow = definition.workflow
    if workflow is None:
        return WorkflowView(
            name=definition.name,
            source=definition.source,
            is_broken=definition.is_broken,
            is_loaded=False,
            problems=problems,
            last_run_id=last_run_id,
        )
    return WorkflowView(
        name=workflow.name,
        source=workflow.source,
        description=workflow.description,
        is_broken=definition.is_broken,
        problems=problems,
        triggers=tuple(_trigger_view(workflow, trigger, left) for trigger in workflow.triggers),
        nodes=node_definitions(workflow, build_graph(workflow).node_ids),
        edges=edges(workflow),
        properties=property_definitions(workflow),
        notifications=notification_views(workflow),
        max_concurrent_runs=workflow.max_concurrent_runs,
        on_overlap=workflow.on_overlap.value,
        timezone=workflow.timezone,
        last_run_id=last_run_id,
    )


def _trigger_view(workflow: Workflow, trigger: Trigger, left: _LeftBehind) -> TriggerView:
    is_enabled = left.is_enabled(workflow, trigger)
    state = TriggerState.ACTIVATED if is_enabled else TriggerState.DEACTIVATED
    if is_enabled and trigger.type is TriggerType.ON_DEMAND:
        state = TriggerState.CREATED
    at = None
    if trigger.schedule is not None and is_enabled:
        at = next_fire(parse_schedule(trigger.schedule), left.now, workflow.timezone)
    files = left.inbox_files(workflow.name, trigger.name) if trigger.watch else ()
    inbox = _inbox_view(workflow, trigger, trigger.watch, files) if trigger.watch else None
    mark = left.mark(workflow, trigger)
    return TriggerView(
        workflow=workflow.name,
        name=trigger.name,
        type=trigger.type.value,
        state=state.value,
        description=trigger.description,
        schedule=trigger.schedule or "",
        missed_runs=trigger.missed_runs.value if trigger.schedule else "",
        done_until=mark.done_until if mark is not None else None,
        next_fire_at=at,
        watch=trigger.watch.patterns if trigger.watch else (),
        events=tuple(one.value for one in trigger.watch.events) if trigger.watch else (),
        batch_size=trigger.watch.batch_size if trigger.watch else 0,
        batch_files=sum(one.stage == Stage.PENDING for one in files),
        settling_files=sum(one.stage == Stage.SETTLING for one in files),
        window_closes_at=inbox.window_closes_at if inbox else None,
        logical=trigger.predicate.logical.value if trigger.predicate else "",
        conditions=condition_texts(trigger),
        actions=tuple(action.node_id for action in trigger.actions),
        notes=left.notes(workflow, trigger),
    )


def _last_and_unfinished_runs(project_dir: Path) -> tuple[RunView, ...]:
    history = project_history(project_dir)
    return tuple(history.run(summary.run_id) for summary in history.current_runs())
