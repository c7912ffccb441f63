"""A line of a log, opened: whole, with the raw lines below it."""

from __future__ import annotations

from datetime import datetime, tzinfo

from textual import events

from glue_tui.client.words import count
from glue_tui.logs.read import LogSource
from glue_tui.tui.paint import Spans
from glue_tui.tui.screens.sheet import Sheet
from glue_tui.tui.theme import Look
from glue_tui.tui.widgets.log_entry import entry_at, entry_rows, has_libraries
from glue_tui.tui.widgets.log_window import LEVEL_TONES


class LogLineScreen(Sheet[str]):
    """Shows an entry and those before and after it; answers with its text where it is to be copied."""

    cells_max = 160

    def __init__(self, look: Look, source: LogSource, line: int, time_zone: tzinfo | None) -> None:
        super().__init__(
            look,
            title=(),
            hints=(("j k", "scroll"), ("J K", "next, previous"), ("y", "copy"), ("Esc", "close")),
        )
        self.source = source
        self.time_zone = time_zone
        self.is_folded = True
        self.entry = entry_at(source, line)

    def on_mount(self) -> None:
        self._tell_title()
        super().on_mount()

    def lines(self, width: int) -> tuple[Spans, ...]:
        rows = entry_rows(self.entry, max(1, width), is_folded=self.is_folded)
        return tuple(rows)

    def take_key(self, event: events.Key) -> None:
        entry = self.entry
        match event.key:
            case "y":
                self.dismiss(entry.text)
            case "enter":
                self.dismiss(None)
            case "f" if has_libraries(entry):
                self.is_folded = not self.is_folded
                self.fit_box(self.app.size)
            case "J" if entry.last + 1 < self.source.line_count:
                self._show(entry.last + 1)
            case "K" if entry.first > 0:
                self._show(entry.first - 1)
            case _:
                super().take_key(event)

    def _show(self, line: int) -> None:
        self.entry = entry_at(self.source, line)
        self.box.top = 0
        self._tell_title()
        self.fit_box(self.app.size)

    def _tell_title(self) -> None:
        entry = self.entry
        title: list[tuple[str, str]] = [(f"line {count(entry.first + 1)}", "accent_strong")]
        if entry.label:
            title.append((f" of {entry.label}", "accent"))
        if entry.at is not None:
            local = datetime.fromtimestamp(entry.at, self.time_zone)
            title += [(f"  {local:%Y-%m-%d %H:%M:%S}.{local.microsecond // 1000:03d} ", "muted")]
            title += [(entry.level, LEVEL_TONES.get(entry.level, "muted"))]
        self.box.set_titles(tuple(title), self.box.bottom_spans)
