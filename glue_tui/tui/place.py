"""Where the focus is, a pane or the view that is up: keys may mean something of their own there."""

from __future__ import annotations

from enum import StrEnum

from glue_tui.tui.selection import Selection


class Place(StrEnum):
    """The panes by their ids, and in place of the pane of views its views by theirs."""

    WORKFLOWS = "workflows"
    TRIGGERS = "triggers"
    LOGS = "logs"
    GRAPH = "graph"
    TIMELINE = "timeline"
    RUNS = "runs"
    DATA = "data"
    EVENTS = "events"

    @property
    def is_view(self) -> bool:
        return self not in (Place.WORKFLOWS, Place.TRIGGERS, Place.LOGS)


def place_of(selection: Selection) -> Place:
    """Return where the focus is."""
    return Place(selection.view.value if selection.pane == "view" else selection.pane)
