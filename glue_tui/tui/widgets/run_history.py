"""The Runs view: a workflow's history, newest first, with a filter and a mark. Enter puts a run on show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from glue_tui.client.run_times import RunTimes, run_times, times_text
from glue_tui.client.words import counted, duration
from glue_tui.protocol.views import RunSummary
from glue_tui.tui.format import OUTCOME_LOOKS, age, run_look, run_seconds, whole_duration
from glue_tui.tui.model import UiModel
from glue_tui.tui.paint import Span, Spans, columns
from glue_tui.tui.run_facts import is_wanted
from glue_tui.tui.theme import Look
from glue_tui.tui.widgets.filtered import FilteredList

FIRST_RUNS = 200
"""So many runs are asked for at first; more when the cursor gets to the last of them."""
RUNS_MAX = 3_200
"""So many at most; `glue-tui runs` lists the others."""
GROWTH = 4
HEAD_FROM_LINES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRow:
    """One run, with everything that is drawn."""

    summary: RunSummary
    took: str
    when: str
    is_shown: bool
    is_marked: bool


def known_runs(fetched: Sequence[RunSummary], model: UiModel, workflow: str) -> tuple[RunSummary, ...]:
    """Return the runs, newest first: what was fetched, with newer news of the same runs and newer ones of the feed."""
    summaries = {summary.run_id: summary for summary in fetched}
    summaries |= {run.summary.run_id: run.summary for run in model.runs.values() if run.summary.workflow == workflow}
    return tuple(sorted(summaries.values(), key=lambda summary: -summary.number))


def _row(summary: RunSummary, now: float, is_shown: bool, is_marked: bool) -> HistoryRow:
    seconds = run_seconds(summary, now)
    is_over = summary.finished_at is not None
    ended = age(now - (summary.finished_at if summary.finished_at is not None else summary.queued_at))
    return HistoryRow(
        summary=summary,
        took="" if seconds is None else duration(seconds) if is_over else whole_duration(seconds),
        when="" if not is_over else "just now" if ended == "now" else f"{ended} ago",
        is_shown=is_shown,
        is_marked=is_marked,
    )


def _detail(summary: RunSummary) -> list[Span]:
    """Return what is special about a run: what failed, what it goes on from, its own properties, else its message."""
    found: list[Span] = []
    if summary.failed_nodes:
        found.append(("failed: " + ", ".join(summary.failed_nodes), "muted"))
    if (before := summary.resumed) is not None:
        changes = f", {counted(before.changes, 'change')}" if before.changes else ""
        found.append((f"retry of {before.number}" + (" as it ran" if before.as_it_ran else changes), "muted"))
    elif summary.previous_run_id:
        found.append(("a retry", "muted"))
    found += [(f"{name}={value}", "text") for name, value in summary.properties.items()]
    if not found:
        return [(summary.message, "muted")]
    return [span for one in found for span in (("  ", ""), one)][1:]


class RunHistory(FilteredList[HistoryRow]):
    """Inside the view's frame."""

    is_framed = False

    def __init__(self, look: Look, *, id: str) -> None:
        super().__init__(look, id=id)
        self.workflow = ""
        self.runs: tuple[RunSummary, ...] = ()
        """All that are known, whether they are shown or not."""
        self.limit = FIRST_RUNS
        """So many runs are to be asked for."""
        self.marked = ""
        """Id of the run that others are compared with."""
        self._times: RunTimes | None = None
        self._drawn_head: object = None

    @property
    def current_run(self) -> RunSummary | None:
        """Return the run under the cursor."""
        return self.current.summary if self.current is not None else None

    def marked_run(self) -> RunSummary | None:
        """Return the marked run, as long as it is one of this workflow's."""
        return next((run for run in self.runs if run.run_id == self.marked), None)

    def open_workflow(self, workflow: str) -> None:
        """Turn to the history of a workflow; of another one than before nothing is marked or filtered."""
        if workflow != self.workflow:
            self.workflow, self.limit, self.marked, self.filter_text, self._prompt = workflow, FIRST_RUNS, "", "", None
            self.cursor = self.top = 0

    def show_runs(self, runs: tuple[RunSummary, ...], shown_run_id: str, now: float) -> None:
        """Show those of the runs that the filter wants; the cursor stays on its run."""
        at = self.current_run.run_id if self.current_run is not None and self.cursor else ""
        head_rows = self.head_rows
        if runs != self.runs:
            self.runs, self._times = runs, run_times(runs)
        wanted = [run for run in runs if is_wanted(run, self.filter_text)] if self.filter_text else runs
        rows = tuple(_row(run, now, run.run_id == shown_run_id, run.run_id == self.marked) for run in wanted)
        index = next((index for index, run in enumerate(wanted) if run.run_id == at), None) if at else None
        self.show_rows(rows, index)
        if head_rows != self.head_rows:
            self.refresh()
        head = self.head_spans(0, self.inner_width)
        if head != self._drawn_head:
            self._drawn_head = head
            self.refresh_head()

    def wants_more(self, fetched: int) -> bool:
        """Return whether to ask for more runs, and note how many: the cursor is on the last of `fetched`."""
        has_more = fetched >= self.limit < RUNS_MAX
        if not has_more or self.cursor < len(self.rows) - 1:
            return False
        self.limit *= GROWTH
        return True

    # The mark and the filter

    def toggle_mark(self) -> None:
        """Mark the run under the cursor, or take its mark away."""
        run = self.current_run
        if run is not None:
            self.marked = "" if self.marked == run.run_id else run.run_id
            self.after_change()

    def let_go(self) -> None:
        """Show all runs again; where all are shown, take the mark away."""
        if not self.filter_text:
            self.marked = ""
        self.filter_by("")

    # Drawing

    def empty_spans(self) -> Spans:
        return (("no such run" if self.filter_text else "never run: press r", "muted"),)

    @property
    def head_rows(self) -> int:
        is_asked = self._prompt is not None or bool(self.filter_text)
        return 1 if is_asked or (len(self.runs) > 1 and self.inner_height >= HEAD_FROM_LINES) else 0

    def head_spans(self, y: int, width: int) -> Spans:
        if self._prompt is None and not self.filter_text:
            return (("   ", ""), *self._bars(), (f"  {times_text(self._times)}" if self._times else "", "muted"))
        told = f"{len(self.rows)} of {len(self.runs)}{'+' if len(self.runs) >= self.limit else ''} runs  "
        right: list[Span] = [(told, "muted"), ("Esc", "key"), (" all ", "muted")]
        if self._prompt is not None:
            return columns((("   ", ""), *self._prompt.spans(width // 2)), right, width, self.look)
        return columns((("   /", "key"), (self.filter_text, "strong")), right, width, self.look)

    def _bars(self) -> list[Span]:
        drawn: list[Span] = []
        for bar in self._times.bars if self._times is not None else ():
            told = OUTCOME_LOOKS[bar.outcome]
            drawn.append((self.look.glyph(f"level_{bar.level}" if bar.level else told.glyph), told.tone))
        return drawn

    def row_spans(self, row: HistoryRow, width: int) -> Spans:
        run = row.summary
        told = run_look(run)
        left: list[Span] = [
            (self.look.glyph("marked") if row.is_marked else " ", "warn"),
            ((self.look.glyph("closed") if row.is_shown else " ") + " ", "accent"),
            (f"{run.number:>4}  ", "strong"),
            (f"{self.look.glyph(told.glyph)} {told.word:<10} ", told.tone),
            (f"{run.trigger[:16]:<16} ", "trigger"),
            *_detail(run),
        ]
        right: list[Span] = [(f"{row.took:>8} ", "text"), (f"{row.when:>9} ", "muted")]
        return columns(left, right, width, self.look)
