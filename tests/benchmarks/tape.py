"""A program in a real pseudo-terminal whose output is kept with its times and looked at only afterwards.

Nothing is parsed while the program runs: on a small machine a terminal that draws would be measured, too.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pyte

from tests.terminal import DEADLINE_S, UNKNOWN_TO_PYTE, Terminal

COLUMNS, ROWS = 120, 40
QUIET_S = 0.8
COMPLETE_SHARE = 0.98
"""A frame is complete when so much of it, and of what is not blank, is as it stays: a running time may change."""


class TapedTerminal(Terminal):
    """A terminal with a tape: `(seconds since exec, bytes)`, as they came."""

    def __init__(self, command: Sequence[str], *, cwd: Path) -> None:
        self.tape: list[tuple[float, bytes]] = []
        self._began = time.perf_counter()
        super().__init__(command, cwd=cwd, columns=COLUMNS, rows=ROWS)

    def read(self, seconds: float = 0.0) -> str:
        """Put on tape what the program writes within so many seconds."""
        end = time.perf_counter() + seconds
        while select.select([self._fd], [], [], max(end - time.perf_counter(), 0))[0]:
            try:
                data = os.read(self._fd, 65536)
            except OSError:
                return ""  # The program is gone and its terminal with it.
            if not data:
                return ""
            self.tape.append((self._now_s(), data))
            self._answer(data)
        return ""

    def read_until_quiet(self) -> None:
        """Put on tape all that comes until the program has said something and then nothing for a while."""
        end = self._now_s() + DEADLINE_S
        while not self.tape or self._now_s() - self.tape[-1][0] < QUIET_S:
            assert self._now_s() < end, f"never quiet, {self.taped_bytes} bytes so far"
            self.read(0.05)

    @property
    def taped_bytes(self) -> int:
        return sum(len(data) for _, data in self.tape)

    def _now_s(self) -> float:
        return time.perf_counter() - self._began


def first_ink_s(tape: Sequence[tuple[float, bytes]]) -> float:
    """Return when the first character that can be seen was on screen."""
    return _first_time(tape, lambda cells: any(cell.strip() for cell in cells))


def first_complete_frame_s(tape: Sequence[tuple[float, bytes]]) -> float:
    """Return when the screen first looked as it does at the end of the tape."""
    final = _Picture()
    for _, data in tape:
        final.draw(data)
    goal = final.cells()
    inked = [place for place, cell in enumerate(goal) if cell.strip()]
    assert inked, "the program drew nothing"

    def is_complete(cells: list[str]) -> bool:
        same = sum(cell == wanted for cell, wanted in zip(cells, goal, strict=True))
        same_ink = sum(cells[place] == goal[place] for place in inked)
        return same >= COMPLETE_SHARE * len(goal) and same_ink >= COMPLETE_SHARE * len(inked)

    return _first_time(tape, is_complete)


class _Picture:
    def __init__(self) -> None:
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)

    def draw(self, data: bytes) -> None:
        self._stream.feed(UNKNOWN_TO_PYTE.sub(b"", data))

    def cells(self) -> list[str]:
        return [cell for line in self._screen.display for cell in line.ljust(COLUMNS)[:COLUMNS]]


def _first_time(tape: Sequence[tuple[float, bytes]], holds: Callable[[list[str]], bool]) -> float:
    picture = _Picture()
    for at_s, data in tape:
        picture.draw(data)
        if holds(picture.cells()):
            return at_s
    raise AssertionError("it never came on screen")
