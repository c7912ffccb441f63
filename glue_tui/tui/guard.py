"""Ending well when the terminal goes away or the process is told to end: screen restored, exit code 128 + signal.

Textual installs no handlers for these: a hang-up would leave its input thread spinning, SIGTERM a terminal in raw mode.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from textual.app import App

END_WITHIN_S = 2.0
"""An end that takes longer is cut short: writing to a terminal that is gone can block for good."""


@contextmanager
def guard_terminal(app: App[Any], loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """While inside, SIGHUP, SIGTERM and the hang-up of the terminal end `app` with 129 or 143, never the engine."""

    def end(number: int) -> None:
        code = 128 + number
        last_resort = threading.Timer(END_WITHIN_S, os._exit, (code,))
        last_resort.daemon = True
        last_resort.start()
        app.exit(return_code=code)

    signals = (signal.SIGHUP, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, end, number)
    wake_read, wake_write = os.pipe()
    watcher = threading.Thread(
        target=_watch_for_hangup, args=(wake_read, lambda: loop.call_soon_threadsafe(end, signal.SIGHUP)), daemon=True
    )
    watcher.start()
    try:
        yield
    finally:
        os.close(wake_write)
        watcher.join(timeout=1.0)
        os.close(wake_read)
        for number in signals:
            loop.remove_signal_handler(number)


def _watch_for_hangup(wake: int, tell: Any) -> None:
    """Sleep until the terminal hangs up or `wake` is closed at its other end."""
    stdin = sys.__stdin__
    if stdin is None or not stdin.isatty():
        return
    poll = select.poll()
    poll.register(stdin.fileno(), 0)
    poll.register(wake, 0)
    while True:
        for file, _event in poll.poll():
            if file == wake:
                return
            tell()
            return
