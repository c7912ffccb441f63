"""What the scripted engine says of a resume: the chosen nodes, and whatever lies downstream of them along the edges."""

from __future__ import annotations

from glue_tui.core.problem import IllegalWorkflowState
from glue_tui.protocol.plan_views import ResumePlanView
from glue_tui.protocol.views import RunView

FAILURES = ("FAILED", "TIMEOUT", "STOPPED", "ERROR")


def plan_along_edges(run: RunView, nodes: tuple[str, ...]) -> ResumePlanView:
    chosen = nodes or tuple(node.node_id for node in run.nodes if node.state in FAILURES)
    if not chosen:
        raise IllegalWorkflowState(f"nothing failed in run {run.summary.number}", hint="choose a node")
    below: set[str] = set()
    todo = list(chosen)
    while todo:
        source = todo.pop()
        fresh = [edge.destination for edge in run.edges if edge.source == source and edge.destination not in below]
        below.update(fresh)
        todo += fresh
    known = [node.node_id for node in run.nodes]
    restart = tuple(one for one in known if one in chosen and one not in below)
    follow = tuple(one for one in known if one in below and one not in restart)
    return ResumePlanView(
        restart=restart, follow=follow, carried=tuple(one for one in known if one not in restart and one not in follow)
    )
