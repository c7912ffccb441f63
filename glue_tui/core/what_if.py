"""What would come of it if nodes ended otherwise: a run played to its end by the rules themselves. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from glue_tui.core.attempt import AttemptResult, NodeError
from glue_tui.core.decide import decide
from glue_tui.core.events import AttemptStopRequested, RunQueued, StartCause
from glue_tui.core.graph import build_graph
from glue_tui.core.model import NodeId, RunId, Trigger, Workflow, node_name, node_type
from glue_tui.core.problem import EntityNotFound, InvalidInput, did_you_mean
from glue_tui.core.run import WorkflowRun, apply
from glue_tui.core.states import NodeState, state_word
from glue_tui.core.stimuli import SlotGranted, Stimulus, TurnCame, WorkerExited, WorkerLost, WorkerStarted

RUN_ID = RunId("what-if")
OUTCOMES = (
    NodeState.SUCCEEDED,
    NodeState.FAILED,
    NodeState.TIMEOUT,
    NodeState.STOPPED,
    NodeState.ERROR,
    NodeState.SKIPPED,
)
"""How a node can be made to end."""
_WHY = "so it was supposed"


def play(workflow: Workflow, start: Trigger, outcomes: Mapping[NodeId, NodeState]) -> WorkflowRun:
    """Return the run that `start` begins, over and done: nodes end as `outcomes` says, all others succeed.

    Retries and rules about lost workers take their course, the clock stands still.
    """
    cause = StartCause(trigger=start.name, trigger_type=start.type)
    queued = RunQueued(run_id=RUN_ID, number=0, workflow=_with_timeouts(workflow), cause=cause)
    run = apply(None, queued, 0.0)
    run = _after(run, TurnCame())
    while run.open_node_ids:
        for node_id in run.open_in_flow_order():
            run = _with_end(run, node_id, outcomes.get(node_id, NodeState.SUCCEEDED))
    return run


def read_outcomes(workflow: Workflow, told: Mapping[str, str]) -> dict[NodeId, NodeState]:
    """Return outcomes that were told in words: nodes by name or id, states as conditions write them.

    Raises EntityNotFound for a node that is not there, InvalidInput for one of two of a name, and for what is no end.
    """
    node_ids = build_graph(workflow).node_ids
    found: dict[NodeId, NodeState] = {}
    for name, word in told.items():
        meant = [one for one in node_ids if name in (one, node_name(one))]
        if not meant:
            near = did_you_mean(name, sorted(node_name(one) for one in node_ids))
            raise EntityNotFound(f'{workflow.name} has no node "{name}"', hint=near)
        if len(meant) > 1:
            raise InvalidInput(
                f'"{name}" is a job and a crawler of {workflow.name}', hint=f"write {' or '.join(meant)}"
            )
        words = {state_word(node_type(meant[0]), one): one for one in OUTCOMES} | {one.value: one for one in OUTCOMES}
        if word.upper() not in words:
            raise InvalidInput(f'no node ends in "{word}"', hint=f"it ends in {', '.join(OUTCOMES)}")
        found[meant[0]] = words[word.upper()]
    return found


def _with_timeouts(workflow: Workflow) -> Workflow:
    """Every node has a timeout, so that it can end by it; while the clock stands still none is ever over."""
    return replace(
        workflow,
        jobs=tuple(replace(one, timeout_s=one.timeout_s or 1.0) for one in workflow.jobs),
        crawlers=tuple(replace(one, timeout_s=one.timeout_s or 1.0) for one in workflow.crawlers),
    )


def _with_end(run: WorkflowRun, node_id: NodeId, outcome: NodeState) -> WorkflowRun:
    """Let one attempt of a node begin and end."""
    key = run.key(node_id)
    run = _after(run, SlotGranted(key=key))
    run = _after(run, WorkerStarted(key=key, pid=0, process_started_at=0.0))
    match outcome:
        case NodeState.TIMEOUT | NodeState.STOPPED:
            stop = AttemptStopRequested(node_id=node_id, attempt=key.attempt, because=outcome)
            return _after(apply(run, stop, 0.0), WorkerExited(key=key, result=None, signal=15))
        case NodeState.ERROR:
            return _after(run, WorkerLost(key=key, reason=_WHY))
        case NodeState.FAILED:
            error = NodeError(type="WhatIf", message=_WHY)
            return _after(run, WorkerExited(key=key, result=AttemptResult(state=outcome, error=error)))
        case _:
            return _after(run, WorkerExited(key=key, result=AttemptResult(state=outcome, reason=_WHY)))


def _after(run: WorkflowRun, stimulus: Stimulus) -> WorkflowRun:
    for event in decide(run, stimulus, 0.0):
        run = apply(run, event, 0.0)
    return run
