"""Trees of plain text: any tree, and the triggers and nodes of a workflow as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from glue_tui.protocol.views import EdgeView

TRIGGER_PREFIX = "trigger:"

Label = Callable[[str, bool], Sequence[str]]
"""Lines for a vertex; True: it has been printed above, with everything below it."""


def tree_lines(roots: Iterable[str], children: Mapping[str, Sequence[str]], label: Label) -> list[str]:
    """Return the lines of a forest. A vertex with several parents has its subtree below the first one only."""
    lines: list[str] = []
    seen: set[str] = set()

    def add(vertex: str, head: str, body: str) -> None:
        again = vertex in seen
        seen.add(vertex)
        first, *more = label(vertex, again) or [""]
        below = [] if again else list(children.get(vertex, ()))
        lines.append(head + first)
        lines.extend(body + ("│  " if below else "   ") + line for line in more)
        for index, child in enumerate(below):
            is_last = index == len(below) - 1
            add(child, body + ("└─ " if is_last else "├─ "), body + ("   " if is_last else "│  "))

    for root in roots:
        add(root, "", "")
    return lines


def children_of(edges: Iterable[EdgeView]) -> dict[str, list[str]]:
    """Return the vertices that each vertex leads to, in order, each once."""
    children: dict[str, list[str]] = {}
    for edge in edges:
        below = children.setdefault(edge.source, [])
        if edge.destination not in below:
            below.append(edge.destination)
    return children


def roots_of(edges: Iterable[EdgeView], vertices: Iterable[str]) -> list[str]:
    """Return the vertices that nothing leads to."""
    reached = {edge.destination for edge in edges}
    return [vertex for vertex in vertices if vertex not in reached]
