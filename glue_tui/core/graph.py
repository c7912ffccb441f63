"""The graph of a workflow, derived from its triggers (rules WF-1 to WF-3): who starts whom, what lies downstream."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from glue_tui.core.job import Job
from glue_tui.core.model import Crawler, NodeId, Trigger, Workflow, crawler_id, job_id
from glue_tui.core.states import TriggerType


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowGraph:
    """Nodes in flow order: what can start earlier stands earlier, ties as in the definition."""

    node_ids: tuple[NodeId, ...]
    positions: dict[NodeId, int]
    """Of each node in flow order."""
    nodes: dict[NodeId, Job | Crawler]
    triggers: dict[str, Trigger]
    triggers_starting: dict[NodeId, tuple[str, ...]]
    """Triggers that have the node among their actions."""
    triggers_watching: dict[NodeId, tuple[str, ...]]
    """CONDITIONAL triggers with a condition on the node."""

    def nodes_started_by(self, trigger_name: str) -> tuple[NodeId, ...]:
        return tuple(action.node_id for action in self.triggers[trigger_name].actions)

    def downstream(self, node_ids: Iterable[NodeId]) -> frozenset[NodeId]:
        """Return the nodes that triggers may start in consequence of these, without these unless a cycle leads back."""
        found: set[NodeId] = set()
        todo = list(node_ids)
        while todo:
            for name in self.triggers_watching.get(todo.pop(), ()):
                fresh = [node_id for node_id in self.nodes_started_by(name) if node_id not in found]
                found.update(fresh)
                todo.extend(fresh)
        return frozenset(found)

    def reached_from(self, trigger_name: str) -> frozenset[NodeId]:
        """Return the nodes that a start by this trigger can bring about, if every state comes out as wished."""
        direct = self.nodes_started_by(trigger_name)
        return frozenset(direct) | self.downstream(direct)


def build_graph(workflow: Workflow) -> WorkflowGraph:
    """Return the graph. Expects a checked workflow: every name in triggers exists."""
    starting: dict[NodeId, list[str]] = {}
    watching: dict[NodeId, list[str]] = {}
    for trigger in workflow.triggers:
        for action in trigger.actions:
            starting.setdefault(action.node_id, []).append(trigger.name)
        if trigger.predicate:
            for condition in trigger.predicate.conditions:
                names = watching.setdefault(condition.node_id, [])
                if trigger.name not in names:
                    names.append(trigger.name)
    node_ids = _flow_order(workflow)
    return WorkflowGraph(
        node_ids=node_ids,
        positions={node_id: position for position, node_id in enumerate(node_ids)},
        nodes={
            **{crawler_id(crawler.name): crawler for crawler in workflow.crawlers},
            **{job_id(job.name): job for job in workflow.jobs},
        },
        triggers={trigger.name: trigger for trigger in workflow.triggers},
        triggers_starting={node_id: tuple(names) for node_id, names in starting.items()},
        triggers_watching={node_id: tuple(names) for node_id, names in watching.items()},
    )


def start_trigger(workflow: Workflow, name: str = "") -> Trigger | None:
    """Return the trigger a start by hand uses: the named one, else ON_DEMAND, else the first that starts runs."""
    starters = [trigger for trigger in workflow.triggers if trigger.type.starts_runs]
    if name:
        return next((trigger for trigger in starters if trigger.name == name), None)
    by_hand = [trigger for trigger in starters if trigger.type is TriggerType.ON_DEMAND]
    return next(iter(by_hand or starters), None)


def _flow_order(workflow: Workflow) -> tuple[NodeId, ...]:
    """Breadth first from the start triggers; nodes that nothing reaches come last."""
    conditional = [trigger for trigger in workflow.triggers if trigger.predicate]
    order: dict[NodeId, None] = {}
    wave = [trigger for trigger in workflow.triggers if trigger.type.starts_runs]
    seen = {trigger.name for trigger in wave}
    while wave:
        for trigger in wave:
            order.update(dict.fromkeys(action.node_id for action in trigger.actions))
        wave = [
            trigger
            for trigger in conditional
            if trigger.name not in seen
            and trigger.predicate
            and all(condition.node_id in order for condition in trigger.predicate.conditions)
        ] or [
            trigger
            for trigger in conditional
            if trigger.name not in seen
            and trigger.predicate
            and any(condition.node_id in order for condition in trigger.predicate.conditions)
        ][:1]
        seen.update(trigger.name for trigger in wave)
    order.update(dict.fromkeys(crawler_id(crawler.name) for crawler in workflow.crawlers))
    order.update(dict.fromkeys(job_id(job.name) for job in workflow.jobs))
    return tuple(order)
