"""SIGTERM in an attempt: the engine asks it to end, and kills it after a grace."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

from glue_tui.jobs.stopping import StopRequest


class StopListener:
    """Hears SIGTERM also where the main thread does not: Python handles a signal only when that runs Python, and a
    query may hold it for long. Made before there is any attempt, as its thread takes a while to start.
    """

    def __init__(self) -> None:
        """Begin to listen. To be made in the main thread, as `ask` is to be called there."""
        self._stop: StopRequest | None = None
        self._patience_s = 0.0
        self._end: Callable[[], None] = lambda: None
        signals_r, signals_w = os.pipe()
        os.set_blocking(signals_w, False)
        signal.set_wakeup_fd(signals_w, warn_on_full_buffer=False)
        os.register_at_fork(before=_hold_back, after_in_child=_forget, after_in_parent=_let_through)
        threading.Thread(target=self._watch, args=(signals_r,), name="stop", daemon=True).start()

    def tell(self, stop: StopRequest, *, patience_s: float, end: Callable[[], None]) -> None:
        """Let SIGTERM ask for a stop from now on; before, it ends the process.

        If nobody has seen to the stop after `patience_s`, `end` is called in another thread, and is to end the process.
        """
        self._stop, self._patience_s, self._end = stop, patience_s, end
        signal.signal(signal.SIGTERM, stop.ask)

    def _watch(self, signals_fd: int) -> None:
        while signal.SIGTERM not in os.read(signals_fd, 256):
            pass
        threading.Event().wait(self._patience_s)
        # A script with a handler of its own knows what it does.
        if self._stop and signal.getsignal(signal.SIGTERM) == self._stop.ask and self._stop.force():
            self._end()


def _forget() -> None:
    """A process that a script forks ends by SIGTERM as any other, and does not tell its parent of it."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _let_through()


def _hold_back() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})


def _let_through() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
