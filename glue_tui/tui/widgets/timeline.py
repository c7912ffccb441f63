"""The Timeline view: one row per attempt of a node, bars to scale, waiting before running."""

from __future__ import annotations

from dataclasses import dataclass

from glue_tui.client.words import duration
from glue_tui.protocol.views import AttemptView, NodeView, RunView
from glue_tui.tui.format import node_look, whole_duration
from glue_tui.tui.model import is_over
from glue_tui.tui.paint import Span, Spans, columns, cut
from glue_tui.tui.widgets.pane import ListPane

NAME_CELLS_MAX = 24
BAR_CELLS_MIN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineRow:
    """`queued`, `started` and `ended` are shares of the run's whole time, 0–1; None: not yet."""

    node_id: str
    label: str
    glyph: str
    tone: str
    queued: float | None
    started: float | None
    ended: float | None
    took: str
    name_cells: int


def timeline_rows(run: RunView | None, now: float) -> tuple[TimelineRow, ...]:
    """Return the rows of a run, in its order."""
    if run is None or run.summary.started_at is None:
        return ()
    start = run.summary.started_at
    end = run.summary.finished_at if is_over(run) and run.summary.finished_at is not None else now
    whole_s = max(end - start, 0.001)
    labels = [(node, attempt) for node in run.nodes for attempt in _attempts(node)]
    name_cells = min(NAME_CELLS_MAX, max((len(_label(node, attempt)) for node, attempt in labels), default=0))
    return tuple(_row(node, attempt, start, end, whole_s, name_cells) for node, attempt in labels)


def _attempts(node: NodeView) -> tuple[AttemptView | None, ...]:
    return node.attempts or (None,)


def _label(node: NodeView, attempt: AttemptView | None) -> str:
    return f"{node.name} try {attempt.attempt}" if attempt is not None and len(node.attempts) > 1 else node.name


def _row(
    node: NodeView, attempt: AttemptView | None, start: float, end: float, whole_s: float, name_cells: int
) -> TimelineRow:
    is_last = attempt is None or attempt is node.attempts[-1]
    times = node if attempt is None else attempt
    told = node_look(node.state if is_last or attempt is None else attempt.state)
    took_s = None if times.started_at is None else (times.finished_at or end) - times.started_at
    took = told.word if took_s is None else duration(took_s) if times.finished_at else whole_duration(took_s)

    def share(at: float | None) -> float | None:
        return None if at is None or node.carried_from else max(0.0, min(1.0, (at - start) / whole_s))

    return TimelineRow(
        node_id=node.node_id,
        label=_label(node, attempt),
        glyph=told.glyph,
        tone=told.tone,
        queued=share(times.queued_at),
        started=share(times.started_at),
        ended=share(times.finished_at),
        took="kept" if node.carried_from else took,
        name_cells=name_cells,
    )


class Timeline(ListPane[TimelineRow]):
    """Inside the view's frame; its cursor picks the node."""

    is_framed = False

    def empty_spans(self) -> Spans:
        return (("never run: press r", "muted"),)

    def row_spans(self, row: TimelineRow, width: int) -> Spans:
        name = cut(row.label, row.name_cells, self.look).ljust(row.name_cells)
        left: list[Span] = [(f" {self.look.glyph(row.glyph)} ", row.tone), (name + "  ", "text")]
        right: list[Span] = [(f" {row.took:>9} ", "muted" if row.tone == "good" else row.tone)]
        room = width - row.name_cells - 5 - 12
        bar = self._bar(row, room) if room >= BAR_CELLS_MIN else []
        return columns([*left, *bar], right, width, self.look)

    def _bar(self, row: TimelineRow, cells: int) -> list[Span]:
        if row.queued is None and row.started is None:
            return []
        first = row.queued if row.queued is not None else row.started or 0.0
        begin = min(cells - 1, int(first * cells))
        run_from = cells if row.started is None else min(cells - 1, int(row.started * cells))
        run_to = cells if row.ended is None else max(run_from + 1, round(row.ended * cells))
        return [
            (" " * begin, ""),
            (self.look.glyph("bar_wait") * (min(run_from, run_to) - begin), "muted"),
            (self.look.glyph("bar_full") * (run_to - run_from), row.tone),
        ]
