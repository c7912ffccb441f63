"""Core values as views: the one place that decides what of a run or workflow a client gets to see. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from glue_tui.core.attempt import NodeError, log_path
from glue_tui.core.checks import failed_texts
from glue_tui.core.job import CommandWork, DashboardWork, Job, PythonWork, ScalaWork, SparkWork, SqlWork, job_type
from glue_tui.core.model import Crawler, FolderTarget, NodeId, Trigger, Workflow, node_name, node_type
from glue_tui.core.notices import shown_target, terminal_occasions
from glue_tui.core.predicate import Truth, condition_text, judge_condition
from glue_tui.core.properties import told_properties
from glue_tui.core.run import Attempt, NodeRun, TriggerRun, WorkflowRun
from glue_tui.core.states import NodeState, TriggerRunState, glue_state
from glue_tui.core.story import cause_text
from glue_tui.core.waiting import NOTHING, RunWaits
from glue_tui.protocol.views import (
    AttemptView,
    EdgeView,
    ErrorView,
    NodeDefinition,
    NodeView,
    NotificationView,
    PropertyDefinition,
    ResumedView,
    RunSummary,
    RunView,
    StatisticsView,
    TriggerRunView,
)


def run_summary(run: WorkflowRun, waits: RunWaits = NOTHING) -> RunSummary:
    """Return the head of a run. `waits`: what it waits for, where that is known."""
    some_failed = any(count and state.is_failure for state, count in run.state_counts.items())
    nodes = run.nodes.values() if some_failed else ()
    return RunSummary(
        run_id=run.run_id,
        number=run.number,
        workflow=run.workflow.name,
        status=run.status.value,
        outcome=run.outcome.value if run.outcome else "",
        trigger=run.cause.trigger,
        trigger_type=run.cause.trigger_type.value,
        queued_at=run.queued_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
        previous_run_id=run.previous_run_id,
        resumed=_resumed(run),
        message=run.message or waits.turn or (cause_text(run.cause) if not run.status.is_over else ""),
        statistics=_statistics(run),
        failed_nodes=tuple(node_name(node.node_id) for node in nodes if node.state.is_failure),
        event_files=run.cause.files,
        deleted_files=run.cause.deleted_files,
        scheduled_at=run.cause.scheduled_at,
        missed=run.cause.missed,
        crawler=run.cause.crawler,
        rings_on=terminal_occasions(run),
        properties=told_properties(run.workflow, run.properties, _began_at(run)) if run.properties else {},
    )


def _began_at(run: WorkflowRun) -> float:
    """Return the moment that a run's defaults are of: when it was due, or else asked for."""
    return run.cause.scheduled_at if run.cause.scheduled_at is not None else run.queued_at


def run_view(
    run: WorkflowRun, state_dir: str, progress: Mapping[NodeId, float] | None = None, waits: RunWaits = NOTHING
) -> RunView:
    """Return a run whole. `state_dir` is absolute and tells where the logs lie."""
    return RunView(
        summary=run_summary(run, waits),
        nodes=tuple(
            node_view(run, node_id, state_dir, (progress or {}).get(node_id), waits) for node_id in run.graph.node_ids
        ),
        triggers=tuple(trigger_run_view(run, name) for name in run.graph.triggers),
        edges=edges(run.workflow),
        properties=dict(run.properties),
    )


def node_view(
    run: WorkflowRun, node_id: NodeId, state_dir: str, progress: float | None = None, waits: RunWaits = NOTHING
) -> NodeView:
    """Return one node of a run; its times and errors are those of its last attempt."""
    node = run.nodes[node_id]
    definition = run.graph.nodes.get(node_id)
    last = node.last
    return NodeView(
        node_id=node_id,
        name=node_name(node_id),
        kind=_kind(definition),
        state=node.state.value,
        glue_state=glue_state(node_type(node_id), node.state),
        reason=waits.nodes.get(node_id, node.reason),
        warning=_warning(definition, last),
        attempt=last.attempt if last else 0,
        max_attempts=_max_attempts(definition, node),
        started_by=node.trigger,
        queued_at=last.queued_at if last else None,
        started_at=last.started_at if last else None,
        finished_at=last.finished_at if last else None,
        error=_error(last.error) if last else None,
        exit_code=last.exit_code if last else None,
        rows_in=node.rows_in,
        rows_out=node.rows_out,
        bytes_in=node.bytes_in,
        bytes_out=node.bytes_out,
        cpu_s=last.cpu_s if last else None,
        peak_memory_bytes=last.peak_memory_bytes if last else None,
        outputs=node.outputs,
        checks=failed_texts(last.checks) if last else (),
        left_out=last.left_out if last else 0,
        attempts=tuple(_attempt_view(run, node, one, state_dir) for one in node.attempts),
        carried_from=node.carried_from,
        progress=progress if node.state is NodeState.RUNNING else None,
    )


def trigger_run_view(run: WorkflowRun, name: str) -> TriggerRunView:
    """Return one trigger as it stands in a run."""
    state: TriggerRun = run.triggers[name]
    trigger = run.graph.triggers[name]
    conditions = trigger.predicate.conditions if trigger.predicate else ()
    reason = state.reason
    began = name == run.cause.trigger
    if state.carried_over:
        reason = "fired in the run before"
    elif state.state is TriggerRunState.WAITING and run.status.is_over:
        reason = f"the run ended {run.status} before"
    elif state.state is TriggerRunState.WAITING and not trigger.enabled:
        reason = "paused"
    return TriggerRunView(
        name=name,
        type=trigger.type.value,
        state=state.state.value,
        fired_at=state.fired_at,
        reason=reason,
        met=sum(1 for condition in conditions if judge_condition(condition, run) is Truth.TRUE),
        total=len(conditions),
        logical=trigger.predicate.logical.value if trigger.predicate else "",
        predecessors=state.predecessors,
        was_paused=not trigger.enabled,
        carried_over=state.carried_over,
        fired_by=run.cause.fired_by if began else "",
        scheduled_at=run.cause.scheduled_at if began else None,
        missed=run.cause.missed if began else 0,
    )


