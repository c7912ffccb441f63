"""SIGTERM in an attempt: the engine asks it to end, and kills it after a grace."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable

from glue_tui.jobs.stopping import StopRequest


def listen(stop: StopRequest, *, patience_s: float, end: Callable[[], None]) -> None:
    """Let SIGTERM ask for a stop. Call it in the main thread; it returns at once.

    Python handles a signal only when the main thread runs Python: a query may hold it for long. If nobody has seen to
    the stop after `patience_s`, `end` is called in another thread, and is to end the process.
    """
    signals_r, signals_w = os.pipe()
    os.set_blocking(signals_w, False)
    signal.signal(signal.SIGTERM, stop.ask)
    signal.set_wakeup_fd(signals_w, warn_on_full_buffer=False)
    os.register_at_fork(before=_hold_back, after_in_child=_forget, after_in_parent=_let_through)
    arguments = (signals_r, stop, patience_s, end)
    threading.Thread(target=_watch, args=arguments, name="stop", daemon=True).start()


def _watch(signals_fd: int, stop: StopRequest, patience_s: float, end: Callable[[], None]) -> None:
    while signal.SIGTERM not in os.read(signals_fd, 256):
        pass
    threading.Event().wait(patience_s)
    # A script with a handler of its own knows what it does.
    if signal.getsignal(signal.SIGTERM) == stop.ask and stop.force():
        end()


def _forget() -> None:
    """A process that a script forks ends by SIGTERM as any other, and does not tell its parent of it."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _let_through()


def _hold_back() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})


def _let_through() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
