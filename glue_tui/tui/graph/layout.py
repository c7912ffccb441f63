"""Layout of a workflow graph: layers from left to right, folded into bands where the width ends. Pure.

Not here: states, colours, the widget; the rail view for narrow panes is in `rail`.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from glue_tui.tui.graph.bands import place
from glue_tui.tui.graph.drawing import Drawing, GraphEdge, GraphNode, PlacedNode, Shape
from glue_tui.tui.graph.layering import Item, layered
from glue_tui.tui.graph.lines import Lines
from glue_tui.tui.graph.rail import rail
from glue_tui.tui.graph.routing import Gap, assign_corridor, assign_lanes, gap_of

RAIL_BELOW_COLUMNS = 40
"""Narrower panes get the rail view."""
BOX_ROWS = 3
ROUNDS_MAX = 6
BOX_FRAME = 6
"""Cells of a box beyond its name: two borders, two blanks, glyph and blank."""
TEXT_FRAME = 4
"""Cells of a trigger beyond its name: blank, glyph, blank, blank."""


def fitting(nodes: Sequence[GraphNode], edges: Sequence[GraphEdge], width: int, height: int) -> Drawing:
    """Return the roomiest drawing that fits: boxes, else single rows, else rails; what is still too big scrolls."""
    if width < RAIL_BELOW_COLUMNS:
        return layout(nodes, edges, width, Shape.RAIL)
    boxes = layout(nodes, edges, width, Shape.BOXES)
    if boxes.height <= height and boxes.width <= width:
        return boxes
    compact = layout(nodes, edges, width, Shape.COMPACT)
    if compact.height > height or compact.width > width:
        rails = layout(nodes, edges, width, Shape.RAIL)
        if rails.height < compact.height and rails.width <= width:
            return rails
    if compact.width <= width or boxes.width > width:
        return compact
    return boxes


def layout(nodes: Sequence[GraphNode], edges: Sequence[GraphEdge], width: int, shape: Shape = Shape.BOXES) -> Drawing:
    """Return where every node, line and label stands. Wider than `width` only where a single layer is.

    The graph has no cycles, and every edge joins two of the nodes.
    """
    edges = tuple(edges)
    if not nodes:
        return Drawing(shape=shape, width=0, height=0, nodes=(), edges=())
    if shape is Shape.RAIL:
        return rail(nodes, edges)
    layers = layered(nodes, edges)
    gaps = [gap_of(hops) for hops in layers.gaps]
    for column in layers.columns:
        _measure(column, shape)
    gap_widths = [_gap_width(gap, 1) for gap in gaps]
    for _ in range(ROUNDS_MAX):
        bands = _folded(layers.columns, gap_widths, gaps, width)
        _place_bands(layers.columns, gaps, bands, shape)
        wider = [max(old, _gap_width(gap, gap.lanes)) for old, gap in zip(gap_widths, gaps, strict=True)]
        if wider == gap_widths:
            break
        gap_widths = wider
    return _drawn(layers.columns, gaps, bands, edges, shape)


def _measure(column: list[Item], shape: Shape) -> None:
    """Give the items of a layer their size; boxes of a layer are equally wide, and ports get their rows."""
    widths = [_width(item, shape) for item in column]
    boxes = [width for item, width in zip(column, widths, strict=True) if item.node is not None and item.node.is_box]
    layer_width = max(widths, default=0)
    for item, width in zip(column, widths, strict=True):
        ports = len(item.ports)
        if item.node is None:
            item.width, item.height, item.anchor = layer_width, 1, 0
        elif item.node.is_box and shape is Shape.BOXES:
            item.width = max(boxes)
            item.height = BOX_ROWS if ports <= BOX_ROWS else ports + 2
            item.anchor = 1 if ports <= BOX_ROWS else (ports + 1) // 2
            first = {0: 1, 1: 1, 2: 0, 3: 0}.get(ports, 1)
            for index, port in enumerate(item.ports):
                port.row = first + index
        else:
            item.width, item.height, item.anchor = width, max(1, ports), max(0, ports - 1) // 2
            for index, port in enumerate(item.ports):
                port.row = index


def _width(item: Item, shape: Shape) -> int:
    if item.node is None:
        return 0
    frame = BOX_FRAME if item.node.is_box and shape is Shape.BOXES else TEXT_FRAME
    return frame + cell_len(item.node.name)


def _gap_width(gap: Gap, lanes: int) -> int:
    """A stub at the source, the lanes, a stub, the label, and the arrow."""
    return 1 + lanes + 1 + gap.label_width + 1


def _folded(columns: list[list[Item]], gap_widths: list[int], gaps: list[Gap], width: int) -> list[list[int]]:
    """Distribute the layers over bands, each as full as the width allows."""
    layer_widths = [max(item.width for item in column) for column in columns]
    bands = [[0]]
    used = layer_widths[0]
    for layer in range(1, len(columns)):
        way_out = 1 + len(gaps[layer].nets) if layer < len(gaps) else 0
        wanted = gap_widths[layer - 1] + layer_widths[layer]
        if used + wanted + way_out <= width:
            bands[-1].append(layer)
            used += wanted
        else:
            bands.append([layer])
            used = len(gaps[layer - 1].nets) + 1 + gaps[layer - 1].label_width + 1 + layer_widths[layer]
    return bands


def _place_bands(columns: list[list[Item]], gaps: list[Gap], bands: list[list[int]], shape: Shape) -> None:
    """Give every item its row, band below band, and every net its lane."""
    top = 0
    for number, band in enumerate(bands):
        place([columns[layer] for layer in band], [gaps[layer].nets for layer in band[:-1]], top, shape)
        bottom = max(item.y + item.height for layer in band for item in columns[layer])
        _sort_ports(columns, gaps, band)
        below = 0
        for layer in band[:-1]:
            assign_lanes(gaps[layer], bottom)
            below = max(below, gaps[layer].rows_below)
        for layer in band:
            for item in columns[layer]:
                item.band = number
        top = bottom + below
        if number + 1 < len(bands):
            top += len(gaps[band[-1]].nets)
    for band in bands[:-1]:
        assign_corridor(gaps[band[-1]])


def _sort_ports(columns: list[list[Item]], gaps: list[Gap], band: list[int]) -> None:
    """Let lines from above arrive above: order each item's ports by where their sources stand."""
    for layer in band[1:]:
        height_of: dict[int, float] = {}
        for net in gaps[layer - 1].nets:
            for port in net.ports:
                height_of[id(port)] = sum(net.rows()[0]) / len(net.sources)
        for item in columns[layer]:
            if len(item.ports) > 1:
                rows = [port.row for port in item.ports]
                item.ports.sort(key=lambda port: height_of[id(port)])
                for port, row in zip(item.ports, rows, strict=True):
                    port.row = row


