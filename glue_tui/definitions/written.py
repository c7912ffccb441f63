"""Which files a job writes, as far as its definition tells, and whether a pattern that a trigger watches matches them.

What a script or a program writes by itself nobody can know here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from glue_tui.core.job import DashboardWork, DatabaseSink, Job, TableSink
from glue_tui.core.model import Connection
from glue_tui.core.s3_urls import is_s3
from glue_tui.definitions.templates import has_template

_BRACES = re.compile(r"\{[^}]*\}")
_SUFFIXES = {
    "parquet": (".parquet",),
    "csv": (".csv",),
    "json": (".json", ".jsonl", ".ndjson"),
    "ipc": (".ipc",),
    "delta": (".parquet", ".json"),
    "iceberg": (".parquet", ".json", ".avro"),
}
_SQLITE = "sqlite:///"
_SQLITE_SIDES = ("", "-wal", "-journal", "-shm")
"""Beside the file of a database SQLite writes others, with the same name and these endings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One place that a job writes to."""

    job: str
    key: tuple[str | int, ...]
    """Of the definition, below the job: `("targets", 0, "path")`."""
    text: str
    """As a person would name it."""
    folder: Path
    """Absolute; may hold templates."""
    names: tuple[str, ...] = ()
    """Of its files, where they are known."""
    suffixes: tuple[str, ...] = ()
    """Of its files, where their names are not known."""
    partitions: int = 0
    """So many folders lie between `folder` and the files."""


def written_by(job: Job, connections: tuple[Connection, ...], project_dir: Path) -> Iterator[Written]:
    """Yield the places that a job writes to."""
    if isinstance(job.work, DashboardWork):
        yield _one_file(job, ("output",), job.work.output, project_dir)
    for index, sink in enumerate(job.targets):
        match sink:
            case TableSink(path=path) if not is_s3(path):
                yield Written(
                    job=job.name,
                    key=("targets", index, "path"),
                    text=path,
                    folder=Path(os.path.normpath(project_dir / path)),
                    suffixes=_SUFFIXES[sink.format],
                    partitions=len(sink.partition_by),
                )
            case DatabaseSink(connection=name):
                url = next((one.url for one in connections if one.name == name), "")
                if url.lower().startswith(_SQLITE) and not has_template(url):
                    file = url[len(_SQLITE) :].partition("?")[0]
                    yield _one_file(job, ("targets", index, "connection"), file, project_dir, _SQLITE_SIDES)


def _one_file(
    job: Job, key: tuple[str | int, ...], file: str, project_dir: Path, sides: tuple[str, ...] = ("",)
) -> Written:
    path = Path(os.path.normpath(project_dir / file))
    names = tuple(path.name + side for side in sides)
    return Written(job=job.name, key=key, text=file, folder=path.parent, names=names)


def may_match(pattern: str, written: Written, project_dir: Path) -> bool:
    """Tell whether a file that is written there may match `pattern` (relative to the project folder, or absolute)."""
    folder = written.folder
    if not pattern.startswith("/"):
        if not folder.is_relative_to(project_dir):
            return False
        folder = folder.relative_to(project_dir)
    globs = [_BRACES.sub("*", part) for part in os.path.normpath(pattern).split("/") if part]
    positions = _after_doublestars(globs, {0})
    for part in (part for part in folder.parts if part != "/"):
        positions = _after(globs, positions, part)
    if written.names:
        return any(len(globs) in _after(globs, positions, name) for name in written.names)
    return any(_matches_below(globs[index:], written) for index in positions)


def _after(globs: list[str], positions: set[int], part: str) -> set[int]:
    """Return how far a pattern may have been matched once one more part of a path is."""
    stay = {index for index in positions if index < len(globs) and globs[index] == "**"}
    step = {index + 1 for index in positions if index < len(globs) and _matches(part, globs[index])}
    return _after_doublestars(globs, stay | step)


def _after_doublestars(globs: list[str], positions: set[int]) -> set[int]:
    """Return `positions` and those reached by letting a `**` stand for no folder at all."""
    reached = set(positions)
    for index in sorted(positions):
        while index < len(globs) and globs[index] == "**":
            index += 1
            reached.add(index)
    return reached


def _matches(part: str, glob: str) -> bool:
    return "*" in glob if has_template(part) else glob != "**" and fnmatchcase(part, glob)


def _matches_below(globs: list[str], written: Written) -> bool:
    """Tell whether `globs`, the rest of a pattern, can match a file in the folder or in its partitions."""
    if not globs:
        return False
    if "**" not in globs and len(globs) - 1 != written.partitions:
        return False
    suffix = re.search(r"\.[A-Za-z0-9]+$", globs[-1])
    return suffix is None or suffix[0] in written.suffixes
