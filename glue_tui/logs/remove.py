"""The log folders of runs as a whole: how large they are, which there are, and deleting them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path


def run_folders(runs_dir: Path) -> tuple[str, ...]:
    """Return the ids of runs that have a log folder."""
    try:
        with os.scandir(runs_dir) as entries:
            return tuple(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError:
        return ()


def folder_bytes(folder: Path) -> int:
    """Return what the files of a run's log folder take; 0 where there is none."""
    try:
        with os.scandir(folder) as entries:
            return sum(entry.stat(follow_symlinks=False).st_size for entry in entries)
    except OSError:
        return 0


def delete_folders(runs_dir: Path, run_ids: Iterable[str]) -> tuple[str, ...]:
    """Delete log folders; return the runs whose folder is gone now, or was before."""
    gone = []
    for run_id in run_ids:
        shutil.rmtree(runs_dir / run_id, ignore_errors=True)
        if not (runs_dir / run_id).exists():
            gone.append(run_id)
    return tuple(gone)
