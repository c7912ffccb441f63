"""A project that is started by files only, and whose jobs write down which version of each file they found.

Standard library only: the writers import it too. `TRIGGERS` is also what the check goes by: the folders stand here as
names, so that nothing rests on the globs of the program that is tested.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

SEEN = "seen"
"""Folder of what each attempt found."""
TAKEN = "taken"
"""Folder of marks that a version of a file, or its end, has come to a job of a trigger."""
EMPTY = "empty"
FILE_LINE = re.compile(r"(\S+) (\d+) -+\n")


CREATED = frozenset({"created"})
CHANGED = frozenset({"modified", "deleted"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """An EVENT trigger as the check sees it."""

    name: str
    folders: tuple[str, ...]
    """Folders below `in/`, whole."""
    batch_size: int
    window_s: float
    settle_s: float
    events: frozenset[str] = frozenset({"created", "modified"})
    allow_loop: bool = True
    """Writers that wait for a run before they write again are a loop, and meant; only a burst waits for nobody."""

    def watches(self, path: str) -> bool:
        """Tell whether it concerns itself with a path, relative to the project folder."""
        return path.endswith(".dat") and path.startswith(tuple(f"in/{folder}/" for folder in self.folders))


WORKFLOWS: dict[str, tuple[Watching, ...]] = {
    "single": (
        Watching(
            name="each",
            folders=("grown", "swapped", "edited", "new", "moved"),
            batch_size=1,
            window_s=900,
            settle_s=0.4,
        ),
    ),
    "changes": (
        Watching(
            name="all", folders=("gone", "edited"), batch_size=3, window_s=1, settle_s=0.3, events=CREATED | CHANGED
        ),
        Watching(
            name="changed",
            folders=("gone", "edited", "swapped"),
            batch_size=1,
            window_s=900,
            settle_s=0.4,
            events=CHANGED,
        ),
        Watching(name="created", folders=("gone", "new"), batch_size=5, window_s=1, settle_s=0.3, events=CREATED),
    ),
    "batches": (
        Watching(name="pairs", folders=("grown", "swapped", "gone"), batch_size=2, window_s=1, settle_s=0.3),
        Watching(
            name="many", folders=("edited", "new", "gone", "moved", "burst"), batch_size=100, window_s=2, settle_s=0.5
        ),
        Watching(name="loud", folders=("burst",), batch_size=50, window_s=1, settle_s=0.5, allow_loop=False),
        Watching(name="some", folders=("burst", "swapped", "edited"), batch_size=7, window_s=1, settle_s=0.3),
    ),
}
TRIGGERS = tuple(trigger for triggers in WORKFLOWS.values() for trigger in triggers)
KINDS = ("grown", "swapped", "edited", "new", "gone", "moved", "burst")
"""The folders below `in/`."""
WRITERS_MAX = 3
"""Of a kind."""
KNOWN_FILES = 3
"""Of a kind and writer, that are there from the beginning."""
GONE = "gone"
"""In the place of a version: the file was deleted."""

_JOB = """
import sys

sys.path.append({root!r})
from tests.end_to_end.arrivals_project import write_down

def run(glue):
    batch = glue.event_files, glue.deleted_files
    write_down(glue.project_dir, glue.arguments["--trigger"], glue.run_id, glue.attempt, *batch)
"""


def make_project(folder: Path) -> None:
    """Write definitions, the script, the folders that are watched, and one file in each that was there before."""
    (folder / "workflows" / "jobs").mkdir(parents=True)
    (folder / "workflows" / "jobs" / "write_down.py").write_text(_JOB.format(root=str(Path(__file__).parents[2])))
    for name, triggers in WORKFLOWS.items():
        (folder / "workflows" / f"{name}.toml").write_text("\n".join(map(_definition, triggers)))
    (folder / SEEN).mkdir()
    for trigger in TRIGGERS:
        (folder / TAKEN / trigger.name).mkdir(parents=True)
    for kind in KINDS:
        (folder / "in" / kind).mkdir(parents=True)
        for writer in range(WRITERS_MAX):
            for path in known_paths(kind, writer):
                (folder / path).write_text(line("before", 1) + line("before", 2))


def _definition(trigger: Watching) -> str:
    watch = json.dumps([f"in/{folder}/**/*.dat" for folder in trigger.folders])
    return f"""
[triggers.{trigger.name}]
type = "EVENT"
watch = {watch}
events = {json.dumps(sorted(trigger.events))}
settle = "{trigger.settle_s * 1000:.0f}ms"
batch_size = {trigger.batch_size}
batch_window = "{trigger.window_s:.0f}s"
allow_loop = {json.dumps(trigger.allow_loop)}
actions = [{{ job = "{trigger.name}" }}]

[jobs.{trigger.name}]
type = "python"
script = "jobs/write_down.py"
arguments = {{ "--trigger" = "{trigger.name}" }}
max_concurrent_runs = 0
"""


def known_paths(kind: str, writer: int) -> list[str]:
    """Return the files that lie there for one writer before any trigger has looked."""
    return [f"in/{kind}/before-{writer}-{number}.dat" for number in range(KNOWN_FILES)]


def is_known(path: str) -> bool:
    """Tell whether a file lay there before any trigger has looked."""
    return "/before-" in path


def line(base: str, number: int) -> str:
    """Return one line of a file. A version of a file is lines 1 to n with the same base, and nothing else."""
    return f"{base} {number} {'-' * 60}\n"


def version_of(text: str) -> str:
    """Return which version a file is by its text, as `base.lines`; EMPTY; or nothing if it is a mixture, or cut."""
    if not text:
        return EMPTY
    base, at = "", 0
    for number, found in enumerate(FILE_LINE.finditer(text), start=1):
        base = base or found[1]
        if found.start() != at or (found[1], int(found[2])) != (base, number):
            return ""
        at = found.end()
    return f"{base}.{number}" if at == len(text) else ""


def mark(path: str, version: str) -> str:
    """Return the name of the mark that a version of a file has come to a job."""
    return f"{version} {path.replace('/', '|')}"


def write_down(
    folder: Path, trigger: str, run_id: str, attempt: int, files: tuple[str, ...], deleted: tuple[str, ...]
) -> None:
    """What a job does: look at each file of its batch, write down what it is, and then let the writers know."""
    found = []
    for name in files:
        try:
            with open(folder / name) as file:
                mtime_ns = os.fstat(file.fileno()).st_mtime_ns
                found.append({"path": name, "version": version_of(file.read()), "mtime_ns": mtime_ns})
        except OSError:
            found.append({"path": name, "version": "", "mtime_ns": 0})
    passing = folder / SEEN / f".{run_id}.{attempt}"
    passing.write_text(json.dumps(found))
    passing.rename(folder / SEEN / f"{run_id}.{attempt}.json")
    for one in found:
        if one["version"]:
            (folder / TAKEN / trigger / mark(one["path"], one["version"])).touch()
    for path in deleted:
        (folder / TAKEN / trigger / mark(path, GONE)).touch()
