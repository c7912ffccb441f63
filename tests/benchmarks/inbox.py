"""The kernel alone, with no worker and no folder: what files that arrive cost the rules and the database.

A step that takes in one new file, with 100,000 files known, beside one with 100 known. And 10,000 files that all wait
at once, a run for each (`batch_size = 1`): what one of the first runs costs, whose workers end in the moment in which
they are wanted, beside the same with 2,000 files; in both as many runs are under way as there may be. Nothing may cost
more because there is more of it (1.2 times). A durable commit stands beside.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from glue_tui.core.arrivals import FileFact
from glue_tui.core.attempt import AttemptResult
from glue_tui.core.model import RunId
from glue_tui.core.states import NodeState
from glue_tui.core.stimuli import WorkerExited, WorkerStarted
from glue_tui.core.wanted import StartWorker
from glue_tui.definitions.project import load_project
from glue_tui.engine.inputs import DefinitionsLoaded, FolderScanned, Ticked, WorkerReported
from glue_tui.engine.kernel import Kernel
from glue_tui.store import event_log
from glue_tui.store.database import migrate, open_database
from tests.benchmarks.figures import Row, Setting, TimesLimit, in_rounds
from tests.benchmarks.limits import limit_s
from tests.benchmarks.projects import write_project

KNOWN = 100_000
FEW_KNOWN = 100
WAITING = 10_000
FEW_WAITING = 2_000
RUNS = 300
STEPS = 200
GROWTH = 1.2
PATTERN = "in/*.csv"
WORKFLOW = """
[triggers.files]
type = "EVENT"
watch = ["in/*.csv"]
batch_size = {batch_size}
actions = [{{ job = "first" }}]

[jobs.first]
type = "python"
script = "jobs/nothing.py"
"""
_NUMBERS = count()


def measure(setting: Setting) -> Iterator[Row]:
    known, few_known = setting.size(KNOWN, 20), setting.size(FEW_KNOWN, 10)
    waiting, few_waiting, runs = setting.size(WAITING, 20), setting.size(FEW_WAITING, 10), setting.size(RUNS, 2)
    steps = setting.size(STEPS, 2)
    batches = write_project(setting.scratch / "batches", {"inbox": WORKFLOW.format(batch_size=100)})
    single = write_project(setting.scratch / "single", {"inbox": WORKFLOW.format(batch_size=1)})
    many_kernel, few_kernel = _kernel(batches, known), _kernel(batches, few_known)
    taken = in_rounds(
        {
            "known": lambda: _arrivals_s(many_kernel, steps) / steps,
            "few known": lambda: _arrivals_s(few_kernel, steps) / steps,
            "waiting": lambda: _runs_s(_kernel(single, 0), waiting, runs) / runs,
            "few waiting": lambda: _runs_s(_kernel(single, 0), few_waiting, runs) / runs,
            "a durable commit": lambda: limit_s("commits", steps, setting.scratch / f"{next(_NUMBERS)}.db") / steps,
        },
        setting,
    )
    many_kernel.conn.close()
    few_kernel.conn.close()
    for what, name, limit, limit_name in (
        (f"a step with a new file, {known} known", "known", "few known", f"{few_known} known"),
        (f"a run for one of {waiting} files that wait", "waiting", "few waiting", f"of {few_waiting}"),
    ):
        beside = taken[limit].times(1000).plus(taken[limit].times(0), limit_name)
        measured = taken[name].times(1000)
        yield Row(benchmark="inbox", what=what, unit="ms", measured=measured, limit=beside, goal=TimesLimit(GROWTH))
        commit = taken["a durable commit"].times(1000)
        yield Row(benchmark="inbox", what="  beside", unit="ms", measured=measured, limit=commit)


def _kernel(project_dir: Path, known: int) -> Kernel:
    """Return a kernel whose trigger has looked, and found so many files."""
    conn = open_database(project_dir / f"{next(_NUMBERS)}.db")
    migrate(conn, "runs", event_log.MIGRATIONS)
    kernel = Kernel(conn=conn, slots=2, new_run_id=lambda: RunId(f"wr_{next(_NUMBERS)}"))
    kernel.open()
    kernel.step((DefinitionsLoaded(workflows=load_project(project_dir).workflows),), time.time())
    kernel.step((_scan(known, is_whole=True),), time.time())
    return kernel


def _scan(files: int, *, is_whole: bool) -> FolderScanned:
    """Return a look that found so many new files, renamed into place."""
    facts = [FileFact(path=f"in/{next(_NUMBERS)}.csv", size_bytes=7, mtime_ns=1, is_renamed=True) for _ in range(files)]
    return FolderScanned(
        workflow="inbox", trigger="files", patterns=(PATTERN,), files=tuple(facts), is_whole=is_whole, at=time.time()
    )


def _arrivals_s(kernel: Kernel, steps: int) -> float:
    """Return the seconds of so many steps, each with a file of its own."""
    scans = [_scan(1, is_whole=False) for _ in range(steps)]
    began = time.perf_counter()
    for scan in scans:
        kernel.step((scan,), time.time())
    took_s = time.perf_counter() - began
    _end_runs(kernel)
    return took_s


def _runs_s(kernel: Kernel, files: int, runs: int) -> float:
    """Return the seconds that so many runs take, when so many files have come at once, each to have a run."""
    kernel.step((_scan(files, is_whole=False),), time.time())
    began = time.perf_counter()
    ended = _end_runs(kernel, runs)
    took_s = time.perf_counter() - began
    assert ended >= runs, f"only {ended} runs"
    kernel.conn.close()
    return took_s * runs / ended


def _end_runs(kernel: Kernel, runs: int = KNOWN) -> int:
    """Let workers end as soon as they are wanted, until no run is left, or so many ended; return how many did."""
    ended = 0
    while kernel.runs and ended < runs:
        for key in [one.key for one in kernel.wanted() if isinstance(one, StartWorker)]:
            started = WorkerStarted(key=key, pid=1, process_started_at=time.time())
            exited = WorkerExited(key=key, result=AttemptResult(state=NodeState.SUCCEEDED), exit_code=0)
            step = kernel.step((WorkerReported(report=started), WorkerReported(report=exited)), time.time())
            ended += sum(after.status.is_over for _, after in step.changed)
        kernel.step((Ticked(),), time.time())
    return ended
