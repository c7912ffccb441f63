"""Parts of logs that are read like a log: the lines of a level or a pattern, and several logs as one by time.

They hold a bit or a few numbers a line and no text. Not here: the files themselves (`logs.read`).
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from glue_tui.logs.levels import LEVELS
from glue_tui.logs.line_set import LineSet
from glue_tui.logs.read import ERROR_LINE, PROBLEM_LINES_MAX, STAMP_BYTES, Found, LogFile, LogSource, parse

LINES_PER_POLL = 8_000
"""What one poll looks at, so that a huge log can't hold up a frame."""
LINES_PER_READ = 500
BEFORE_FIRST_MS = 10 * 86_400_000
"""How much earlier than the first line seen another one may be and still stand in its place."""
MERGED_LINES_MAX = 1_000_000
"""A merged log stops growing here and says so: its numbers would take too much memory."""


class _Picked(ABC):
    """Searching by line numbers, for sources whose lines are scattered over others."""

    line_count = 0

    @abstractmethod
    def lines(self, start: int, count: int) -> list[str]:
        """Return up to `count` lines from `start` on."""

    def find(self, pattern: re.Pattern[str], from_line: int, direction: int) -> Found:
        """Look for a line from `from_line` on (included), forwards (1) or backwards (-1), for one budget of lines."""
        line, looked_at = from_line, 0
        while 0 <= line < self.line_count:
            if looked_at >= LINES_PER_POLL:
                return Found(None, line)
            first = line if direction > 0 else max(0, line - LINES_PER_READ + 1)
            found = self.lines(first, LINES_PER_READ if direction > 0 else line - first + 1)
            looked_at += max(1, len(found))
            hits = [number for number, text in enumerate(found) if pattern.search(text)]
            if hits:
                return Found(first + (hits[0] if direction > 0 else hits[-1]))
            line = first + max(1, len(found)) if direction > 0 else first - 1
        return Found(None, None)

    def next_error(self, from_line: int, direction: int) -> Found:
        """Look for the next ERROR line from `from_line` on (included)."""
        return self.find(ERROR_LINE, from_line, direction)


class ChosenLog(_Picked, ABC):
    """The lines of a log that are worth showing: one bit of memory a line."""

    def __init__(self, source: LogSource) -> None:
        self.source = source
        self.generation = 0
        self.moved_from: int | None = None
        self._source_generation = source.generation
        self._forget()

    def _forget(self) -> None:
        self._chosen = LineSet()
        self._error_lines: array[int] = array("Q")
        self._next = 0

    @abstractmethod
    def keeps(self, line: str) -> bool:
        """Return whether a line is shown; asked of every line in turn."""

    @property
    def line_count(self) -> int:  # type: ignore[override]
        return len(self._chosen)

    @property
    def ended_line_count(self) -> int:
        return len(self._chosen)

    @property
    def errors(self) -> int:
        return self.source.errors

    @property
    def warnings(self) -> int:
        return self.source.warnings

    @property
    def is_behind(self) -> bool:
        return self.source.is_behind or self._next < self.source.ended_line_count

    def poll(self) -> bool:
        """Take in what is new in the log, and look at a budget of its lines."""
        changed = self.source.poll()
        self.moved_from = None
        if self.source.generation != self._source_generation:
            self._source_generation = self.source.generation
            self.generation += 1
            self._forget()
        elif self.source.moved_from is not None and self.source.moved_from < self._next:
            self._go_back(self.source.moved_from)
        before = self._next
        end = min(self.source.ended_line_count, before + LINES_PER_POLL)
        while self._next < end:
            lines = self.source.lines(self._next, min(LINES_PER_READ, end - self._next))
            if not lines:
                break
            for number, line in enumerate(lines, self._next):
                if self.keeps(line):
                    if len(self._error_lines) < PROBLEM_LINES_MAX and ERROR_LINE.match(line):
                        self._error_lines.append(len(self._chosen))
                    self._chosen.add(number)
            self._next += len(lines)
        return changed or self._next != before

    def _go_back(self, line: int) -> None:
        """Look again at the lines from `line` on: others stand there now."""
        self._chosen.cut(line)
        self._next = line
        self.moved_from = len(self._chosen)
        del self._error_lines[bisect_left(self._error_lines, self.moved_from) :]
        first = max(0, line - LINES_PER_READ)
        for above in self.source.lines(first, line - first):
            self.keeps(above)

    def has_looked_at(self, line: int) -> bool:
        """Return whether it is known already if that line of the log is shown."""
        return line < self._next

    def place(self, line: int) -> int:
        """Return where that line of the log is shown; where the next one is that is."""
        return self._chosen.place(line)

    def line(self, place: int) -> int:
        """Return which line of the log is shown there; the next one to come where none is."""
        return next(iter(self._chosen.slice(place, 1)), self._next)

    def lines(self, start: int, count: int) -> list[str]:
        """Return chosen lines, counted among themselves."""
        shown: list[str] = []
        for first, length in _runs(self._chosen.slice(start, count)):
            shown += self.source.lines(first, length)
        return shown

    def labels(self, start: int, count: int) -> list[str]:
        """Return where each line comes from; nothing where there is one file."""
        shown: list[str] = []
        for first, length in _runs(self._chosen.slice(start, count)):
            shown += self.source.labels(first, length)
        return shown

    def whole(self, line: int, bytes_max: int) -> str:
        """Return a line, clean, up to `bytes_max` of it."""
        return self.source.whole(self.line(line), bytes_max)

    def error_lines(self) -> array[int]:
        """Return the numbers, among the chosen lines, of those with errors, the first PROBLEM_LINES_MAX of them."""
        return self._error_lines

    def close(self) -> None:
        """The source stays open: it belongs to whoever opened it."""


