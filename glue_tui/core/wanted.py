"""What the world should be doing now for a run, derived from its state alone: so that a restart is the normal path."""

from __future__ import annotations

from dataclasses import dataclass

from glue_tui.core.attempt import AttemptKey
from glue_tui.core.deadlines import deadline, delay_notice_at
from glue_tui.core.run import WorkflowRun
from glue_tui.core.states import NodeState

STOP_GRACE_S = 5.0
"""Between the polite end (TERM) and the hard one (KILL) of a worker's process group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartWorker:
    key: AttemptKey


@dataclass(frozen=True, slots=True, kw_only=True)
class StopWorker:
    key: AttemptKey
    is_kill: bool
    """False: TERM. True: the grace is over, KILL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WakeAt:
    """Look at the run again at this time (seconds since the epoch)."""

    at: float


Command = StartWorker | StopWorker | WakeAt


def wanted(run: WorkflowRun, now: float) -> tuple[Command, ...]:
    """Return the commands in flow order. Level-triggered: the same state always wants the same."""
    commands: list[Command] = []
    for node_id in run.open_in_flow_order():
        last = run.nodes[node_id].last
        assert last is not None
        if last.state is NodeState.WAITING:
            if last.not_before is not None and not last.is_due(now):
                commands.append(WakeAt(at=last.not_before))
            continue
        notice_at = delay_notice_at(run, node_id)
        if notice_at is not None:
            commands.append(WakeAt(at=notice_at))
        key = AttemptKey(run_id=run.run_id, node_id=node_id, attempt=last.attempt)
        match last.state:
            case NodeState.STARTING | NodeState.RUNNING:
                commands.append(StartWorker(key=key))
                due = deadline(last)
                if due is not None:
                    commands.append(WakeAt(at=due))
            case NodeState.STOPPING:
                is_kill = last.is_to_be_killed(now, STOP_GRACE_S)
                commands.append(StopWorker(key=key, is_kill=is_kill))
                if not is_kill:
                    commands.append(WakeAt(at=(last.stop_requested_at or now) + STOP_GRACE_S))
            case _:
                pass
    return tuple(commands)
