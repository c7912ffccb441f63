"""P9: a file is renamed into a watched folder; how long until the first line of its first job's log?

Nothing to settle (`settle = "0s"`): that time is the user's own. Limit: what watchfiles, as it comes, takes to tell of
such a file, plus one node start (from the request by hand to the first line of the log). Goal: 1.5 times that.
Beside it watchfiles without any gathering of changes. The log's times are milliseconds.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import datetime
from itertools import count
from pathlib import Path

import watchfiles

from tests.benchmarks.engine_up import EngineUp
from tests.benchmarks.figures import Figure, Row, Setting, TimesLimit, in_rounds
from tests.benchmarks.projects import write_project

GOAL = 1.5
WORKFLOW = """
[triggers.landed]
type = "EVENT"
watch = ["landing/*.csv"]
settle = "0s"
actions = [{ job = "first" }]

[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ job = "first" }]

[jobs.first]
type = "python"
script = "jobs/nothing.py"
"""


def measure(setting: Setting) -> Iterator[Row]:
    project_dir = write_project(setting.scratch / "project", {"arrival": WORKFLOW})
    landing, watched = project_dir / "landing", setting.scratch / "watched"
    landing.mkdir()
    watched.mkdir()
    with EngineUp(project_dir) as engine:

        def node_start_s() -> float:
            began = time.time()
            return _first_line_at(project_dir, engine.run("arrival")[1].run_id) - began

        def arrival_s() -> float:
            began = _rename_into(landing)
            return _first_line_at(project_dir, engine.next_end().run_id) - began

        taken = in_rounds(
            {
                "arrival": arrival_s,
                "a node start": node_start_s,
                "watchfiles": lambda: _watchfiles_s(watched, step_ms=50, debounce_ms=1600),
                "watchfiles, no gathering": lambda: _watchfiles_s(watched, step_ms=1, debounce_ms=1),
            },
            setting,
        )
    start = taken["a node start"]
    limits = (
        (taken["watchfiles"].plus(start, "watchfiles + a node start"), TimesLimit(GOAL)),
        (taken["watchfiles, no gathering"].plus(start, "watchfiles, no gathering, + a node start"), None),
        (start, None),
    )
    for (limit, goal), what in zip(limits, ("P9 file -> first log line", "  beside", "  beside"), strict=True):
        yield Row(
            benchmark="arrival",
            what=what,
            unit="ms",
            measured=taken["arrival"].times(1000),
            limit=Figure(name=limit.name, values=limit.times(1000).values),
            goal=goal,
        )


_NUMBERS = count()


def _rename_into(folder: Path) -> float:
    """Let a file appear whole in `folder`; return when."""
    number = next(_NUMBERS)
    outside = folder.parent / f"{number}.tmp"
    outside.write_text("store,amount\nnorth,12.50\n")
    at = time.time()
    outside.rename(folder / f"{number}.csv")
    return at


def _first_line_at(project_dir: Path, run_id: str) -> float:
    """Return the time that stands before the first line of the run's first log."""
    line = (project_dir / ".glue_tui" / "runs" / run_id / "job.first.1.log").read_text().split(" ", 1)[0]
    return datetime.fromisoformat(line).timestamp()


def _watchfiles_s(folder: Path, *, step_ms: int, debounce_ms: int) -> float:
    """Return how long a watcher that does nothing else takes to tell of a new file."""
    ends: list[float] = []
    is_watching, is_over = threading.Event(), threading.Event()

    def look() -> None:
        # It yields for nothing, too, after a first pause: then it is certain that it watches.
        watch = watchfiles.watch(
            folder,
            step=step_ms,
            debounce=debounce_ms,
            rust_timeout=100,
            yield_on_timeout=True,
            stop_event=is_over,
        )
        for changes in watch:
            is_watching.set()
            if changes:
                ends.append(time.time())
                return

    thread = threading.Thread(target=look)
    thread.start()
    assert is_watching.wait(10)
    began = _rename_into(folder)
    thread.join(10)
    is_over.set()
    return ends[0] - began
