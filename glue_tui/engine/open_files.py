"""Whether some process has a file open for writing, as far as the system tells. Asks; changes nothing of the file."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sys


def is_open_for_writing(path: str) -> bool | None:
    """Tell whether a process of this machine has a file open for writing, or mapped so; None: the system won't tell.

    Linux tells by a lease: one for reading is granted only while nobody has the file open for writing. It tells the
    owner of the file (and root), and not on every file system; on one of a network it would know of this machine's
    processes alone. The lease is held for some microseconds. A program that opens the file for writing just then waits
    for its end; only one that opens it with O_NONBLOCK would be refused.
    """
    if sys.platform != "linux":
        return None
    try:
        # O_NONBLOCK: what has become a pipe meanwhile must not keep us waiting for its other end.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        # The signal about the end of a lease is SIGIO, of which a process dies; SIGURG is ignored where nobody asks.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return True
    except OSError:
        return None
    else:
        with contextlib.suppress(OSError):
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        return False
    finally:
        os.close(descriptor)
