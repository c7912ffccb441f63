"""The Events view: the story of a run, line by line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from glue_tui.protocol.views import StoryLine
from glue_tui.tui.paint import Spans
from glue_tui.tui.widgets.pane import ListPane

_TONES = {"TriggerFired": "trigger", "TriggerRuledOut": "muted", "NodeSkipped": "muted", "PropertiesPut": "muted"}


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRow:
    """One event, with everything that is drawn."""

    time: str
    text: str
    tone: str


def event_rows(story: Iterable[StoryLine], time_zone: tzinfo | None) -> tuple[EventRow, ...]:
    """Return the rows; times as on the wall."""
    return tuple(
        EventRow(
            time=datetime.fromtimestamp(line.at, time_zone).strftime("%H:%M:%S.%f")[:-3],
            text=line.text,
            tone=_tone(line),
        )
        for line in story
    )


def _tone(line: StoryLine) -> str:
    if any(word in line.text for word in ("FAILED", "ERROR", "TIMEOUT", "lost")):
        return "bad"
    return _TONES.get(line.kind, "good" if "SUCCEEDED" in line.text else "text")


class EventList(ListPane[EventRow]):
    """Inside the view's frame."""

    is_framed = False

    def empty_spans(self) -> Spans:
        return (("no run, no events", "muted"),)

    def row_spans(self, row: EventRow, width: int) -> Spans:
        return ((f" {row.time}  ", "muted"), (row.text, row.tone))
