"""The Events view: the story of a run, line by line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from glue_tui.protocol.views import StoryLine
from glue_tui.tui.paint import Spans, wrap
from glue_tui.tui.widgets.pane import ListPane

_NOTIFICATION_TONES = {
    "NotificationSent": "muted",
    "NotificationPending": "warn",
    "NotificationFailed": "bad",
    "NotificationMissed": "warn",
}
"""Their texts name the outcome that they tell, which is not theirs."""
_TONES = {
    "TriggerFired": "trigger",
    "TriggerRuledOut": "muted",
    "NodeSkipped": "muted",
    "PropertiesPut": "muted",
    "DelayNoticed": "warn",
    "DeadlinesShifted": "warn",
}

TIME_CELLS = 12
TEXT_CELLS_MIN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """One event or, without a time, the rest of a long one, with everything that is drawn."""

    time: str
    text: str
    tone: str


def event_rows(story: Iterable[StoryLine], time_zone: tzinfo | None, width: int) -> tuple[EventRow, ...]:
    """Return the rows, as many for an event as its text takes in `width` cells; times as on the wall."""
    return tuple(
        EventRow(
            time="" if index else datetime.fromtimestamp(line.at, time_zone).strftime("%H:%M:%S.%f")[:-3],
            text=text,
            tone=_tone(line),
        )
        for line in story
        for index, text in enumerate(wrap(line.text, max(TEXT_CELLS_MIN, width - TIME_CELLS - 4)))
    )


def _tone(line: StoryLine) -> str:
    if line.kind in _NOTIFICATION_TONES:
        return _NOTIFICATION_TONES[line.kind]
    if any(word in line.text for word in ("FAILED", "ERROR", "TIMEOUT", "lost")):
        return "bad"
    return _TONES.get(line.kind, "good" if "SUCCEEDED" in line.text else "text")


class EventList(ListPane[EventRow]):
    """Inside the view's frame."""

    is_framed = False

    def empty_spans(self) -> Spans:
        return (("no run, no events", "muted"),)

    def row_spans(self, row: EventRow, width: int) -> Spans:
        return ((f" {row.time:<{TIME_CELLS}}  ", "muted"), (row.text, row.tone))
