"""All actions, and which one a key means where the focus is."""

from __future__ import annotations

from glue_tui.tui.actions.action import Action
from glue_tui.tui.actions.data import DATA
from glue_tui.tui.actions.events import EVENTS
from glue_tui.tui.actions.logs import LOGS
from glue_tui.tui.actions.looking import LOOKING
from glue_tui.tui.actions.moving import MOVING
from glue_tui.tui.actions.runs import RUNS
from glue_tui.tui.actions.runs_view import RUNS_VIEW
from glue_tui.tui.actions.screen import SCREEN
from glue_tui.tui.actions.triggers import TRIGGERS
from glue_tui.tui.actions.what_if import WHAT_IF
from glue_tui.tui.place import Place

ACTIONS: tuple[Action, ...] = (
    *RUNS,
    *TRIGGERS,
    *LOOKING,
    *WHAT_IF,
    *MOVING,
    *SCREEN,
    *LOGS,
    *DATA,
    *EVENTS,
    *RUNS_VIEW,
)

BY_NAME: dict[str, Action] = {action.name: action for action in ACTIONS}

_OF_KEY: dict[tuple[str, Place | None], Action] = {
    (key, action.place): action for action in ACTIONS for key in action.keys
}


def action_of(key: str, place: Place) -> Action | None:
    """Return what a key does in a place."""
    return _OF_KEY.get((key, place)) or _OF_KEY.get((key, None))


def actions_in(place: Place | None) -> tuple[Action, ...]:
    """Return what is done in that place alone; everywhere for None."""
    return tuple(action for action in ACTIONS if action.place is place)