def edges(workflow: Workflow) -> tuple[EdgeView, ...]:
    """Return the edges of a workflow's graph; a trigger's id is `trigger:NAME`."""
    found: list[EdgeView] = []
    for trigger in workflow.triggers:
        for condition in trigger.predicate.conditions if trigger.predicate else ():
            label = condition_text(condition).rsplit(" ", 1)[1]
            found.append(EdgeView(source=condition.node_id, destination=f"trigger:{trigger.name}", label=label))
        found += [EdgeView(source=f"trigger:{trigger.name}", destination=action.node_id) for action in trigger.actions]
    return tuple(found)


def node_definitions(workflow: Workflow, order: tuple[NodeId, ...]) -> tuple[NodeDefinition, ...]:
    """Return the jobs and crawlers of a workflow in the given order."""
    found: list[NodeDefinition] = []
    for node_id in order:
        node = workflow.node(node_id)
        if node is not None:
            found.append(
                NodeDefinition(
                    node_id=node_id,
                    name=node.name,
                    kind=_kind(node),
                    description=node.description,
                    source=_source(node),
                    max_attempts=node.max_retries + 1,
                )
            )
    return tuple(found)


def property_definitions(workflow: Workflow) -> tuple[PropertyDefinition, ...]:
    """Return what a run form asks for."""
    return tuple(
        PropertyDefinition(
            name=one.name, type=one.type, default=one.default, choices=one.choices, description=one.description
        )
        for one in workflow.properties
    )


def notification_views(workflow: Workflow) -> tuple[NotificationView, ...]:
    """Return whom a workflow tells of its runs."""
    return tuple(
        NotificationView(on=tuple(one.on), way=one.way.value, target=shown_target(one))
        for one in workflow.notifications
    )


def condition_texts(trigger: Trigger) -> tuple[str, ...]:
    """Return a trigger's conditions in words."""
    return tuple(condition_text(one) for one in trigger.predicate.conditions) if trigger.predicate else ()


def _resumed(run: WorkflowRun) -> ResumedView | None:
    before = run.resumed
    if before is None:
        return None
    return ResumedView(number=before.number, as_it_ran=before.as_it_ran, changes=before.changes)


def _statistics(run: WorkflowRun) -> StatisticsView:
    count = dict.fromkeys(NodeState, 0) | run.state_counts
    return StatisticsView(
        total=len(run.nodes),
        running=count[NodeState.RUNNING] + count[NodeState.STARTING] + count[NodeState.STOPPING],
        waiting=count[NodeState.WAITING],
        succeeded=count[NodeState.SUCCEEDED],
        failed=count[NodeState.FAILED],
        timeout=count[NodeState.TIMEOUT],
        stopped=count[NodeState.STOPPED],
        errored=count[NodeState.ERROR],
        skipped=count[NodeState.SKIPPED],
    )


def _attempt_view(run: WorkflowRun, node: NodeRun, attempt: Attempt, state_dir: str) -> AttemptView:
    key = run.key(node.node_id)
    path = log_path(state_dir, type(key)(run_id=key.run_id, node_id=key.node_id, attempt=attempt.attempt))
    return AttemptView(
        attempt=attempt.attempt,
        state=attempt.state.value,
        queued_at=attempt.queued_at,
        started_at=attempt.started_at,
        finished_at=attempt.finished_at,
        error=_error(attempt.error),
        exit_code=attempt.exit_code,
        cpu_s=attempt.cpu_s,
        peak_memory_bytes=attempt.peak_memory_bytes,
        log_path=path,
    )


def _warning(definition: Job | Crawler | None, last: Attempt | None) -> str:
    if last is None or last.delay_noticed_at is None or not last.state.is_active or not isinstance(definition, Job):
        return ""
    return f"still at work after {definition.notify_delay_after_s:g} s"


def _error(error: NodeError | None) -> ErrorView | None:
    if error is None:
        return None
    return ErrorView(type=error.type, message=error.message, location=error.location, line=error.line, hint=error.hint)


def _max_attempts(definition: Job | Crawler | None, node: NodeRun) -> int:
    """Each lost attempt that another one followed was one more; where none followed, the node was given up."""
    lost = sum(1 for one in node.attempts[:-1] if one.was_lost)
    return (definition.max_retries if definition else 0) + 1 + lost


def _kind(node: Job | Crawler | None) -> str:
    return job_type(node) if isinstance(node, Job) else "crawler"


def _source(node: Job | Crawler) -> str:
    if isinstance(node, Crawler):
        return ", ".join(one.path if isinstance(one, FolderTarget) else one.connection for one in node.targets)
    match node.work:
        case PythonWork(script=script):
            return script
        case SqlWork(query=query, query_file=file):
            return file or next((line.strip() for line in query.splitlines() if line.strip()), "")
        case CommandWork(command=command):
            return " ".join(command)
        case DashboardWork(output=output):
            return output
        case SparkWork(script=script):
            return script
        case ScalaWork(script=script, jar=jar, main_class=main_class):
            return script or f"{main_class} of {jar}"
