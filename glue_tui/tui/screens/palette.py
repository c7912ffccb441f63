"""The command palette: every action by name, and every workflow to go to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import events

from glue_tui.tui.paint import Span, Spans, columns
from glue_tui.tui.screens.sheet import Sheet
from glue_tui.tui.selection import Looked
from glue_tui.tui.text_field import TextField, field_spans
from glue_tui.tui.theme import Look

if TYPE_CHECKING:
    from glue_tui.tui.actions.action import Action

ROWS_MAX = 14
NOT_LISTED = "Moving"
"""The group whose actions make sense as keys only."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: an action's name, or `go WORKFLOW`."""

    name: str
    label: str
    help: str
    key: str = ""
    reason: str = ""


def palette_entries(actions: Sequence[Action], looked: Looked) -> tuple[Entry, ...]:
    """Return everything the palette offers."""
    verbs = tuple(
        Entry(action.name, action.label, action.help, action.shown, action.refusal(looked))
        for action in actions
        if action.group != NOT_LISTED and action.name != "palette"
    )
    places = tuple(
        Entry(f"go {workflow.name}", f"go {workflow.name}", workflow.description or workflow.source)
        for workflow in looked.model.workflows
    )
    return verbs + places


def matching(entries: Sequence[Entry], text: str) -> tuple[Entry, ...]:
    """Return the entries that fit what was typed: label starts with it, contains it, has its letters in order."""
    wanted = text.strip().lower()
    if not wanted:
        return tuple(entries)
    ranked = [(rank, index, one) for index, one in enumerate(entries) if (rank := _rank(one, wanted)) is not None]
    return tuple(one for _, _, one in sorted(ranked, key=lambda found: found[:2]))


def _rank(entry: Entry, wanted: str) -> int | None:
    label = entry.label.lower()
    if label.startswith(wanted):
        return 0
    if wanted in label:
        return 1
    if wanted in entry.help.lower():
        return 2
    letters = iter(label)
    return 3 if all(letter in letters for letter in wanted) else None


class PaletteScreen(Sheet[str]):
    """Answers with the entry's name."""

    def __init__(self, look: Look, actions: Sequence[Action], looked: Looked) -> None:
        super().__init__(
            look,
            title=(("commands", "accent_strong"),),
            hints=(("Enter", "do it"), ("Esc", "leave")),
        )
        self.entries = palette_entries(actions, looked)
        self.field = TextField()
        self.cursor = 0

    def lines(self, width: int) -> tuple[Spans, ...]:
        found = matching(self.entries, self.field.text)
        prompt: Spans = (("> ", "key"), *field_spans(self.field, self.look, width - 2, is_active=True))
        first = max(0, self.cursor - ROWS_MAX + 1)
        rows = [self._row(entry, width) for entry in found[first : first + ROWS_MAX]]
        self.box.marked = 2 + self.cursor - first if found else -1
        if not found:
            rows = [(("no such command", "muted"),)]
        blank: list[Spans] = [((" " * width, ""),)] * (min(ROWS_MAX, len(self.entries)) - len(rows))
        return (prompt, (), *rows, *blank)

    def _row(self, entry: Entry, width: int) -> Spans:
        tone = "faint+muted" if entry.reason else "strong"
        said = entry.reason or entry.help
        left: list[Span] = [(entry.label.ljust(16) + " ", tone), (said, "warn" if entry.reason else "muted")]
        return columns(left, ((entry.key, "key"),), width, self.look)

    def take_key(self, event: events.Key) -> None:
        found = matching(self.entries, self.field.text)
        match event.key:
            case "escape":
                self.dismiss(None)
            case "enter":
                if found:
                    self.dismiss(found[self.cursor].name)
            case "down" | "ctrl+n" | "tab":
                self.cursor = min(self.cursor + 1, len(found) - 1)
            case "up" | "ctrl+p" | "shift+tab":
                self.cursor = max(0, self.cursor - 1)
            case _:
                edited = self.field.edited(event.key, event.character)
                if edited is None:
                    return
                self.field, self.cursor = edited, 0
        if self.is_current:
            self.refill()

    def on_paste(self, event: events.Paste) -> None:
        self.field, self.cursor = self.field.pasted(event.text), 0
        self.refill()
