"""The views of the selected workflow or run: which there are, in their order. A view that is not built is not here."""

from __future__ import annotations

from enum import StrEnum

from glue_tui.tui.paint import Span, Spans


class View(StrEnum):
    """A view; the value is the id of its widget."""

    GRAPH = "graph"
    TIMELINE = "timeline"
    RUNS = "runs"
    DATA = "data"
    EVENTS = "events"


def next_view(view: View, step: int) -> View:
    """Return the view `step` places on, around the end."""
    views = list(View)
    return views[(views.index(view) + step) % len(views)]


def tab_spans(view: View) -> Spans:
    """Return the tabs as they stand in the border."""
    spans: list[Span] = []
    for one in View:
        spans += [("  " if spans else "", ""), (one.value.capitalize(), "accent_strong" if one is view else "muted")]
    return tuple(spans)


def tab_at(x: int) -> View | None:
    """Return the tab that `tab_spans` draws at cell `x`."""
    start = 0
    for one in View:
        if start <= x < start + len(one.value):
            return one
        start += len(one.value) + 2
    return None
