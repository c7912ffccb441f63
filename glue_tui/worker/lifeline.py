"""A worker must not outlive those it works for: it watches their pipes and ends its whole process group."""

from __future__ import annotations

import os
import select
import signal
import threading


def die_with(*pipe_fds: int) -> None:
    """Kill this process's own group as soon as all writers of one of the pipes are gone. Returns at once."""
    threading.Thread(target=_watch, args=(pipe_fds,), name="lifeline", daemon=True).start()


def _watch(pipe_fds: tuple[int, ...]) -> None:
    poll = select.poll()
    for fd in pipe_fds:
        # No events asked: requests for others in the pipe don't wake it, a hang-up is told all the same.
        poll.register(fd, 0)
    poll.poll()
    os.killpg(0, signal.SIGKILL)
