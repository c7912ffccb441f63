"""A worker must not outlive those it works for: it watches their pipes, and ends with all that it has started."""

from __future__ import annotations

import select
import threading

from glue_tui.worker.descendants import die_with_all


def die_with(*pipe_fds: int) -> None:
    """Kill all below this process and its own group when all writers of one of the pipes are gone. Returns at once."""
    threading.Thread(target=_watch, args=(pipe_fds,), name="lifeline", daemon=True).start()


def _watch(pipe_fds: tuple[int, ...]) -> None:
    poll = select.poll()
    for fd in pipe_fds:
        # No events asked: requests for others in the pipe don't wake it, a hang-up is told all the same.
        poll.register(fd, 0)
    poll.poll()
    die_with_all()
