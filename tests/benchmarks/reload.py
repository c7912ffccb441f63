"""A workflow file is saved; how long until its new version is in force, as the news of it tells a client?

Saved as an editor that renames does it, and by writing over it in place; from the last act of the save. One with a
mistake has to hold still for longer: it may be half written. Goal: half a
second. Limit: what watchfiles, as it comes, takes to tell of a file.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from itertools import count
from pathlib import Path

from tests.benchmarks.engine_up import EngineUp
from tests.benchmarks.figures import AtMost, Row, Setting, in_rounds
from tests.benchmarks.projects import chain, write_project
from tests.benchmarks.watching import watchfiles_s

GOAL_MS = 500
NODES = 10
_NUMBERS = count()


def measure(setting: Setting) -> Iterator[Row]:
    project_dir = write_project(setting.scratch / "project", {"reload": chain(NODES)})
    watched = setting.scratch / "watched"
    watched.mkdir()
    with EngineUp(project_dir) as engine:
        taken = in_rounds(
            {
                "renamed": lambda: _saved_s(engine, project_dir, is_renamed=True),
                "in place": lambda: _saved_s(engine, project_dir, is_renamed=False),
                "broken": lambda: _broken_s(engine, project_dir),
                "watchfiles": partial(watchfiles_s, watched),
            },
            setting,
        )
    for name, what in (
        ("renamed", "file saved by renaming -> in force"),
        ("in place", "file saved in place -> in force"),
        ("broken", "file saved with a mistake -> told"),
    ):
        yield Row(
            benchmark="reload",
            what=what,
            unit="ms",
            measured=taken[name].times(1000),
            limit=taken["watchfiles"].times(1000),
            goal=AtMost(GOAL_MS),
        )


def _saved_s(engine: EngineUp, project_dir: Path, *, is_renamed: bool) -> float:
    target = project_dir / "workflows" / "reload.toml"
    description = f"version {next(_NUMBERS)}"
    text = f'description = "{description}"\n{chain(NODES)}'
    if is_renamed:
        passing = target.with_name(".reload.toml.swp")
        passing.write_text(text)
        passing.replace(target)
    else:
        target.write_text(text)
    saved_at = time.perf_counter()
    engine.described("reload", description)
    return time.perf_counter() - saved_at


def _broken_s(engine: EngineUp, project_dir: Path) -> float:
    (project_dir / "workflows" / "reload.toml").write_text(f"mistake = {next(_NUMBERS)}\n{chain(NODES)}")
    saved_at = time.perf_counter()
    engine.broken("reload", "unknown key")
    return time.perf_counter() - saved_at
