"""What an attempt itself tells the engine: how far it is, and that its work is done."""

from __future__ import annotations

import os
import resource
import sys
import time

from glue_tui.core.attempt import AttemptKey
from glue_tui.protocol.worker import Answer, Exited, Finished, Progress, encode_answer

_INTERVAL_S = 0.25
RSS_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024
"""Of the peak memory in `getrusage`."""


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
        self._tell(Progress(key=self._key, fraction=fraction))

    def finished(self, exit_code: int) -> None:
        """Tell that the result is written, just before this process ends."""
        usages = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        self._tell(Finished(key=self._key, exit_code=exit_code, peak_memory_bytes=max(usages) * RSS_UNIT_BYTES))

    def not_begun(self, reason: str) -> None:
        """Tell that the work can't begin."""
        self._tell(Exited(key=self._key, reason=reason))

    def _tell(self, answer: Answer) -> None:
        try:
            os.write(self._fd, encode_answer(answer))
        except (BlockingIOError, BrokenPipeError):
            pass  # The engine is busy or gone: a figure that comes late is worth nothing, an end is told once more.
