"""Which engines work on a project, by the system's own account."""

from __future__ import annotations

from pathlib import Path

import psutil

from glue_tui.client.find import read_engine_file


def engine_pids(project_dir: Path) -> list[int]:
    """Return the engines that work on a project, found by their command lines."""
    wanted = ["-m", "glue_tui.engine", "--project", str(project_dir)]
    file = read_engine_file(project_dir)
    own = psutil.Process()
    candidates = {process.pid: process for process in own.children(recursive=True)}
    if file is not None and psutil.pid_exists(file.pid):
        candidates[file.pid] = psutil.Process(file.pid)
    found = []
    for pid, process in candidates.items():
        try:
            if process.cmdline()[-4:] == wanted and process.status() != psutil.STATUS_ZOMBIE:
                found.append(pid)
        except psutil.NoSuchProcess:
            continue
    return found
