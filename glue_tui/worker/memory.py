"""The memory that an attempt's processes hold together: the most it ever was, and what is done beyond its limit."""

from __future__ import annotations

import contextlib
import resource
import threading
import time
from collections.abc import Callable

import psutil

from glue_tui.core.counts import size
from glue_tui.core.problem import GlueTuiError
from glue_tui.worker.descendants import child_pids
from glue_tui.worker.progress import RSS_UNIT_BYTES

_STEP_S = 0.25
_STEP_LIMITED_S = 0.02
_REST_PER_LOOK = 10
"""However many processes there are to look at, looking takes no more than a tenth of the time."""


class OutOfMemory(GlueTuiError):
    """The attempt held more than its job may."""

    def __init__(self, job: str, held_bytes: int, limit_bytes: int) -> None:
        super().__init__(
            f"used {size(held_bytes)}, jobs.{job}.memory is {size(limit_bytes)}",
            hint="read lazily and write the lazy frame, take the rows in parts, or raise `memory`",
        )


class MemoryWatch:
    """Looks again and again, in a thread of its own, until the process ends.

    Not a limit of the system's: polars reserves far more address space than it ever uses.
    """

    def __init__(self, limit_bytes: int | None, beyond: Callable[[int], None]) -> None:
        """`beyond` is called with the bytes held, each time that they are seen to be more than the limit."""
        self._limit_bytes = limit_bytes
        self._beyond = beyond
        self._peak_bytes = 0

    def start(self) -> None:
        threading.Thread(target=self._watch, name="memory", daemon=True).start()

    @property
    def peak_bytes(self) -> int:
        """The most that was held at once. Exact for a process alone, which the system counts itself."""
        alone = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return max(self._peak_bytes, *(kilobytes * RSS_UNIT_BYTES for kilobytes in alone))

    def _watch(self) -> None:
        own = psutil.Process()
        step_s = _STEP_S if self._limit_bytes is None else _STEP_LIMITED_S
        rest = threading.Event()
        rest_s = step_s
        while not rest.wait(rest_s):
            began_s = time.monotonic()
            held_bytes = self._held_bytes(own)
            self._peak_bytes = max(self._peak_bytes, held_bytes)
            if self._limit_bytes is not None and held_bytes > self._limit_bytes:
                self._beyond(held_bytes)
            rest_s = max(step_s, _REST_PER_LOOK * (time.monotonic() - began_s))

    def _held_bytes(self, own: psutil.Process) -> int:
        """Return what all processes hold; pages that they share count once where that matters and can be told."""
        if not child_pids():
            return int(own.memory_info().rss)
        processes = [own]
        with contextlib.suppress(psutil.Error):
            processes += own.children(recursive=True)
        held_bytes = sum(_bytes_of(process, "rss") for process in processes)
        if held_bytes > self._peak_bytes:
            held_bytes = sum(_bytes_of(process, "pss") or _bytes_of(process, "rss") for process in processes)
        return held_bytes


def cpu_s() -> float:
    """Return the processor time of this process and of all below it that have ended and were waited for."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return round(sum(usage.ru_utime + usage.ru_stime for usage in usages), 3)


def _bytes_of(process: psutil.Process, kind: str) -> int:
    """Return 0 for a process that has ended, and where the system does not know shares (`pss`)."""
    try:
        return int(getattr(process.memory_full_info() if kind == "pss" else process.memory_info(), kind, 0))
    except psutil.Error:
        return 0
