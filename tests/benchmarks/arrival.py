"""P9: a file is renamed into a watched folder; how long until the first line of its first job's log?

It was written under a passing name beside, so that nothing has to settle. Limit: what watchfiles, as it comes, takes
to tell of such a file, plus one node start (from the request by hand to the first line of the log). Goal: 1.5 times
that. Beside it watchfiles without any gathering of changes, and the same in a folder in which 100,000 files lie. The
log's times are milliseconds.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

from tests.benchmarks.engine_up import EngineUp
from tests.benchmarks.figures import Figure, Row, Setting, TimesLimit, in_rounds
from tests.benchmarks.projects import write_project
from tests.benchmarks.watching import deliver, fill, first_line_at, watchfiles_s

GOAL = 1.5
CROWD = 100_000
WORKFLOW = """
[triggers.landed]
type = "EVENT"
watch = ["landing/*.csv"]
actions = [{ job = "first" }]

[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ job = "first" }]

[jobs.first]
type = "python"
script = "jobs/nothing.py"
"""
GATHERED = "watchfiles + a node start"
AT_ONCE = "watchfiles, no gathering, + a node start"


def measure(setting: Setting) -> Iterator[Row]:
    taken = _taken(setting, 0)
    start = taken["a node start"]
    yield _row(
        "P9 file -> first log line", taken["arrival"], taken["watchfiles"].plus(start, GATHERED), TimesLimit(GOAL)
    )
    yield _row("  beside", taken["arrival"], taken["at once"].plus(start, AT_ONCE))
    yield _row("  beside", taken["arrival"], start)
    crowd = setting.size(CROWD, 10)
    taken = _taken(setting, crowd)
    limit = taken["watchfiles"].plus(taken["a node start"], GATHERED)
    yield _row(f"P9 among {crowd} files", taken["arrival"], limit, TimesLimit(GOAL))


def _taken(setting: Setting, files_before: int) -> dict[str, Figure]:
    project_dir = write_project(setting.scratch / f"project-{files_before}", {"arrival": WORKFLOW})
    landing, watched = project_dir / "landing", setting.scratch / f"watched-{files_before}"
    fill(landing, files_before)
    watched.mkdir()
    with EngineUp(project_dir) as engine:

        def node_start_s() -> float:
            began = time.time()
            return first_line_at(project_dir, engine.run("arrival")[1].run_id) - began

        def arrival_s() -> float:
            began = deliver(landing)
            return first_line_at(project_dir, engine.next_end().run_id) - began

        return in_rounds(
            {
                "arrival": arrival_s,
                "a node start": node_start_s,
                "watchfiles": partial(watchfiles_s, watched),
                "at once": partial(watchfiles_s, watched, step_ms=1, debounce_ms=1),
            },
            setting,
        )


def _row(what: str, measured: Figure, limit: Figure, goal: TimesLimit | None = None) -> Row:
    return Row(
        benchmark="arrival",
        what=what,
        unit="ms",
        measured=measured.times(1000),
        limit=limit.times(1000),
        goal=goal,
    )
