"""From the views of a workflow and its run to what is drawn: nodes, edges, and how each one looks now. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise

from glue_tui.core.model import NodeId, node_type
from glue_tui.core.states import NodeState, word_holds
from glue_tui.logs.clean import clean
from glue_tui.protocol.views import EdgeView, NodeView, RunView, TriggerRunView, TriggerView, WorkflowView
from glue_tui.tui.format import node_look, trigger_glyph
from glue_tui.tui.graph.drawing import GraphEdge, GraphNode

TRIGGER_PREFIX = "trigger:"
LABELS = {
    "SUCCEEDED": "success",
    "FAILED": "failure",
    "TIMEOUT": "timeout",
    "STOPPED": "stopped",
    "ANY_TERMINAL": "any end",
}


class Mood(IntEnum):
    """What became of an edge in the run. Where edges share a line, the highest shows."""

    DEAD = 0
    """It can't be travelled any more in this run."""
    OPEN = 1
    """It may still be travelled, or there is no run."""
    TRAVELLED = 2
    CRITICAL = 3
    """On the way that decides when the run ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """How a node looks now; `glyph` and `tone` are names that `Look` knows."""

    name: str
    glyph: str
    tone: str
    name_tone: str
    note: str = ""
    """Attempts, where it took more than one."""
    progress: float | None = None
    is_critical: bool = False
    """It is one of those that decide when the run ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Everything that is drawn. Where `nodes` and `edges` are equal, the layout is too."""

    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]
    faces: dict[str, Face]
    moods: tuple[Mood, ...]
    """Of the edges, in order."""


def trigger_id(name: str) -> str:
    """Return the id that the picture gives a trigger."""
    return name if name.startswith(TRIGGER_PREFIX) else TRIGGER_PREFIX + name


def subject_of(run: RunView | None, workflow: WorkflowView, path: tuple[str, ...] = ()) -> Subject:
    """Return what to draw: the graph that the run is pinned to, or the workflow's own where there is no run.

    `path` has the nodes that decide when the run ends.
    """
    nodes: dict[str, GraphNode] = {}
    faces: dict[str, Face] = {}
    views = {trigger.name: trigger for trigger in workflow.triggers}
    for trigger in run.triggers if run else workflow.triggers:
        node_id = trigger_id(trigger.name)
        faces[node_id] = _trigger_face(trigger, views.get(trigger.name))
        nodes[node_id] = GraphNode(node_id=node_id, name=faces[node_id].name, is_box=False)
    for node in run.nodes if run else workflow.nodes:
        faces[node.node_id] = (
            _node_face(node, node.node_id in path) if isinstance(node, NodeView) else _plain_face(node.name)
        )
        nodes[node.node_id] = GraphNode(node_id=node.node_id, name=faces[node.node_id].name, is_box=True)
    views_of_edges = [
        (source, target, edge)
        for edge in (run.edges if run else workflow.edges)
        if (source := _end(edge.source, nodes)) in nodes and (target := _end(edge.destination, nodes)) in nodes
    ]
    labels = _labels([(source, target, edge.label) for source, target, edge in views_of_edges])
    edges = [
        GraphEdge(source=source, target=target, label=label)
        for (source, target, _), label in zip(views_of_edges, labels, strict=True)
    ]
    moods = _with_path(edges, _moods(views_of_edges, run), run, path)
    return Subject(nodes=tuple(nodes.values()), edges=tuple(edges), faces=faces, moods=tuple(moods))


def _end(end: str, nodes: dict[str, GraphNode]) -> str:
    return end if end in nodes else trigger_id(end)


def _labels(edges: list[tuple[str, str, str]]) -> list[str]:
    """Return what is written on each edge: the state it listens for, unless success goes without saying."""
    states_of: dict[str, set[str]] = defaultdict(set)
    for source, _, state in edges:
        states_of[source].add(state)
    telling = {
        target for source, target, state in edges if state and (state != "SUCCEEDED" or len(states_of[source]) > 1)
    }
    return [LABELS.get(state, state.lower()) if target in telling else "" for _, target, state in edges]


def _plain_face(name: str) -> Face:
    return Face(name=clean(name), glyph="never_run", tone="muted", name_tone="text")


def _node_face(node: NodeView, is_critical: bool) -> Face:
    told = node_look(node.state)
    is_idle = node.state in ("PENDING", "SKIPPED")
    return Face(
        name=clean(node.name),
        glyph=told.glyph,
        tone="faint" if node.state == "SKIPPED" else told.tone,
        name_tone="muted" if is_idle else "bad_strong" if told.tone == "bad" else "text",
        note=f"{node.attempt}/{node.max_attempts}" if node.attempt > 1 else "",
        progress=node.progress if node.state == "RUNNING" else None,
        is_critical=is_critical,
    )


def _trigger_face(trigger: TriggerView | TriggerRunView, view: TriggerView | None) -> Face:
    logical = view.logical if view is not None else ""
    glyph, tone = trigger_glyph(trigger.type, logical), "trigger"
    match trigger.state:
        case "DEACTIVATED":
            glyph, tone = "paused", "muted"
        case "NEVER":
            tone = "faint"
        case "WAITING":
            tone = "muted"
    return Face(name=clean(trigger.name), glyph=glyph, tone=tone, name_tone=tone)


def _moods(edges: list[tuple[str, str, EdgeView]], run: RunView | None) -> list[Mood]:
    if run is None:
        return [Mood.OPEN] * len(edges)
    triggers = {trigger_id(trigger.name): trigger for trigger in run.triggers}
    nodes = {node.node_id: node for node in run.nodes}
    return [
        _start_mood(triggers[source], nodes[target]) if source in triggers else _watch_mood(edge.label, nodes[source])
        for source, target, edge in edges
    ]


def _start_mood(trigger: TriggerRunView, node: NodeView) -> Mood:
    """Return what became of an edge from a trigger to the node it starts: of several, one starts it."""
    match trigger.state:
        case "FIRED":
            return Mood.TRAVELLED if node.started_by in ("", trigger.name) else Mood.DEAD
        case "NEVER":
            return Mood.DEAD
        case _:
            return Mood.OPEN


def _watch_mood(state: str, node: NodeView) -> Mood:
    """Return what became of an edge from a node to a trigger that listens for `state`."""
    if word_holds(state, node_type(NodeId(node.node_id)), NodeState(node.state)):
        return Mood.TRAVELLED
    return Mood.DEAD if NodeState(node.state).is_over else Mood.OPEN


def _with_path(edges: list[GraphEdge], moods: list[Mood], run: RunView | None, path: tuple[str, ...]) -> list[Mood]:
    """Return the moods with the way marked that leads along the nodes of `path`."""
    if run is None or not path:
        return moods
    started_by = {node.node_id: trigger_id(node.started_by) for node in run.nodes if node.started_by}
    pairs = {(edge.source, edge.target) for edge in edges}
    way = {(started_by.get(path[0], ""), path[0])}
    for before, after in pairwise(path):
        via = {target for source, target in pairs if source == before and (target, after) in pairs}
        if after in started_by:
            via &= {started_by[after]}
        way |= {(before, one) for one in via} | {(one, after) for one in via}
    return [
        Mood.CRITICAL if (edge.source, edge.target) in way else mood for edge, mood in zip(edges, moods, strict=True)
    ]
