"""Where a node's time goes: the two parts of the house that it passes through, each alone. No goals of their own.

Worker: the fork server at its pipes, one attempt after the other, from the request to the word of its end, with spec,
log and result file. Limit: a fork of a process that has polars imported. Kernel: the rules and the database with no
worker at all, per node of a chain and of a large graph. Limit: one durable commit a node. What the engine takes beyond
both (see `chain`) is the way between them and to the clients.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from types import TracebackType

from glue_tui.core.attempt import AttemptKey, AttemptResult, AttemptSpec
from glue_tui.core.job import Job, PythonWork
from glue_tui.core.model import RunId, job_id
from glue_tui.core.states import NodeState
from glue_tui.core.stimuli import WorkerExited, WorkerStarted
from glue_tui.core.wanted import StartWorker
from glue_tui.definitions.project import load_project
from glue_tui.engine.inputs import DefinitionsLoaded, StartAsked, WorkerReported
from glue_tui.engine.kernel import Kernel
from glue_tui.protocol.worker import Answer, Exited, Ready, decode_answer, encode_start
from glue_tui.store import event_log
from glue_tui.store.database import migrate, open_database
from tests.benchmarks.figures import Row, Setting, in_rounds
from tests.benchmarks.limits import limit_s
from tests.benchmarks.projects import chain, layers, write_project

LAYERS = 10
_NUMBERS = count()


def measure(setting: Setting) -> Iterator[Row]:
    nodes, width = setting.size(100, 3), setting.size(100, 2)
    workflows = {"chain": chain(nodes), "layers": layers([width] * LAYERS)}
    project_dir = write_project(setting.scratch / "project", workflows)
    with WorkerAlone(project_dir) as worker:
        taken = in_rounds(
            {
                "worker": lambda: worker.attempts_s(nodes),
                "a fork, polars imported": lambda: limit_s("forks", nodes, 1, "polars"),
                "kernel, chain": lambda: kernel_s(project_dir, "chain"),
                "kernel, layers": lambda: kernel_s(project_dir, "layers"),
                "a durable commit": lambda: limit_s("commits", nodes, setting.scratch / f"{next(_NUMBERS)}.db"),
            },
            setting,
        )
    commit = taken["a durable commit"].times(1000 / nodes)
    fork = taken["a fork, polars imported"].times(1000 / nodes)
    for what, name, count_, limit in (
        ("an attempt, worker alone", "worker", nodes, fork),
        (f"a node of a chain of {nodes}, kernel alone", "kernel, chain", nodes, commit),
        (f"a node among {width * LAYERS}, kernel alone", "kernel, layers", width * LAYERS, commit),
    ):
        yield Row(benchmark="parts", what=what, unit="ms", measured=taken[name].times(1000 / count_), limit=limit)


def kernel_s(project_dir: Path, workflow: str) -> float:
    """Return the seconds a run takes whose workers end in the moment in which they are wanted."""
    conn = open_database(project_dir / f"{next(_NUMBERS)}.db")
    migrate(conn, "runs", event_log.MIGRATIONS)
    kernel = Kernel(conn=conn, slots=2, new_run_id=lambda: RunId("wr_0"))
    kernel.open()
    now = time.time()
    kernel.step((DefinitionsLoaded(workflows=load_project(project_dir).workflows),), now)
    began = time.perf_counter()
    kernel.step((StartAsked(workflow=workflow),), now)
    while starts := [one.key for one in kernel.wanted() if isinstance(one, StartWorker)]:
        for key in starts:
            started = WorkerStarted(key=key, pid=1, process_started_at=now)
            ended = WorkerExited(key=key, result=AttemptResult(state=NodeState.SUCCEEDED), exit_code=0)
            kernel.step((WorkerReported(report=started), WorkerReported(report=ended)), now)
    took_s = time.perf_counter() - began
    assert not kernel.runs, "the run is not over"
    conn.close()
    return took_s


class WorkerAlone:
    """A fork server without an engine; a context manager that ends it."""

    def __init__(self, project_dir: Path) -> None:
        self._project_dir = project_dir

    def __enter__(self) -> WorkerAlone:
        command = [sys.executable, "-P", "-m", "glue_tui.worker"]
        self._process = subprocess.Popen(
            command, cwd=self._project_dir, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        assert isinstance(self._next(), Ready)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.communicate()

    def attempts_s(self, attempts: int) -> float:
        """Return the seconds for so many attempts, one after the other."""
        began = time.perf_counter()
        for _ in range(attempts):
            assert self._process.stdin is not None
            self._process.stdin.write(encode_start(self._spec()))
            self._process.stdin.flush()
            while not isinstance(answer := self._next(), Exited):
                pass
            assert answer.exit_code == 0, answer
        return time.perf_counter() - began

    def _next(self) -> Answer:
        assert self._process.stdout is not None
        answer: Answer = decode_answer(self._process.stdout.readline())
        return answer

    def _spec(self) -> AttemptSpec:
        run = f"wr_{next(_NUMBERS):016x}"
        stem = f"{self._project_dir}/runs/{run}/job.nothing.1"
        return AttemptSpec(
            key=AttemptKey(run_id=RunId(run), node_id=job_id("nothing"), attempt=1),
            run_number=1,
            workflow="chain",
            node=Job(name="nothing", work=PythonWork(script="workflows/jobs/nothing.py")),
            connections=(),
            project_dir=str(self._project_dir),
            catalog_path=f"{self._project_dir}/state.db",
            log_path=f"{stem}.log",
            result_path=f"{stem}.result.json",
        )
