"""The keys, made from the action table; greyed with the reason where one is not possible now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from glue_tui.tui.paint import Spans, wrap_spans
from glue_tui.tui.place import Place
from glue_tui.tui.screens.sheet import Sheet
from glue_tui.tui.selection import Looked
from glue_tui.tui.theme import Look

if TYPE_CHECKING:
    from glue_tui.tui.actions.action import Action

KEY_CELLS = 8


class HelpScreen(Sheet[bool]):
    """Lists every key; those of the place that has the focus first."""

    def __init__(self, look: Look, actions: Sequence[Action], looked: Looked, place: Place) -> None:
        super().__init__(
            look, title=(("keys", "accent_strong"),), hints=(("j k", "scroll"), (":", "commands"), ("Esc", "close"))
        )
        self.actions = actions
        self.looked = looked
        self.place = place

    def lines(self, width: int) -> tuple[Spans, ...]:
        lines: list[Spans] = []
        for title, actions in self._sections():
            lines += [(), ((title, "accent"),)]
            lines += [row for action in actions for row in self._action(action, width)]
        return (*lines, ())

    def _sections(self) -> list[tuple[str, list[Action]]]:
        """Return what can be done here, everywhere, and elsewhere; here without the keys that mean something else."""
        at = {place: [one for one in self.actions if one.place is place] for place in (None, *Place)}
        taken = {key for one in at[self.place] for key in one.keys}
        everywhere = [one for one in at[None] if not taken.issuperset(one.keys)]
        groups = {
            group: [one for one in everywhere if one.group == group] for group in (one.group for one in everywhere)
        }
        places = [self.place, *(place for place in Place if place is not self.place)]
        titled = [(f"In the {place}", at[place]) for place in places if at[place]]
        here = 1 if at[self.place] else 0
        return [*titled[:here], *groups.items(), *titled[here:]]

    def _action(self, action: Action, width: int) -> list[Spans]:
        reason = action.refusal(self.looked)
        rows = self._row(action.shown, action.help, "muted" if reason else "text", width)
        if reason:
            rows += self._row("", f"not now: {reason}", "warn", width)
        elif action.cli is not None:
            rows += self._row("", "$ " + action.cli(self.looked), "muted", width)
        return rows

    def _row(self, key: str, text: str, tone: str, width: int) -> list[Spans]:
        key = self.look.plain(key)
        rows = wrap_spans(((text, tone),), width - KEY_CELLS, 0)
        pad = (" " * KEY_CELLS, "")
        return [((key.ljust(KEY_CELLS), "key"), *rows[0]), *((pad, *row) for row in rows[1:])]
