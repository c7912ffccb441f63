"""The part of a log that is on screen: where it begins, whether it follows, how lines become rows. Draws nothing."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import tzinfo

from rich.cells import cell_len

from glue_tui.logs.clean import clean
from glue_tui.logs.read import LogLine, LogSource, parse
from glue_tui.logs.structured import structured
from glue_tui.tui.paint import Span, Spans
from glue_tui.tui.widgets.log_times import BEGIN_LINES, Times, began_at, line_at, time_cells, time_told

TIME_MS_FROM_CELLS = 56
"""Narrower panes show seconds only."""
LABEL_CELLS_MAX = 16
BREAK_CELLS_MAX = 20
"""A wrapped row is broken at a blank no further than this from its end."""
RAW_INDENT = 2
"""Raw lines stand this far in, below the line they belong to."""
LOOK_BACK_LINES = (16, 200)
"""So far above, in steps, the line is looked for that a raw line belongs to."""
HIT_TONE = "key+cursor"
HIT_TONE_HERE = "badge"

LEVEL_TONES = {"ERROR": "bad", "WARN": "warn", "INFO": "good", "DEBUG": "muted"}


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the screen: which line it shows a part of, and the text with its tones."""

    line: int
    spans: Spans
    is_marked: bool = False


@dataclass(slots=True)
class LogWindow:
    """Where one log is looked at. `top` and `skip` say the first row: a line, and rows of it left out above."""

    source: LogSource
    width: int = 80
    height: int = 10
    is_following: bool = True
    is_wrapping: bool = False
    """Whether every long line is broken; those of errors always are, so that file and line can be read."""
    top: int = 0
    skip: int = 0
    column: int = 0
    mark: int | None = None
    """The line that search, next error or a click chose."""
    anchor: int | None = None
    """The other end of a selection of lines; `mark` is the moving end."""
    pattern: re.Pattern[str] | None = None
    label_cells: int = LABEL_CELLS_MAX
    """Cells of the longest label, in a log of several."""
    generation: int = 0
    time_zone: tzinfo | None = None
    """None: where this machine is."""
    times: Times = Times.CLOCK
    _began_at: float | None = None

    def restart_if_replaced(self) -> None:
        """Forget positions in lines that are gone."""
        if self.source.generation != self.generation:
            self.generation = self.source.generation
            self.top = self.skip = 0
            self.mark = self.anchor = self._began_at = None

    def rows(self) -> list[Row]:
        """Return what is on screen; also settles `top` and `skip` where the window follows or hangs over the end."""
        if self.height <= 0 or self.width <= 0:
            return []
        self.restart_if_replaced()
        if self.is_following:
            self.top, self.skip = self._last_page()
        elif self.top > 0 and (self.top, self.skip) > (last := self._last_page()):
            self.top, self.skip = last
        rows: list[Row] = []
        for number, shown in self._shown(self.top, self.height):
            rows += self._marked(number, shown)
            if len(rows) >= self.skip + self.height:
                break
        return rows[self.skip : self.skip + self.height]

    def scroll(self, rows: int) -> None:
        """Move by rows of the screen; upwards leaves following."""
        if rows < 0:
            self.is_following = False
        elif self.is_following:
            return
        while rows > 0 and self.top < self.source.line_count:
            left = len(self._rows_of(self.top)) - self.skip
            if rows < left:
                self.skip += rows
                break
            rows -= left
            self.top, self.skip = self.top + 1, 0
        while rows < 0 and (self.top > 0 or self.skip > 0):
            if self.skip > 0:
                step = min(self.skip, -rows)
                self.skip -= step
                rows += step
            else:
                self.top -= 1
                self.skip = len(self._rows_of(self.top))

    def to_top(self) -> None:
        """Show the first line."""
        self.is_following = False
        self.top = self.skip = 0

    def follow(self) -> None:
        """Show the end, and stay there."""
        self.is_following = True
        self.mark = self.anchor = None

    def go_to(self, line: int) -> None:
        """Mark a line and bring it on screen."""
        self.mark = line
        if self.is_following and line < self._last_page()[0]:
            self.is_following = False
        if any(row.line == line for row in self.rows()):
            return
        self.is_following = False
        self.top, self.skip = max(0, line - self.height // 3), 0

    def go_to_moment(self, moment: float) -> None:
        """Let the first row be the first line of that moment, in seconds since the epoch."""
        self.is_following = False
        self.top, self.skip = line_at(self.source, moment), 0

    def moment(self) -> float | None:
        """Return the time of the first line on screen, or of the first below it that has one."""
        return next((one.at for one in map(parse, self.source.lines(self.top, BEGIN_LINES)) if one.at), None)

    def selection(self) -> tuple[int, int] | None:
        """Return the first and the last of the chosen lines."""
        if self.mark is None:
            return None
        other = self.mark if self.anchor is None else self.anchor
        return min(self.mark, other), max(self.mark, other)

    def thumb(self) -> tuple[int, int]:
        """Return first and last row (exclusive) of the scroll mark; equal where all is on screen."""
        count, height = self.source.line_count, self.height
        if count <= height or height <= 0:
            return (0, 0)
        length = max(1, height * height // count)
        last_top = max(1, count - height)
        first = min(self.top, last_top) * (height - length) // last_top
        return (first, first + length)

    def ticks(self) -> frozenset[int]:
        """Return the rows of the scroll bar at whose height there are errors."""
        count, height = self.source.line_count, self.height
        errors = self.source.error_lines()
        if count <= 0 or height <= 0 or not errors:
            return frozenset()
        if len(errors) <= height:
            return frozenset(min(height - 1, line * height // max(count, height)) for line in errors)
        found = set()
        for row in range(height):
            first, last = row * count // height, (row + 1) * count // height
            index = bisect_left(errors, first)
            if index < len(errors) and errors[index] < max(last, first + 1):
                found.add(row)
        return frozenset(found)

    def _last_page(self) -> tuple[int, int]:
        """Return `top` and `skip` such that the last line stands on the last row."""
        count = self.source.line_count
        top = max(0, count - self.height)
        heights = [len(shown) for _, shown in self._shown(top, self.height)]
        over = sum(heights) - self.height
        if over <= 0:
            return top, 0
        for rows in heights:
            if over < rows:
                return top, over
            over -= rows
            top += 1
        return top, 0

    def _shown(self, start: int, count: int) -> Iterator[tuple[int, list[Spans]]]:
        """Yield lines with their rows."""
        labels = self.source.labels(start, count)
        if self.times is Times.SINCE_START and self._began_at is None:
            self._began_at = began_at(self.source)
        stamp_above = self._stamped_above(start) if self.times is Times.SINCE_LINE_ABOVE else None
        at_above = stamp_above.at if stamp_above is not None else None
        above = ""
        level: str | None = None
        for index, text in enumerate(self.source.lines(start, count)):
            label = labels[index] if labels else ""
            line = parse(text)
            told = ""
            if line.at is not None:
                level = line.level
                since = at_above if self.times is Times.SINCE_LINE_ABOVE else self._began_at
                told = time_told(self.times, line.at, since, self.time_zone, has_ms=self._has_ms)
                at_above = line.at
            elif level is None:
                above_it = self._stamped_above(start)
                level = above_it.level if above_it is not None else ""
            if line.at is None and label == above:
                # A raw line's label is left out where the line above has told it.
                label = " " if label else ""
            is_broken = self.is_wrapping or (level == "ERROR" and not _is_underline(line))
            yield start + index, self._rows_of_line(start + index, line, (told, label), is_broken)
            above = labels[index] if labels else ""

    @property
    def _has_ms(self) -> bool:
        return self.width >= TIME_MS_FROM_CELLS

    def _stamped_above(self, line: int) -> LogLine | None:
        """Return the line with a time that a raw line belongs to; None where it is far above."""
        last = line
        for count in LOOK_BACK_LINES:
            first = max(0, last - count)
            for text in reversed(self.source.lines(first, last - first)):
                if (above := parse(text)).at is not None:
                    return above
            last = first
        return None

    def _rows_of(self, line: int) -> list[Spans]:
        return next((shown for _, shown in self._shown(line, 1)), [()])

    def _rows_of_line(self, number: int, line: LogLine, before: tuple[str, str], is_broken: bool) -> list[Spans]:
        head = self._head(line, *before, min(LABEL_CELLS_MAX, max(6, self.width // 6), self.label_cells))
        body = self._body(line, number == self.mark)
        head_cells = sum(cell_len(part) for part, _ in head)
        room = max(1, self.width - head_cells)
        if not is_broken:
            return [(*head, *_slid(body, self.column, room))]
        rows = _wrapped(body, room)
        indent: Span = (" " * head_cells, "")
        return [(*head, *rows[0]), *((indent, *row) for row in rows[1:])]

    def _head(self, line: LogLine, told: str, label: str, label_cells: int) -> Spans:
        """Return what stands before the text: the time, the log's label where there are several, the level."""
        spans: list[Span] = []
        if line.at is not None:
            spans.append((f"{told} ", "muted"))
        elif label:
            spans.append((" " * (time_cells(has_ms=self._has_ms) + 1), ""))
        else:
            spans.append((" " * RAW_INDENT, ""))
        if label:
            shown = label if len(label) <= label_cells else label[: label_cells - 1] + "…"
            spans.append((f"{shown:<{label_cells}} ", "accent"))
        if line.level:
            spans.append((f"{line.level:<5} ", LEVEL_TONES.get(line.level, "muted")))
        elif label:
            spans.append((" " * RAW_INDENT, ""))
        return tuple(spans)

    def _body(self, line: LogLine, is_here: bool) -> Spans:
        tone = {"ERROR": "bad", "DEBUG": "muted"}.get(line.level, "text")
        said = structured(line.text) if line.at is not None else None
        if said is None:
            return self._with_hits(line.text, tone, is_here)
        spans = [*self._with_hits(clean(said.message), tone, is_here)]
        for key, value in said.fields:
            spans.append((clean(f"  {key}="), "muted"))
            spans += self._with_hits(clean(value), "muted", is_here)
        return tuple(spans)

    def _with_hits(self, text: str, tone: str, is_here: bool) -> Spans:
        if self.pattern is None:
            return ((text, tone),)
        spans: list[Span] = []
        end = 0
        for match in self.pattern.finditer(text):
            if match.start() == match.end():
                continue
            spans.append((text[end : match.start()], tone))
            spans.append((match[0], HIT_TONE_HERE if is_here else HIT_TONE))
            end = match.end()
        spans.append((text[end:], tone))
        return tuple(spans)

    def _marked(self, number: int, shown: list[Spans]) -> list[Row]:
        chosen = self.selection()
        is_marked = chosen is not None and chosen[0] <= number <= chosen[1]
        return [Row(number, spans, is_marked) for spans in shown]


def _is_underline(line: LogLine) -> bool:
    """Return whether a line only points at the one above it: broken up it would point at nothing."""
    return line.at is None and not line.text.strip(" ^~")


def _slid(spans: Spans, column: int, room: int) -> Spans:
    """Return what is visible `column` cells to the right, with a sign at each end where there is more."""
    total = sum(cell_len(text) for text, _ in spans)
    if column == 0 and total <= room:
        return spans
    shown = _cells(spans, column, room)
    if column and shown:
        shown = [("…", "muted"), *_cells(tuple(shown), 1, room - 1)]
    if total > column + room and room > 1:
        shown = [*_cells(tuple(shown), 0, room - 1), ("…", "muted")]
    return tuple(shown)


def _wrapped(spans: Spans, room: int) -> list[Spans]:
    """Return rows of at most `room` cells, broken at a blank where there is one near the edge."""
    total = sum(cell_len(text) for text, _ in spans)
    rows: list[Spans] = []
    start = 0
    while total - start > room:
        row = _cells(spans, start, room)
        text = "".join(part for part, _ in row)
        blank = text.rfind(" ")
        cells = cell_len(text[: blank + 1]) if blank >= 0 else 0
        if cells <= max(0, room - BREAK_CELLS_MAX):
            cells = room
        rows.append(tuple(_cells(spans, start, cells)))
        start += cells
    rows.append(tuple(_cells(spans, start, room)))
    return rows


def _cells(spans: Spans, start: int, count: int) -> list[Span]:
    """Return `count` cells of the spans from cell `start` on; half a wide character becomes a blank."""
    shown: list[Span] = []
    position, end = 0, start + count
    for text, tone in spans:
        cells = cell_len(text)
        if position >= end:
            break
        if position + cells > start:
            first, last = max(0, start - position), min(cells, end - position)
            shown.append((text[first:last] if text.isascii() else _wide(text, first, last), tone))
        position += cells
    return shown


def _wide(text: str, first: int, last: int) -> str:
    kept: list[str] = []
    position = 0
    for character in text:
        cells = cell_len(character)
        if position >= first and position + cells <= last:
            kept.append(character)
        elif position + cells > first and position < last:
            kept.append(" ")
        position += cells
    return "".join(kept)
