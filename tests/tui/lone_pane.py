"""A pane by itself that obeys the program's own table of keys, as far as that needs no engine."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from textual import events
from textual.app import App
from textual.keys import _character_to_key

from glue_tui.tui.actions.table import action_of
from glue_tui.tui.host import Host
from glue_tui.tui.place import Place
from glue_tui.tui.selection import Looked
from glue_tui.tui.widgets.pane import Pane


def obey(app: App[Any], pane: Any, place: Place, event: events.Key) -> None:
    """Do what a key means in `place`; `gg` is two keys that the main screen puts together."""
    event.stop()
    if isinstance(pane, Pane) and pane.take_key(event):
        return
    key = event.key if len(event.key) > 1 else _character_to_key(event.key)
    action = action_of(key, place)
    if key == "g":
        pane.move_cursor("top")
    elif action is not None:
        host = SimpleNamespace(logs=pane, move_cursor=pane.move_cursor)
        action.perform(cast(Host, host), cast(Looked, None))
