"""Who holds a lock on a file: for those who wait for it, and have to say for whom."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

LOCK_TOLD_AFTER_S = 2
"""A lock that is waited for longer is told."""

_LOCKS = Path("/proc/locks")


def holders_of(path: Path) -> str:
    """Return the processes that hold locks on a file or folder, or on what SQLite keeps beside it: `process 17 (sh)`.

    Empty where the system does not tell, as only Linux does. Opens nothing: who closes a file lets go of his locks.
    """
    inodes = set()
    for end in ("", "-shm"):
        with suppress(OSError):
            inodes.add(path.with_name(path.name + end).stat().st_ino)
    return ", ".join(dict.fromkeys(_process(pid) for pid in _holders(inodes) if pid != os.getpid()))


def _holders(inodes: set[int]) -> Iterator[int]:
    try:
        lines = _LOCKS.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        words = line.split()
        # `1: POSIX  ADVISORY  WRITE 19271 fe:00:3081759 0 EOF`; one that waits itself has an arrow before its kind.
        if "->" not in words and len(words) > 5 and int(words[5].rpartition(":")[2]) in inodes:
            yield int(words[4])


def _process(pid: int) -> str:
    try:
        name = Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        name = ""
    return f"process {pid} ({name})" if name else f"process {pid}"
