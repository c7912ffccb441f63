"""Whether what a job writes can match a pattern that a trigger watches."""

from __future__ import annotations

import os
import re
from fnmatch import fnmatchcase
from pathlib import Path

from glue_tui.core.model import TableSink
from glue_tui.definitions.templates import has_template

_BRACES = re.compile(r"\{[^}]*\}")
_SUFFIXES = {"parquet": (".parquet",), "csv": (".csv",), "json": (".json", ".jsonl", ".ndjson")}


def may_hold_files_of(pattern: str, sink: TableSink, project_dir: Path) -> bool:
    """Tell whether a file that `sink` writes may match `pattern`, both relative to the project folder.

    The names of the files are not known here, only their folders and their suffix.
    """
    folder = Path(os.path.normpath(project_dir / sink.path))
    if not folder.is_relative_to(project_dir):
        return False
    globs = [_BRACES.sub("*", part) for part in os.path.normpath(pattern).split("/")]
    positions = _after_doublestars(globs, {0})
    for part in folder.relative_to(project_dir).parts:
        stay = {index for index in positions if index < len(globs) and globs[index] == "**"}
        step = {index + 1 for index in positions if index < len(globs) and _matches(part, globs[index])}
        positions = _after_doublestars(globs, stay | step)
    return any(_matches_below(globs[index:], sink) for index in positions)


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


def _matches_below(globs: list[str], sink: TableSink) -> bool:
    """Tell whether `globs`, the rest of a pattern, can match a file in the sink's folder or in its partitions."""
    if not globs:
        return False
    if "**" not in globs and len(globs) - 1 != len(sink.partition_by):
        return False
    suffix = re.search(r"\.[A-Za-z0-9]+$", globs[-1])
    return suffix is None or suffix[0] in _SUFFIXES[sink.format]
