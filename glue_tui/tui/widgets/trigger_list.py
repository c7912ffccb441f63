"""The trigger list: the selected workflow's triggers, then how the other workflows start. Rows are pure values."""

from __future__ import annotations

from dataclasses import dataclass

from glue_tui.protocol.views import RunView, TriggerRunView, TriggerView
from glue_tui.tui.format import trigger_glyph, trigger_note
from glue_tui.tui.model import UiModel, is_over
from glue_tui.tui.paint import Span, Spans, columns, width_of
from glue_tui.tui.selection import Selection, shown_run
from glue_tui.tui.widgets.pane import ListPane

MARK = "! "
"""Before what is said of a trigger of which there is more to know: its detail and `w` tell what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerRow:
    """One line of the list; a heading has no name."""

    workflow: str
    name: str
    glyph: str = ""
    tone: str = "trigger"
    note: Spans = ()
    is_paused: bool = False
    is_elsewhere: bool = False
    """It belongs to another workflow than the selected one."""


def trigger_rows(model: UiModel, selection: Selection, now: float) -> tuple[TriggerRow, ...]:
    """Return the rows of the list."""
    workflow = model.workflow(selection.workflow)
    run = shown_run(model, selection)
    rows = [_row(trigger, run, now) for trigger in workflow.triggers] if workflow else []
    others = [
        _row(trigger, None, now, is_elsewhere=True)
        for other in model.workflows
        if other.name != selection.workflow
        for trigger in other.triggers
        if trigger.type != "CONDITIONAL"
    ]
    if rows and others:
        rows.append(TriggerRow(workflow="", name=""))
    return (*rows, *others)


def _row(trigger: TriggerView, run: RunView | None, now: float, *, is_elsewhere: bool = False) -> TriggerRow:
    is_paused = trigger.state == "DEACTIVATED"
    in_run = next((one for one in run.triggers if one.name == trigger.name), None) if run else None
    return TriggerRow(
        workflow=trigger.workflow,
        name=trigger.name,
        glyph="paused" if is_paused else trigger_glyph(trigger.type, trigger.logical),
        tone="muted" if is_paused else "trigger",
        note=((MARK, "warn"), *_note(trigger, run, in_run, now)) if trigger.notes else _note(trigger, run, in_run, now),
        is_paused=is_paused,
        is_elsewhere=is_elsewhere,
    )


def _note(trigger: TriggerView, run: RunView | None, in_run: TriggerRunView | None, now: float) -> Spans:
    """Return the next fire, the batch, or what the predicate has come to in the run on show."""
    if trigger.type == "CONDITIONAL" and run is not None and in_run is not None:
        tally = f"{in_run.met}/{in_run.total} "
        match in_run.state:
            case "FIRED":
                return ((tally, "good"), ("fired", "good"))
            case "NEVER":
                return ((tally, "bad"), ("never", "bad"))
            case _ if trigger.state == "DEACTIVATED":
                return (("paused", "muted"),)
            case _:
                return ((tally, "muted"), ("waits" if not is_over(run) else "not fired", "muted"))
    note = trigger_note(trigger, now)
    if trigger.state == "DEACTIVATED" or trigger.type in ("ON_DEMAND", "CONDITIONAL"):
        return ((note, "muted"),)
    if trigger.type == "EVENT":
        head, *rest = note.split(" · ")
        return ((head, "running" if trigger.batch_files else "muted"), *((f" · {part}", "muted") for part in rest))
    return ((note, "text"),)


class TriggerList(ListPane[TriggerRow]):
    """Every way a run can start, and what each trigger waits for."""

    def is_selectable(self, row: TriggerRow) -> bool:
        return row.name != ""

    def empty_spans(self) -> Spans:
        return (("no triggers", "muted"),)

    def row_spans(self, row: TriggerRow, width: int) -> Spans:
        if not row.name:
            return ((" other workflows", "faint+muted"),)
        left: list[Span] = [
            (" " + self.look.glyph(row.glyph) + " ", row.tone),
            (row.name, "muted" if row.is_paused else "text"),
        ]
        note = list(row.note)
        while len(note) > 1 and width_of(left) + width_of(note) + 2 > width:
            note.pop()
        whose: Span = (f"  {row.workflow}", "faint+muted")
        if row.is_elsewhere and width_of([*left, whose, *note]) + 2 <= width:
            left.append(whose)
        return columns(left, (*note, (" ", "")), width, self.look)
