"""The project as the definition files and the state database tell it, for commands that need no engine."""

from __future__ import annotations

import time
from pathlib import Path

from glue_tui.cli.history import project_history
from glue_tui.cli.problems import problem_view
from glue_tui.client.find import read_engine_file
from glue_tui.core.graph import build_graph
from glue_tui.core.model import Trigger, Workflow
from glue_tui.core.problem import EngineUnavailable
from glue_tui.core.schedule import next_fire, parse_schedule
from glue_tui.core.states import TriggerState, TriggerType, WorkflowRunStatus
from glue_tui.definitions.project import Definition, load_project
from glue_tui.protocol.present import condition_texts, edges, node_definitions, property_definitions
from glue_tui.protocol.views import EngineView, ProjectView, RunView, TriggerView, WorkflowView

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
        engine=engine, workflows=offline_workflows(project_dir), runs=_last_and_unfinished_runs(project_dir)
    )


def offline_workflows(project_dir: Path) -> tuple[WorkflowView, ...]:
    """Return the workflows as their files are now."""
    history = project_history(project_dir)
    settings, last_runs = history.trigger_settings(), history.last_run_ids()
    now = time.time()
    return tuple(
        _workflow_view(definition, settings, last_runs.get(definition.name, ""), now)
        for definition in load_project(project_dir).definitions
    )


def _workflow_view(
    definition: Definition, settings: dict[tuple[str, str], bool], last_run_id: str, now: float
) -> WorkflowView:
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
        triggers=tuple(
            _trigger_view(workflow, trigger, settings.get((workflow.name, trigger.name), trigger.enabled), now)
            for trigger in workflow.triggers
        ),
        nodes=node_definitions(workflow, build_graph(workflow).node_ids),
        edges=edges(workflow),
        properties=property_definitions(workflow),
        max_concurrent_runs=workflow.max_concurrent_runs,
        on_overlap=workflow.on_overlap.value,
        timezone=workflow.timezone,
        last_run_id=last_run_id,
    )


def _trigger_view(workflow: Workflow, trigger: Trigger, is_enabled: bool, now: float) -> TriggerView:
    state = TriggerState.ACTIVATED if is_enabled else TriggerState.DEACTIVATED
    if is_enabled and trigger.type is TriggerType.ON_DEMAND:
        state = TriggerState.CREATED
    at = None
    if trigger.schedule is not None and is_enabled:
        at = next_fire(parse_schedule(trigger.schedule), now, workflow.timezone)
    return TriggerView(
        workflow=workflow.name,
        name=trigger.name,
        type=trigger.type.value,
        state=state.value,
        description=trigger.description,
        schedule=trigger.schedule or "",
        next_fire_at=at,
        watch=trigger.watch.patterns if trigger.watch else (),
        batch_size=trigger.watch.batch_size if trigger.watch else 0,
        logical=trigger.predicate.logical.value if trigger.predicate else "",
        conditions=condition_texts(trigger),
        actions=tuple(action.node_id for action in trigger.actions),
    )


def _last_and_unfinished_runs(project_dir: Path) -> tuple[RunView, ...]:
    history = project_history(project_dir)
    return tuple(history.run(summary.run_id) for summary in history.current_runs())