def _drawn(
    columns: list[list[Item]], gaps: list[Gap], bands: list[list[int]], edges: tuple[GraphEdge, ...], shape: Shape
) -> Drawing:
    lines = Lines()
    nodes: list[PlacedNode] = []
    for number, band in enumerate(bands):
        x = 0
        if number:
            into = gaps[band[0] - 1]
            x = len(into.nets) + 1 + into.label_width + 1
        for position, layer in enumerate(band):
            layer_width = max(item.width for item in columns[layer])
            for item in columns[layer]:
                item.x = x
                if item.node is not None:
                    nodes.append(_placed(item, shape))
            x += layer_width
            if position + 1 < len(band):
                gap = gaps[layer]
                lines.route(gap, x, x + _gap_width(gap, gap.lanes))
                x += _gap_width(gap, gap.lanes)
            elif number + 1 < len(bands):
                corridor_row = min(item.y for item in columns[layer + 1])
                corridor_row = min(corridor_row, min(i.y for later in bands[number + 1] for i in columns[later]))
                lines.fold(gaps[layer], x, corridor_row - len(gaps[layer].nets))
        lines.pass_through([item for layer in band for item in columns[layer] if item.node is None])
    nodes.sort(key=lambda node: (node.y, node.x))
    return lines.drawing(tuple(nodes), edges, shape)


def _placed(item: Item, shape: Shape) -> PlacedNode:
    assert item.node is not None
    return PlacedNode(
        node_id=item.node.node_id,
        x=item.x,
        y=item.y,
        width=item.width,
        height=item.height,
        is_box=item.node.is_box and shape is Shape.BOXES,
        port_rows=tuple(port.row for port in item.ports),
        text_row=item.anchor,
        text_x=2 if item.node.is_box and shape is Shape.BOXES else 1,
    )
