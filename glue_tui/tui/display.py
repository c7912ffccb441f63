"""What Textual composes, to the terminal: only the cells that changed, and no faster than the line takes them.

Textual writes every repainted region in full and waits, on the event loop, when the terminal is slow. Here a frame goes
into a `Picture`, and what differs from the terminal is sent when the line is free: frames that come meanwhile are one.
How much is on its way is known from the terminal's answers: some frames end with the question for mode 2026, whose
answer Textual reads. A terminal that never answered is sent to as fast as Textual's writer gets rid of it.

This is the one place that reaches into Textual (pinned to 8.2): `App._display`, `App._batch_count`,
`App._sync_available`, the driver's `_writer_thread`, and the fields of its two compositor updates.
GLUE_TUI_PLAIN_DISPLAY=1 leaves everything to Textual.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from typing import Any

from rich.color import ColorSystem
from rich.console import RenderableType
from textual import events
from textual._ansi_sequences import SYNC_END, SYNC_START
from textual._compositor import ChopsUpdate, CompositorUpdate, InlineUpdate, LayoutUpdate
from textual.app import App
from textual.messages import TerminalSupportsSynchronizedOutput
from textual.screen import Screen

from glue_tui.tui.picture import Picture, cells_of

UNDERWAY_BYTES_MAX = 2_000
"""While so much is not acknowledged, frames wait: at 300 kbit/s that is some 50 ms."""
ASK_AFTER_BYTES = 1_000
"""The terminal is asked for an answer whenever so much was sent: small frames go without."""
ANSWER_WITHIN_S = 2.0
"""An answer that takes longer is taken for lost."""
LOOK_AGAIN_S = 0.01
ASK = "\x1b[?2026$p"


class Line:
    """How much is on its way to the terminal."""

    def __init__(self) -> None:
        self._sent = 0
        self._asked: deque[tuple[int, float]] = deque()
        self._acknowledged = 0

    def is_free(self, now: float) -> bool:
        """Return whether the next frame may go."""
        while self._asked and now - self._asked[0][1] > ANSWER_WITHIN_S:
            self._acknowledged, _ = self._asked.popleft()
        return not self._asked or self._sent - self._acknowledged < UNDERWAY_BYTES_MAX

    def send(self, size: int, now: float) -> bool:
        """Note that `size` bytes go; return whether the terminal is to be asked after them."""
        self._sent += size
        asked_up_to = self._asked[-1][0] if self._asked else self._acknowledged
        if self._sent - asked_up_to < ASK_AFTER_BYTES:
            return False
        self._asked.append((self._sent, now))
        return True

    def answered(self) -> None:
        """Note an answer; one that nobody asked for says nothing."""
        if self._asked:
            self._acknowledged, _ = self._asked.popleft()

    def forget(self) -> None:
        """Wait for no answer any more."""
        self._asked.clear()
        self._acknowledged = self._sent


class ThriftyDisplay(App[str]):
    """An app whose frames are sent as the difference to what the terminal shows."""

    def __init__(self) -> None:
        super().__init__()
        self._is_plain = os.environ.get("GLUE_TUI_PLAIN_DISPLAY", "") not in ("", "0")
        self._picture = Picture()
        self._line = Line()
        self._later: asyncio.TimerHandle | None = None
        self._cursor_shown_at = (-1, -1)

    def on_mount(self) -> None:
        self.app_resume_signal.subscribe(self, self._on_resumed)

    def on_resize(self, event: events.Resize) -> None:
        """A terminal that changes its size moves and drops cells as it likes."""
        self.forget_screen()

    def _on_resumed(self, _app: App[Any]) -> None:
        self._line.forget()
        self.forget_screen()

    def forget_screen(self) -> None:
        """Paint everything anew with the next frame: something else wrote to the terminal."""
        self._picture.forget()
        self._cursor_shown_at = (-1, -1)

    def tell_terminal(self, sequence: str) -> None:
        """Write what draws nothing, such as the bell, between two frames."""
        if sequence and self._driver is not None and not self.is_headless:
            self._driver.write(sequence)
            self._driver.flush()

    def on_terminal_supports_synchronized_output(self, message: TerminalSupportsSynchronizedOutput) -> None:
        self._line.answered()
        if self._later is not None:
            self._send()

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        driver = self._driver
        is_ours = isinstance(renderable, CompositorUpdate) and not isinstance(renderable, InlineUpdate)
        if self._is_plain or driver is None or self.is_headless or driver.is_inline or not is_ours:
            if renderable is not None:
                self.forget_screen()
            super()._display(screen, renderable)
            return
        try:
            if not self._batch_count and self._running and not self._closed:
                self._take(renderable)
                self._send()
        finally:
            self.post_display_hook()

    def _take(self, update: object) -> None:
        """Bring what is wanted up to a compositor's update."""
        width, height = self.screen.outer_size
        if (width, height) != (self._picture.width, self._picture.height):
            self._picture = Picture(width, height)
        system = self.console._color_system or ColorSystem.TRUECOLOR
        if isinstance(update, LayoutUpdate):
            for y, line in enumerate(update.strips, update.region.y):
                self._picture.put(update.region.x, y, [cell for strip in line for cell in cells_of(strip, system)])
            return
        assert isinstance(update, ChopsUpdate)
        for y, start, end in update.spans:
            for strip_end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
                if strip is not None and x < end and strip_end > start:
                    left, right = max(x, start), min(strip_end, end)
                    self._picture.put(left, y, cells_of(strip, system)[left - x : right - x])

    def _send(self) -> None:
        """Send what differs, or look again soon where the line is busy."""
        loop = asyncio.get_running_loop()
        if self._later is not None:
            self._later.cancel()
            self._later = None
        writer = getattr(self._driver, "_writer_thread", None)
        if self._driver is None or self._closed or writer is None:
            return
        if writer._queue.qsize() or not self._line.is_free(loop.time()):
            self._later = loop.call_later(LOOK_AGAIN_S, self._send)
            return
        changes = self._picture.changes()
        cursor = self.screen.outer_size.clamp_offset(self.cursor_position)
        if not changes and cursor == self._cursor_shown_at:
            return
        self._cursor_shown_at = cursor
        frame = f"{changes}\x1b[{cursor[1] + 1};{cursor[0] + 1}H"
        if self._sync_available:
            frame = f"{SYNC_START}{frame}{SYNC_END}"
            if self._line.send(len(frame.encode()), loop.time()):
                frame += ASK
        self._driver.write(frame)
        self._driver.flush()
