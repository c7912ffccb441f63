"""Logs on screen: tabs, following, searching, filtering, copying. `logs` reads files, `log_window` makes rows."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import partial
from pathlib import Path

from rich.segment import Segment
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer

from glue_tui.client.words import counted
from glue_tui.logs.read import LogSource
from glue_tui.tui.paint import Spans, segments
from glue_tui.tui.theme import Look
from glue_tui.tui.widgets.clipboard import CLIPBOARD_BYTES_MAX, clipboard_sequence
from glue_tui.tui.widgets.log_book import LogBook, LogTab
from glue_tui.tui.widgets.log_save import save_lines
from glue_tui.tui.widgets.log_search import pattern_told
from glue_tui.tui.widgets.log_titles import nothing_spans, status_spans, tab_at, tab_spans
from glue_tui.tui.widgets.log_window import LogWindow, Row
from glue_tui.tui.widgets.pane import WHEEL_LINES, Pane
from glue_tui.tui.widgets.prompt import Prompt

FRAMES_PER_S = 10
SLIDE_CELLS = 8
FIND, FILTER = PATTERN_QUESTIONS = ("/", "&")


@dataclass(frozen=True, slots=True)
class _ShownRow:
    """Everything that is drawn on one row, so that equal rows need no painting."""

    spans: Spans
    is_marked: bool
    is_thumb: bool
    has_error: bool


class LogPane(Pane):
    """Logs of the selected nodes, one tab each, and one of all."""

    class Said(Message):
        """Something was done, or could not be; for the screen to tell."""

        def __init__(self, text: str, tone: str = "good") -> None:
            super().__init__()
            self.text = text
            self.tone = tone

    def __init__(self, look: Look, *, id: str = "logs", number: str = "3", time_zone: tzinfo | None = None) -> None:
        super().__init__(look, id=id)
        self.number = number
        self.book = LogBook(time_zone)
        self.is_live = False
        self._lines: list[Row] = []
        self._rows: list[_ShownRow] = []
        self._ticks: frozenset[int] = frozenset()
        self._ticks_of: tuple[int, int, int, int] = (0, 0, 0, 0)
        self._thumb = (0, 0)
        self._prompt: Prompt | None = None
        self._timer: Timer | None = None
        self.after_repaint: Callable[[], None] = lambda: None
        """Called when the pane knows what it shows now."""

    # What the screen asks.

    def show(self, tabs: Sequence[LogTab], active: int = 0) -> None:
        """Show these logs; positions in logs that stay are kept. `len(tabs)` as `active` means all of them merged."""
        if self.book.show(tabs, active):
            self._tick()
            self._wake()

    def set_live(self, is_live: bool) -> None:
        """Say whether the logs may still grow; otherwise they are read to their end and left alone."""
        if is_live != self.is_live:
            self.is_live = is_live
            self._tick()
            self._wake()

    def begin_find(self) -> None:
        """Ask for a pattern to find."""
        self._prompt = Prompt(FIND, self.book.search_text, earlier=self.book.patterns)
        self._tick()

    def begin_filter(self) -> None:
        """Ask for a pattern that lines must match; with ! in front, must not match."""
        self._prompt = Prompt(FILTER, self.book.filter_text, earlier=self.book.patterns)
        self._tick()

    def begin_find_everywhere(self) -> None:
        """Ask for a pattern to find in all logs of the run."""
        self.show(self.book.tabs, len(self.book.tabs))
        self.begin_find()

    def move_cursor(self, where: str) -> None:
        """Scroll: up, down, page_up, page_down, top, bottom, left, right."""
        window = self.window
        if window is None:
            return
        page = max(1, self.inner_height - 1)
        match where:
            case "up" | "down":
                self._step(window, 1 if where == "down" else -1)
            case "page_up" | "page_down":
                window.scroll(page if where == "page_down" else -page)
            case "top":
                window.to_top()
            case "bottom":
                window.follow()
            case "left":
                window.column = max(0, window.column - SLIDE_CELLS)
            case "right":
                window.column += 0 if window.is_wrapping else SLIDE_CELLS
        self._tick()

    def go_with(self, moment: float | None) -> None:
        """Show the lines from that moment on, in seconds since the epoch; None: follow the end."""
        window = self.window
        if window is not None:
            window.follow() if moment is None else window.go_to_moment(moment)
            self._tick()

    @property
    def window(self) -> LogWindow | None:
        """The part of the active log that is shown."""
        return self.book.window

    # Time.

    def on_mount(self) -> None:
        self._timer = self.set_interval(1 / FRAMES_PER_S, partial(self._tick, is_asked=False), pause=True)
        self._wake()

    def on_unmount(self) -> None:
        self.book.close()

    def _wake(self) -> None:
        if self._timer is not None:
            self._timer.resume()

    def _tick(self, *, is_asked: bool = True) -> None:
        """Take in what is new, go on searching, and paint what differs. Falls asleep when nothing can change."""
        was_busy = self.book.is_busy
        changed = self.book.poll(self.inner_width, max(0, self.inner_height - (self._prompt is not None)))
        if is_asked or was_busy or changed:
            self._repaint(self.window)
        if self._timer is not None:
            if self.is_live or changed or self.book.is_busy:
                self._timer.resume()
            else:
                self._timer.pause()

    # Painting.

    def _repaint(self, window: LogWindow | None) -> None:
        """Find out what is to be on screen now, and have the rows that differ painted."""
        self._lines = window.rows() if window is not None else []
        ticks = self._new_ticks(window)
        first, last = self._thumb = window.thumb() if window is not None else (0, 0)
        title = tab_spans(self.number, self.book.labels, self.book.active, self.size.width)
        self.set_titles(title, status_spans(self.book, is_live=self.is_live, has_focus=self.has_focus))
        old, self._rows = (
            self._rows,
            [
                _ShownRow(spans, is_marked, first <= y < last, y in ticks)
                for y, (spans, is_marked) in enumerate(self._inside())
            ],
        )
        differing = [y for y, row in enumerate(self._rows) if y >= len(old) or old[y] != row]
        if differing:
            self.refresh(*[Region(0, y + 1, self.size.width, 1) for y in differing])
        self.after_repaint()

    def _inside(self) -> list[tuple[Spans, bool]]:
        """Return the spans of every row of the inside, and whether it is marked."""
        inside: list[tuple[Spans, bool]] = [(row.spans, row.is_marked) for row in self._lines]
        if not inside:
            inside.append((((" ", ""), *nothing_spans(self.book, is_live=self.is_live)), False))
        inside += [((), False)] * (self.inner_height - len(inside))
        if self._prompt is not None and self.inner_height:
            inside[self.inner_height - 1] = (self._prompt_spans(self._prompt), False)
        return inside[: self.inner_height]

    def _prompt_spans(self, prompt: Prompt) -> Spans:
        """Return what is typed, and how a pattern will be taken."""
        typed = prompt.spans(self.inner_width)
        if prompt.question not in PATTERN_QUESTIONS:
            return typed
        text = prompt.text.removeprefix("!") if prompt.question == FILTER else prompt.text
        return (*typed, ("  ", ""), pattern_told(text))

    def _new_ticks(self, window: LogWindow | None) -> frozenset[int]:
        if window is None:
            return frozenset()
        source = window.source
        of = (id(source), source.generation, source.line_count, window.height)
        if of != self._ticks_of:
            self._ticks_of, self._ticks = of, window.ticks()
        return self._ticks

    def thumb(self) -> tuple[int, int]:
        return self._thumb

    def content(self, y: int) -> list[Segment]:
        if y >= len(self._rows):
            return segments((), self.inner_width, self.look)
        row = self._rows[y]
        return segments(row.spans, self.inner_width, self.look, "cursor" if row.is_marked else "")

    def render_line(self, y: int) -> Strip:
        strip = super().render_line(y)
        if 0 < y <= len(self._rows) and self._rows[y - 1].has_error and self.size.width >= 4:
            tick = Segment("!" if self.look.is_ascii else "┫", self.look.style("bad"))
            return Strip([*strip.crop(0, self.size.width - 1), tick], self.size.width)
        return strip

    # Copying and saving.

    def copy(self) -> None:
        """Copy the chosen lines, or what is on screen, by way of the terminal."""
        window = self.window
        if window is None or not self._lines:
            return
        chosen = window.selection()
        first, last = chosen if chosen is not None else (self._lines[0].line, self._lines[-1].line)
        lines = window.source.lines(first, last - first + 1)
        self.copy_text("\n".join(lines), counted(len(lines), "line"))

    def copy_text(self, text: str, what: str) -> None:
        """Copy a text by way of the terminal, if it is not too long."""
        sequence = clipboard_sequence(text, os.environ)
        if sequence is None:
            limit = CLIPBOARD_BYTES_MAX // 1000
            self.post_message(self.Said(f"more than {limit} kB: too much for the clipboard; S saves to a file", "warn"))
            return
        if self.app._driver is not None:
            self.app._driver.write(sequence)
        self.post_message(self.Said(f"copied {what}"))

    def begin_save(self) -> None:
        """Ask for the file to save the log to."""
        if self.window is not None:
            label = re.sub(r"[^\w.-]+", "_", self.book.labels[self.book.active])
            self._prompt = Prompt("save as ", f"{label}.log")
            self._tick()

    async def _write_lines(self, source: LogSource, path: Path) -> None:
        try:
            total = await save_lines(source, path)
        except OSError as error:
            self.post_message(self.Said(f"not saved: {path}: {error.strerror}", "bad"))
        else:
            self.post_message(self.Said(f"saved {counted(total, 'line')} to {path}"))

    # Keys and mouse.

    def take_key(self, event: events.Key) -> bool:
        """Take every key while something is being typed."""
        prompt = self._prompt
        if prompt is None:
            return False
        match event.key:
            case "escape":
                self._prompt = None
            case "enter":
                self._prompt = None
                self._take_answer(prompt.question, prompt.text)
            case key:
                prompt.take(key, event.character)
        self._tick()
        self._wake()
        return True

    def _take_answer(self, question: str, text: str) -> None:
        if question == FIND:
            self.book.set_pattern(text)
        elif question == FILTER:
            self.book.set_filter(text)
        elif self.window is not None and text.strip():
            self.run_worker(self._write_lines(self.window.source, Path(text.strip()).expanduser()), exclusive=False)

    def let_go(self) -> None:
        """Let go of chosen lines, then of hits, then of the filter."""
        if self.book.let_go():
            self._tick()

    def find_hit(self, direction: int) -> None:
        """Go to the next hit; asks for a pattern where there is none yet."""
        window = self.window
        if window is not None and window.pattern is None:
            self.begin_find()
        else:
            self._find(direction, is_for_error=False)

    def find_error(self, direction: int) -> None:
        """Go to the next error, or the one before."""
        self._find(direction, is_for_error=True)

    def _find(self, direction: int, *, is_for_error: bool) -> None:
        self.book.find(direction, is_for_error=is_for_error)
        self._tick()
        self._wake()

    def _step(self, window: LogWindow, step: int) -> None:
        """Move by a line: the end of the selection where lines are being chosen, else the window."""
        if window.anchor is None or window.mark is None:
            window.scroll(step)
        else:
            window.go_to(max(0, min(window.mark + step, window.source.line_count - 1)))

    def toggle_selection(self) -> None:
        """Begin to choose lines, or let go of them."""
        window = self.window
        if window is None or not self._lines:
            return
        if window.anchor is not None:
            window.anchor = None
        else:
            window.mark = self._lines[-1].line if window.mark is None else window.mark
            window.anchor = window.mark
        self._tick()

    def next_level(self) -> None:
        """Show lines from the next level on."""
        self.book.next_level()
        self._tick()
        self._wake()

    def next_times(self) -> None:
        """Tell the times of lines in the next way."""
        self.book.next_times()
        self._tick()

    def line_to_open(self) -> tuple[LogSource, int] | None:
        """Return the marked line, or the last one on screen, with its log."""
        window = self.window
        if window is None or not self._lines:
            return None
        return window.source, self._lines[-1].line if window.mark is None else window.mark

    def toggle_wrap(self) -> None:
        """Wrap all long lines, or only those of errors."""
        window = self.window
        if window is not None:
            window.is_wrapping = not window.is_wrapping
            window.column = window.skip = 0
            self._tick()

    def next_tab(self, step: int) -> None:
        """Show the log `step` tabs on."""
        if self.book.tabs:
            self.show(self.book.tabs, (self.book.active + step) % len(self.book.labels))

    def on_resize(self) -> None:
        self.refresh()
        self._tick()

    on_focus = on_resize

    def on_blur(self) -> None:
        self._prompt = None
        self.on_resize()

    def on_click(self, event: events.Click) -> None:
        window = self.window
        y = event.y - 1
        if event.y == 0:
            tab = tab_at(self.title_spans, self.book.labels, event.x)
            if tab is not None:
                self.show(self.book.tabs, tab)
        elif window is not None and 0 <= y < len(self._lines):
            line = self._lines[y].line
            if event.shift and window.mark is not None:
                window.anchor = window.mark if window.anchor is None else window.anchor
            else:
                window.anchor = None
            window.mark = line
            self._tick()
        self.post_message(self.Clicked(self))

    def on_mouse_scroll_down(self, event: events.MouseScrollDown | events.MouseScrollUp) -> None:
        if self.window is not None:
            self.window.scroll(WHEEL_LINES if isinstance(event, events.MouseScrollDown) else -WHEEL_LINES)
            self._tick()
        event.stop()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self.on_mouse_scroll_down(event)
