"""Where a project and its definition files lie. Imports next to nothing: every command asks this first."""

from __future__ import annotations

import os
from pathlib import Path
from stat import S_ISREG

WORKFLOWS_FOLDER = "workflows"
STATE_FOLDER = ".glue_tui"

_TEMPORARY = ("~", "#", ".")
"""First characters of files that editors leave behind."""


def find_project_dir(start: Path) -> Path | None:
    """Return the nearest folder upwards from `start` with definition files or an engine's state, or None."""
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / STATE_FOLDER).is_dir() or definition_files(folder):
            return folder
    return None


def definition_files(project_dir: Path) -> list[Path]:
    """Return the definition files of a project, ordered by name; none where the folder can't be read."""
    try:
        return list_definitions(project_dir)
    except OSError:
        return []


def list_definitions(project_dir: Path) -> list[Path]:
    """Return the definition files of a project, ordered by name; none where there is no folder for them.

    A link that leads nowhere is one of them: what it led to may come back. Raises OSError where the folder, or what
    it is a link to, can't be listed: then nothing is known of the files in it.
    """
    folder = project_dir / WORKFLOWS_FOLDER
    try:
        with os.scandir(folder) as entries:
            return sorted(folder / entry.name for entry in entries if _may_define(entry))
    except FileNotFoundError:
        if folder.is_symlink():
            raise
        return []


def _may_define(entry: os.DirEntry[str]) -> bool:
    if not entry.name.endswith(".toml") or entry.name.startswith(_TEMPORARY) or not _is_readable_name(entry.name):
        return False
    try:
        return S_ISREG(entry.stat().st_mode)
    except OSError:
        return True


def _is_readable_name(name: str) -> bool:
    """Tell whether the name is text: the name of a file may be any bytes, that of a workflow may not."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
