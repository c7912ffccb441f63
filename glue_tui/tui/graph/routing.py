"""Lines through the gap between two layers: which edges share a line, and which column each line runs down.

A net is a set of sources that all lead to the same set of ports: drawn as one line with true junctions, it can be
read in one way only. Different nets never share a stretch of a row or column, they only cross.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from glue_tui.tui.graph.layering import Hop, Item, Port


@dataclass(slots=True, eq=False)
class Net:
    """Sources and ports joined by one line, and where that line runs."""

    sources: list[Item]
    ports: list[Port]
    edges_of: dict[tuple[int, int], set[int]]
    """Edges by the ids of source and port."""
    lane: int | None = None
    """Column of the vertical stretch, counted from the left of the gap; None where the line is straight."""
    detour: tuple[int, int, int] | None = None
    """(lane at the left, row, lane at the right): the way round where nets would block each other."""

    def rows(self) -> tuple[list[int], list[int]]:
        return [source.out_row for source in self.sources], [port.at_row for port in self.ports]

    @property
    def is_straight(self) -> bool:
        sources, ports = self.rows()
        return len(sources) == len(ports) == 1 and sources == ports

    def span(self) -> tuple[int, int]:
        sources, ports = self.rows()
        return min(sources + ports), max(sources + ports)


@dataclass(slots=True)
class Gap:
    """The nets between two layers, and the room they take."""

    nets: list[Net]
    label_width: int
    lanes: int = 0
    """Columns of the vertical stretches."""
    rows_below: int = 0
    """Rows below the band that detours take."""
    corridor: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    """In a fold, by net: (lane at the right end, row of the corridor, lane at the left end of the next band)."""


def gap_of(hops: Sequence[Hop]) -> Gap:
    """Group hops into nets and give every item its ports. Rows are not known yet."""
    ports: dict[tuple[int, str], list[Hop]] = {}
    by_source: dict[int, list[Hop]] = {}
    for hop in hops:
        ports.setdefault((id(hop.target), hop.label), []).append(hop)
        by_source.setdefault(id(hop.source), []).append(hop)
    groups: dict[frozenset[tuple[int, str]], list[Hop]] = {}
    for outgoing in by_source.values():
        reached = frozenset((id(hop.target), hop.label) for hop in outgoing)
        groups.setdefault(reached, []).extend(outgoing)
    nets = []
    for members in groups.values():
        port_of: dict[tuple[int, str], Port] = {}
        edges_of: dict[tuple[int, int], set[int]] = {}
        sources: list[Item] = []
        for hop in members:
            key = (id(hop.target), hop.label)
            if key not in port_of:
                port_of[key] = Port(hop.target, hop.label)
                hop.target.ports.append(port_of[key])
            if hop.source not in sources:
                sources.append(hop.source)
            edges_of[id(hop.source), id(port_of[key])] = hop.edges
        nets.append(Net(sources, list(port_of.values()), edges_of))
    label_width = max((len(hop.label) + 2 for hop in hops if hop.label), default=0)
    return Gap(nets, label_width)


def assign_lanes(gap: Gap, bottom_row: int) -> None:
    """Give each net its column such that no two nets touch; `bottom_row` is the first row free for detours."""
    gap.rows_below = 0
    for net in gap.nets:
        net.lane, net.detour = None, None
    bent = [net for net in gap.nets if not net.is_straight]
    detoured = _break_circles(bent)
    direct = [net for net in bent if net not in detoured]
    first = len(detoured)
    taken: list[list[Net]] = []
    lane_of: dict[int, int] = {}
    for net in _in_order(direct):
        after = [lane_of[id(other)] for other in direct if id(other) in lane_of and _must_precede(other, net)]
        lane = max(after, default=-1) + 1
        while lane < len(taken) and any(_touch(net, other) for other in taken[lane]):
            lane += 1
        if lane == len(taken):
            taken.append([])
        taken[lane].append(net)
        lane_of[id(net)] = lane
        net.lane = first + lane
    for index, net in enumerate(detoured):
        net.detour = (index, bottom_row + index, first + len(taken) + index)
    gap.rows_below = len(detoured)
    gap.lanes = 2 * first + len(taken)


def assign_corridor(gap: Gap) -> None:
    """Give each net its way round a fold: down at the right, back along a row, down at the left."""
    from_below = sorted(gap.nets, key=lambda net: -max(net.rows()[0]))
    deep_first = sorted(gap.nets, key=lambda net: -max(net.rows()[1]))
    left = {id(net): lane for lane, net in enumerate(deep_first)}
    gap.corridor = {id(net): (index, index, left[id(net)]) for index, net in enumerate(from_below)}
    gap.lanes = len(gap.nets)
    gap.rows_below = 0


def _touch(one: Net, other: Net) -> bool:
    (a, b), (c, d) = one.span(), other.span()
    return a <= d and c <= b


def _must_precede(left: Net, right: Net) -> bool:
    """Whether `left` arrives on a row that `right` leaves to: its stretch from the source must end first."""
    return left is not right and not set(left.rows()[0]).isdisjoint(right.rows()[1])


def _in_order(nets: list[Net]) -> list[Net]:
    """Order nets from left to right: what must precede first, then so that few lines cross."""
    waiting = sorted(nets, key=_preference)
    order: list[Net] = []
    while waiting:
        free = next(net for net in waiting if not any(_must_precede(other, net) for other in waiting))
        waiting.remove(free)
        order.append(free)
    return order


def _preference(net: Net) -> tuple[int, float]:
    sources, ports = net.rows()
    source, port = sum(sources) / len(sources), sum(ports) / len(ports)
    return (0, source) if port < source else (1, -source)


def _break_circles(nets: list[Net]) -> list[Net]:
    """Return nets to take out until the rest can be ordered."""
    out: list[Net] = []
    waiting = list(nets)
    while waiting:
        free = next((net for net in waiting if not any(_must_precede(other, net) for other in waiting)), None)
        if free is None:
            free = waiting[0]
            out.append(free)
        waiting.remove(free)
    return out
