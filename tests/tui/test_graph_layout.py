"""The layout keeps its promises for any workflow: every edge can be followed, nothing overlaps, nothing is cut."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from glue_tui.tui.graph.drawing import EAST, NORTH, SOUTH, WEST, Drawing, GraphEdge, GraphNode, Shape, Strand
from glue_tui.tui.graph.layout import RAIL_BELOW_COLUMNS, fitting, layout

STEPS = {NORTH: (0, -1, SOUTH), SOUTH: (0, 1, NORTH), EAST: (1, 0, WEST), WEST: (-1, 0, EAST)}
LAYERED = (Shape.BOXES, Shape.COMPACT)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[GraphNode], list[GraphEdge]]:
    count = draw(st.integers(1, 16))
    names = draw(st.lists(st.text("abcdefgh_日", min_size=1, max_size=14), min_size=count, max_size=count))
    nodes = [GraphNode(node_id=f"n{index}", name=name, is_box=draw(st.booleans())) for index, name in enumerate(names)]
    pairs = [(low, high) for high in range(count) for low in range(high)]
    chosen = draw(st.lists(st.sampled_from(pairs), max_size=2 * count, unique=True)) if pairs else []
    edges = [
        GraphEdge(source=f"n{low}", target=f"n{high}", label=draw(st.sampled_from(["", "", "success", "failure"])))
        for low, high in chosen
    ]
    order = draw(st.permutations(range(count)))
    return [nodes[index] for index in order], edges


def strand_with(drawing: Drawing, cell: tuple[int, int], side: int) -> Strand | None:
    strands = [strand for strand in drawing.strands.get(cell, ()) if strand.sides & side]
    assert len(strands) <= 1, f"two lines leave {cell} on the same side"
    return strands[0] if strands else None


def heads_reached(drawing: Drawing, node_id: str) -> set[tuple[int, int]]:
    """Follow the lines from a node with a finger, cell by cell, and return the arrow heads that end them.

    From one line into another the finger only goes to the right: long edges join from the left.
    """
    node = drawing.node(node_id)
    assert node is not None
    start = (node.x + node.width, node.y + node.text_row)
    first = strand_with(drawing, start, WEST)
    if first is None:
        return set()
    todo, seen = [(start, first)], {(start, id(first))}
    while todo:
        (x, y), strand = todo.pop()
        for side, (dx, dy, opposite) in STEPS.items():
            cell = (x + dx, y + dy)
            if not strand.sides & side or cell not in drawing.strands:
                continue
            there = strand_with(drawing, cell, opposite)
            if there is None or (there.net != strand.net and side != EAST):
                continue
            if (cell, id(there)) not in seen:
                seen.add((cell, id(there)))
                todo.append((cell, there))
    return {cell for cell, _ in seen} & drawing.arrows.keys()


def target_at_head(drawing: Drawing, head: tuple[int, int]) -> str:
    x, y = head
    node = drawing.node_at(x + 1, y)
    assert node is not None, f"the arrow at {head} points at nothing"
    assert y - node.y in node.port_rows
    return node.node_id


@settings(max_examples=250, deadline=None)
@given(graphs(), st.integers(10, 200), st.sampled_from(LAYERED))
def test_every_edge_can_be_followed_and_no_line_leads_elsewhere(
    graph: tuple[list[GraphNode], list[GraphEdge]], width: int, shape: Shape
) -> None:
    nodes, edges = graph
    drawing = layout(nodes, edges, width, shape)
    for node in nodes:
        heads = heads_reached(drawing, node.node_id)
        wanted = {(edge.target, edge.label) for edge in edges if edge.source == node.node_id}
        reached = set()
        for head in heads:
            text = next((one.text for one in drawing.labels if (one.x + len(one.text) + 1, one.y) == head), "")
            reached.add((target_at_head(drawing, head), text))
        assert reached == wanted


@settings(max_examples=250, deadline=None)
@given(graphs(), st.integers(10, 200), st.sampled_from(LAYERED))
def test_nothing_overlaps_and_nothing_lies_outside(
    graph: tuple[list[GraphNode], list[GraphEdge]], width: int, shape: Shape
) -> None:
    nodes, edges = graph
    drawing = layout(nodes, edges, width, shape)
    taken: dict[tuple[int, int], str] = {}
    for node in drawing.nodes:
        for x in range(node.x, node.x + node.width):
            for y in range(node.y, node.y + node.height):
                assert (x, y) not in taken, f"{node.node_id} covers {taken[x, y]}"
                assert (x, y) not in drawing.strands, f"a line runs through {node.node_id}"
                taken[x, y] = node.node_id
    for label in drawing.labels:
        for x in range(label.x, label.x + len(label.text)):
            (strand,) = drawing.strands[x, label.y]
            assert strand.sides == EAST | WEST, "a label stands on a plain stretch of its own line"
            assert strand.edges == label.edges
    for strands in drawing.strands.values():
        if len(strands) > 1:
            assert sorted(strand.sides for strand in strands) == [NORTH | SOUTH, EAST | WEST], "lines only cross"
    cells = [*taken, *drawing.strands]
    assert all(0 <= x < drawing.width and 0 <= y < drawing.height for x, y in cells)


@settings(max_examples=150, deadline=None)
@given(graphs(), st.integers(10, 200), st.sampled_from(LAYERED))
def test_lines_have_no_loose_ends_and_touch_no_other_line(
    graph: tuple[list[GraphNode], list[GraphEdge]], width: int, shape: Shape
) -> None:
    nodes, edges = graph
    drawing = layout(nodes, edges, width, shape)
    for (x, y), strands in drawing.strands.items():
        for strand in strands:
            for side, (dx, dy, opposite) in STEPS.items():
                if not strand.sides & side:
                    continue
                there = strand_with(drawing, (x + dx, y + dy), opposite)
                if side in (NORTH, SOUTH):
                    assert there is not None
                    assert there.net == strand.net
                elif there is None:
                    node = drawing.node_at(x + dx, y)
                    assert node is not None, "a line ends at a node"
                    assert (y - node.y == node.text_row) if side == WEST else ((x, y) in drawing.arrows)


@settings(max_examples=100, deadline=None)
@given(graphs(), st.integers(10, 200), st.sampled_from(list(Shape)))
def test_names_are_never_cut_and_the_same_graph_gives_the_same_drawing(
    graph: tuple[list[GraphNode], list[GraphEdge]], width: int, shape: Shape
) -> None:
    nodes, edges = graph
    drawing = layout(nodes, edges, width, shape)
    assert drawing == layout(nodes, edges, width, shape)
    assert {node.node_id for node in drawing.nodes} == {node.node_id for node in nodes}
    for node in nodes:
        placed = drawing.node(node.node_id)
        assert placed is not None
        assert placed.text_x + 2 + cell_len(node.name) <= placed.width


@settings(max_examples=150, deadline=None)
@given(graphs())
def test_rails_lead_from_every_source_down_to_its_targets(graph: tuple[list[GraphNode], list[GraphEdge]]) -> None:
    nodes, edges = graph
    drawing = layout(nodes, edges, 20, Shape.RAIL)
    assert [node.y for node in drawing.nodes] == list(range(len(nodes)))
    covered = {(node.x, node.y) for node in drawing.nodes}
    assert covered.isdisjoint(drawing.strands)
    by_edge = defaultdict(set)
    for cell, strands in drawing.strands.items():
        for strand in strands:
            for edge in strand.edges:
                by_edge[edge].add(cell)
    for index, edge in enumerate(edges):
        source, target = drawing.node(edge.source), drawing.node(edge.target)
        assert source is not None
        assert target is not None
        assert source.y < target.y
        down = {(source.x, y) for y in range(source.y + 1, target.y + 1)}
        across = {(x, target.y) for x in range(source.x, target.x)}
        assert by_edge[index] == down | across


def test_a_rail_belongs_to_one_source_at_a_time() -> None:
    nodes = [GraphNode(node_id=name, name=name, is_box=True) for name in "abcd"]
    edges = [GraphEdge(source="a", target="c"), GraphEdge(source="b", target="d")]
    drawing = layout(nodes, edges, 20, Shape.RAIL)
    for (x, _), strands in drawing.strands.items():
        upright = {strand.net for strand in strands if strand.sides & NORTH}
        assert len(upright) <= 1, f"two rails in column {x}"


def chain(length: int) -> tuple[list[GraphNode], list[GraphEdge]]:
    nodes = [GraphNode(node_id=f"n{index}", name=f"node_{index}", is_box=True) for index in range(length)]
    edges = [GraphEdge(source=f"n{index}", target=f"n{index + 1}") for index in range(length - 1)]
    return nodes, edges


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_a_long_chain_folds_into_the_width(width: int) -> None:
    nodes, edges = chain(20)
    drawing = layout(nodes, edges, width)
    assert drawing.width <= width
    assert len({node.y for node in drawing.nodes}) > 1


def test_without_room_for_boxes_the_drawing_gets_flatter() -> None:
    nodes, edges = chain(12)
    assert fitting(nodes, edges, 80, 40).shape is Shape.BOXES
    assert fitting(nodes, edges, 80, 8).shape is Shape.COMPACT
    assert fitting(nodes, edges, RAIL_BELOW_COLUMNS - 1, 40).shape is Shape.RAIL


def test_an_empty_workflow_gives_an_empty_drawing() -> None:
    for shape in Shape:
        drawing = layout([], [], 80, shape)
        assert (drawing.width, drawing.height) == (0, 0)


def test_triggers_that_start_the_same_nodes_share_one_line() -> None:
    nodes = [GraphNode(node_id=name, name=name, is_box=name.islower()) for name in ("A", "B", "C", "x", "y")]
    edges = [GraphEdge(source=source, target=target) for source in "ABC" for target in "xy"]
    drawing = layout(nodes, edges, 80)
    nets = {strand.net for strands in drawing.strands.values() for strand in strands}
    assert len(nets) == 1
    starts = [drawing.node(name) for name in "ABC"]
    assert {start.x for start in starts if start} == {0}
    assert len({start.y for start in starts if start}) == 3
