"""The engine's own log, kept from growing for ever: one older part beside the one that is written."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

ENGINE_LOG_BYTES_MAX = 4 * 1024 * 1024
"""At this size `engine.log` becomes `engine.log.1`, in the place of an older one."""


def keep_short(descriptor: int, path: Path, bytes_max: int = ENGINE_LOG_BYTES_MAX) -> bool:
    """Move what is in the log at `path` aside if it is too long and `descriptor` writes to it; return whether it was.

    The file stays the same, emptied: the engine and all its processes have it open for appending. On a full disk the
    older part is not kept.
    """
    try:
        is_ours = os.path.samestat(os.fstat(descriptor), path.stat())
        if not is_ours or path.stat().st_size <= bytes_max:
            return False
        with contextlib.suppress(OSError):
            shutil.copyfile(path, path.with_name(path.name + ".1"))
        os.ftruncate(descriptor, 0)
    except OSError:
        return False
    return True
