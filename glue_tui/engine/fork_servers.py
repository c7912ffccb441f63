"""The fork server as a process: started with the fence in its hands, the first one before there is an engine.

It is the slowest to start of all that an engine needs, so whoever makes an engine begins with it; until it is asked to
start a worker it only imports. Light to import for the same reason.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

from glue_tui.definitions.folder import STATE_FOLDER


class ForkServers:
    """Starts fork servers of one project, one after the other. `fence_fd` is the descriptor of the fence that all of
    them and their workers inherit; -1 before the first is started. The engine locks it before it asks for a worker.
    """

    def __init__(self, project_dir: Path) -> None:
        self.fence_fd = -1
        self._project_dir = project_dir
        self._early: subprocess.Popen[bytes] | None = None

    def start_early(self) -> None:
        """Start the first one ahead of time. What fails here fails again, with its reason, when it is needed."""
        with contextlib.suppress(OSError):
            self._early = self._start()

    def next(self) -> subprocess.Popen[bytes]:
        """Return a fork server for an engine that holds the fence. Raises OSError."""
        early, self._early = self._early, None
        return early or self._start()

    def open_fence(self) -> int:
        """Return the descriptor of the fence, not locked yet. Raises OSError (the state folder can't be written)."""
        if self.fence_fd < 0:
            state_dir = self._project_dir / STATE_FOLDER
            state_dir.mkdir(mode=0o700, exist_ok=True)
            self.fence_fd = os.open(state_dir / "workers.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return self.fence_fd

    def close(self) -> None:
        """End a fork server that was started early and never asked for, and let go of the fence."""
        if self._early is not None:
            self._early.kill()
            self._early.communicate()
            self._early = None
        if self.fence_fd >= 0:
            os.close(self.fence_fd)
            self.fence_fd = -1

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "glue_tui.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env=worker_environment(),
            cwd=self._project_dir,
            pass_fds=(self.open_fence(),),
            start_new_session=True,
        )


def worker_environment() -> dict[str, str]:
    """Return the environment of workers and senders: this process's, with its own Python first on the path."""
    environment = dict(os.environ)
    bin_dir = str(Path(sys.executable).parent)
    environment["PATH"] = os.pathsep.join([bin_dir, environment.get("PATH", os.defpath)])
    environment.setdefault("PYTHONUNBUFFERED", "1")
    return environment
