"""When a run ends, by what its nodes usually take, and which chain of nodes decides that. Pure.

Every node that has not ended is taken to succeed after its usual time, with a free slot as soon as it may start.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush

from glue_tui.core.model import NodeId, node_type
from glue_tui.core.states import NodeState, word_holds
from glue_tui.protocol.usual_views import RunToldView, UsualView
from glue_tui.protocol.views import NodeView, RunView

TRIGGER_PREFIX = "trigger:"
NAMED_MAX = 3
SLOW_FACTOR = 1.5
SLOW_AT_LEAST_S = 1.0
"""A node takes long if it needs so many times its usual time, and so much more than it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What is to be expected of a run, or was the case with one that is over."""

    ends_at: float | None = None
    """None where the run is over, or nobody knows."""
    no_estimate: str = ""
    """Why nobody knows."""
    path: tuple[str, ...] = ()
    """The nodes that decide when the run ends, in their order; none where nobody knows."""
    expected: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Start and end of the nodes that have not ended."""


def is_slow(took_s: float, usual_s: float | None) -> bool:
    """Tell whether a node takes, or took, much longer than usual."""
    return usual_s is not None and took_s > max(SLOW_FACTOR * usual_s, usual_s + SLOW_AT_LEAST_S)


def usual_seconds(usual: Iterable[UsualView]) -> dict[str, float]:
    """Return the usual duration of each node that has one."""
    return {one.node_id: one.usual_s for one in usual}


def forecast(run: RunView, usual_s: Mapping[str, float], now: float) -> Forecast:
    """Return what is to be expected of a run at `now`, if its nodes take as long as they usually do."""
    ahead = _Ahead(run, usual_s, now)
    summary = run.summary
    if summary.outcome or summary.finished_at is not None:
        return Forecast(path=ahead.path())
    if summary.started_at is None:
        return Forecast(no_estimate="the run waits for its turn")
    if summary.status == "STOPPING":
        return Forecast(no_estimate="the run is being stopped")
    ahead.play()
    if ahead.unknown:
        return Forecast(no_estimate=f"none of the last runs tells how long {_names(ahead.unknown)} takes")
    ends_at = max((end for _, end in ahead.expected.values()), default=now)
    return Forecast(ends_at=ends_at, path=ahead.path(), expected=ahead.expected)


def told_view(run: RunView, usual: tuple[UsualView, ...], now: float) -> RunToldView:
    """Return a run together with what its past tells of it."""
    found = forecast(run, usual_seconds(usual), now)
    return RunToldView(
        summary=run.summary,
        nodes=run.nodes,
        triggers=run.triggers,
        edges=run.edges,
        properties=run.properties,
        usual=usual,
        critical_path=found.path,
        ends_at=found.ends_at,
        no_estimate=found.no_estimate,
    )


def _names(names: list[str]) -> str:
    more = len(names) - NAMED_MAX
    return ", ".join(names[:NAMED_MAX]) + (f" and {more} more" if more > 0 else "")


class _Ahead:
    """The rest of a run, played by usual durations: nodes end in the order of time, triggers fire on the way."""

    def __init__(self, run: RunView, usual_s: Mapping[str, float], now: float) -> None:
        self.now = now
        self.usual_s = usual_s
        self.nodes = {node.node_id: node for node in run.nodes}
        self.triggers = {trigger.name: trigger for trigger in run.triggers}
        self.conditions: dict[str, list[tuple[str, str]]] = {name: [] for name in self.triggers}
        """Of each trigger: nodes, and the state of each that it listens for."""
        self.watching: dict[str, dict[str, None]] = {}
        """Of each node the triggers that listen to it."""
        self.actions: dict[str, list[str]] = {name: [] for name in self.triggers}
        for edge in run.edges:
            if edge.source in self.nodes:
                name = edge.destination.removeprefix(TRIGGER_PREFIX)
                self.conditions[name].append((edge.source, edge.label))
                self.watching.setdefault(edge.source, {})[name] = None
            else:
                self.actions[edge.source.removeprefix(TRIGGER_PREFIX)].append(edge.destination)
        self.states = {node_id: NodeState(one.state) for node_id, one in self.nodes.items()}
        self.ends = {
            node_id: one.finished_at
            for node_id, one in self.nodes.items()
            if one.finished_at is not None and self.states[node_id].is_over and not one.carried_from
        }
        self.before = {node_id: self._decider(one) for node_id, one in self.nodes.items()}
        """Of each node the one upon whose end it started; empty: none in this run."""
        self.expected: dict[str, tuple[float, float]] = {}
        self.unknown: list[str] = []
        self._queue: list[tuple[float, int, str]] = []

    def play(self) -> None:
        """Let everything that is at work end, then what that starts, and so on."""
        for node_id, node in self.nodes.items():
            state = self.states[node_id]
            if state is not NodeState.PENDING and not state.is_over:
                has_begun = state.is_active and node.started_at is not None
                self._begin(node_id, node.started_at if has_begun and node.started_at is not None else self.now)
        fired = {name for name, trigger in self.triggers.items() if trigger.state != "WAITING"}
        while self._queue:
            at, _, ended = heappop(self._queue)
            self.states[ended], self.ends[ended] = NodeState.SUCCEEDED, at
            for name in self.watching.get(ended, ()):
                if name in fired or not self._fires(name):
                    continue
                fired.add(name)
                for node_id in self.actions[name]:
                    if self.states[node_id] is NodeState.PENDING and node_id not in self.expected:
                        self.before[node_id] = ended
                        self._begin(node_id, at)

    def _begin(self, node_id: str, at: float) -> None:
        usual_s = self.usual_s.get(node_id)
        if usual_s is None:
            self.unknown.append(self.nodes[node_id].name)
        end = max(self.now, at + (usual_s or 0.0))
        self.expected[node_id] = (at, end)
        heappush(self._queue, (end, len(self.expected), node_id))

    def _fires(self, name: str) -> bool:
        held = [word_holds(word, node_type(NodeId(one)), self.states[one]) for one, word in self.conditions[name]]
        return any(held) if self.triggers[name].logical == "ANY" else all(held)

    def _decider(self, node: NodeView) -> str:
        """Return the node whose end made the trigger of this one fire: the last of those that it needed."""
        trigger = self.triggers.get(node.started_by)
        needed = [one for one in trigger.predecessors if one in self.ends] if trigger is not None else []
        return max(needed, key=self.ends.__getitem__, default="")

    def path(self) -> tuple[str, ...]:
        """Return the chain that ends last: for each node the one before it upon whose end it started."""
        last = max(self.ends, key=self.ends.__getitem__, default="")
        found: dict[str, None] = {}
        while last and last not in found:
            found[last] = None
            last = self.before.get(last, "")
        return tuple(reversed(found))
