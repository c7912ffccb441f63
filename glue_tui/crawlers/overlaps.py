"""Targets of one crawler that hold the same files: each file belongs to one of them, so that it is in one table."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from glue_tui.catalog.places import is_s3
from glue_tui.core.model import CrawlTarget, FolderTarget
from glue_tui.crawlers.listing import Entry, ListedFolder
from glue_tui.crawlers.locations import is_below, location_of


def inner_first(targets: Sequence[CrawlTarget], project_dir: Path) -> list[CrawlTarget]:
    """Return the targets in their order, but each folder or file before a folder that holds it, however it is spelt."""
    ordered: list[tuple[str, CrawlTarget]] = []
    for target in targets:
        place = _real_place(target, project_dir)
        outer = (number for number, (other, _) in enumerate(ordered) if other and place != other and place)
        at = next((number for number in outer if is_below(place, ordered[number][0])), len(ordered))
        ordered.insert(at, (place, target))
    return [target for _, target in ordered]


@dataclass(frozen=True, slots=True)
class Claims:
    """Which target has listed a file first, inner ones before outer ones."""

    is_needed: bool
    """There are several targets of files."""
    _holders: dict[tuple[str, str], str] = field(default_factory=dict)
    """By the folder without links and the name of a file: the target."""

    def left_to(
        self, target: FolderTarget, folders: Sequence[ListedFolder]
    ) -> tuple[list[ListedFolder], dict[str, int]]:
        """Return the folders with the files that are this target's own, and how many are left to which other one."""
        if not self.is_needed:
            return list(folders), {}
        others: Counter[str] = Counter()
        own: list[ListedFolder] = []
        for folder in folders:
            place = _real_folder(folder.absolute, target.connection)
            entries: list[Entry] = []
            for entry in folder.entries:
                holder = self._holders.setdefault((place, entry[0]), target.path)
                if holder is target.path:
                    entries.append(entry)
                else:
                    others[holder] += 1
            if len(entries) == len(folder.entries):
                own.append(folder)
            elif entries:
                own.append(replace(folder, entries=tuple(entries)))
        return own, dict(others)


def _real_place(target: CrawlTarget, project_dir: Path) -> str:
    """Return where the files of a target are, links followed; nothing for a database."""
    if not isinstance(target, FolderTarget):
        return ""
    return location_of(target.path if is_s3(target.path) else os.path.realpath(project_dir / target.path), Path("/"))


def _real_folder(absolute: str, connection: str) -> str:
    return f"{connection} {absolute}" if is_s3(absolute) else os.path.realpath(absolute)
