"""Drawing routed nets into cells: stretches, junctions, arrow heads and labels."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from glue_tui.tui.graph.drawing import (
    EAST,
    NORTH,
    SOUTH,
    WEST,
    Cell,
    Drawing,
    GraphEdge,
    PlacedLabel,
    PlacedNode,
    Shape,
    Strand,
)
from glue_tui.tui.graph.layering import Item, Port
from glue_tui.tui.graph.routing import Gap, Net


class Lines:
    """Collects the strands of a drawing."""

    def __init__(self) -> None:
        self._strands: dict[Cell, list[Strand]] = {}
        self._arrows: dict[Cell, frozenset[int]] = {}
        self._labels: list[PlacedLabel] = []
        self._nets = 0

    def route(self, gap: Gap, left: int, right: int) -> None:
        """Draw the nets of a gap between the columns `left` (included) and `right` (not)."""
        for net in gap.nets:
            self._nets += 1
            for source in net.sources:
                for port in net.ports:
                    edges = net.edges_of[id(source), id(port)]
                    path = [(source.x + source.width, source.out_row)]
                    for column, row in _turns(net, source, port):
                        path.append((left + 1 + column, row))
                    path.append((right - 1, port.at_row))
                    self._draw(path, edges)
            self._finish(net, right)

    def fold(self, gap: Gap, right: int, corridor_row: int) -> None:
        """Draw the nets of a gap that leads from the right end of a band to the left end of the next."""
        entry = len(gap.nets) + 1 + gap.label_width + 1
        for net in gap.nets:
            self._nets += 1
            lane_out, row, lane_in = gap.corridor[id(net)]
            for source in net.sources:
                for port in net.ports:
                    path = [
                        (source.x + source.width, source.out_row),
                        (right + 1 + lane_out, source.out_row),
                        (right + 1 + lane_out, corridor_row + row),
                        (lane_in, corridor_row + row),
                        (lane_in, port.at_row),
                        (entry - 1, port.at_row),
                    ]
                    self._draw(path, net.edges_of[id(source), id(port)])
            self._finish(net, entry)

    def pass_through(self, trunks: Iterable[Item]) -> None:
        """Draw the long edges through the layers between."""
        for trunk in trunks:
            self._nets += 1
            (port,) = trunk.ports
            before = self._strands[trunk.x - 1, port.at_row]
            edges = set().union(*(strand.edges for strand in before if strand.sides & WEST))
            if trunk.width:
                self._draw([(trunk.x, trunk.y), (trunk.x + trunk.width - 1, trunk.y)], edges)

    def drawing(self, nodes: tuple[PlacedNode, ...], edges: tuple[GraphEdge, ...], shape: Shape) -> Drawing:
        """Return the finished drawing."""
        width = max([node.x + node.width for node in nodes] + [x + 1 for x, _ in self._strands])
        height = max([node.y + node.height for node in nodes] + [y + 1 for _, y in self._strands])
        return Drawing(
            shape=shape,
            width=width,
            height=height,
            nodes=nodes,
            edges=edges,
            strands=self._strands,
            arrows=self._arrows,
            labels=tuple(self._labels),
        )

    def _finish(self, net: Net, right: int) -> None:
        """Put arrow heads and labels before the nodes that the net leads to."""
        for port in net.ports:
            edges: frozenset[int] = frozenset().union(*(net.edges_of[id(source), id(port)] for source in net.sources))
            if port.item.node is not None:
                self._arrows[right - 1, port.at_row] = edges
                if port.label:
                    x = right - 2 - len(port.label)
                    self._labels.append(PlacedLabel(x=x, y=port.at_row, text=port.label, edges=edges))

    def _draw(self, path: list[Cell], edges: set[int]) -> None:
        """Draw a path of straight stretches; its ends are open to the west and to the east."""
        (x, y), (last_x, last_y) = path[0], path[-1]
        self._add((x, y), WEST, edges)
        for (x0, y0), (x1, y1) in pairwise(path):
            if y0 == y1:
                low, high = min(x0, x1), max(x0, x1)
                for x in range(low, high + 1):
                    self._add((x, y0), (EAST if x < high else 0) | (WEST if x > low else 0), edges)
            else:
                low, high = min(y0, y1), max(y0, y1)
                for y in range(low, high + 1):
                    self._add((x0, y), (SOUTH if y < high else 0) | (NORTH if y > low else 0), edges)
        self._add((last_x, last_y), EAST, edges)

    def _add(self, cell: Cell, sides: int, edges: set[int]) -> None:
        if sides == 0:
            return
        strands = self._strands.setdefault(cell, [])
        for strand in strands:
            if strand.net == self._nets:
                strand.sides |= sides
                strand.edges |= edges
                return
        strands.append(Strand(self._nets, sides, set(edges)))


def _turns(net: Net, source: Item, port: Port) -> list[Cell]:
    """Return the corners of the way from a source to a port, columns counted from the first lane."""
    start, end = source.out_row, port.at_row
    if net.detour is not None:
        left, row, right = net.detour
        return [(left, start), (left, row), (right, row), (right, end)]
    if net.lane is None:
        return []
    return [(net.lane, start), (net.lane, end)]
