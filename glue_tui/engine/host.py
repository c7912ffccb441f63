"""The asyncio shell around the kernel: carries stimuli in and commands out. Decides nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path

from glue_tui import __version__
from glue_tui.core.attempt import AttemptKey
from glue_tui.core.model import NodeId, RunId
from glue_tui.core.problem import GlueTuiError, StoreFailed
from glue_tui.core.run import WorkflowRun
from glue_tui.core.schema import TableChange
from glue_tui.core.states import DeliveryState
from glue_tui.core.stimuli import ClockStepped
from glue_tui.core.waiting import NOTHING, RunWaits, waits
from glue_tui.core.wanted import WakeAt
from glue_tui.definitions.project import DefinitionSet
from glue_tui.engine import overview
from glue_tui.engine.batch import OUR_FAULTS, TriggerKey
from glue_tui.engine.clock import ClockWatch
from glue_tui.engine.definition_files import DefinitionFiles
from glue_tui.engine.definition_news import log_lines, workflows_changed
from glue_tui.engine.feed import Feed
from glue_tui.engine.fork_servers import ForkServers
from glue_tui.engine.inputs import Answer, DefinitionsLoaded, Input, Ticked, WorkerReported
from glue_tui.engine.intake import Asker, Intake
from glue_tui.engine.kernel import Kernel, Step
from glue_tui.engine.notifying import Notifier
from glue_tui.engine.pruning import Pruner
from glue_tui.engine.recovery import forget_crashes
from glue_tui.engine.results import forget_results, move_slices, remove_replaced
from glue_tui.engine.scout import Scout
from glue_tui.engine.specs import Specs
from glue_tui.engine.supervisor import Report, Supervisor
from glue_tui.engine.watcher import Watcher
from glue_tui.protocol.present import run_view
from glue_tui.protocol.views import (
    DeliveryTold,
    EngineChanged,
    EngineView,
    FeedMessage,
    NodeProgress,
    ProjectView,
    RunView,
    Snapshot,
    TriggersChanged,
)
from glue_tui.store.history import History
from glue_tui.store.outbox import Pending

LONGEST_SLEEP_S = 60.0
"""The loop looks at the clock at least so often: it may have been set, or the machine may have slept."""
HELD = "held after repeated crashes: schedules and files start nothing until `glue-tui engine release`"
SAVE_RETRY_S = 1.0
"""After a commit that failed: until the next try. Reports of workers wait meanwhile, none is lost."""


class Host:
    def __init__(
        self,
        *,
        project_dir: Path,
        state_dir: Path,
        kernel: Kernel,
        history: History,
        definitions: DefinitionSet,
        fork_servers: ForkServers,
        note: Callable[[str], None],
        is_owner: Callable[[], bool],
    ) -> None:
        self.is_owner = is_owner
        """Whether the state folder is still the one that this engine has locked."""
        self.project_dir = project_dir
        self.state_dir = state_dir
        self.kernel = kernel
        self.history = history
        self._watcher = Watcher(note, is_deep=False)
        self._files = DefinitionFiles(project_dir, definitions, self._watcher, self._put_into_force, note)
        self.started_at = time.time()
        self.is_stopping = asyncio.Event()
        self.feed = Feed(lambda: Snapshot(project=self.project_view()))
        self.note = note
        """Writes a line to the engine's log."""
        self._message = ""
        self._intake = Intake()
        self._wanted = kernel.wanted()
        """What the world should be doing as of the last step."""
        self._progress: dict[tuple[RunId, NodeId], float] = {}
        self._last_runs: dict[str, WorkflowRun] = {}
        self._waits: dict[RunId, RunWaits] | None = None
        """What each run waits for, as subscribers were told; None: nobody listens."""
        self._tasks: asyncio.TaskGroup | None = None
        self._last_activity = time.monotonic()
        self._clock = ClockWatch(time.time(), time.monotonic())
        specs = Specs(project_dir, state_dir, runs=lambda: kernel.runs, finished_run=history.core_run)
        self._supervisor = Supervisor(
            fork_servers=fork_servers,
            spec_of=specs.of,
            report=self._worker_reported,
            progress=self._worker_progressed,
            note=note,
        )
        self.pruner = Pruner(
            kernel.conn,
            state_dir,
            needed_run_ids=lambda: {run.previous_run_id for run in kernel.runs.values()},
            workflows=lambda: kernel.workflows,
            note=note,
        )
        self.notifier = Notifier(kernel.conn, project_dir, state_dir, note=note, told=self._delivery_told)
        self._scout = Scout(
            project_dir, state_dir / "state.db", kernel, self._watcher, self.ask, self._notes_changed, note
        )

    # For handlers

    async def ask(self, one: Input) -> Answer:
        """Give the kernel an input and return its answer after the commit. Raises what the kernel refuses with."""
        future: Asker = asyncio.get_running_loop().create_future()
        self._intake.put(one, future)
        return await future

    def project_view(self) -> ProjectView:
        """Return everything the main screen shows."""
        runs = {**{run.run_id: run for run in self._last_runs.values()}, **self.kernel.runs}
        ordered = sorted(runs.values(), key=lambda run: run.number)
        return ProjectView(
            engine=self.engine_view(),
            workflows=overview.workflow_views(self.kernel, self.definitions, self._last_run_ids(), self._scout.notes),
            runs=tuple(self.run_view(run) for run in ordered),
        )

    def run_view(self, run: WorkflowRun) -> RunView:
        """Return a run with its live progress, and what its waiting nodes wait for."""
        return run_view(run, str(self.state_dir), self._progress_of(run), self.waits_of(run))

    def waits_of(self, run: WorkflowRun) -> RunWaits:
        """Return what a run waits for as of the last step."""
        if self._waits is None:
            self._waits = waits(self.kernel.runs.values(), time.time())
        return self._waits.get(run.run_id, NOTHING)

    def engine_view(self) -> EngineView:
        held = HELD if self.kernel.is_held else ""
        return EngineView(
            pid=os.getpid(),
            started_at=self.started_at,
            version=__version__,
            project_dir=str(self.project_dir),
            slots=self.kernel.slots,
            message=self._message or held,
            is_held=self.kernel.is_held,
        )

    @property
    def definitions(self) -> DefinitionSet:
        """The definition files as they are in force."""
        return self._files.in_force

    async def reload(self) -> None:
        """Return once the definition files as they are on disk are in force."""
        await self._files.caught_up()

    async def release(self) -> None:
        """Let schedules and files start runs again after a crash loop; crashes before do not count any more."""
        forget_crashes(self.kernel.conn)
        self.kernel.is_held = False
        self.note("released: schedules and files start runs again")
        await self.ask(Ticked())
        self.feed.publish((EngineChanged(engine=self.engine_view()),))

    # The loop

    async def run(self, ready: Callable[[], None]) -> None:
        """Work until `is_stopping` is set. `ready` is called once definitions are loaded and workers can start."""
        self._remember_last_runs()
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            # What waits for the pump must end with it, or the engine would not.
            helpers = [
                tasks.create_task(self._begin(ready)),
                tasks.create_task(self._supervisor.run()),
                tasks.create_task(self._watcher.run()),
                tasks.create_task(self._scout.run()),
                tasks.create_task(self._pump()),
                tasks.create_task(self.pruner.run()),
            ]
            sending = tasks.create_task(self.notifier.run())
            await self.is_stopping.wait()
            for task in helpers:
                task.cancel()
            if self.is_owner():
                await self.notifier.finish()
            sending.cancel()
            self._tasks = None

    async def _begin(self, ready: Callable[[], None]) -> None:
        """Take in what is there, say so, and from then on follow the definition files."""
        await self._scout.look_now()
        with contextlib.suppress(StoreFailed):
            await self.ask(Ticked())  # Answered after the scans: they stand before it in the queue.
        ready()
        await self._files.follow()

    @property
    def idle_s(self) -> float:
        """How long nothing has happened: no run, nobody asking. 0 while a run goes."""
        if self.kernel.runs or self.feed.has_subscribers or self.notifier.has_pending:
            self._last_activity = time.monotonic()
        return time.monotonic() - self._last_activity

    async def _pump(self) -> None:
        while True:
            await self._wait()
            if not self.is_owner():
                # Another engine may be at work on a new folder of that name: from here on nothing may be done twice.
                self.note(f"{self.state_dir} was removed or replaced: the engine ends")
                self.is_stopping.set()
                return
            batch = self._intake.take()
            if by_s := self._clock.stepped_by(time.time(), time.monotonic()):
                # Before everything else: what else came in is judged by the clock as it is now.
                batch.insert(0, (ClockStepped(by_s=by_s), None))
            try:
                step = self.kernel.step([one for one, _ in batch] or [Ticked()], time.time())
            except StoreFailed as error:
                self._intake.not_saved(batch, error)
                await self._save_failed(error)
                continue
            except Exception as error:
                done = self._intake.not_understood(batch, error)
                self.note(f"our own fault, please report ({done}): {traceback.format_exc()}")
                await asyncio.sleep(SAVE_RETRY_S if not batch else 0)
                continue
            self._wanted = self.kernel.wanted()
            self._supervisor.reconcile(self._wanted)
            self._answer(step, [future for _, future in batch])
            self._tell(step)
            self._clear_up([one for one, _ in batch], step)
            self._scout.schedule_looks()

    async def _wait(self) -> None:
        now = time.time()
        times = [one.at for one in self._wanted if isinstance(one, WakeAt)]
        await self._intake.wait(min(max(min(times, default=now + LONGEST_SLEEP_S) - now, 0.0), LONGEST_SLEEP_S))

    async def _save_failed(self, error: StoreFailed) -> None:
        """Say so on every screen, and let some time pass until the next try."""
        if self._message != str(error):
            self.note(str(error))
        self._set_message(str(error))
        await asyncio.sleep(SAVE_RETRY_S)

    def _answer(self, step: Step, futures: list[Asker | None]) -> None:
        for future, answer in zip(futures, step.answers, strict=False):
            if future is None or future.done():
                continue
            if isinstance(answer, GlueTuiError):
                future.set_exception(answer)
            else:
                future.set_result(answer)

    def _tell(self, step: Step) -> None:
        for _, after in step.changed:
            self._drop_progress(after)
            known = self._last_runs.get(after.workflow.name)
            if known is None or known.number <= after.number:
                self._last_runs[after.workflow.name] = after
            if after.status.is_over:
                self.pruner.run_ended(after.workflow.name)
            if after.workflow.notifications:
                self.notifier.look()
        messages: list[FeedMessage] = []
        if self.feed.has_subscribers:
            messages += self._run_messages(step)
        else:
            self._waits = None
        if step.touched_triggers:
            messages.append(self._triggers_changed(step.touched_triggers))
        for note in step.notes:
            self.note(note)
        self.feed.publish(tuple(messages))
        self._set_message("")
        if step.changed:
            self._last_activity = time.monotonic()

    def _triggers_changed(self, keys: Iterable[TriggerKey]) -> TriggersChanged:
        return TriggersChanged(triggers=overview.trigger_views(self.kernel, keys, self._scout.notes))

    def _notes_changed(self, key: TriggerKey) -> None:
        self.feed.publish((self._triggers_changed((key,)),))

    def _run_messages(self, step: Step) -> list[FeedMessage]:
        """Return the news of runs that changed, and of those that now wait for something else."""
        told, self._waits = self._waits or {}, waits(self.kernel.runs.values(), time.time())
        changed = {after.run_id: (before, after) for before, after in step.changed}
        for run_id, run in self.kernel.runs.items():
            if run_id not in changed and told.get(run_id) != self._waits.get(run_id):
                changed[run_id] = (run, run)
        return [
            overview.run_message(
                before,
                after,
                str(self.state_dir),
                self._progress,
                (told.get(run_id, NOTHING), self._waits.get(run_id, NOTHING)),
            )
            for run_id, (before, after) in changed.items()
        ]

    def _drop_progress(self, run: WorkflowRun) -> None:
        """Forget how far nodes of this run were that are not at work any more."""
        ended = [key for key in self._progress if key[0] == run.run_id and not run.nodes[key[1]].state.is_active]
        for key in ended:
            del self._progress[key]

    def _set_message(self, message: str) -> None:
        if message != self._message:
            self._message = message
            self.feed.publish((EngineChanged(engine=self.engine_view()),))

    # Workers

    def _worker_reported(self, report: Report) -> None:
        self._intake.put(WorkerReported(report=report))

    def _worker_progressed(self, key: AttemptKey, fraction: float) -> None:
        run = self.kernel.runs.get(key.run_id)
        if run is not None and run.key(key.node_id) == key:
            self._progress[(key.run_id, key.node_id)] = fraction
            self.feed.publish((NodeProgress(run_id=key.run_id, node_id=key.node_id, progress=fraction),))

    def _clear_up(self, inputs: list[Input], step: Step) -> None:
        """A result that is committed has done its duty, and so have the files that it replaced."""
        forget_results(inputs, self.state_dir)
        move_slices(step.renamed, self.state_dir)
        if any(change.replaced_folders or change.replaced_objects for change in step.published):
            assert self._tasks is not None
            self._tasks.create_task(self._remove_replaced(step.published))

    async def _remove_replaced(self, published: Iterable[TableChange]) -> None:
        for problem in await asyncio.to_thread(remove_replaced, tuple(published), self.project_dir):
            self.note(problem)

    def _delivery_told(self, one: Pending, state: DeliveryState, reason: str) -> None:
        told = DeliveryTold(run_id=one.run_id, state=state.value, reason=reason)
        self.feed.publish((told,))

    # Definitions

    async def _put_into_force(self, before: DefinitionSet, fresh: DefinitionSet) -> None:
        """Let every changed file take effect in one commit, and say so. Raises what the kernel refuses with."""
        await self.ask(DefinitionsLoaded(workflows=fresh.workflows))
        self._scout.follow()
        views = overview.workflow_views(self.kernel, fresh, self._last_run_ids(), self._scout.notes)
        news = workflows_changed(before, fresh, views)
        for line in log_lines(before, fresh, news):
            self.note(line)
        self.feed.publish((news,))

    # Runs for views

    def _remember_last_runs(self) -> None:
        for workflow, run_id in self.history.last_run_ids().items():
            try:
                self._last_runs[workflow] = self.kernel.runs.get(RunId(run_id)) or self.history.core_run(run_id)
            except OUR_FAULTS as error:
                self.note(f"run {run_id}, the last of {workflow}, can't be read: {error!r}")

    def _last_run_ids(self) -> dict[str, str]:
        return {name: run.run_id for name, run in self._last_runs.items()}

    def _progress_of(self, run: WorkflowRun) -> dict[NodeId, float]:
        return {node_id: value for (run_id, node_id), value in self._progress.items() if run_id == run.run_id}
