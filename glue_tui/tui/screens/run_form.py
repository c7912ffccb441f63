"""The form before a run: one line per property, checked as it is typed."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len
from textual import events

from glue_tui.core.model import Property
from glue_tui.core.properties import value_problem
from glue_tui.protocol.views import PropertyDefinition, WorkflowView
from glue_tui.tui.cli_twins import run as run_twin
from glue_tui.tui.paint import Span, Spans, wrap
from glue_tui.tui.screens.sheet import Sheet
from glue_tui.tui.text_field import TextField, field_spans, typed
from glue_tui.tui.theme import Look

FIELD_CELLS = 24
DESCRIPTION_CELLS_MIN = 20
FRAME_LINES = 4
"""Lines of the screen that a dialog leaves free, and its two borders."""


def needs_form(properties: Iterable[PropertyDefinition]) -> bool:
    """Return whether a run has something to ask: a typed property, or one without default."""
    return any(one.type != "string" or one.default is None for one in properties)


def choices_of(definition: PropertyDefinition) -> tuple[str, ...]:
    """Return the values to choose from; empty where any text may be typed."""
    return definition.choices or (("true", "false") if definition.type == "boolean" else ())


def property_error(definition: PropertyDefinition, text: str) -> str:
    """Return what is wrong with a value, or nothing."""
    if text == "" and definition.default is None:
        return "needs a value"
    item = Property(name=definition.name, type=definition.type, choices=choices_of(definition))
    return value_problem(item, text)


class RunForm(Sheet[dict[str, str]]):
    """Answers with the properties that differ from their defaults, and those that have none."""

    def __init__(self, look: Look, workflow: WorkflowView) -> None:
        super().__init__(
            look,
            title=((f"run {workflow.name}", "accent_strong"),),
            hints=(("Enter", "run"), ("Tab", "next"), ("Esc", "leave")),
        )
        self.workflow = workflow
        self.definitions = workflow.properties
        self.fields = [typed(one.default or "") for one in workflow.properties]
        self.active = 0

    def answer(self) -> dict[str, str]:
        """Return the values to send."""
        return {
            one.name: field.text
            for one, field in zip(self.definitions, self.fields, strict=True)
            if one.default is None or field.text != one.default
        }

    def errors(self) -> list[str]:
        return [property_error(one, field.text) for one, field in zip(self.definitions, self.fields, strict=True)]

    def lines(self, width: int) -> tuple[Spans, ...]:
        """Return the form with every description whole; where that is too tall, only that of the active property."""
        whole = self._lines(width, is_whole=True)
        return whole if len(whole) + FRAME_LINES <= self.app.size.height else self._lines(width, is_whole=False)

    def _lines(self, width: int, *, is_whole: bool) -> tuple[Spans, ...]:
        name_cells = max(cell_len(one.name) for one in self.definitions)
        lines: list[Spans] = [()]
        for index, (definition, error) in enumerate(zip(self.definitions, self.errors(), strict=True)):
            lines.append(self._field(index, definition, name_cells, error))
            said = definition.description
            if index == self.active and choices_of(definition):
                said = " | ".join(choices_of(definition)) + ("  " + said if said else "")
            rows = wrap(error or said, max(DESCRIPTION_CELLS_MIN, width - name_cells - 4))
            if not is_whole and index != self.active:
                rows = rows[:1] if len(rows) == 1 else [rows[0] + self.look.glyph("cut")]
            lines += [((" " * (name_cells + 4), ""), (row, "bad" if error else "muted")) for row in rows]
        twin = run_twin(self.workflow.name, self.answer())
        return (*lines, (), (("$ ", "faint+muted"), (twin, "muted")), ())

    def _field(self, index: int, definition: PropertyDefinition, name_cells: int, error: str) -> Spans:
        is_active = index == self.active
        mark = self.look.glyph("closed") if is_active else " "
        shown = field_spans(self.fields[index], self.look, FIELD_CELLS, is_active=is_active)
        used = sum(cell_len(text) for text, _ in shown)
        spans: list[Span] = [
            (f"{mark} ", "accent"),
            (definition.name.ljust(name_cells) + "  ", "strong" if is_active else "text"),
            *shown,
            (" " * max(1, FIELD_CELLS + 2 - used), ""),
            (definition.type, "muted"),
        ]
        return tuple(spans)

    def take_key(self, event: events.Key) -> None:
        field, definition = self.fields[self.active], self.definitions[self.active]
        match event.key:
            case "escape":
                self.dismiss(None)
            case "enter":
                self._finish()
            case "tab" | "down":
                self.active = (self.active + 1) % len(self.fields)
            case "shift+tab" | "up":
                self.active = (self.active - 1) % len(self.fields)
            case "left" | "right" | "space" if choices_of(definition):
                self.fields[self.active] = self._next_choice(field, definition, -1 if event.key == "left" else 1)
            case _:
                edited = field.edited(event.key, event.character)
                if edited is None:
                    return
                self.fields[self.active] = edited
        if self.is_current:
            self.fit_box(self.app.size)

    def on_paste(self, event: events.Paste) -> None:
        self.fields[self.active] = self.fields[self.active].pasted(event.text)
        self.refill()

    def _finish(self) -> None:
        wrong = next((index for index, error in enumerate(self.errors()) if error), None)
        if wrong is None:
            self.dismiss(self.answer())
        else:
            self.active = wrong

    def _next_choice(self, field: TextField, definition: PropertyDefinition, step: int) -> TextField:
        choices = choices_of(definition)
        at = choices.index(field.text) if field.text in choices else -1 if step > 0 else 0
        return typed(choices[(at + step) % len(choices)])
