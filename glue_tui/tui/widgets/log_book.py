"""The logs of a pane: which tabs there are, their files, windows and filters, and a search under way. No widget."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import tzinfo
from time import monotonic

from rich.cells import cell_len

from glue_tui.logs.levels import ERROR, INFO, WARN
from glue_tui.logs.read import Found, LogFile, LogSource
from glue_tui.logs.select import FilteredLog, LevelLog, MergedLog, line_of, place_of_line
from glue_tui.tui.paint import Span
from glue_tui.tui.widgets.log_search import HITS_MAX, Hits, Search, compiled
from glue_tui.tui.widgets.log_times import Times
from glue_tui.tui.widgets.log_window import LogWindow

ALL = "all"
"""The tab of all logs merged by time."""
WORK_S = 0.02
"""What one poll may take before the screen gets its turn again; one step more at most."""
PATTERNS_MAX = 50
"""So many patterns are remembered."""
_LEAST_LEVELS = ("", INFO, WARN, ERROR)
_QUIET: Span = ("", "")


@dataclass(frozen=True, slots=True)
class LogTab:
    """One log: what its tab says, and its file. Two tabs of one path are one."""

    label: str
    path: str
    has_started: bool = True
    """Whether what it tells of ever began; otherwise there is no file, and nothing is amiss."""
    node: str = ""
    """The id of the node that it tells of."""


class LogBook:
    """Opens files when they are looked at, and keeps each one's position while its tab is there."""

    def __init__(self, time_zone: tzinfo | None = None) -> None:
        self.time_zone = time_zone
        self.tabs: tuple[LogTab, ...] = ()
        self.active = 0
        """Index into the tabs; one past the last is the tab of all."""
        self.note: Span = _QUIET
        """What became of the last search."""
        self.search_text = ""
        self.patterns: tuple[str, ...] = ()
        """What was typed to find or filter, the last one last."""
        self.least_level = ""
        """The least level that is shown; empty: all lines."""
        self.times = Times.CLOCK
        self._files: dict[str, LogFile] = {}
        self._windows: dict[str, LogWindow] = {}
        self._filters: dict[str, str] = {}
        self._return_to: dict[str, tuple[int, bool]] = {}
        """The line of the log that a window is to show again, once it is known where that stands; if it was marked."""
        self._search: Search | None = None
        self._hits: Hits | None = None

    def show(self, tabs: Sequence[LogTab], active: int) -> bool:
        """Take over tabs; return whether anything is different."""
        tabs = tuple({tab.path: tab for tab in reversed(tabs)}.values())[::-1]
        active = max(0, min(active, len(tabs) if len(tabs) > 1 else len(tabs) - 1))
        if (tabs, active) == (self.tabs, self.active):
            return False
        are_others = tabs != self.tabs
        if are_others:
            self._keep_only({tab.path for tab in tabs})
        self.tabs, self.active = tabs, active
        if are_others and ALL in self._windows:
            self._merge_anew(self._windows[ALL])
        self._search, self.note = None, _QUIET
        return True

    def close(self) -> None:
        """Close every file."""
        self._keep_only(set())

    @property
    def labels(self) -> tuple[str, ...]:
        """What the tabs say, that of all included."""
        return (*(tab.label for tab in self.tabs), *((ALL,) if len(self.tabs) > 1 else ()))

    @property
    def key(self) -> str:
        """The active tab: its path, or ALL; empty where there are no tabs."""
        if not self.tabs:
            return ""
        return self.tabs[self.active].path if self.active < len(self.tabs) else ALL

    @property
    def node(self) -> str:
        """The id of the node whose log is up; empty for the log of all."""
        return self.tabs[self.active].node if self.active < len(self.tabs) else ""

    @property
    def window(self) -> LogWindow | None:
        """The part of the active log that is shown."""
        key = self.key
        if not key:
            return None
        if key not in self._windows:
            self._windows[key] = LogWindow(self._source(key), label_cells=self._label_cells(), time_zone=self.time_zone)
        return self._windows[key]

    @property
    def filter_text(self) -> str:
        return self._filters.get(self.key, "")

    @property
    def is_busy(self) -> bool:
        """Whether there is more to do than the last `poll` did."""
        window = self.window
        if window is None:
            return False
        is_counting = self._hits is not None and self._hits is self._hits_of(window) and not self._hits.is_done
        return window.source.is_behind or self._search is not None or is_counting

    @property
    def hits_told(self) -> str:
        """Return `hit 2 of 7` for the marked line, else how many hits there are; `7+` while more may come."""
        window, hits = self.window, self._hits
        if window is None or hits is None or hits is not self._hits_of(window) or not hits.lines:
            return ""
        total = f"{len(hits.lines)}{'' if hits.is_done and len(hits.lines) < HITS_MAX else '+'}"
        index = bisect_left(hits.lines, window.mark) if window.mark is not None else len(hits.lines)
        if index < len(hits.lines) and hits.lines[index] == window.mark:
            return f"hit {index + 1} of {total}"
        return f"{total} hit" if total == "1" else f"{total} hits"

    def _hits_of(self, window: LogWindow) -> Hits | None:
        """Return the count that fits what is shown; a new one where pattern or log are others."""
        hits = self._hits
        if window.pattern is None:
            return None
        if (
            hits is None
            or hits.pattern is not window.pattern
            or hits.source is not window.source
            or hits.generation != window.source.generation
        ):
            return Hits(window.pattern, window.source, window.source.generation)
        return hits

    def poll(self, width: int, height: int) -> bool:
        """Take in what is new, and go on searching; return whether the log changed."""
        window = self.window
        if window is None:
            return False
        window.width, window.height, window.times = width, height, self.times
        stop_at = monotonic() + WORK_S
        changed = window.source.poll()
        while window.source.is_behind and monotonic() < stop_at:
            window.source.poll()
        window.restart_if_replaced()
        self._go_back_to_line(window)
        if self._search is not None:
            self._go_on(window, self._search)
        while self._search is not None and monotonic() < stop_at:
            self._go_on(window, self._search)
        self._hits = hits = self._hits_of(window)
        while hits is not None and self._search is None and not hits.is_done and monotonic() < stop_at:
            hits.count_on()
        return changed

    def _source(self, key: str) -> LogSource:
        """Return the log of a tab, as far as level and filter let it be seen."""
        source: LogSource = self._file(key) if key != ALL else self._merged()
        if self.least_level:
            source = LevelLog(source, self.least_level)
        text = self._filters.get(key, "")
        pattern = compiled(text.removeprefix("!"))
        if text and isinstance(pattern, re.Pattern):
            source = FilteredLog(source, pattern, is_inverse=text.startswith("!"))
        return source

    def _merged(self) -> MergedLog:
        return MergedLog([(tab.label, self._file(tab.path)) for tab in self.tabs])

    def _show_anew(self, key: str) -> None:
        """Show the lines that level and filter let be seen now, at the line that was looked at."""
        window = self._windows[key]
        is_marked = window.mark is not None
        if not window.is_following or is_marked:
            place = window.top if window.mark is None else window.mark
            self._return_to[key] = (line_of(window.source, place), is_marked)
        source = self._source(key)
        self._windows[key] = replace(
            window,
            source=source,
            generation=source.generation,
            is_following=key not in self._return_to,
            top=0,
            skip=0,
            mark=None,
            anchor=None,
            column=0,
        )

    def _go_back_to_line(self, window: LogWindow) -> None:
        line, is_marked = self._return_to.get(self.key, (None, False))
        place = None if line is None else place_of_line(window.source, line)
        if place is not None and window.source.line_count:
            del self._return_to[self.key]
            place = min(place, window.source.line_count - 1)
            if is_marked:
                window.go_to(place)
            else:
                window.top = place

    def _file(self, path: str) -> LogFile:
        if path not in self._files:
            self._files[path] = LogFile(path)
        return self._files[path]

    def _keep_only(self, paths: set[str]) -> None:
        for path in self._files.keys() - paths:
            self._files.pop(path).close()
        for key in self._windows.keys() - (paths | {ALL} if paths else set()):
            del self._windows[key]
            self._filters.pop(key, None)
            self._return_to.pop(key, None)

    def _merge_anew(self, window: LogWindow) -> None:
        """Let the log of all have the files of the tabs as they are now; it stays where it was."""
        self._windows[ALL] = replace(
            window, source=self._source(ALL), generation=0, mark=None, anchor=None, label_cells=self._label_cells()
        )

    def _label_cells(self) -> int:
        return max(cell_len(tab.label) for tab in self.tabs)

    def set_filter(self, text: str) -> None:
        """Show only lines that match; with ! in front, that do not; with nothing, all of them."""
        window = self.window
        if window is None:
            return
        self.note = _QUIET
        typed = text.removeprefix("!")
        if isinstance(problem := compiled(typed), str):
            self.note = (problem, "bad")
            return
        self._remember(text)
        self._filters[self.key] = text if typed else ""
        self._search = None
        self._show_anew(self.key)

    def next_level(self) -> None:
        """Show lines from the next level on: all, INFO, WARN, ERROR, and all again."""
        if self.window is not None:
            self.least_level = _LEAST_LEVELS[(_LEAST_LEVELS.index(self.least_level) + 1) % len(_LEAST_LEVELS)]
            self._search, self.note = None, _QUIET
            for key in self._windows:
                self._show_anew(key)

    def next_times(self) -> None:
        """Tell times by the clock, since the log began, or since the line above."""
        kinds = tuple(Times)
        self.times = kinds[(kinds.index(self.times) + 1) % len(kinds)]

    def _remember(self, text: str) -> None:
        if text:
            self.patterns = (*(one for one in self.patterns if one != text), text)[-PATTERNS_MAX:]

    def set_pattern(self, text: str) -> None:
        """Look for a pattern, from what is on screen on: backwards where the end is shown."""
        window = self.window
        if window is None:
            return
        self.search_text, self.note = text, _QUIET
        pattern = compiled(text) if text else None
        if isinstance(pattern, str):
            self.note = (pattern, "bad")
            return
        self._remember(text)
        window.pattern, window.mark = pattern, None
        if pattern is not None:
            self.find(-1 if window.is_following else 1)

    def find(self, direction: int, *, is_for_error: bool = False) -> None:
        """Start a search for the pattern or for an error, from the marked line or from what is on screen."""
        window = self.window
        if window is None:
            return
        if window.mark is not None:
            start = window.mark + direction
        elif direction > 0:
            start = window.top
        else:
            start = min(window.source.line_count, window.top + window.height) - 1
        self.note = _QUIET
        self._search = Search(direction, start, is_for_error)

    def let_go(self) -> bool:
        """Drop the marked lines, else the pattern, else the filter; return False where there is nothing to drop."""
        window = self.window
        if window is None:
            return False
        if window.mark is not None:
            window.mark = window.anchor = None
        elif window.pattern is not None:
            window.pattern = None
        elif self.filter_text:
            self.set_filter("")
        else:
            return False
        self._search, self.note = None, _QUIET
        return True

    def _go_on(self, window: LogWindow, search: Search) -> None:
        """Do one step of a search."""
        found = self._looked(window, search)
        if found.line is not None:
            self._search = None
            if search.may_go_round:
                self.note = _QUIET
            window.go_to(found.line)
        elif found.next_line is not None:
            search.next_line = found.next_line
            self.note = (f"searching {100 * found.next_line // max(1, window.source.line_count)} %", "muted")
        elif search.may_go_round:
            search.may_go_round = False
            forwards = search.direction > 0
            search.next_line = 0 if forwards else window.source.line_count - 1
            self.note = ("on from the top" if forwards else "on from the end", "muted")
            self._go_on(window, search)
        else:
            self._search = None
            self.note = ("no error" if search.is_for_error else f"not found: {self.search_text}", "warn")

    def _looked(self, window: LogWindow, search: Search) -> Found:
        if search.is_for_error:
            return window.source.next_error(search.next_line, search.direction)
        if window.pattern is None:
            return Found(None)
        return window.source.find(window.pattern, search.next_line, search.direction)
