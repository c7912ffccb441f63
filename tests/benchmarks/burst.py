"""10,000 files are renamed into a watched folder within a second: how long until all are in batches, at what cost?

By batches of 100. Limit: what watchfiles alone takes to tell of as many; for the end of all runs, as many forks of a
process that has polars imported, two at a time, on top of it. Each round has a folder of its own below the watched
one, and the files stay. The engine's processor time counts until the last run is over; its memory (resident, P13)
afterwards.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil

from glue_tui.client.find import state_db
from glue_tui.protocol.views import RunSummary
from glue_tui.store.history import open_history
from tests.benchmarks.engine_up import EngineUp
from tests.benchmarks.figures import AtMost, Figure, Row, Setting, in_rounds
from tests.benchmarks.limits import limit_s
from tests.benchmarks.projects import write_project
from tests.benchmarks.watching import finished_files, rename_into, watchfiles_s

FILES = 10_000
BATCH = 100
DEADLINE_S = 300.0
MB = 1_000_000
WORKFLOW = f"""
[triggers.landed]
type = "EVENT"
watch = ["landing/**/*.csv"]
batch_size = {BATCH}
actions = [{{ job = "first" }}]

[jobs.first]
type = "python"
script = "jobs/nothing.py"
"""


def measure(setting: Setting) -> Iterator[Row]:
    project_dir = write_project(setting.scratch / "project", {"burst": WORKFLOW})
    files = setting.size(FILES, BATCH)
    (project_dir / "landing").mkdir()
    bursts: list[_Burst] = []
    watched = [setting.scratch / f"watched-{number}" for number in range(setting.rounds + 1)]
    with EngineUp(project_dir, follows=False) as engine:
        memory_before = psutil.Process(engine.pid).memory_info().rss / MB

        def batched_s() -> float:
            bursts.append(_Burst(project_dir, engine.pid, files, len(bursts)))
            return bursts[-1].batched_s

        def alone_s() -> float:
            folder = watched.pop()
            folder.mkdir()
            return watchfiles_s(folder, files)

        taken = in_rounds(
            {
                "burst": batched_s,
                "watchfiles alone": alone_s,
                "forks with polars": lambda: limit_s("forks", files // BATCH, 2, "polars"),
            },
            setting,
        )
    bursts = bursts[-setting.rounds :]
    alone = taken["watchfiles alone"]
    yield _row(f"{files} files in a second, all in batches", "s", taken["burst"], alone)
    over = Figure(name="over", values=tuple(one.over_s for one in bursts))
    yield _row(f"  their {files // BATCH} runs over", "s", over, alone.plus(taken["forks with polars"], "both limits"))
    yield _row("  processor time of the engine", "s", Figure(name="CPU", values=tuple(one.cpu_s for one in bursts)))
    memory = Figure(name="after", values=tuple(one.memory_mb for one in bursts))
    before = Figure(name="before", values=(memory_before,) * setting.rounds)
    yield _row("P13 memory of the engine afterwards", "MB", memory, before, AtMost(60))


class _Burst:
    """One burst and what came of it: seconds from its first file."""

    def __init__(self, project_dir: Path, engine_pid: int, files: int, number: int) -> None:
        engine = psutil.Process(engine_pid)
        folder = project_dir / "landing" / f"{number}"
        folder.mkdir()
        paths = finished_files(project_dir / "landing", files)
        cpu_before = engine.cpu_times()
        began = rename_into(folder, paths)
        runs = _runs_of(project_dir, f"landing/{number}/", files)
        cpu_after = engine.cpu_times()
        self.batched_s = max(run.queued_at for run in runs) - began
        self.over_s = max(run.finished_at or 0.0 for run in runs) - began
        self.cpu_s = cpu_after.user + cpu_after.system - cpu_before.user - cpu_before.system
        self.memory_mb = engine.memory_info().rss / MB


def _runs_of(project_dir: Path, below: str, files: int) -> list[RunSummary]:
    """Wait until the runs of all files below a folder are over; return them."""
    deadline = time.monotonic() + DEADLINE_S
    while True:
        with closing(open_history(state_db(project_dir))) as history:
            runs = [run for run in history.runs(limit=files) if run.outcome and run.event_files[0].startswith(below)]
        if sum(len(run.event_files) for run in runs) == files:
            return runs
        assert time.monotonic() < deadline, f"{len(runs)} runs after {DEADLINE_S} s"
        time.sleep(0.1)


def _row(what: str, unit: str, measured: Figure, limit: Figure | None = None, goal: AtMost | None = None) -> Row:
    return Row(benchmark="burst", what=what, unit=unit, measured=measured, limit=limit, goal=goal)
