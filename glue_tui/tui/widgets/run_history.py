"""The Runs view: a workflow's history, newest first; Enter puts a run on show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from glue_tui.client.words import counted, duration
from glue_tui.protocol.views import RunSummary
from glue_tui.tui.format import age, run_look, run_seconds, whole_duration
from glue_tui.tui.model import UiModel
from glue_tui.tui.paint import Span, Spans, columns
from glue_tui.tui.widgets.pane import ListPane


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRow:
    """One run, with everything that is drawn."""

    run_id: str
    number: int
    glyph: str
    word: str
    tone: str
    trigger: str
    detail: str
    took: str
    when: str
    is_shown: bool


def history_rows(
    fetched: Sequence[RunSummary], model: UiModel, workflow: str, shown_run_id: str, now: float
) -> tuple[HistoryRow, ...]:
    """Return the rows: what was fetched, with newer news of the same runs and newer runs from the feed."""
    summaries = {summary.run_id: summary for summary in fetched}
    summaries |= {run.summary.run_id: run.summary for run in model.runs.values() if run.summary.workflow == workflow}
    newest_first = sorted(summaries.values(), key=lambda summary: -summary.number)
    return tuple(_row(summary, shown_run_id, now) for summary in newest_first)


def _row(summary: RunSummary, shown_run_id: str, now: float) -> HistoryRow:
    told = run_look(summary)
    seconds = run_seconds(summary, now)
    is_over = summary.finished_at is not None
    ended = age(now - (summary.finished_at if summary.finished_at is not None else summary.queued_at))
    return HistoryRow(
        run_id=summary.run_id,
        number=summary.number,
        glyph=told.glyph,
        word=told.word,
        tone=told.tone,
        trigger=summary.trigger,
        detail=_detail(summary),
        took="" if seconds is None else duration(seconds) if is_over else whole_duration(seconds),
        when="" if not is_over else "just now" if ended == "now" else f"{ended} ago",
        is_shown=summary.run_id == shown_run_id,
    )


def _detail(summary: RunSummary) -> str:
    if summary.failed_nodes:
        return "failed: " + ", ".join(summary.failed_nodes)
    if (before := summary.resumed) is not None:
        changes = f", {counted(before.changes, 'change')}" if before.changes else ""
        return f"retry of {before.number}" + (" as it ran" if before.as_it_ran else changes)
    if summary.previous_run_id:
        return "a retry"
    return summary.message


class RunHistory(ListPane[HistoryRow]):
    """Inside the view's frame."""

    is_framed = False

    def empty_spans(self) -> Spans:
        return (("never run: press r", "muted"),)

    def row_spans(self, row: HistoryRow, width: int) -> Spans:
        mark = self.look.glyph("closed") if row.is_shown else " "
        left: list[Span] = [
            (f" {mark} ", "accent"),
            (f"{row.number:>4}  ", "strong"),
            (f"{self.look.glyph(row.glyph)} {row.word:<10} ", row.tone),
            (f"{row.trigger[:16]:<16} ", "trigger"),
            (row.detail, "muted"),
        ]
        right: list[Span] = [(f"{row.took:>8} ", "text"), (f"{row.when:>9} ", "muted")]
        return columns(left, right, width, self.look)
