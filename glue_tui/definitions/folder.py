"""Where a project and its definition files lie. Imports next to nothing: every command asks this first."""

from __future__ import annotations

from pathlib import Path

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
        files = sorted((project_dir / WORKFLOWS_FOLDER).glob("*.toml"))
        return [
            file
            for file in files
            if not file.name.startswith(_TEMPORARY) and _is_readable_name(file) and file.is_file()
        ]
    except OSError:
        return []


def _is_readable_name(file: Path) -> bool:
    """Tell whether the name is text: the name of a file may be any bytes, that of a workflow may not."""
    try:
        file.name.encode()
    except UnicodeEncodeError:
        return False
    return True
