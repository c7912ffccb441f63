"""Logs on screen: tabs, following, searching, filtering, copying. `logs` reads files, `log_window` makes rows."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.segment import Segment
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.timer import Timer

from glue_tui.logs.clean import clean
from glue_tui.logs.read import Found, LogFile, LogSource
from glue_tui.logs.select import FilteredLog, MergedLog
from glue_tui.tui.format import count, counted
from glue_tui.tui.paint import Span, Spans, segments
from glue_tui.tui.theme import Look
from glue_tui.tui.widgets.clipboard import CLIPBOARD_BYTES_MAX, clipboard_sequence
from glue_tui.tui.widgets.log_window import LogWindow, Row
from glue_tui.tui.widgets.pane import WHEEL_LINES, Pane
from glue_tui.tui.widgets.prompt import Prompt

FRAMES_PER_S = 10
SLIDE_CELLS = 8
SAVE_LINES_PER_STEP = 5_000
ALL = "all"
"""The tab of all logs merged by time."""


@dataclass(frozen=True, slots=True)
class LogTab:
    """One log: what its tab says, and its file. Two tabs of one path are one."""

    label: str
    path: str


@dataclass(slots=True)
class _Search:
    """A search under way or done."""

    direction: int
    next_line: int
    is_for_error: bool = False
    may_wrap: bool = True


class LogPane(Pane):
    """Logs of the selected nodes, one tab each, and one of all."""

    class Said(Message):
        """Something was done, or could not be; for the screen to tell."""

        def __init__(self, text: str, tone: str = "good") -> None:
            super().__init__()
            self.text = text
            self.tone = tone

    def __init__(self, look: Look, *, id: str = "logs", number: str = "3") -> None:
        super().__init__(look, id=id)
        self.number = number
        self.tabs: tuple[LogTab, ...] = ()
        self.active = 0
        """Index into the tabs; one past the last is the tab of all."""
        self.is_live = False
        self._files: dict[str, LogFile] = {}
        self._windows: dict[str, LogWindow] = {}
        self._filters: dict[str, str] = {}
        self._painted: list[Row] = []
        self._ticks: frozenset[int] = frozenset()
        self._ticks_of: tuple[int, int, int, int] = (0, 0, 0, 0)
        self._thumb = (0, 0)
        self._search: _Search | None = None
        self._search_text = ""
        self._note: Span = ("", "")
        self._prompt: Prompt | None = None
        self._g_pressed = False
        self._timer: Timer | None = None

    # What the screen asks.

    def show(self, tabs: Sequence[LogTab], active: int = 0) -> None:
        """Show these logs; positions in logs that stay are kept. `len(tabs)` as `active` means all of them merged."""
        tabs = tuple({tab.path: tab for tab in tabs}.values())
        active = max(0, min(active, len(tabs) if len(tabs) > 1 else len(tabs) - 1))
        if (tabs, active) == (self.tabs, self.active):
            return
        if {tab.path for tab in tabs} != {tab.path for tab in self.tabs}:
            self._drop({tab.path for tab in tabs})
        self.tabs, self.active = tabs, active
        self._search, self._note = None, ("", "")
        self._tick()
        self._wake()

    def set_live(self, is_live: bool) -> None:
        """Say whether the logs may still grow; otherwise they are read to their end and left alone."""
        self.is_live = is_live
        self._wake()

    def begin_find(self) -> None:
        """Ask for a pattern to find."""
        self._prompt = Prompt("/", self._search_text)
        self._tick()

    def begin_filter(self) -> None:
        """Ask for a pattern that lines must match; with ! in front, must not match."""
        self._prompt = Prompt("&", self._filters.get(self._key, ""))
        self._tick()

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

    @property
    def window(self) -> LogWindow | None:
        """The part of the active log that is shown."""
        key = self._key
        if not key:
            return None
        if key not in self._windows:
            self._windows[key] = LogWindow(self._source(key), is_following=True)
        return self._windows[key]

    # Sources.

    @property
    def _key(self) -> str:
        if not self.tabs:
            return ""
        return self.tabs[self.active].path if self.active < len(self.tabs) else ALL

    def _source(self, key: str) -> LogSource:
        if key == ALL:
            return MergedLog([(tab.label, self._file(tab.path)) for tab in self.tabs])
        return self._file(key)

    def _file(self, path: str) -> LogFile:
        if path not in self._files:
            self._files[path] = LogFile(path)
        return self._files[path]

    def _drop(self, kept: set[str]) -> None:
        for path in self._files.keys() - kept:
            self._files.pop(path).close()
        for key in self._windows.keys() - kept:
            del self._windows[key]
            self._filters.pop(key, None)

    def _set_filter(self, text: str) -> None:
        window = self.window
        if window is None:
            return
        source = self._source(self._key) if self._key not in self._filters else self._unfiltered(window.source)
        self._filters.pop(self._key, None)
        if text.strip("!"):
            pattern = _compiled(text.removeprefix("!"))
            if isinstance(pattern, str):
                self._note = (pattern, "bad")
                return
            source = FilteredLog(source, pattern, is_inverse=text.startswith("!"))
            self._filters[self._key] = text
        self._windows[self._key] = LogWindow(
            source, is_following=True, is_wrapping=window.is_wrapping, pattern=window.pattern
        )

    def _unfiltered(self, source: LogSource) -> LogSource:
        return source.source if isinstance(source, FilteredLog) else source

    # Time.

    def on_mount(self) -> None:
        self._timer = self.set_interval(1 / FRAMES_PER_S, self._tick, pause=True)
        self._wake()

    def on_unmount(self) -> None:
        self._drop(set())

    def _wake(self) -> None:
        if self._timer is not None:
            self._timer.resume()

    def _tick(self) -> None:
        """Take in what is new, go on searching, and paint what differs. Falls asleep when nothing can change."""
        window = self.window
        changed = False
        if window is not None:
            window.width, window.height = max(0, self.inner_width), self._log_height
            changed = window.source.poll()
            window.restart_if_replaced()
            self._go_on_searching(window)
        self._repaint(window)
        is_busy = window is not None and (window.source.is_behind or self._search is not None)
        if self._timer is not None:
            if self.is_live or changed or is_busy:
                self._timer.resume()
            else:
                self._timer.pause()

    @property
    def _log_height(self) -> int:
        return max(0, self.inner_height - (1 if self._prompt is not None else 0))

    # Painting.

    def _repaint(self, window: LogWindow | None) -> None:
        """Find out what is on screen now, and have the rows that differ painted."""
        rows = window.rows() if window is not None else []
        old, self._painted = self._painted, rows
        ticks, thumb = self._new_ticks(window), window.thumb() if window is not None else (0, 0)
        old_ticks, self._ticks = self._ticks, ticks
        old_thumb, self._thumb = self._thumb, thumb
        self.set_titles(self._title(), self._status(window))
        if self._prompt is not None:
            self.refresh_rows([self.inner_height - 1])
        marked = range(self.inner_height)
        self.refresh_rows(
            [
                y
                for y in marked
                if (old[y] if y < len(old) else None) != (rows[y] if y < len(rows) else None)
                or (y in old_ticks) != (y in ticks)
                or (old_thumb[0] <= y < old_thumb[1]) != (thumb[0] <= y < thumb[1])
                or (not rows and y == 0)
            ]
        )

    def refresh_rows(self, rows: Sequence[int]) -> None:
        """Have rows of the inside painted again."""
        if rows:
            self.refresh(*[Region(0, y + 1, self.size.width, 1) for y in rows])

    def _new_ticks(self, window: LogWindow | None) -> frozenset[int]:
        if window is None:
            return frozenset()
        source = window.source
        of = (id(source), source.generation, source.line_count, window.height)
        if of != self._ticks_of:
            self._ticks_of = of
            return window.ticks()
        return self._ticks

    def thumb(self) -> tuple[int, int]:
        return self._thumb

    def content(self, y: int) -> list[Segment]:
        width = self.inner_width
        if self._prompt is not None and y == self.inner_height - 1:
            return segments(self._prompt.spans(width), width, self.look)
        if y < len(self._painted):
            row = self._painted[y]
            return segments(row.spans, width, self.look, "cursor" if row.is_marked else "")
        if not self._painted and y == 0:
            return segments(((" ", ""), *self._nothing()), width, self.look)
        return segments((), width, self.look)

    def render_line(self, y: int) -> Strip:
        strip = super().render_line(y)
        if 0 < y < self.size.height - 1 and y - 1 in self._ticks and self.size.width >= 4:
            tick = Segment("!" if self.look.is_ascii else "┫", self.look.style("bad"))
            return Strip([*strip.crop(0, self.size.width - 1), tick], self.size.width)
        return strip

    def _title(self) -> Spans:
        spans: list[Span] = [(f"{self.number} Logs", "accent")]
        labels = [tab.label for tab in self.tabs] + ([ALL] if len(self.tabs) > 1 else [])
        first = 0
        room = self.size.width - 16
        while first < self.active and sum(len(label) + 3 for label in labels[first : self.active + 1]) > room:
            first += 1
        if first:
            spans.append(("  …", "muted"))
        for index, label in enumerate(labels[first:], first):
            spans.append(("  " if index == first else " │ ", "faint"))
            spans.append((label, "accent_strong" if index == self.active else "muted"))
        return tuple(spans)

    def _status(self, window: LogWindow | None) -> Spans:
        if window is None:
            return ()
        source = window.source
        spans: list[Span] = []
        if self._note[0]:
            spans += [self._note, (" · ", "faint")]
        if self._key in self._filters:
            spans += [(f"& {self._filters[self._key]}", "key"), (f" {count(source.line_count)} · ", "muted")]
        if window.is_following:
            spans.append(("FOLLOW" if self.is_live else "END", "good" if self.is_live else "muted"))
        else:
            spans.append((f"{count(window.top + 1)}/{count(source.line_count)} · G follows", "warn"))
        if source.errors:
            spans += [(" · ", "faint"), (f"E {count(source.errors)}", "bad")]
        if source.warnings:
            spans += [(" · ", "faint"), (f"W {count(source.warnings)}", "warn")]
        if self.has_focus:
            spans.append((" · / find  & filter  e next error", "muted"))
        return tuple(spans)

    def _nothing(self) -> Spans:
        window = self.window
        if window is None:
            return (("no log: nothing has run", "muted"),)
        if self._key in self._filters:
            return (("no line matches; & with nothing shows all", "muted"),)
        if isinstance(window.source, LogFile) and window.source.problem and not self.is_live:
            return ((f"{window.source.path}: {window.source.problem}", "muted"),)
        return (("waiting for the first line" if self.is_live else "empty", "muted"),)

    # Searching.

    def _find(self, direction: int, *, is_for_error: bool) -> None:
        """Start a search from the marked line, or from the first on screen."""
        window = self.window
        if window is None:
            return
        if not is_for_error and window.pattern is None:
            self.begin_find()
            return
        if window.mark is not None:
            start = window.mark + direction
        else:
            start = window.source.line_count - 1 if window.is_following else window.top
        self._note = ("", "")
        self._search = _Search(direction, start, is_for_error)
        self._tick()
        self._wake()

    def _go_on_searching(self, window: LogWindow) -> None:
        search = self._search
        if search is None:
            return
        found = self._looked(window, search)
        what = "error" if search.is_for_error else f"“{self._search_text}”"
        if found.line is not None:
            self._search = None
            window.go_to(found.line)
        elif found.next_line is not None:
            search.next_line = found.next_line
            self._note = (f"searching {100 * found.next_line // max(1, window.source.line_count)} %", "muted")
        elif search.may_wrap:
            search.may_wrap = False
            search.next_line = 0 if search.direction > 0 else window.source.line_count - 1
            self._note = ("round from the top" if search.direction > 0 else "round from the end", "muted")
            self._go_on_searching(window)
        else:
            self._search = None
            self._note = (f"no {what}" if search.is_for_error else f"{what} not found", "warn")

    def _looked(self, window: LogWindow, search: _Search) -> Found:
        if search.is_for_error:
            return window.source.next_error(search.next_line, search.direction)
        assert window.pattern is not None
        return window.source.find(window.pattern, search.next_line, search.direction)

    def _set_pattern(self, text: str) -> None:
        window = self.window
        if window is None:
            return
        self._search_text = text
        if not text:
            window.pattern = None
            return
        pattern = _compiled(text)
        if isinstance(pattern, str):
            self._note = (pattern, "bad")
            return
        window.pattern = pattern
        window.mark = None
        self._find(-1 if window.is_following else 1, is_for_error=False)

    # Copying and saving.

    def _copy(self) -> None:
        window = self.window
        if window is None or not self._painted:
            return
        chosen = window.selection()
        first, last = chosen if chosen is not None else (self._painted[0].line, self._painted[-1].line)
        lines = window.source.lines(first, last - first + 1)
        sequence = clipboard_sequence("\n".join(lines), os.environ)
        if sequence is None:
            limit = CLIPBOARD_BYTES_MAX // 1000
            self.post_message(self.Said(f"more than {limit} kB: too much for the clipboard; S saves to a file", "warn"))
            return
        self._to_terminal(sequence)
        self.post_message(self.Said(f"copied {counted(len(lines), 'line')}"))

    def _to_terminal(self, sequence: str) -> None:
        driver = self.app._driver
        if driver is not None:
            driver.write(sequence)

    def _begin_save(self) -> None:
        if self.window is not None:
            label = re.sub(r"[^\w.-]+", "_", self.tabs[self.active].label if self.active < len(self.tabs) else ALL)
            self._prompt = Prompt("save as ", f"{label}.log")
            self._tick()

    def _save(self, name: str) -> None:
        window = self.window
        if window is None or not name:
            return
        self.run_worker(self._write_lines(window.source, Path(name).expanduser()), exclusive=False)

    async def _write_lines(self, source: LogSource, path: Path) -> None:
        """Write the lines as shown; never over a file that is there."""
        total = source.line_count
        try:
            with path.open("x", encoding="utf-8", errors="replace") as file:
                for start in range(0, total, SAVE_LINES_PER_STEP):
                    for line in source.lines(start, min(SAVE_LINES_PER_STEP, total - start)):
                        file.write(line + "\n")
                    await asyncio.sleep(0)
        except OSError as error:
            self.post_message(self.Said(f"not saved: {path}: {error.strerror}", "bad"))
            return
        self.post_message(self.Said(f"saved {counted(total, 'line')} to {path}"))

    # Keys and mouse.

    def on_key(self, event: events.Key) -> None:
        if self._prompt is not None:
            self._key_in_prompt(self._prompt, event)
        elif not self._key_in_log(event):
            self._g_pressed = False
            return
        event.stop()
        event.prevent_default()

    def _key_in_prompt(self, prompt: Prompt, event: events.Key) -> None:
        match event.key:
            case "escape":
                self._prompt = None
            case "enter":
                self._prompt = None
                match prompt.question:
                    case "/":
                        self._set_pattern(prompt.text)
                    case "&":
                        self._set_filter(prompt.text)
                    case _:
                        self._save(prompt.text.strip())
            case key:
                prompt.take(key, event.character)
        self.refresh()
        self._tick()
        self._wake()

    def _key_in_log(self, event: events.Key) -> bool:
        """Obey a key; return False for those that are not ours."""
        was_g, self._g_pressed = self._g_pressed, event.character == "g"
        match event.character or event.key:
            case "/":
                self.begin_find()
            case "&":
                self.begin_filter()
            case "n" | "N" as key:
                self._find(1 if key == "n" else -1, is_for_error=False)
            case "e" | "E" as key:
                self._find(1 if key == "e" else -1, is_for_error=True)
            case "y":
                self._copy()
            case "S":
                self._begin_save()
            case "v":
                self._toggle_selection()
            case "z":
                self._toggle_wrap()
            case "<" | ">" as key:
                self._next_tab(1 if key == ">" else -1)
            case "g":
                if was_g:
                    self.move_cursor("top")
            case "G":
                self.move_cursor("bottom")
            case _:
                return self._movement(event.key)
        return True

    def _movement(self, key: str) -> bool:
        where = {
            "up": "up",
            "k": "up",
            "down": "down",
            "j": "down",
            "left": "left",
            "h": "left",
            "right": "right",
            "l": "right",
            "pageup": "page_up",
            "ctrl+u": "page_up",
            "pagedown": "page_down",
            "ctrl+d": "page_down",
            "home": "top",
            "end": "bottom",
        }.get(key)
        if where is not None:
            self.move_cursor(where)
            return True
        if key == "escape":
            return self._let_go()
        return False

    def _let_go(self) -> bool:
        """Drop the selection, else the found pattern, else the filter."""
        window = self.window
        if window is None:
            return False
        if window.mark is not None:
            window.mark = window.anchor = None
        elif window.pattern is not None:
            window.pattern = None
        elif self._key in self._filters:
            self._set_filter("")
        else:
            return False
        self._search, self._note = None, ("", "")
        self._tick()
        return True

    def _step(self, window: LogWindow, step: int) -> None:
        """Move by a line: the end of the selection where lines are being chosen, else the window."""
        if window.anchor is None or window.mark is None:
            window.scroll(step)
        else:
            window.go_to(max(0, min(window.mark + step, window.source.line_count - 1)))

    def _toggle_selection(self) -> None:
        window = self.window
        if window is None or not self._painted:
            return
        if window.anchor is not None:
            window.anchor = None
        else:
            window.mark = self._painted[-1].line if window.mark is None else window.mark
            window.anchor = window.mark
        self._tick()

    def _toggle_wrap(self) -> None:
        window = self.window
        if window is not None:
            window.is_wrapping = not window.is_wrapping
            window.column = window.skip = 0
            self._tick()

    def _next_tab(self, step: int) -> None:
        if len(self.tabs) > 1:
            self.show(self.tabs, (self.active + step) % (len(self.tabs) + 1))

    def on_resize(self) -> None:
        self.refresh()
        self._tick()

    def on_focus(self) -> None:
        self.refresh()
        self._tick()

    def on_blur(self) -> None:
        self._prompt = None
        self.refresh()
        self._tick()

    def on_click(self, event: events.Click) -> None:
        window = self.window
        y = event.y - 1
        if event.y == 0:
            self._click_title(event.x)
        elif window is not None and 0 <= y < len(self._painted):
            line = self._painted[y].line
            if event.shift and window.mark is not None:
                window.anchor = window.mark if window.anchor is None else window.anchor
            else:
                window.anchor = None
            window.mark = line
            self._tick()
        self.post_message(self.Clicked(self))

    def _click_title(self, x: int) -> None:
        position = 3
        index = -1
        for text, tone in self._title():
            if tone in ("accent_strong", "muted") and text.strip() != "…":
                index += 1
                if position <= x < position + len(text):
                    labels = [tab.label for tab in self.tabs] + [ALL]
                    self.show(self.tabs, labels.index(text))
                    return
            position += len(text)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, WHEEL_LINES)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel(event, -WHEEL_LINES)

    def _wheel(self, event: events.MouseEvent, rows: int) -> None:
        if self.window is not None:
            self.window.scroll(rows)
            self._tick()
        event.stop()


def _compiled(text: str) -> re.Pattern[str] | str:
    """Return the pattern of what was typed, or what is wrong with it; capitals matter where there are any."""
    try:
        return re.compile(clean(text), 0 if any(character.isupper() for character in text) else re.IGNORECASE)
    except re.error as error:
        return f"not a pattern: {error}"
