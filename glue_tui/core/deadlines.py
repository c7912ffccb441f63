"""When the clock brings something about for an attempt at work (rules JR-5, JR-11). Pure."""

from __future__ import annotations

from glue_tui.core.job import Job
from glue_tui.core.model import NodeId
from glue_tui.core.run import Attempt, WorkflowRun


def deadline(attempt: Attempt) -> float | None:
    """Return when a started attempt has used up its timeout; None without one."""
    begun = attempt.started_at or attempt.starting_at
    return begun + attempt.timeout_s if begun is not None and attempt.timeout_s is not None else None


def delay_notice_at(run: WorkflowRun, node_id: NodeId) -> float | None:
    """Return when it is to be recorded that a node's attempt is still at work; None if never, or if it has been."""
    last = run.nodes[node_id].last
    if last is None or not last.state.is_active or last.starting_at is None or last.delay_noticed_at is not None:
        return None
    node = run.graph.nodes[node_id]
    if not isinstance(node, Job) or node.notify_delay_after_s is None:
        return None
    return last.starting_at + node.notify_delay_after_s
