"""The slice that a job with a bookmark is about to publish: one file a job, written before anything of it appears.

It outlives the attempt that is killed while it publishes. Whoever comes next takes the same slice again, so that what
is there already is replaced and not doubled. It means something only while the bookmark is of the version that it was
taken at: nobody has to remove it once the bookmark has moved on.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import msgspec

from glue_tui.core.bookmarks import JobSlice

_FOLDER = "bookmarks"
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(JobSlice).decode


def write_slice(state_dir: Path, workflow: str, job: str, taken: JobSlice) -> None:
    """Keep a slice, in place of the one before: on the disk when this returns. Raises OSError."""
    path = _path(state_dir, workflow, job)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.tmp")
    with draft.open("wb") as file:
        file.write(_encode(taken))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    for folder in (path.parent, path.parent.parent, state_dir):
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def read_slice(state_dir: Path, workflow: str, job: str, version: int) -> JobSlice | None:
    """Return what an attempt was about to publish when the bookmark was of this version; None: nothing."""
    try:
        found = _decode(_path(state_dir, workflow, job).read_bytes())
    except FileNotFoundError:
        return None
    return found if found.base_version == version else None


def remove_slice(state_dir: Path, workflow: str, job: str) -> None:
    """Forget a slice of which nothing was published."""
    _path(state_dir, workflow, job).unlink(missing_ok=True)


def rename_workflow(state_dir: Path, before: str, name: str) -> None:
    """Let the slices of a workflow's jobs be those of the workflow under its new name."""
    folder = state_dir / _FOLDER
    with contextlib.suppress(FileNotFoundError):
        for path in (folder / before).iterdir():
            (folder / name).mkdir(exist_ok=True)
            path.replace(folder / name / path.name)


def _path(state_dir: Path, workflow: str, job: str) -> Path:
    return state_dir / _FOLDER / workflow / f"{job}.json"
