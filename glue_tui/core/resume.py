"""Resuming a finished run: which nodes run again, which are carried over (rules RS-2 to RS-7). Pure.

Glue resumes only COMPLETED runs; here every finished run can be resumed, stopped ones too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from glue_tui.core.changes import workflow_changes
from glue_tui.core.events import (
    Event,
    NodeCarriedOver,
    NodeSkipped,
    Resumed,
    RunQueued,
    StartCause,
    TriggerFired,
    TriggerRuledOut,
)
from glue_tui.core.graph import WorkflowGraph, build_graph
from glue_tui.core.model import NodeId, RunId, Workflow, node_name
from glue_tui.core.problem import EntityNotFound, IllegalWorkflowState, InvalidInput, did_you_mean
from glue_tui.core.run import WorkflowRun
from glue_tui.core.states import NodeState, TriggerRunState


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumePlan:
    restart: tuple[NodeId, ...]
    """Start again at once."""
    follow: tuple[NodeId, ...]
    """Run in normal flow, if their triggers fire: they lie downstream, the run was stopped before their turn, or they
    are newer than the run."""
    carried: tuple[NodeId, ...]
    redundant: tuple[NodeId, ...] = ()
    """Selected, but downstream of another selected node (rule RS-5)."""
    gone: tuple[NodeId, ...] = ()
    """Nodes of the run that the definition does not have any more."""


def plan_resume(run: WorkflowRun, workflow: Workflow, selected: Sequence[str] = ()) -> ResumePlan:
    """Plan the resume of `run` under `workflow` (the pinned definition, or today's).

    `selected` are node ids or plain names; none means every node that failed. Raises IllegalWorkflowState,
    EntityNotFound, InvalidInput.
    """
    if not run.status.is_over:
        raise IllegalWorkflowState(f"run {run.number} is still {run.status}", hint="wait for its end or stop it first")
    graph = build_graph(workflow)
    known = frozenset(graph.node_ids)
    chosen = _chosen(run, graph, selected, workflow.source)
    redundant = [one for one in chosen if one in graph.downstream([other for other in chosen if other != one])]
    restart = [one for one in graph.node_ids if one in chosen and one not in redundant]
    never_ran = {node_id for node_id, node in run.nodes.items() if not node.did_run}
    undecided = _undecided(run) & known
    again = graph.downstream(restart) | undecided | (graph.downstream(undecided) & never_ran)
    if not restart and not again:
        raise IllegalWorkflowState(
            f"nothing failed in run {run.number}", hint="name the nodes to run again with --node"
        )
    newer = _reachable(run, graph) - run.nodes.keys()
    again |= newer | (graph.downstream(newer) & never_ran)
    follow = [one for one in graph.node_ids if one in again and one not in restart]
    carried = [one for one in graph.node_ids if one not in restart and one not in again and one in run.nodes]
    return ResumePlan(
        restart=tuple(restart),
        follow=tuple(follow),
        carried=tuple(carried),
        redundant=tuple(redundant),
        gone=tuple(one for one in run.nodes if one not in known),
    )


def _chosen(run: WorkflowRun, graph: WorkflowGraph, selected: Sequence[str], source: str) -> list[NodeId]:
    """Return the selected nodes, or those that failed."""
    if not any(node.did_run for node in run.nodes.values()):
        raise IllegalWorkflowState(f"run {run.number} never came to its nodes", hint="start the workflow anew")
    if not selected:
        failed = [node_id for node_id, node in run.nodes.items() if node.state.is_failure]
        # Of several that failed, those that were taken out of the definition since then need no mending any more.
        chosen = [one for one in failed if one in graph.node_ids] or failed
    else:
        chosen = [_find(run, name) for name in selected]
    for node_id in chosen:
        if node_id not in graph.node_ids:
            raise InvalidInput(
                f"{node_name(node_id)} of run {run.number} is no longer in {source}",
                hint="resume as it ran (--as-it-ran), or start the workflow anew",
            )
    return chosen


def _undecided(run: WorkflowRun) -> frozenset[NodeId]:
    """Return what a stop cut off: nodes whose triggers were still waiting, or that were to restart and did not."""
    waiting = {name for name, trigger in run.triggers.items() if trigger.state is TriggerRunState.WAITING}
    return frozenset(
        node_id
        for node_id, node in run.nodes.items()
        if not node.did_run
        and (node_id in run.restart_node_ids or not waiting.isdisjoint(run.graph.triggers_starting.get(node_id, ())))
    )


def _reachable(run: WorkflowRun, graph: WorkflowGraph) -> frozenset[NodeId]:
    """Return what can come, in this graph, of the trigger that started the run and of what ran in it."""
    by_start = graph.reached_from(run.cause.trigger) if run.cause.trigger in graph.triggers else frozenset()
    return by_start | graph.downstream(node_id for node_id, node in run.nodes.items() if node.did_run)


def _find(run: WorkflowRun, name: str) -> NodeId:
    """Return the id of a node that was attempted in the run (rule RS-3)."""
    ids = [node_id for node_id in run.nodes if name in (node_id, node_name(node_id))]
    if not ids:
        known = [node_name(node_id) for node_id in run.nodes]
        raise EntityNotFound(f'no node "{name}" in run {run.number}', hint=did_you_mean(name, known))
    if len(ids) > 1:
        raise InvalidInput(f'"{name}" is a job and a crawler', hint=f"say {' or '.join(ids)}")
    if not run.nodes[ids[0]].did_run:
        raise InvalidInput(
            f"{name} never ran in run {run.number}", hint="choose a node that ran, or start the workflow anew"
        )
    return ids[0]


def resume_events(
    run: WorkflowRun,
    workflow: Workflow,
    plan: ResumePlan,
    *,
    run_id: RunId,
    number: int,
    as_it_ran: bool = False,
) -> tuple[Event, ...]:
    """Return the first events of the new run: its making, what it takes over, which triggers are decided."""
    graph = build_graph(workflow)
    cause = StartCause(
        trigger=run.cause.trigger,
        trigger_type=run.cause.trigger_type,
        files=run.cause.files,
        deleted_files=run.cause.deleted_files,
        scheduled_at=run.cause.scheduled_at,
        missed=run.cause.missed,
        fired_by="resume",
        crawler=run.cause.crawler,
    )
    events: list[Event] = [
        RunQueued(
            run_id=run_id,
            number=number,
            workflow=workflow,
            cause=cause,
            properties=run.properties,
            previous_run_id=run.run_id,
            restart_node_ids=plan.restart,
            resumed=Resumed(
                number=run.number, as_it_ran=as_it_ran, changes=len(workflow_changes(run.workflow, workflow))
            ),
        )
    ]
    for node_id in plan.carried:
        node = run.nodes[node_id]
        events.append(
            NodeCarriedOver(
                node_id=node_id,
                state=node.state if node.state.is_over else NodeState.SKIPPED,
                from_run_id=RunId(node.carried_from) if node.carried_from else run.run_id,
                rows_in=node.rows_in,
                rows_out=node.rows_out,
                bytes_in=node.bytes_in,
                bytes_out=node.bytes_out,
                outputs=node.outputs,
                skip_reason=node.skip_reason,
            )
        )
    for node_id in graph.node_ids:
        if node_id not in run.nodes and node_id not in plan.follow:
            events.append(
                NodeSkipped(node_id=node_id, reason="newer than the run before, and nothing of it leads here")
            )
    events += _decided_triggers(run, graph, plan)
    return tuple(events)


def _decided_triggers(run: WorkflowRun, graph: WorkflowGraph, plan: ResumePlan) -> list[Event]:
    """Return what became of the triggers that the resumed run leaves as they were.

    One that had fired for a node that runs again stays open: what it waited for still holds, so it fires anew.
    """
    events: list[Event] = []
    again = {*plan.restart, *plan.follow}
    for name, trigger in graph.triggers.items():
        watched = {one.node_id for one in trigger.predicate.conditions} if trigger.predicate else set()
        before = run.triggers.get(name)
        if before is None and trigger.type.starts_runs:
            events.append(TriggerRuledOut(trigger=name, reason="it is newer than the run before"))
        if before is None or watched & again:
            continue
        fires_anew = any(node_id in plan.follow for node_id in graph.nodes_started_by(name))
        if before.state is TriggerRunState.FIRED and not fires_anew:
            events.append(TriggerFired(trigger=name, carried_over=True))
        elif before.state is TriggerRunState.NEVER or (trigger.type.starts_runs and name != run.cause.trigger):
            events.append(TriggerRuledOut(trigger=name, reason=before.reason or "did not fire in the run before"))
    return events
