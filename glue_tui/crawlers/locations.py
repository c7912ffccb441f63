"""Where targets, tables and files lie, in the words of the catalog."""

from __future__ import annotations

import os
from pathlib import Path

from glue_tui.catalog.places import is_s3
from glue_tui.catalog.readers.lake_tables import lake_folder, lake_kind
from glue_tui.crawlers.listing import catalog_path


def location_of(path: str, project_dir: Path) -> str:
    """Return the path of a target, or of a folder in it, as tables have it."""
    if is_s3(path):
        return path.rstrip("/")
    project = project_dir.absolute()
    return catalog_path(os.path.normpath(project / path), os.path.normpath(project))


def is_below(path: str, folder: str) -> bool:
    """Return whether a path of the catalog is a folder or lies below it."""
    if folder == ".":
        return not path.startswith("/") and not is_s3(path)
    return path == folder or path.startswith(folder if folder == "/" else f"{folder}/")


def folder_of(path: str) -> str:
    """Return the folder that a known file was listed in, as ListedFolder.path has it: of a lake its table's."""
    if lake_kind(path):
        folder = lake_folder(path)
        return f"{folder}/" if folder else ""
    folder, slash, _ = path.rpartition("/")
    return folder + slash
