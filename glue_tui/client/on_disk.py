"""What lies at a path that somebody asks about."""

from __future__ import annotations

import stat
from pathlib import Path

from glue_tui.client.why_file import Lying, OnDisk


def what_lies_at(path: Path) -> OnDisk:
    """Return what is there on the disk; through symbolic links, as triggers look."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return OnDisk(lying=Lying.DEAD_LINK if path.is_symlink() else Lying.NOTHING)
    if stat.S_ISREG(found.st_mode):
        return OnDisk(lying=Lying.FILE, size_bytes=found.st_size, mtime=found.st_mtime_ns / 1e9)
    return OnDisk(lying=Lying.FOLDER if stat.S_ISDIR(found.st_mode) else Lying.OTHER)
