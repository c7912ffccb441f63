"""From a graph to ordered layers: who stands in which column, and in which order from top to bottom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from glue_tui.tui.graph.drawing import GraphEdge, GraphNode

SWEEPS = 8


@dataclass(slots=True, eq=False)
class Item:
    """A node in its layer, or the place where a long edge passes through a layer (`node` is None)."""

    layer: int
    node: GraphNode | None
    ports: list[Port] = field(default_factory=list)
    x: int = 0
    y: int = 0
    width: int = 0
    height: int = 1
    anchor: int = 0
    """Row, relative to `y`, at which edges leave."""
    band: int = 0

    @property
    def out_row(self) -> int:
        return self.y + self.anchor


@dataclass(slots=True, eq=False)
class Port:
    """Where lines enter an item; `row` is relative to the item."""

    item: Item
    label: str
    row: int = 0

    @property
    def at_row(self) -> int:
        return self.item.y + self.row


@dataclass(slots=True)
class Hop:
    """An edge's way over one gap between layers; hops of several edges may be one where they share a trunk."""

    source: Item
    target: Item
    label: str
    edges: set[int]


@dataclass(slots=True)
class Layers:
    columns: list[list[Item]]
    gaps: list[list[Hop]]
    """`gaps[i]` lies between columns i and i + 1."""


def layered(nodes: Sequence[GraphNode], edges: Sequence[GraphEdge]) -> Layers:
    """Return the nodes in layers, every edge leading to the right, few crossings. The graph has no cycles."""
    layer_of = _layers(nodes, edges)
    columns: list[list[Item]] = [[] for _ in range(max(layer_of.values(), default=-1) + 1)]
    item_of: dict[str, Item] = {}
    for node in nodes:
        item = Item(layer_of[node.node_id], node)
        item_of[node.node_id] = item
        columns[item.layer].append(item)
    gaps = _hops(edges, item_of, columns)
    _order(columns, gaps)
    return Layers(columns, gaps)


def _layers(nodes: Sequence[GraphNode], edges: Sequence[GraphEdge]) -> dict[str, int]:
    targets: dict[str, list[str]] = defaultdict(list)
    missing = {node.node_id: 0 for node in nodes}
    has_source = set()
    for edge in edges:
        targets[edge.source].append(edge.target)
        missing[edge.target] += 1
        has_source.add(edge.target)
    layer = dict.fromkeys(missing, 0)
    order = [node_id for node_id, count in missing.items() if count == 0]
    for node_id in order:
        for target in targets[node_id]:
            layer[target] = max(layer[target], layer[node_id] + 1)
            missing[target] -= 1
            if missing[target] == 0:
                order.append(target)
    assert len(order) == len(layer), "a workflow graph has no cycle: definitions refuse it"
    for node_id in order:  # a start that only feeds a late node stands just before it
        if node_id not in has_source and targets[node_id]:
            layer[node_id] = min(layer[target] for target in targets[node_id]) - 1
    return layer


def _hops(edges: Sequence[GraphEdge], item_of: dict[str, Item], columns: list[list[Item]]) -> list[list[Hop]]:
    """Lead long edges through the layers between: one trunk for all long edges of a source."""
    gaps: list[list[Hop]] = [[] for _ in range(max(0, len(columns) - 1))]
    trunks: dict[tuple[int, int], Item] = {}
    hops: dict[tuple[int, int, str], Hop] = {}

    def hop(source: Item, target: Item, label: str, edge: int) -> None:
        key = (id(source), id(target), label)
        if key in hops:
            hops[key].edges.add(edge)
        else:
            hops[key] = Hop(source, target, label, {edge})
            gaps[source.layer].append(hops[key])

    for index, edge in enumerate(edges):
        source, target = item_of[edge.source], item_of[edge.target]
        here = source
        for layer in range(source.layer + 1, target.layer):
            trunk = trunks.get((id(source), layer))
            if trunk is None:
                trunk = trunks[id(source), layer] = Item(layer, None)
                columns[layer].append(trunk)
            hop(here, trunk, "", index)
            here = trunk
        hop(here, target, edge.label, index)
    return gaps


def _order(columns: list[list[Item]], gaps: list[list[Hop]]) -> None:
    """Order each layer by the mean position of its neighbours, to and fro, and keep the best order seen."""
    before: dict[int, list[Item]] = defaultdict(list)
    after: dict[int, list[Item]] = defaultdict(list)
    for gap in gaps:
        for hop in gap:
            before[id(hop.target)].append(hop.source)
            after[id(hop.source)].append(hop.target)
    rank: dict[int, float] = {}

    def number(column: list[Item]) -> None:
        for position, item in enumerate(column):
            rank[id(item)] = position - (len(column) - 1) / 2

    for column in columns:
        number(column)
    best, fewest = [list(column) for column in columns], _crossings(gaps, rank)
    for sweep in range(SWEEPS):
        if fewest == 0:
            break
        forwards = sweep % 2 == 0
        neighbours = before if forwards else after
        for column in columns if forwards else reversed(columns):
            keys = {}
            for item in column:
                near = neighbours[id(item)]
                keys[id(item)] = sum(rank[id(one)] for one in near) / len(near) if near else rank[id(item)]
            column.sort(key=lambda item: keys[id(item)])
            number(column)
        crossings = _crossings(gaps, rank)
        if crossings < fewest:
            best, fewest = [list(column) for column in columns], crossings
    for column, order in zip(columns, best, strict=True):
        column[:] = order


def _crossings(gaps: list[list[Hop]], rank: dict[int, float]) -> int:
    crossings = 0
    for gap in gaps:
        ends = sorted({(rank[id(hop.source)], rank[id(hop.target)]) for hop in gap})
        for index, (source, target) in enumerate(ends):
            crossings += sum(1 for s, t in ends[index + 1 :] if s > source and t < target)
    return crossings
