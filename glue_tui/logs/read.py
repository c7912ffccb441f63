"""Reading log files: a window over a growing file by offsets.

No line is kept: per 64 kB of file there is one number. Not here: reading from end to end (`logs.tail`), writing.
"""

from __future__ import annotations

import os
import re
import stat
from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from glue_tui.logs.clean import clean_bytes

BLOCK_BYTES = 65_536
LINE_BYTES_MAX = 16_384
"""A longer line is shown up to here; the rest stays in the file."""
POLL_BYTES_MAX = 2 * 1024 * 1024
"""What one poll reads at most, so that a huge file can't hold up a frame."""
FIND_BYTES_MAX = 1024 * 1024
"""What one step of a search reads at most."""
PROBLEM_LINES_MAX = 200_000
"""Positions of errors that are kept; the counts go on, and `next_error` searches the file beyond."""

STAMP_BYTES = 23
"""`2026-11-22T22:04:10.123`, before the Z."""
_LINE = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z) ([A-Z]{4,5}) {1,2}(.*)", re.DOTALL)
ERROR_LINE = re.compile(r"^.{23}Z ERROR ")
_KEPT_BYTES = 64
NEWLINE = 10


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a log, clean; `at` is None and `level` empty for a raw line."""

    at: float | None
    level: str
    text: str


@dataclass(frozen=True, slots=True)
class Found:
    """Where a search stands: `line` is the hit; otherwise go on at `next_line`, or give up when that is None."""

    line: int | None
    next_line: int | None = None


class LogSource(Protocol):
    """What a pane shows: a file, a merged run, a filtered view."""

    generation: int
    moved_from: int | None
    """The first line that the last poll put elsewhere; None where it only added lines at the end."""

    @property
    def errors(self) -> int: ...

    @property
    def warnings(self) -> int: ...

    @property
    def line_count(self) -> int: ...

    @property
    def ended_line_count(self) -> int:
        """Lines that will not change any more."""

    @property
    def is_behind(self) -> bool:
        """Whether the last poll left something unread."""

    def poll(self) -> bool:
        """Take in what is new; return whether anything changed. A new `generation` means that all lines changed."""

    def lines(self, start: int, count: int) -> list[str]: ...

    def labels(self, start: int, count: int) -> list[str]:
        """Return which log each line comes from; nothing where there is only one."""

    def whole(self, line: int, bytes_max: int) -> str:
        """Return a line, clean, up to `bytes_max` of it."""

    def find(self, pattern: re.Pattern[str], from_line: int, direction: int) -> Found: ...

    def next_error(self, from_line: int, direction: int) -> Found: ...

    def error_lines(self) -> array[int]: ...

    def close(self) -> None: ...


def parse(line: str) -> LogLine:
    """Split a clean line into time (seconds since the epoch), level and text."""
    match = _LINE.match(line)
    if match is None:
        return LogLine(None, "", line)
    try:
        at = datetime.fromisoformat(match[1]).timestamp()
    except ValueError:
        return LogLine(None, "", line)
    return LogLine(at, match[2], match[3])


class LogFile:
    """A window over a file that may grow, be cut, be replaced, or not exist yet."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.generation = 0
        self.moved_from: int | None = None
        self.errors = 0
        self.warnings = 0
        self.problem = ""
        """Why the file can't be read, if that is so."""
        self._fd: int | None = None
        self._behind = False
        self._forget()

    def _forget(self) -> None:
        self._size = 0
        self._newlines = array("Q")
        self._head = b""
        self._kept = b""
        self._error_lines = array("Q")
        self.errors = self.warnings = 0

    @property
    def line_count(self) -> int:
        return self.ended_line_count + (1 if self._kept and not self._kept.endswith(b"\n") else 0)

    @property
    def ended_line_count(self) -> int:
        """Lines that have their newline; one more may be half written."""
        return self._newlines[-1] if self._newlines else 0

    @property
    def size_bytes(self) -> int:
        return self._size

    @property
    def is_behind(self) -> bool:
        return self._behind

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def poll(self, bytes_max: int = POLL_BYTES_MAX) -> bool:
        """Take in what was written since the last call, `bytes_max` at most; return whether anything changed."""
        restarted = self._reopen()
        if self._fd is None:
            return restarted
        size = os.fstat(self._fd).st_size
        if size == self._size:
            self._behind = False
            return restarted
        if size < self._size or os.pread(self._fd, len(self._head), 0) != self._head:
            self._start_over()
            restarted = True
        target = min(size, self._size + bytes_max)
        while self._size < target:
            wanted = min(BLOCK_BYTES - self._size % BLOCK_BYTES, target - self._size)
            data = os.pread(self._fd, wanted, self._size)
            if not data:
                break
            self._take(data)
        self._head = self._head or os.pread(self._fd, min(_KEPT_BYTES, self._size), 0)
        self._behind = self._size < size
        return True

    def _reopen(self) -> bool:
        """Open the file if it is there and not open, or another one than the open one; return whether lines went."""
        try:
            there = self.path.stat()
            if not stat.S_ISREG(there.st_mode):
                self.problem = "not a regular file"
                return False
            if self._fd is not None:
                mine = os.fstat(self._fd)
                if (mine.st_ino, mine.st_dev) == (there.st_ino, there.st_dev):
                    return False
            fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            self.problem = error.strerror or str(error)
            return False
        had_lines = self._size > 0
        self.close()
        self._fd = fd
        self.problem = ""
        if had_lines:
            self._start_over()
        return had_lines

    def _start_over(self) -> None:
        self.generation += 1
        self._forget()

    def _take(self, data: bytes) -> None:
        lines_before = self._newlines[-1] if self._newlines else 0
        self._note_levels(data, lines_before)
        lines = lines_before + data.count(b"\n")
        if self._size % BLOCK_BYTES == 0:
            self._newlines.append(lines)
        else:
            self._newlines[-1] = lines
        self._size += len(data)
        self._kept = (self._kept + data)[-_KEPT_BYTES:] if len(data) < _KEPT_BYTES else data[-_KEPT_BYTES:]

    def _note_levels(self, data: bytes, lines_before: int) -> None:
        """Count the level words that stand in their place; one may have begun in the last read."""
        window = self._kept + data
        kept_bytes = len(self._kept)
        errors = self._places(window, b"Z ERROR", b" ", kept_bytes)
        self.errors += len(errors)
        self.warnings += len(self._places(window, b"Z WARN", b"  ", kept_bytes))
        counted_to, line = kept_bytes, lines_before
        for place in errors[: PROBLEM_LINES_MAX - len(self._error_lines)]:
            if place > counted_to:
                line += window.count(b"\n", counted_to, place)
                counted_to = place
            self._error_lines.append(line)

    def _places(self, window: bytes, word: bytes, after: bytes, kept_bytes: int) -> list[int]:
        """Return where a level word stands behind the stamp at the beginning of a line."""
        places: list[int] = []
        find, word_bytes = window.find, len(word)
        is_start = self._size == kept_bytes
        position = find(word, max(0, kept_bytes - word_bytes - len(after) + 1))
        while position >= 0:
            start = position - STAMP_BYTES
            if window.startswith(after, position + word_bytes) and (
                (start > 0 and window[start - 1] == NEWLINE) or (start == 0 and is_start)
            ):
                places.append(position)
            position = find(word, position + word_bytes)
        return places

    def _offset(self, line: int) -> int:
        """Return where a line begins."""
        if line <= 0 or self._fd is None:
            return 0
        block = bisect_left(self._newlines, line)
        before = self._newlines[block - 1] if block else 0
        data = os.pread(self._fd, BLOCK_BYTES, block * BLOCK_BYTES)
        position = -1
        for _ in range(line - before):
            position = data.find(b"\n", position + 1)
            if position < 0:  # the file was cut under our hands; the next poll notices
                return self._size
        return block * BLOCK_BYTES + position + 1

    def lines(self, start: int, count: int) -> list[str]:
        """Return lines as they are shown: clean, long ones cut at LINE_BYTES_MAX with an ellipsis."""
        return [_shown(line) for line in self.raw_lines(start, count)]

    def labels(self, start: int, count: int) -> list[str]:
        """Return nothing: there is one file."""
        return []

    def raw_lines(self, start: int, count: int) -> list[bytes]:
        """Return the bytes of lines without their newline; of long ones the first LINE_BYTES_MAX + 1."""
        if self._fd is None:
            return []
        shown: list[bytes] = []
        line, end = max(0, start), min(start + count, self.line_count)
        while line < end:
            offset = self._offset(line)
            pieces = os.pread(self._fd, min(BLOCK_BYTES, max(0, self._size - offset)), offset).split(b"\n")
            ended = pieces[: max(1, len(pieces) - 1)][: end - line]
            shown += [piece[: LINE_BYTES_MAX + 1] for piece in ended]
            line += len(ended)
        return shown

    def whole(self, line: int, bytes_max: int) -> str:
        """Return a line, clean, up to `bytes_max` of it."""
        if self._fd is None:
            return ""
        data = os.pread(self._fd, bytes_max, self._offset(line))
        return clean_bytes(data.partition(b"\n")[0])

    def find(self, pattern: re.Pattern[str], from_line: int, direction: int, bytes_max: int = FIND_BYTES_MAX) -> Found:
        """Look for a line from `from_line` on (included), forwards (1) or backwards (-1), for one budget of bytes."""
        read_bytes, line = 0, from_line
        while 0 <= line < self.line_count:
            if read_bytes >= bytes_max:
                return Found(None, line)
            first, data = self._chunk(line, direction)
            read_bytes += 1 + sum(map(len, data))
            hit = _hit(data, pattern, direction)
            if hit is not None:
                return Found(first + hit)
            line = first + len(data) if direction > 0 else first - 1
        return Found(None, None)

    def _chunk(self, line: int, direction: int, lines_max: int = 500) -> tuple[int, list[bytes]]:
        """Return up to `lines_max` lines that begin or end with `line`, and the number of the first."""
        if direction > 0:
            return line, self.raw_lines(line, lines_max)
        first = max(0, line - lines_max + 1)
        return first, self.raw_lines(first, line - first + 1)

    def next_error(self, from_line: int, direction: int) -> Found:
        """Look for the next ERROR line from `from_line` on (included); like `find`, it may take several calls."""
        kept = self._error_lines
        if direction > 0:
            index = bisect_left(kept, from_line)
            if index < len(kept):
                return Found(kept[index])
            if len(kept) == self.errors:
                return Found(None, None)
            return self.find(ERROR_LINE, max(from_line, kept[-1] + 1), 1)
        if len(kept) < self.errors and from_line > kept[-1]:
            found = self.find(ERROR_LINE, from_line, -1)
            return found
        index = bisect_right(kept, from_line)
        return Found(kept[index - 1]) if index else Found(None, None)

    def error_lines(self) -> array[int]:
        """Return the numbers of the lines with errors, the first PROBLEM_LINES_MAX of them."""
        return self._error_lines


def _shown(line: bytes) -> str:
    if len(line) > LINE_BYTES_MAX:
        return clean_bytes(line[:LINE_BYTES_MAX]) + "…"
    return clean_bytes(line)


def _hit(lines: list[bytes], pattern: re.Pattern[str], direction: int) -> int | None:
    """Return the index of the first (or last) line that the pattern is found in."""
    numbers = range(len(lines)) if direction > 0 else range(len(lines) - 1, -1, -1)
    search = pattern.search
    for number in numbers:
        if search(_shown(lines[number])):
            return number
    return None
