"""An engine that rests on a folder of 100,000 files, with a schedule that is due every minute.

P12: between two schedules it may take 0.3 % of a processor, and P13: 60 MB of memory (resident). How late a schedule
is: from the moment in which it is due to the first line of its first job's log, beside the same by hand.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import psutil

from tests.benchmarks.engine_up import EngineUp
from tests.benchmarks.figures import AtMost, Figure, Row, Setting, in_rounds
from tests.benchmarks.projects import write_project
from tests.benchmarks.watching import fill, first_line_at

FILES = 100_000
MINUTE_S = 60.0
MARGIN_S = 4.0
"""Before and after a schedule is no rest."""
MB = 1_000_000
WORKFLOW = """
[triggers.landed]
type = "EVENT"
watch = ["landing/**/*.csv"]
actions = [{ job = "first" }]

[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ job = "first" }]

[jobs.first]
type = "python"
script = "jobs/nothing.py"
"""
EVERY_MINUTE = """
[triggers.minutes]
type = "SCHEDULED"
schedule = "cron(* * * * ? *)"
actions = [{ job = "first" }]
"""


def measure(setting: Setting) -> Iterator[Row]:
    """The smallest waits for no schedule."""
    files = setting.size(FILES, 10)
    text = WORKFLOW if setting.is_smallest else WORKFLOW + EVERY_MINUTE
    project_dir = write_project(setting.scratch / "project", {"idle": text})
    for number in range(10):
        fill(project_dir / "landing" / f"{number}", files // 10)
    with EngineUp(project_dir) as engine:
        process = psutil.Process(engine.pid)

        def by_hand_s() -> float:
            began = time.time()
            return first_line_at(project_dir, engine.run("idle")[1].run_id) - began

        def late_s() -> float:
            if setting.is_smallest:
                return by_hand_s()
            run = engine.next_end()
            return first_line_at(project_dir, run.run_id) - run.queued_at // MINUTE_S * MINUTE_S

        def cpu_percent() -> float:
            rest_s = setting.size(int(MINUTE_S - time.time() % MINUTE_S - 2 * MARGIN_S), 0) + 0.1
            time.sleep(setting.size(int(MARGIN_S), 0))
            began, before = time.monotonic(), process.cpu_times()
            time.sleep(rest_s)
            after = process.cpu_times()
            return (after.user + after.system - before.user - before.system) / (time.monotonic() - began) * 100

        taken = in_rounds(
            {
                "late": late_s,
                "by hand": by_hand_s,
                "CPU": cpu_percent,
                "memory": lambda: process.memory_info().rss / MB,
            },
            setting,
        )
    if not setting.is_smallest:
        late, by_hand = taken["late"].times(1000), taken["by hand"].times(1000)
        yield Row(benchmark="idle", what="schedule due -> first log line", unit="ms", measured=late, limit=by_hand)
    yield _row(f"P12 engine at rest on {files} files", "% CPU", taken["CPU"], AtMost(0.3))
    yield _row("P13 its memory", "MB", taken["memory"], AtMost(60))


def _row(what: str, unit: str, measured: Figure, goal: AtMost) -> Row:
    return Row(benchmark="idle", what=what, unit=unit, measured=measured, goal=goal)
