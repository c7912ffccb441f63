"""The Timeline view: one row per attempt of a node, bars to scale below an axis of time, waiting before running.

Behind each bar stands how long the node usually takes; what has not begun stands where it is expected.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from glue_tui.client.forecast import Forecast, is_slow
from glue_tui.client.words import duration
from glue_tui.protocol.views import AttemptView, NodeView, RunView
from glue_tui.tui.format import left_text, node_look, whole_duration
from glue_tui.tui.model import is_over
from glue_tui.tui.paint import Span, Spans, columns, cut
from glue_tui.tui.widgets.pane import ListPane

NAME_CELLS_MAX = 24
BAR_CELLS_MIN = 10
TICK_CELLS_MIN = 10
"""From one mark of the axis to the next."""
TICKS_S = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200)
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineRow:
    """`queued`, `started`, `ended` and `usual` are shares of the run's whole time, 0–1; None: not yet, or not known.

    While something is going, `ended` is now.
    """

    node_id: str
    label: str
    glyph: str
    tone: str
    queued: float | None
    started: float | None
    ended: float | None
    usual: float | None = None
    """Where it usually ends, from its start."""
    is_expected: bool = False
    """It has not begun: all of it is a guess."""
    is_critical: bool = False
    """It is one of those that decide when the run ends."""
    took: str
    is_slow: bool = False
    name_cells: int = 0
    took_cells: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """What stands above the rows."""

    whole_s: float = 0.0
    note: str = ""
    name_cells: int = 0
    took_cells: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """The time that the bars stand for."""

    start: float
    now: float
    whole_s: float

    def share(self, at: float | None) -> float | None:
        return None if at is None else max(0.0, min(1.0, (at - self.start) / self.whole_s))


def timeline_rows(
    run: RunView | None, now: float, usual_s: Mapping[str, float] | None = None, ahead: Forecast | None = None
) -> tuple[TimelineRow, ...]:
    """Return the rows of a run, in its order."""
    span = _span(run, now, ahead)
    if run is None or span is None:
        return ()
    ahead = ahead or Forecast()
    rows = [
        _row(node, attempt, span, (usual_s or {}).get(node.node_id), ahead)
        for node in run.nodes
        for attempt in _tries(node)
    ]
    name_cells = min(NAME_CELLS_MAX, max((len(row.label) for row in rows), default=0))
    took_cells = max((len(row.took) for row in rows), default=0)
    return tuple(replace(row, name_cells=name_cells, took_cells=took_cells) for row in rows)


def timeline_axis(run: RunView | None, rows: tuple[TimelineRow, ...], now: float, ahead: Forecast) -> Axis:
    """Return the axis above these rows."""
    span = _span(run, now, ahead)
    if run is None or span is None or not rows:
        return Axis()
    note = left_text(ahead.ends_at, now) or ("no estimate" if ahead.no_estimate else "")
    return Axis(whole_s=span.whole_s, note=note, name_cells=rows[0].name_cells, took_cells=rows[0].took_cells)


def ticks(whole_s: float, cells: int) -> tuple[tuple[int, str], ...]:
    """Return the marks of an axis, each with its cell and its words, none nearer to another than `TICK_CELLS_MIN`."""
    least_s = whole_s * TICK_CELLS_MIN / max(1, cells)
    step_s = next((step for step in TICKS_S if step >= least_s), 0.0) or DAY_S * max(1, -(-least_s // DAY_S))
    count = int(whole_s / step_s)
    return tuple((int(index * step_s / whole_s * cells), _tick_text(index * step_s)) for index in range(count + 1))


def _tick_text(seconds: float) -> str:
    return f"{round(seconds, 2):g}s" if seconds < 60 else duration(seconds)


def _span(run: RunView | None, now: float, ahead: Forecast | None) -> _Span | None:
    if run is None or run.summary.started_at is None:
        return None
    end = run.summary.finished_at if is_over(run) and run.summary.finished_at is not None else now
    last = max(end, ahead.ends_at) if ahead is not None and ahead.ends_at is not None else end
    start = run.summary.started_at
    return _Span(start=start, now=end, whole_s=max(last - start, 0.001))


def _tries(node: NodeView) -> tuple[AttemptView | None, ...]:
    return node.attempts or (None,)


def _label(node: NodeView, attempt: AttemptView | None) -> str:
    return f"{node.name} try {attempt.attempt}" if attempt is not None and len(node.attempts) > 1 else node.name


def _row(
    node: NodeView, attempt: AttemptView | None, span: _Span, usual_s: float | None, ahead: Forecast
) -> TimelineRow:
    is_last = attempt is None or attempt is node.attempts[-1]
    times = node if attempt is None else attempt
    told = node_look(node.state if is_last or attempt is None else attempt.state)
    expected = ahead.expected.get(node.node_id)
    is_expected = times.queued_at is None and times.started_at is None and expected is not None
    started, ended = expected if is_expected and expected is not None else (times.started_at, times.finished_at)
    took_s = None if started is None else (ended or span.now) - started
    took = told.word
    if node.carried_from:
        took = "kept"
    elif took_s is not None:
        is_whole = times.finished_at is None and not is_expected
        took = whole_duration(took_s) if is_whole else duration(took_s)
    slow = not is_expected and took_s is not None and is_slow(took_s, usual_s)
    if slow and took_s is not None and usual_s:
        took += f" ×{took_s / usual_s:.2g}" if took_s / usual_s < 10 else f" ×{took_s / usual_s:.0f}"
    return TimelineRow(
        node_id=node.node_id,
        label=_label(node, attempt),
        glyph=told.glyph,
        tone=told.tone,
        queued=span.share(times.queued_at),
        started=span.share(started),
        ended=span.share(span.now if ended is None and times.queued_at is not None else ended),
        usual=span.share(_usual_end(times, usual_s, expected)),
        is_expected=is_expected,
        is_critical=node.node_id in ahead.path,
        took=f"~{took}" if is_expected else took,
        is_slow=slow,
    )


def _usual_end(
    times: NodeView | AttemptView, usual_s: float | None, expected: tuple[float, float] | None
) -> float | None:
    """Return when something that has begun usually ends, and what waits is expected to end."""
    if times.started_at is not None:
        return None if usual_s is None else times.started_at + usual_s
    return expected[1] if times.queued_at is not None and expected is not None and times.finished_at is None else None


class Timeline(ListPane[TimelineRow]):
    """Inside the view's frame; its cursor picks the node."""

    is_framed = False
    axis = Axis()

    def show(self, rows: tuple[TimelineRow, ...], cursor: int | None, axis: Axis) -> None:
        """Show a run's rows below their axis."""
        is_new = axis != self.axis
        self.axis = axis
        self.show_rows(rows, cursor)
        if is_new:
            self.refresh_head()

    @property
    def head_rows(self) -> int:
        return 1 if self.rows and self.size.height > 1 else 0

    def head_spans(self, y: int, width: int) -> Spans:
        axis, look = self.axis, self.look
        cells = _bar_cells(axis.name_cells, axis.took_cells, width)
        line = [" "] * max(0, cells)
        for cell, text in ticks(axis.whole_s, cells) if cells >= BAR_CELLS_MIN and axis.whole_s else ():
            mark = look.glyph("branch") + text
            if cell + len(mark) <= cells:
                line[cell : cell + len(mark)] = mark
        left: list[Span] = [(cut(f" {axis.note}", axis.name_cells + 4, look).ljust(axis.name_cells + 5), "accent")]
        return columns([*left, ("".join(line), "muted")], [("took ", "muted")], width, look)

    def empty_spans(self) -> Spans:
        return (("never run: press r", "muted"),)

    def row_spans(self, row: TimelineRow, width: int) -> Spans:
        name = cut(row.label, row.name_cells, self.look).ljust(row.name_cells)
        left: list[Span] = [
            (self.look.glyph("critical") if row.is_critical else " ", "accent"),
            (f"{self.look.glyph(row.glyph)} ", row.tone),
            (name + "  ", "muted" if row.is_expected else "text"),
        ]
        tone = "warn" if row.is_slow else "muted" if row.tone == "good" else row.tone
        cells = _bar_cells(row.name_cells, row.took_cells, width)
        bar = self._bar(row, cells) if cells >= BAR_CELLS_MIN else []
        return columns([*left, *bar], [(f" {row.took:>{row.took_cells}} ", tone)], width, self.look)

    def _bar(self, row: TimelineRow, cells: int) -> list[Span]:
        if row.queued is None and row.started is None:
            return []
        first = row.queued if row.queued is not None else row.started or 0.0
        begin = min(cells - 1, int(first * cells))
        upto = cells if row.ended is None else round(row.ended * cells)
        run_from = max(begin, upto) if row.started is None else min(cells - 1, int(row.started * cells))
        run_to = run_from if row.started is None else max(run_from + 1, upto)
        return [(" " * begin, ""), (self.look.glyph("bar_wait") * (min(run_from, run_to) - begin), "muted")] + (
            [(self.look.glyph("bar_empty") * (run_to - run_from), "muted")]
            if row.is_expected
            else self._run_bar(row, run_from, run_to, cells)
        )

    def _run_bar(self, row: TimelineRow, run_from: int, run_to: int, cells: int) -> list[Span]:
        """Return the bar of a run, with a mark where it usually ends, or on to there where it ended sooner."""
        full, usual_to = self.look.glyph("bar_full"), run_to
        if row.usual is not None:
            usual_to = max(run_from + 1, round(row.usual * cells))
        if usual_to >= run_to:
            return [
                (full * (run_to - run_from), row.tone),
                (self.look.glyph("bar_empty") * (usual_to - run_to), "faint"),
            ]
        before = full * (usual_to - run_from - 1)
        return [(before + self.look.glyph("bar_usual") + full * (run_to - usual_to), row.tone)]


def _bar_cells(name_cells: int, took_cells: int, width: int) -> int:
    return width - name_cells - 5 - took_cells - 3