class FilteredLog(ChosenLog):
    """The lines of a log that match a pattern, or those that don't."""

    def __init__(self, source: LogSource, pattern: re.Pattern[str], *, is_inverse: bool = False) -> None:
        super().__init__(source)
        self.pattern = pattern
        self.is_inverse = is_inverse

    def keeps(self, line: str) -> bool:
        return (self.pattern.search(line) is None) == self.is_inverse


class LevelLog(ChosenLog):
    """The lines of a level and above, each with the raw lines below it."""

    def __init__(self, source: LogSource, least: str) -> None:
        self.least = least
        super().__init__(source)

    def _forget(self) -> None:
        super()._forget()
        self._keeping = LevelKeeping(self.least)

    def keeps(self, line: str) -> bool:
        return self._keeping.keeps(line)


def line_of(source: LogSource, place: int) -> int:
    """Return which line of the log itself stands at a place of what is chosen of it."""
    return line_of(source.source, source.line(place)) if isinstance(source, ChosenLog) else place


def place_of_line(source: LogSource, line: int) -> int | None:
    """Return where a line of the log itself stands, or the next one that is shown; None where that is not known yet."""
    if not isinstance(source, ChosenLog):
        return line
    inner = place_of_line(source.source, line)
    return source.place(inner) if inner is not None and source.has_looked_at(inner) else None


class LevelKeeping:
    """Says of line after line of a log whether it is of a level or above; a raw line goes with the one above it."""

    def __init__(self, least: str) -> None:
        self._hidden = frozenset(LEVELS[: LEVELS.index(least)])
        self._keeps = True

    def keeps(self, line: str) -> bool:
        """Return whether that is so for the next line."""
        if line[STAMP_BYTES : STAMP_BYTES + 2] == "Z ":
            self._keeps = line[STAMP_BYTES + 2 : STAMP_BYTES + 7].rstrip() not in self._hidden
        return self._keeps


