"""Files that wait in the project's state folder, and what an attempt is about to put elsewhere, noted beforehand.

Of a bucket, or of the folder of a lake, nobody can tell whether an object that no log and no catalog names is left over
or somebody's at work. So each attempt notes what it will put there, in a folder that it holds by a lock as long as it
lives; who finds such a note without its writer removes what it names.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from glue_tui.catalog.set_aside import hidden_place, hidden_places
from glue_tui.core.model import node_name
from glue_tui.jobs.targets.target import Attempt
from glue_tui.jobs.targets.waiting import left_behind, locked_place, sync_folder

_NAME = "staged"
_NOTE = "note.json"
_PUBLISHED = "published"
FILES = "files"
"""What waits in a folder lies in this one."""
_numbers = itertools.count()


class Journal:
    """The waiting folders of one attempt, for targets of one kind."""

    def __init__(self, attempt: Attempt) -> None:
        self._target = attempt.catalog.path.absolute().parent / _NAME
        self._log = attempt.log
        node = node_name(attempt.key.node_id)
        self._prefix = f"{attempt.key.run_id}-{node}-{attempt.key.attempt}-"
        runs = "|".join(map(re.escape, (attempt.key.run_id, *attempt.unfinished_in)))
        self._of_this_node = re.compile(rf"({runs})-{re.escape(node)}-\d+-\d+")
        self._places: list[tuple[Path, int]] = []
        self._making = threading.Lock()
        """Held between making a place and knowing of it: a job is stopped from another thread."""

    def place(self) -> Path:
        """Return a new folder; its name is nobody else's."""
        folder = hidden_place(self._target, f"{self._prefix}{next(_numbers)}")
        with self._making:
            self._places.append((folder, locked_place(folder)))
        return folder

    def note(self, place: Path, location: str, paths: Iterable[str]) -> None:
        """Note, durably, what is about to be put at a location: `s3://` URLs or absolute paths."""
        with open(place / _NOTE, "w") as file:
            json.dump({"location": location, "paths": list(paths)}, file)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(place)

    def published(self, place: Path) -> None:
        """Note that all has appeared. The engine removes the place once it has committed the attempt's end; until then
        only another attempt of the same node, which is there because that did not happen, takes everything back."""
        (place / _PUBLISHED).touch()
        sync_folder(place)

    def taken_back(self, place: Path) -> None:
        """Note that it is as if nothing had appeared: whoever comes next removes what is noted."""
        (place / _PUBLISHED).unlink(missing_ok=True)
        sync_folder(place)

    def clear(self, location: str, remove: Callable[[list[str]], None]) -> None:
        """Let what killed attempts have noted for a location be removed, and forget them; tell of it."""
        own = {place for place, _ in self._places}
        for folder in sorted(set(hidden_places(self._target)) - own):
            with left_behind(folder) as is_left:
                is_others = (folder / _PUBLISHED).exists() and not self._of_this_node.fullmatch(file_name(folder))
                noted = None if is_others or not is_left else _noted(folder)
                if noted is None or noted[0] not in ("", location):
                    continue
                if noted[1]:
                    remove(noted[1])
                    self._log.info(f"removed what a killed attempt left behind in {location}")
                shutil.rmtree(folder, ignore_errors=True)

    def stop(self) -> None:
        """Let no folder be made any more: the job ends."""
        self._making.acquire()

    def discard(self, *, keep_notes: bool = False) -> int:
        """Remove the files that wait, and return in how many folders. What has appeared, and with `keep_notes` all that
        is noted, stays noted."""
        for folder, lock_fd in self._places:
            is_kept = (folder / _PUBLISHED).exists() or (keep_notes and (folder / _NOTE).exists())
            shutil.rmtree(folder / FILES if is_kept else folder, ignore_errors=True)
            os.close(lock_fd)
        removed = len(self._places)
        self._places.clear()
        return removed


def file_name(place: Path) -> str:
    """Return how the names of the files in a waiting folder begin: with run, node and attempt."""
    return place.name.partition(".tmp-")[2]


def _noted(folder: Path) -> tuple[str, list[str]] | None:
    """Return location and paths of a note; none of either where its writer came no further than the folder."""
    try:
        noted = json.loads((folder / _NOTE).read_bytes())
    except FileNotFoundError:
        return "", []
    except (OSError, ValueError):
        # Cut off while it was written: nothing had been put anywhere yet.
        return "", []
    return noted["location"], noted["paths"]
