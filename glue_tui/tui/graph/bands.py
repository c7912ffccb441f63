"""Rows within a band of layers: everybody as near to the middle of their neighbours as order and room allow."""

from __future__ import annotations

from collections import defaultdict
from math import floor

from glue_tui.tui.graph.drawing import Shape
from glue_tui.tui.graph.layering import Item
from glue_tui.tui.graph.routing import Net

PASSES = 5


def place(columns: list[list[Item]], nets: list[list[Net]], top: int, shape: Shape) -> None:
    """Set `y` of every item of the band, the highest at `top`."""
    before: dict[int, list[tuple[Item, int]]] = defaultdict(list)
    after: dict[int, list[tuple[Item, int]]] = defaultdict(list)
    for gap in nets:
        for net in gap:
            for port in net.ports:
                for source in net.sources:
                    before[id(port.item)].append((source, port.row))
                    after[id(source)].append((port.item, port.row))
    for column in columns:
        _settle(column, [0.0] * len(column), shape)
    for sweep in range(PASSES):
        forwards = sweep % 2 == 0
        for column in columns if forwards else reversed(columns):
            wishes = []
            for item in column:
                near = before[id(item)] if forwards else after[id(item)]
                if not near:
                    wishes.append(float(item.y))
                elif forwards:
                    wishes.append(sum(source.out_row - row for source, row in near) / len(near))
                else:
                    wishes.append(sum(target.y + row for target, row in near) / len(near) - item.anchor)
            _settle(column, wishes, shape)
    highest = min(item.y for column in columns for item in column)
    for column in columns:
        for item in column:
            item.y += top - highest


def _settle(column: list[Item], wishes: list[float], shape: Shape) -> None:
    """Put items as near to their wishes as their order and heights allow (pool adjacent violators)."""
    offset = 0
    offsets: list[int] = []
    pools: list[tuple[float, int]] = []  # (mean of the wishes less the offsets, members)
    for position, (item, wish) in enumerate(zip(column, wishes, strict=True)):
        if position:
            offset += column[position - 1].height + _distance(column[position - 1], item, shape)
        offsets.append(offset)
        mean, members = wish - offset, 1
        while pools and pools[-1][0] > mean:
            other, count = pools.pop()
            mean = (mean * members + other * count) / (members + count)
            members += count
        pools.append((mean, members))
    index = 0
    for mean, members in pools:
        for _ in range(members):
            column[index].y = floor(mean + 0.5) + offsets[index]
            index += 1


def _distance(upper: Item, lower: Item, shape: Shape) -> int:
    """Return the empty rows between two neighbours of a layer."""
    if shape is Shape.COMPACT:
        return 0
    is_line = (upper.node is None, lower.node is None)
    return 1 if any(is_line) and not all(is_line) else 0
