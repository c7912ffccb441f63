"""Which nodes a retry runs again, as far as the graph alone can say; the engine decides (rules RS-2 to RS-7). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from glue_tui.protocol.views import EdgeView, RunView

_FAILURES = ("FAILED", "TIMEOUT", "STOPPED", "ERROR")


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPlan:
    """Node ids in the run's order."""

    again: tuple[str, ...]
    """Start again at once."""
    then: tuple[str, ...]
    """Downstream: run if their triggers fire."""
    kept: tuple[str, ...]
    """Stay as they are."""


def failed_nodes(run: RunView) -> tuple[str, ...]:
    """Return the nodes that a retry repeats by itself."""
    return tuple(node.node_id for node in run.nodes if node.state in _FAILURES)


def plan_retry(run: RunView, edges: Iterable[EdgeView], chosen: tuple[str, ...]) -> RetryPlan:
    """Return what repeating `chosen` means along `edges`: the run's own, or today's."""
    following: dict[str, list[str]] = {}
    for edge in edges:
        following.setdefault(edge.source, []).append(edge.destination)
    downstream = {one: _reachable(one, following) for one in chosen}
    below = set().union(*downstream.values()) if downstream else set()
    again = [one for one in chosen if not any(one in downstream[other] for other in chosen if other != one)]
    known = [node.node_id for node in run.nodes]
    known += [one for one in dict.fromkeys(_destinations(following)) if one not in known and one in below]
    return RetryPlan(
        again=tuple(one for one in known if one in again),
        then=tuple(one for one in known if one in below and one not in again),
        kept=tuple(one for one in known if one not in below and one not in again),
    )


def _destinations(following: dict[str, list[str]]) -> Iterable[str]:
    return (one for many in following.values() for one in many if not one.startswith("trigger:"))


def _reachable(start: str, following: dict[str, list[str]]) -> set[str]:
    found: set[str] = set()
    open_ends = list(following.get(start, ()))
    while open_ends:
        one = open_ends.pop()
        if one not in found:
            found.add(one)
            open_ends += following.get(one, ())
    return found - {start}
