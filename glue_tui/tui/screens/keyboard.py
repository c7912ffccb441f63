"""From keys to actions: which one a key means, and what becomes of keys typed while one is at work."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from textual import events
from textual.screen import Screen

from glue_tui.core.problem import GlueTuiError
from glue_tui.tui.actions.action import Action
from glue_tui.tui.actions.table import action_of
from glue_tui.tui.place import place_of
from glue_tui.tui.widgets.pane import Pane

if TYPE_CHECKING:
    from glue_tui.tui.screens.main import MainScreen


class Keyboard:
    """The keys of the main screen, in the order in which they were typed.

    Not bindings: keys that come in one go are sent to what has the focus when they come. Here each goes to what has it
    once the keys before it have been obeyed: a pane that asks for text, a dialog that an action opens.
    """

    def __init__(self, screen: MainScreen) -> None:
        self._screen = screen
        self._awaits_g = False
        self._held: list[events.Key] | None = None

    def take(self, event: events.Key) -> None:
        """Obey a key, hand it to the dialog that is open, or hold it until an action has opened its dialog."""
        screen = self._screen
        if screen.glue.screen is not screen:
            screen.glue.screen.post_message(events.Key(event.key, event.character))
        elif self._held is not None:
            self._held.append(event)
        elif not (isinstance(screen.focused, Pane) and screen.focused.take_key(event)):
            self._obey(event)

    def perform(self, action: Action) -> None:
        """Run an action of the table, or say why not."""
        rest = self.begin(action)
        if rest is not None:
            self.hold()
            self._screen.run_worker(self._finish(rest), exit_on_error=True)

    def begin(self, action: Action) -> Coroutine[None, None, None] | None:
        """Begin an action where it is at home; return what is left to wait for. Says why it is not possible."""
        screen = self._screen
        looked = screen.looked
        if reason := action.refusal(looked):
            screen.say(reason, tone="warn")
            return None
        if action.place is not None and action.place is not place_of(screen.selection):
            screen.go_to_place(action.place)
            looked = screen.looked
        return action.perform(screen, looked)

    def hold(self) -> None:
        """Keep what is typed from now on."""
        self._held = self._held or []

    def release(self, screen: Screen[Any]) -> None:
        """Hand what was kept to a dialog, or back to the main screen."""
        held, self._held = self._held, None
        for event in held or ():
            screen.post_message(events.Key(event.key, event.character))

    def _obey(self, event: events.Key) -> None:
        screen = self._screen
        awaited, self._awaits_g = self._awaits_g, event.key == "g" and not self._awaits_g
        screen.clear_notice()
        if event.key == "g" and awaited:
            screen.move_cursor("top")
        elif (action := action_of(event.key, place_of(screen.selection))) is not None:
            self.perform(action)

    async def _finish(self, rest: Coroutine[None, None, None]) -> None:
        try:
            await rest
        except GlueTuiError as error:
            self._screen.say(str(error), tone="bad")
        finally:
            self.release(self._screen)
