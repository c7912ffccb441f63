"""Two runs beside each other: what differs, node by node and figure by figure, the biggest differences first. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from glue_tui.protocol.plan_views import ChangeView, ScriptView
from glue_tui.protocol.views import NodeView, RunSummary, RunView

NOTABLE_FACTOR = 1.5
"""A figure that grew or shrank by this much stands out, if it is a difference that matters at all:"""
_MATTERS = {
    "took_s": 1.0,
    "cpu_s": 1.0,
    "bytes_in": 100_000,
    "bytes_out": 100_000,
    "peak_memory_bytes": 16_000_000,
}
"""A smaller difference never stands out; of rows and attempts every one may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure in both runs: took_s, attempts, rows_in, rows_out, bytes_in, bytes_out, peak_memory_bytes, cpu_s."""

    name: str
    before: float | None
    after: float | None
    """None: the node has none in that run."""
    is_notable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePair:
    """A node in both runs; a state is empty in the run whose definition has no such node."""

    node_id: str
    name: str
    before: str
    after: str
    before_carried: bool
    after_carried: bool
    """Carried over from a run before: it has no figures of this one."""
    figures: tuple[Figure, ...]
    """Those that either run has; `took_s` is of the last attempt."""
    error_before: str
    error_after: str
    is_notable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyPair:
    """A property that differs; None: that run has none of this name."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionChanges:
    """What became of the workflow's file between two runs, and of the scripts beside it."""

    changes: tuple[ChangeView, ...]
    """The first of them; `changes_total` counts all."""
    changes_total: int
    scripts: tuple[ScriptView, ...]
    """Saved since the earlier run began, or gone: no run keeps a script."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """`before` is the earlier run of the two."""

    before: RunSummary
    after: RunSummary
    took: Figure
    properties: tuple[PropertyPair, ...]
    nodes: tuple[NodePair, ...]
    """Those that stand out first, the biggest difference first; then the others in flow order."""
    definition: DefinitionChanges | None
    """None: it can't be told."""


def last_success_before(runs: Iterable[RunSummary], run: RunSummary) -> RunSummary | None:
    """Return the newest run of the same workflow before `run` in which everything succeeded."""
    found = (
        one
        for one in runs
        if (one.workflow, one.crawler, one.outcome) == (run.workflow, run.crawler, "SUCCEEDED")
        and one.number < run.number
    )
    return max(found, key=lambda one: one.number, default=None)


def compare(one: RunView, other: RunView, definition: DefinitionChanges | None) -> Comparison:
    """Return what differs between two runs, whichever is named first."""
    before, after = sorted((one, other), key=lambda run: run.summary.number)
    nodes_before = {node.node_id: node for node in before.nodes}
    nodes_after = {node.node_id: node for node in after.nodes}
    pairs = [_pair(nodes_before.get(node_id), nodes_after.get(node_id)) for node_id in {**nodes_after, **nodes_before}]
    return Comparison(
        before=before.summary,
        after=after.summary,
        took=_figure("took_s", _run_s(before.summary), _run_s(after.summary)),
        properties=_properties(before.properties, after.properties),
        nodes=tuple(sorted(pairs, key=_rank)),
        definition=definition,
    )


def _rank(pair: NodePair) -> tuple[bool, bool, float]:
    """Return what nodes are sorted by: another state, then something notable by its time, then the flow."""
    took = next((figure for figure in pair.figures if figure.name == "took_s"), None)
    difference_s = abs((took.after or 0.0) - (took.before or 0.0)) if took is not None and pair.is_notable else 0.0
    return (pair.before == pair.after, not pair.is_notable, -difference_s)


def _run_s(run: RunSummary) -> float | None:
    return _span_s(run.started_at, run.finished_at)


def _span_s(started_at: float | None, finished_at: float | None) -> float | None:
    return None if started_at is None or finished_at is None else finished_at - started_at


def _properties(before: dict[str, str], after: dict[str, str]) -> tuple[PropertyPair, ...]:
    return tuple(
        PropertyPair(name=name, before=before.get(name), after=after.get(name))
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    )


def _pair(before: NodeView | None, after: NodeView | None) -> NodePair:
    some = after or before
    assert some is not None
    values_before, values_after = _values(before), _values(after)
    figures = tuple(
        _figure(name, values_before.get(name), values_after.get(name))
        for name in {**_values(some), **values_before, **values_after}
        if values_before.get(name) is not None or values_after.get(name) is not None
    )
    state_before, state_after = before.state if before else "", after.state if after else ""
    return NodePair(
        node_id=some.node_id,
        name=some.name,
        before=state_before,
        after=state_after,
        before_carried=bool(before and before.carried_from),
        after_carried=bool(after and after.carried_from),
        figures=figures,
        error_before=_error(before),
        error_after=_error(after),
        is_notable=state_before != state_after or any(figure.is_notable for figure in figures),
    )


def _values(node: NodeView | None) -> dict[str, float | None]:
    if node is None or node.carried_from:
        return {}
    return {
        "took_s": _span_s(node.started_at, node.finished_at),
        "attempts": node.attempt or None,
        "rows_in": node.rows_in,
        "rows_out": node.rows_out,
        "bytes_in": node.bytes_in,
        "bytes_out": node.bytes_out,
        "peak_memory_bytes": node.peak_memory_bytes or None,
        "cpu_s": node.cpu_s,
    }


def _figure(name: str, before: float | None, after: float | None) -> Figure:
    return Figure(name=name, before=before, after=after, is_notable=_is_notable(name, before, after))


def _is_notable(name: str, before: float | None, after: float | None) -> bool:
    if before is None or after is None or before == after or abs(after - before) < _MATTERS.get(name, 0):
        return False
    small, large = sorted((before, after))
    return name == "attempts" or small <= 0 or large / small >= NOTABLE_FACTOR


def _error(node: NodeView | None) -> str:
    if node is None or node.error is None:
        return ""
    return f"{node.error.type}: {node.error.message.strip().partition(chr(10))[0]}"
