"""The folder by which a worker and Spark's driver exchange tables, rows and words; no kill leaves it for long."""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import suppress
from pathlib import Path

from glue_tui.core.model import node_name
from glue_tui.jobs.session import JobSession


class Exchange:
    """A folder of one attempt, locked as long as its worker lives, removed by `close` or by the next attempt's start.

    It lies in the project, as the executors of a cluster have to find it by the same path.
    """

    def __init__(self, session: JobSession) -> None:
        key = session.spec.key
        place = Path(os.path.realpath(Path(session.spec.catalog_path).parent)) / "spark"
        place.mkdir(exist_ok=True)
        self.folder = place / f"{key.run_id}-{node_name(key.node_id)}-{key.attempt}"
        place_fd = os.open(place, os.O_RDONLY)
        try:
            # Held until the new folder is locked: nobody takes it for one that was left.
            fcntl.flock(place_fd, fcntl.LOCK_EX)
            for left in place.iterdir():
                _remove_if_left(left)
            for name in ("tables", "frames"):
                (self.folder / name).mkdir(parents=True)
            self._lock_fd: int | None = os.open(self.folder, os.O_RDONLY)
            fcntl.flock(self._lock_fd, fcntl.LOCK_EX)
        finally:
            os.close(place_fd)

    def close(self) -> None:
        """Remove the folder. May be called again."""
        shutil.rmtree(self.folder, ignore_errors=True)
        lock_fd, self._lock_fd = self._lock_fd, None
        if lock_fd is not None:
            os.close(lock_fd)


def _remove_if_left(folder: Path) -> None:
    with suppress(OSError):
        fd = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(fd)