class MergedLog(_Picked):
    """Several log files as one, by time; a raw line stays behind the line that it follows."""

    def __init__(self, files: Sequence[tuple[str, LogFile]]) -> None:
        self.files = tuple(files)
        self.generation = 0
        self.moved_from: int | None = None
        self._forget()

    def _forget(self) -> None:
        self._seen = [file.generation for _, file in self.files]
        self._next = [0] * len(self.files)
        self._base_ms: int | None = None
        self._times_ms: array[int] = array("I")
        """Since `_base_ms`: four bytes a line, enough for 49 days."""
        self._file_of: array[int] = array("H")
        self._line_of: array[int] = array("I")
        """Line in its file, doubled; one more where it is an error."""
        self._error_lines: array[int] = array("Q")
        self._last_ms = [0] * len(self.files)

    @property
    def line_count(self) -> int:  # type: ignore[override]
        return len(self._line_of)

    @property
    def ended_line_count(self) -> int:
        return len(self._line_of)

    @property
    def errors(self) -> int:
        return sum(file.errors for _, file in self.files)

    @property
    def warnings(self) -> int:
        return sum(file.warnings for _, file in self.files)

    @property
    def is_full(self) -> bool:
        return len(self._line_of) >= MERGED_LINES_MAX

    @property
    def is_behind(self) -> bool:
        return not self.is_full and any(
            file.is_behind or self._next[index] < file.ended_line_count for index, (_, file) in enumerate(self.files)
        )

    def poll(self) -> bool:
        """Take in what is new in every file, a budget of lines at most, the earliest first."""
        changed = [file.poll() for _, file in self.files]
        self.moved_from = None
        if [file.generation for _, file in self.files] != self._seen:
            self.generation += 1
            self._forget()
        fresh: list[tuple[int, int, int]] = []
        while len(fresh) < LINES_PER_POLL and not self.is_full:
            waiting = [index for index, (_, file) in enumerate(self.files) if self._next[index] < file.ended_line_count]
            if not waiting:
                break
            fresh += self._read(min(waiting, key=lambda index: (self._last_ms[index], index)))
        self._insert(fresh)
        return any(changed) or bool(fresh)

    def _read(self, index: int) -> list[tuple[int, int, int]]:
        file = self.files[index][1]
        first = self._next[index]
        read: list[tuple[int, int, int]] = []
        for text in file.lines(first, min(LINES_PER_READ, file.ended_line_count - first)):
            line = parse(text)
            if line.at is not None:
                self._last_ms[index] = max(self._last_ms[index], self._since_base(line.at))
            read.append((self._last_ms[index], index, 2 * (first + len(read)) + (line.level == "ERROR")))
        self._next[index] = first + len(read) if read else file.ended_line_count
        return read

    def _since_base(self, at: float) -> int:
        at_ms = round(at * 1000)
        if self._base_ms is None:
            self._base_ms = at_ms - BEFORE_FIRST_MS
        return max(1, min(at_ms - self._base_ms, 2**32 - 1))

    def _insert(self, fresh: list[tuple[int, int, int]]) -> None:
        """Add lines in their place; what is late goes before later lines that stand already."""
        if not fresh:
            return
        fresh.sort()
        start = len(self._times_ms)
        if start and fresh[0] < self._entry(start - 1):
            start = self.moved_from = bisect_right(range(start), fresh[0], key=self._entry)
            fresh += zip(self._times_ms[start:], self._file_of[start:], self._line_of[start:], strict=True)
            fresh.sort()
            del self._times_ms[start:], self._file_of[start:], self._line_of[start:]
            del self._error_lines[bisect_left(self._error_lines, start) :]
        self._error_lines.extend(start + offset for offset, entry in enumerate(fresh) if entry[2] % 2)
        self._times_ms.extend(entry[0] for entry in fresh)
        self._file_of.extend(entry[1] for entry in fresh)
        self._line_of.extend(entry[2] for entry in fresh)

    def _entry(self, position: int) -> tuple[int, int, int]:
        return self._times_ms[position], self._file_of[position], self._line_of[position]

    def lines(self, start: int, count: int) -> list[str]:
        """Return lines by time."""
        shown: list[str] = []
        start = max(0, start)
        position, end = start, min(start + count, len(self._line_of))
        while position < end:
            file, first = self._file_of[position], self._line_of[position] // 2
            length = 1
            while position + length < end and (
                self._file_of[position + length] == file and self._line_of[position + length] // 2 == first + length
            ):
                length += 1
            found = self.files[file][1].lines(first, length)
            shown += found + [""] * (length - len(found))
            position += length
        return shown

    def labels(self, start: int, count: int) -> list[str]:
        """Return the label of the file that each line comes from."""
        return [self.files[index][0] for index in self._file_of[max(0, start) : start + count]]

    def whole(self, line: int, bytes_max: int) -> str:
        """Return a line, clean, up to `bytes_max` of it."""
        if line >= len(self._line_of):  # it was cut since that line was seen
            return ""
        return self.files[self._file_of[line]][1].whole(self._line_of[line] // 2, bytes_max)

    def error_lines(self) -> array[int]:
        """Return the numbers of the lines with errors."""
        return self._error_lines

    def close(self) -> None:
        """The files stay open: they belong to whoever opened them."""


def _runs(numbers: Sequence[int]) -> list[tuple[int, int]]:
    """Return consecutive numbers as (first, length)."""
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][0] + runs[-1][1] == number:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((number, 1))
    return runs
