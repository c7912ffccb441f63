"""Cycles in a graph of anything: which nodes lie on one, and a shortest one. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from typing import TypeVar

K = TypeVar("K")
V = TypeVar("V")


def separate_cycles(edges: Mapping[K, Mapping[K, V]]) -> Iterator[tuple[list[K], list[V]]]:
    """Yield cycles that share no node, until none is left: the nodes, and what leads from each of them to the next."""
    left = edges
    while remaining := _on_cycles(left):
        cycle = next(found for node in remaining if (found := _shortest_cycle(node, remaining)))
        yield cycle, [remaining[node][after] for node, after in zip(cycle, [*cycle[1:], cycle[0]], strict=True)]
        left = {
            node: {after: edge for after, edge in nexts.items() if after not in cycle}
            for node, nexts in remaining.items()
            if node not in cycle
        }


def _on_cycles(edges: Mapping[K, Mapping[K, V]]) -> Mapping[K, Mapping[K, V]]:
    """Return the edges that are left once nodes that lead nowhere were taken away, again and again."""
    left = edges
    while True:
        kept = {
            node: alive
            for node, nexts in left.items()
            if (alive := {after: edge for after, edge in nexts.items() if after in left})
        }
        if kept == left:
            return left
        left = kept


def _shortest_cycle(start: K, edges: Mapping[K, Mapping[K, V]]) -> list[K]:
    """Return the nodes of a shortest cycle through `start`, beginning there, or nothing."""
    came_from: dict[K, K] = {}
    todo = deque([start])
    while todo:
        node = todo.popleft()
        for after in edges[node]:
            if after == start:
                cycle = [node]
                while cycle[-1] != start:
                    cycle.append(came_from[cycle[-1]])
                return cycle[::-1]
            if after not in came_from:
                came_from[after] = node
                todo.append(after)
    return []
