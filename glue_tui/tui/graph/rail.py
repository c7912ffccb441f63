"""The rail view for narrow panes: one line a node, edges as rails at the left."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from glue_tui.tui.graph.drawing import (
    EAST,
    NORTH,
    SOUTH,
    WEST,
    Cell,
    Drawing,
    GraphEdge,
    GraphNode,
    PlacedLabel,
    PlacedNode,
    Shape,
    Strand,
)

RAIL_COLUMNS = 2


def rail(nodes: Sequence[GraphNode], edges: tuple[GraphEdge, ...]) -> Drawing:
    """Return one row a node, sources above their targets. A rail runs down from a node to the last it leads to."""
    order = _ordered(nodes, edges)
    row_of = {node.node_id: row for row, node in enumerate(order)}
    last_row = {edge.source: -1 for edge in edges}
    for edge in edges:
        last_row[edge.source] = max(last_row[edge.source], row_of[edge.target])
    column_of: dict[str, int] = {}
    open_rails: dict[int, str] = {}
    strands: dict[Cell, list[Strand]] = {}
    placed: list[PlacedNode] = []
    labels: list[PlacedLabel] = []
    for row, node in enumerate(order):
        arriving = [index for index, edge in enumerate(edges) if edge.target == node.node_id]
        columns = sorted({column_of[edges[index].source] for index in arriving})
        column = columns[-1] + 1 if columns else 0
        while column in open_rails:
            column += 1
        for rail_column, source in list(open_rails.items()):
            if last_row[source] == row:
                del open_rails[rail_column]
        if node.node_id in last_row:
            while column in open_rails:
                column += 1
            open_rails[column] = node.node_id
        column_of[node.node_id] = column
        _draw_arrivals(strands, edges, arriving, column_of, row_of, row, column)
        width = cell_len(node.name) + 3
        x = column * RAIL_COLUMNS
        placed.append(PlacedNode(node_id=node.node_id, x=x, y=row, width=width, height=1, is_box=False, port_rows=(0,)))
        said = " ".join(dict.fromkeys(edges[index].label for index in arriving if edges[index].label))
        if said:
            labels.append(PlacedLabel(x=x + width, y=row, text=said, edges=frozenset(arriving)))
    width = max([node.x + node.width for node in placed] + [label.x + len(label.text) for label in labels])
    return Drawing(
        shape=Shape.RAIL,
        width=width,
        height=len(order),
        nodes=tuple(placed),
        edges=edges,
        strands=strands,
        labels=tuple(labels),
    )


def _draw_arrivals(
    strands: dict[Cell, list[Strand]],
    edges: tuple[GraphEdge, ...],
    arriving: list[int],
    column_of: dict[str, int],
    row_of: dict[str, int],
    row: int,
    column: int,
) -> None:
    """Draw each edge from its source down its rail and to the right into this row."""
    for index in arriving:
        source = edges[index].source
        net, x = row_of[source], column_of[source] * RAIL_COLUMNS
        for y in range(net + 1, row):
            _add(strands, (x, y), net, NORTH | SOUTH, index)
        _add(strands, (x, row), net, NORTH | EAST, index)
        for step in range(x + 1, column * RAIL_COLUMNS):
            _add(strands, (step, row), net, EAST | WEST, index)


def _add(strands: dict[Cell, list[Strand]], cell: Cell, net: int, sides: int, edge: int) -> None:
    here = strands.setdefault(cell, [])
    for strand in here:
        if strand.net == net:
            strand.sides |= sides
            strand.edges.add(edge)
            return
    here.append(Strand(net, sides, {edge}))


def _ordered(nodes: Sequence[GraphNode], edges: tuple[GraphEdge, ...]) -> list[GraphNode]:
    """Return the nodes such that sources come first, each as soon after its last source as can be."""
    node_of = {node.node_id: node for node in nodes}
    missing = dict.fromkeys(node_of, 0)
    targets: dict[str, list[str]] = {node_id: [] for node_id in node_of}
    for edge in edges:
        missing[edge.target] += 1
        targets[edge.source].append(edge.target)
    ready = [node_id for node_id in reversed(node_of) if missing[node_id] == 0]
    order: list[GraphNode] = []
    while ready:
        node_id = ready.pop()
        order.append(node_of[node_id])
        freed = []
        for target in targets[node_id]:
            missing[target] -= 1
            if missing[target] == 0:
                freed.append(target)
        ready.extend(reversed(freed))
    assert len(order) == len(node_of), "a workflow graph has no cycle: definitions refuse it"
    return order
