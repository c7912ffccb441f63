"""A kernel with one simple workflow, and short ways to speak to it, for tests of single steps."""

from __future__ import annotations

from dataclasses import replace

from faults import FaultyConnection
from world import EPOCH_S, connect

from glue_tui.core.arrivals import FileFact, SeenFile, Stage
from glue_tui.core.attempt import AttemptKey, AttemptResult
from glue_tui.core.job import CommandWork, Job
from glue_tui.core.model import Action, FileWatch, RunId, Trigger, Workflow, job_id
from glue_tui.core.run import WorkflowRun
from glue_tui.core.states import NodeState, TriggerType
from glue_tui.core.stimuli import WorkerExited
from glue_tui.core.wanted import WakeAt
from glue_tui.engine.inputs import (
    DefinitionsLoaded,
    FolderScanned,
    Input,
    StartAsked,
    Ticked,
    WorkerReported,
)
from glue_tui.engine.kernel import Kernel, Step
from glue_tui.store import seen_files
from glue_tui.store.event_log import read_run

T = EPOCH_S
JOB = job_id("work")
PATTERNS = ("in/*.csv",)


def simple_workflow(**changes: object) -> Workflow:
    actions = (Action(node_id=JOB),)
    watch = FileWatch(patterns=PATTERNS, batch_size=2, batch_window_s=10, settle_s=1)
    workflow = Workflow(
        name="w",
        source="workflows/w.toml",
        jobs=(Job(name="work", work=CommandWork(command=("true",)), timeout_s=60, max_retries=1, retry_delay_s=20),),
        triggers=(
            Trigger(name="by_hand", type=TriggerType.ON_DEMAND, actions=actions),
            Trigger(name="timer", type=TriggerType.SCHEDULED, actions=actions, schedule="rate(1 hour)"),
            Trigger(name="files", type=TriggerType.EVENT, actions=actions, watch=watch),
        ),
    )
    return replace(workflow, **changes)  # type: ignore[arg-type]


class Bench:
    """A kernel with one workflow, and short ways to speak to it."""

    def __init__(self, **changes: object) -> None:
        self.conn: FaultyConnection = connect()
        self.ids = 0
        self.kernel = self.opened()
        self.step(T, DefinitionsLoaded(workflows=(simple_workflow(**changes),)))

    def opened(self) -> Kernel:
        kernel = Kernel(conn=self.conn, slots=2, new_run_id=self._new_run_id)
        kernel.open()
        return kernel

    def _new_run_id(self) -> RunId:
        self.ids += 1
        return RunId(f"wr_{self.ids}")

    def step(self, now: float, *inputs: Input) -> Step:
        return self.kernel.step([self._looked(one) for one in inputs] or (Ticked(),), now)

    def _looked(self, one: Input) -> Input:
        """A look at everything tells what is stored and not there."""
        if not isinstance(one, FolderScanned) or not one.is_whole or one.gone:
            return one
        found = {fact.path for fact in one.files}
        until, error = self.conn.statements_until, self.conn.error
        self.conn.disarm()
        known = seen_files.read_paths_there(self.conn, one.workflow, one.trigger)
        gone = tuple(path for path in known if path not in found)
        self.conn.statements_until, self.conn.error = until, error
        return replace(one, gone=gone)

    def seen(self, path: str) -> SeenFile | None:
        """Return what the kernel remembers of a file of the trigger `files`; it is what is stored."""
        inbox = self.kernel.inboxes.of(("w", "files"))
        assert inbox is not None
        known = inbox.known(self.conn, path)
        assert known == seen_files.read_file(self.conn, "w", "files", path)
        return known

    def stages(self) -> dict[str, Stage]:
        """Return the stages of all files of the trigger `files`, by their names."""
        return {one.path: one.stage for one in seen_files.read_files(self.conn, "w", "files")}

    def start(self, now: float, request_id: str = "") -> RunId:
        (answer,) = self.step(now, StartAsked(workflow="w", request_id=request_id)).answers
        assert isinstance(answer, str)
        return RunId(answer)

    def run(self, run_id: str) -> WorkflowRun:
        return read_run(self.conn, run_id)

    def runs(self) -> list[WorkflowRun]:
        ids = self.conn.execute("SELECT run_id FROM runs ORDER BY number").fetchall()
        return [self.run(run_id) for (run_id,) in ids]

    def ends(self, now: float, run_id: RunId, *, attempt: int = 1, well: bool = True) -> Step:
        result = AttemptResult(state=NodeState.SUCCEEDED if well else NodeState.FAILED)
        key = AttemptKey(run_id=run_id, node_id=JOB, attempt=attempt)
        return self.step(now, WorkerReported(report=WorkerExited(key=key, result=result, exit_code=0 if well else 1)))

    def wakes(self) -> list[float]:
        return [one.at for one in self.kernel.wanted() if isinstance(one, WakeAt)]


def scan(*names: str, at: float | None = None, size: int = 1) -> FolderScanned:
    files = tuple(FileFact(path=f"in/{name}.csv", size_bytes=size, mtime_ns=size) for name in names)
    return FolderScanned(workflow="w", trigger="files", patterns=PATTERNS, files=files, is_whole=True, at=at)
