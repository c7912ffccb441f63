"""The keys, made from the action table; greyed with the reason where one is not possible now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from glue_tui.tui.paint import Spans, wrap_spans
from glue_tui.tui.screens.sheet import Sheet
from glue_tui.tui.selection import Looked
from glue_tui.tui.theme import Look

if TYPE_CHECKING:
    from glue_tui.tui.actions import Action

KEY_CELLS = 8


class HelpScreen(Sheet[bool]):
    """Lists every key; those of the focused pane first."""

    def __init__(
        self,
        look: Look,
        actions: Sequence[Action],
        looked: Looked,
        own: tuple[tuple[str, str], ...] = (),
        pane: str = "",
    ) -> None:
        super().__init__(
            look, title=(("keys", "accent_strong"),), hints=(("j k", "scroll"), (":", "commands"), ("Esc", "close"))
        )
        self.actions = actions
        self.looked = looked
        self.own = own
        self.pane = pane

    def lines(self, width: int) -> tuple[Spans, ...]:
        lines: list[Spans] = []
        if self.own:
            lines += [(), ((f"In the {self.pane}", "accent"),)]
            lines += [row for key, text in self.own for row in self._row(key, text, "text", width)]
        for group in dict.fromkeys(action.group for action in self.actions):
            lines += [(), ((group, "accent"),)]
            for action in self.actions:
                if action.group == group:
                    lines += self._action(action, width)
        return (*lines, ())

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
