"""What layout gives and painting takes: boxes, lines and labels on a grid of cells. No states, no colours."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

NORTH, EAST, SOUTH, WEST = 1, 2, 4, 8

Cell = tuple[int, int]
"""Column, row."""


class Shape(Enum):
    """How much room a node takes."""

    BOXES = "boxes"
    """Jobs and crawlers as boxes of three rows."""
    COMPACT = "compact"
    """Everything on one row."""
    RAIL = "rail"
    """One line a node, edges as rails at the left."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphNode:
    node_id: str
    name: str
    """Harmless text, without the glyph."""
    is_box: bool
    """Jobs and crawlers; triggers are text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphEdge:
    source: str
    target: str
    label: str = ""
    """Shown on the edge; empty where nothing need be said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedNode:
    node_id: str
    x: int
    y: int
    width: int
    height: int
    is_box: bool
    port_rows: tuple[int, ...] = ()
    """Rows, relative to `y`, at which edges arrive, top to bottom."""
    text_row: int = 0
    """Row, relative to `y`, of glyph and name; edges leave there."""
    text_x: int = 0
    """Column, relative to `x`, of the glyph."""


@dataclass(slots=True)
class Strand:
    """One line through a cell: the sides it touches, and the edges it carries (indexes)."""

    net: int
    sides: int
    edges: set[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedLabel:
    x: int
    y: int
    text: str
    edges: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A finished layout. Two strands share a cell only where one crosses the other straight."""

    shape: Shape
    width: int
    height: int
    nodes: tuple[PlacedNode, ...]
    edges: tuple[GraphEdge, ...]
    strands: dict[Cell, list[Strand]] = field(default_factory=dict)
    arrows: dict[Cell, frozenset[int]] = field(default_factory=dict)
    """Heads of edges: the cell before the node."""
    labels: tuple[PlacedLabel, ...] = ()

    def node(self, node_id: str) -> PlacedNode | None:
        return next((node for node in self.nodes if node.node_id == node_id), None)

    def node_at(self, x: int, y: int) -> PlacedNode | None:
        """Return the node drawn at a cell."""
        for node in self.nodes:
            if node.x <= x < node.x + node.width and node.y <= y < node.y + node.height:
                return node
        return None
