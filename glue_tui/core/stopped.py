"""What a stop ended, kept from starting and left as it was, in words: a stop rolls nothing back (rule RS-1). Pure."""

from __future__ import annotations

from collections.abc import Sequence

from glue_tui.core.job import CommandWork, Job
from glue_tui.core.model import Crawler, NodeId, node_name
from glue_tui.core.run import Attempt, WorkflowRun
from glue_tui.core.states import NodeState

NAMES_MAX = 5
"""A message names so many nodes and counts the others; the run's list of nodes has all."""


def node_end(node: Job | Crawler, last: Attempt) -> str:
    """Return what becomes of the work of a node that a stop ends, by its last attempt."""
    if last.starting_at is None:
        return "stopped before it began" if last.attempt == 1 else "stopped before it was tried again"
    if isinstance(node, Job) and isinstance(node.work, CommandWork):
        return "ended by the stop; what its program had written stays"
    return "ended by the stop; what it had not published is discarded"


def run_end(run: WorkflowRun, never_started: Sequence[NodeId]) -> str:
    """Return for a run that a stop has brought to rest why it stopped, and what became of which nodes.

    `never_started`: those that no trigger had come to; the ones that still waited for a slot join them.
    """
    worked = {node_id: node.state for node_id, node in run.nodes.items() if node.attempts}
    stopped = [node_id for node_id, state in worked.items() if state is NodeState.STOPPED]
    ended = [node_id for node_id in stopped if any(one.starting_at is not None for one in run.nodes[node_id].attempts)]
    never_started = [*(node_id for node_id in stopped if node_id not in ended), *never_started]
    kept = [node_id for node_id, state in worked.items() if state is NodeState.SUCCEEDED]
    failed = [node_id for node_id, state in worked.items() if state.is_failure and state is not NodeState.STOPPED]
    parts = [
        run.message,
        f"{_names(failed)} had failed" if failed else "",
        f"ended {_names(ended)}" if ended else "",
        f"never started {_names(never_started)}" if never_started else "",
        f"kept what {_names(kept)} did" if kept else "",
    ]
    return "; ".join(part for part in parts if part)


def _names(node_ids: Sequence[NodeId]) -> str:
    """Return `clean, load`, or the first few and how many more there are."""
    names = ", ".join(node_name(node_id) for node_id in node_ids[:NAMES_MAX])
    return names if len(node_ids) <= NAMES_MAX else f"{names} and {len(node_ids) - NAMES_MAX} more"
