"""How far an attempt is, told to the engine from within the attempt."""

from __future__ import annotations

import os
import time

from glue_tui.core.attempt import AttemptKey
from glue_tui.protocol.worker import Progress, encode_answer

_INTERVAL_S = 0.25


class ProgressPipe:
    """Writes progress into the pipe to the engine: seldom enough, and never waiting for it."""

    def __init__(self, fd: int, key: AttemptKey) -> None:
        self._fd = fd
        self._key = key
        self._next_s = 0.0

    def __call__(self, done: float, total: float) -> None:
        """Tell that `done` of `total` is done. Most calls do nothing."""
        now_s = time.monotonic()
        if now_s < self._next_s or total <= 0:
            return
        self._next_s = now_s + _INTERVAL_S
        fraction = round(min(max(done / total, 0.0), 1.0), 3)
        try:
            os.write(self._fd, encode_answer(Progress(key=self._key, fraction=fraction)))
        except (BlockingIOError, BrokenPipeError):
            pass  # The engine is busy or gone; a figure that comes late is worth nothing.
