"""Where a table's files lie while they change: hidden folders beside its own, `.name.tmp-…`. No polars here.

A job stages new files in such a folder, and publishes by letting it change places with the table's. The old files,
which the catalog goes on listing until the engine has committed the job's end, then lie in the hidden one, where
readers look for what is missing; after the commit the engine removes it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from glob import escape
from pathlib import Path

_MARK = ".tmp-"
_REMOVED_AT_ONCE = 4


def hidden_place(target: Path, name: str) -> Path:
    """Return where files of `target`, a folder or a file, may wait; `name` must be nobody else's."""
    return target.parent / f".{target.name}{_MARK}{name}"


def hidden_places(target: Path) -> Iterator[Path]:
    """Yield what waits, or was left, beside `target`."""
    return target.parent.glob(f".{escape(target.name)}{_MARK}*")


def set_aside(target: Path, path: Path) -> Path | None:
    """Return where `path`, a file below `target`, lies now that another job's files are in its place; None: nowhere."""
    if not path.is_relative_to(target):
        return None
    places = (place / path.relative_to(target) for place in hidden_places(target))
    # No name of a file is used twice: one of that name is that file.
    return next((place for place in places if place.exists()), None)


def remove_places(places: Iterable[Path]) -> None:
    """Remove folders whose files nobody needs any more."""
    for place in places:
        assert place.name.startswith("."), place
        assert _MARK in place.name, place
        remove_folder(place)


def remove_folder(folder: Path) -> None:
    """Remove a folder and all below it, as far as that can be.

    Its innermost folders go several at a time: of a table of thousands of partitions, each removal waits for the disk.
    """
    innermost = [place for place, folders, _ in os.walk(folder) if not folders]
    with ThreadPoolExecutor(_REMOVED_AT_ONCE) as threads:
        for _ in threads.map(lambda place: shutil.rmtree(place, ignore_errors=True), innermost):
            pass
    shutil.rmtree(folder, ignore_errors=True)
