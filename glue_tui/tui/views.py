"""The views of the selected workflow or run: which there are, in their order. A view that is not built is not here."""

from __future__ import annotations

from glue_tui.tui.paint import Span, Spans

VIEWS: tuple[tuple[str, str], ...] = (("graph", "Graph"), ("runs", "Runs"))
"""Name and title."""


def next_view(view: str, step: int) -> str:
    """Return the view `step` places on, around the end."""
    names = [name for name, _ in VIEWS]
    return names[(names.index(view) + step) % len(names)]


def tab_spans(view: str) -> Spans:
    """Return the tabs as they stand in the border."""
    spans: list[Span] = []
    for name, title in VIEWS:
        spans += [("  " if spans else "", ""), (title, "accent_strong" if name == view else "muted")]
    return tuple(spans)
