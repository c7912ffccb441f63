"""The owner of all state: inputs in, one transaction, commands out. Synchronous, deterministic; no asyncio, no clock.

Persist, then act, then tell: `step` returns only after the commit; if the commit fails, nothing has changed and the
same inputs can be given again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from typing import assert_never

from glue_tui.core.admission import grants, turns
from glue_tui.core.crawl_alone import crawl_cause, crawler_alone
from glue_tui.core.events import AttemptFinished
from glue_tui.core.model import RunId, Trigger, Workflow
from glue_tui.core.problem import EntityNotFound, GlueTuiError, IllegalWorkflowState, InvalidInput, did_you_mean
from glue_tui.core.run import WorkflowRun
from glue_tui.core.schema import TableChange
from glue_tui.core.states import NodeState, TriggerState, TriggerType
from glue_tui.core.stimuli import (
    ClockStepped,
    ClockTicked,
    RunStopRequested,
    SlotGranted,
    TurnCame,
    WorkerExited,
    WorkerLost,
    WorkerStarted,
)
from glue_tui.core.wanted import Command, WakeAt, wanted
from glue_tui.engine import starts
from glue_tui.engine.batch import OUR_FAULTS, Batch, TriggerKey
from glue_tui.engine.inboxes import Inboxes
from glue_tui.engine.inputs import (
    Answer,
    CrawlAsked,
    DefinitionsLoaded,
    DropAsked,
    FolderScanned,
    Input,
    ResumeAsked,
    StartAsked,
    StopAsked,
    Ticked,
    TriggerSwitched,
    WorkerReported,
)
from glue_tui.engine.reloading import moved, renames
from glue_tui.engine.schedules import Schedules
from glue_tui.store import event_log, ledger
from glue_tui.store.database import Connection, reading, transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a step did, after its commit."""

    answers: tuple[Answer | GlueTuiError, ...]
    """One per input: what it led to, or why it was refused."""
    changed: tuple[tuple[WorkflowRun | None, WorkflowRun], ...]
    """Runs before and after, None for a new one."""
    touched_triggers: frozenset[TriggerKey]
    published: tuple[TableChange, ...] = ()
    """What the catalog says of tables from now on."""
    renamed: tuple[tuple[str, str], ...] = ()
    """Workflows that have another name from now on: the former, and the new one."""
    notes: tuple[str, ...] = ()
    """For the engine's own log."""


@dataclass(slots=True)
class Kernel:
    conn: Connection
    slots: int
    """Worker processes at a time."""
    new_run_id: Callable[[], RunId]
    is_held: bool = False
    """Schedules and files start nothing: after a crash loop, until somebody says so; or the engine will end soon."""
    workflows: dict[str, Workflow] = field(default_factory=dict)
    runs: dict[RunId, WorkflowRun] = field(default_factory=dict)
    """Runs that are not over."""
    inboxes: Inboxes = field(init=False)
    schedules: Schedules = field(default_factory=Schedules)
    stop_reasons: dict[TriggerKey, str] = field(default_factory=dict)
    """Why the engine itself has paused a trigger."""
    _settings: dict[TriggerKey, bool] = field(default_factory=dict)
    _loaded: dict[str, Workflow] = field(default_factory=dict)
    """Workflows as their files say, before what a person paused or resumed; at first as they were when last stored."""
    _last_number: int = 0
    stepped_at: float = 0.0
    """When the last step was."""

    def __post_init__(self) -> None:
        self.inboxes = Inboxes(conn=self.conn)

    def open(self) -> tuple[str, ...]:
        """Read the state back: unfinished runs, paused triggers. Return in words what can't be read, left as it is."""
        unreadable: list[str] = []
        self._last_number = event_log.last_number(self.conn)
        self._settings = ledger.read_trigger_settings(self.conn)
        self.schedules.open(self.conn)
        self.stop_reasons = ledger.read_stop_reasons(self.conn)
        self._loaded = {one.name: one for one in ledger.read_good_definitions(self.conn).values()}
        for run_id in event_log.unfinished_run_ids(self.conn):
            try:
                run = event_log.read_run(self.conn, run_id)
                self.runs[run.run_id] = run
                self.inboxes.saw(run)
            except OUR_FAULTS as error:
                unreadable.append(f"run {run_id} can't be read and is left as it is: {error!r}")
        return tuple(unreadable)

    def step(self, inputs: Sequence[Input], now: float) -> Step:
        """Take inputs, decide, commit, and only then show the result. Raises StoreFailed with nothing changed."""
        before = (self.workflows, self.inboxes, self.schedules, self._settings, self.stop_reasons, self._loaded)
        self.inboxes, self.schedules = copy(self.inboxes), copy(self.schedules)
        try:
            with reading():
                return self._step(inputs, now)
        except BaseException:
            self.workflows, self.inboxes, self.schedules, self._settings, self.stop_reasons, self._loaded = before
            self.inboxes.put_back()
            raise

    def _step(self, inputs: Sequence[Input], now: float) -> Step:
        batch = Batch(now=now, unfinished=self.runs, last_number=self._last_number)
        answers = tuple(self._answer(batch, one) for one in inputs)
        batch.touched_triggers.update(self.schedules.passed(self.stepped_at, now))
        if not self.is_held:
            self._fire_due(batch)
        for run in batch.current():
            if run.at_work:  # Of what only waits, no time is up. There may be a thousand such runs.
                batch.feed(run.run_id, ClockTicked())
        self._admit(batch)
        self.inboxes.save(batch)
        if not batch.is_empty:
            with transaction(self.conn):
                batch.save(self.conn)
        return self._adopt(batch, answers)

    def wanted(self) -> tuple[Command, ...]:
        """Return what the world should be doing, and when to look again.

        As of the last step, so that nothing that came due since then is missed: its WakeAt lies in the past.
        """
        commands: list[Command] = []
        for run in self.runs.values():
            commands += wanted(run, self.stepped_at)
        times = self.schedules.wake_times(self.stepped_at) + self.inboxes.wake_times(self.workflows, self.stepped_at)
        return (*commands, *(WakeAt(at=at) for at in times))

    def scans_due(self, now: float) -> tuple[tuple[TriggerKey, float], ...]:
        """Return the triggers whose folders must be scanned again because a file is settling, and when."""
        return self.inboxes.scans_due(now)

    def trigger_state(self, workflow: Workflow, trigger: Trigger) -> TriggerState:
        """Return a trigger's state in Glue's words (rules TR-2, TR-3); every type can be paused here."""
        if not trigger.enabled:
            return TriggerState.DEACTIVATED
        return TriggerState.CREATED if trigger.type is TriggerType.ON_DEMAND else TriggerState.ACTIVATED

    def workflow(self, name: str) -> Workflow:
        """Return a loaded workflow. Raises EntityNotFound with the nearest name."""
        if name not in self.workflows:
            raise EntityNotFound(f'no workflow "{name}"', hint=did_you_mean(name, sorted(self.workflows)))
        return self.workflows[name]

    def event_trigger(self, workflow: str, name: str) -> Trigger:
        """Return a trigger that watches files. Raises EntityNotFound, InvalidInput for one of another type."""
        trigger = self._trigger(workflow, name)
        if trigger.watch is None:
            raise InvalidInput(f"{name} of {workflow} is {trigger.type}: only EVENT triggers watch files")
        return trigger

    def _trigger(self, workflow: str, name: str) -> Trigger:
        triggers = self.workflow(workflow).triggers
        for trigger in triggers:
            if trigger.name == name:
                return trigger
        raise EntityNotFound(
            f'no trigger "{name}" in {workflow}', hint=did_you_mean(name, [one.name for one in triggers])
        )

    # Inputs

    def _answer(self, batch: Batch, one: Input) -> Answer | GlueTuiError:
        try:
            return self._take(batch, one)
        except GlueTuiError as error:
            return error

    def _take(self, batch: Batch, one: Input) -> Answer:
        match one:
            case StartAsked():
                return self._start_asked(batch, one)
            case CrawlAsked():
                return self._crawl_asked(batch, one)
            case ResumeAsked():
                return self._resume_asked(batch, one)
            case StopAsked():
                return self._stop_asked(batch, one)
            case TriggerSwitched():
                self._switch(batch, one)
            case DropAsked():
                return self._drop_asked(batch, one)
            case WorkerReported(report=report):
                self._worker_reported(batch, report)
            case FolderScanned():
                self.inboxes.scanned(batch, one)
            case DefinitionsLoaded(workflows=workflows):
                self._definitions_loaded(batch, workflows)
            case ClockStepped():
                for run in batch.current():
                    batch.feed(run.run_id, one)
            case Ticked():
                pass
            case _:
                assert_never(one)
        return None

    def _start_asked(self, batch: Batch, ask: StartAsked) -> RunId:
        known = self._answered(batch, ask.request_id)
        if known is not None:
            return known
        workflow = self.workflow(ask.workflow)
        trigger = starts.trigger_by_hand(workflow, ask.trigger)
        run = self.inboxes.start_by_hand(batch, workflow, trigger, ask.properties, self.new_run_id())
        self._remember(batch, ask.request_id, run.run_id)
        return run.run_id

    def _crawl_asked(self, batch: Batch, ask: CrawlAsked) -> RunId:
        known = self._answered(batch, ask.request_id)
        if known is not None:
            return known
        alone = crawler_alone(self.workflow(ask.workflow), ask.crawler)
        run = starts.start_by_hand(batch, alone, crawl_cause(ask.crawler), {}, self.new_run_id())
        self._remember(batch, ask.request_id, run.run_id)
        return run.run_id

    def _resume_asked(self, batch: Batch, ask: ResumeAsked) -> RunId:
        known = self._answered(batch, ask.request_id)
        if known is not None:
            return known
        before = batch.run(RunId(ask.run_id)) or event_log.read_run(self.conn, ask.run_id)
        workflow = (
            before.workflow if ask.as_it_ran else starts.workflow_again(self.workflow(before.workflow.name), before)
        )
        run = starts.resume(batch, before, workflow, ask, self.new_run_id())
        self._remember(batch, ask.request_id, run.run_id)
        return run.run_id

    def _answered(self, batch: Batch, request_id: str) -> RunId | None:
        """Return the run that this request made when it came first, be it in this very step."""
        if not request_id:
            return None
        if request_id in batch.requests:
            return batch.requests[request_id]
        known = ledger.answered_run_id(self.conn, request_id)
        return RunId(known) if known is not None else None

    def _remember(self, batch: Batch, request_id: str, run_id: RunId) -> None:
        if request_id:
            batch.requests[request_id] = run_id
            batch.write(lambda conn: ledger.remember_request(conn, request_id, run_id, batch.now))

    def _stop_asked(self, batch: Batch, ask: StopAsked) -> RunId:
        run = batch.run(RunId(ask.run_id))
        if run is None or run.status.is_over:
            over = event_log.read_run(self.conn, ask.run_id) if run is None else run
            raise IllegalWorkflowState(f"run {over.number} is already {over.status}", hint="there is nothing to stop")
        batch.feed(run.run_id, RunStopRequested(reason=ask.reason))
        return run.run_id

    def _switch(self, batch: Batch, ask: TriggerSwitched) -> None:
        self._trigger(ask.workflow, ask.trigger)
        if ask.enabled:
            self.inboxes.forgive()
        self._set_enabled(batch, (ask.workflow, ask.trigger), ask.enabled)

    def _set_enabled(self, batch: Batch, key: TriggerKey, enabled: bool, reason: str = "") -> None:
        batch.write(lambda conn: ledger.write_trigger_setting(conn, *key, enabled, reason))
        batch.touched_triggers.add(key)
        self._settings = {**self._settings, key: enabled}
        self.stop_reasons = {**self.stop_reasons, key: reason}
        self._load(batch, tuple(self._loaded.values()), {})

    def _drop_asked(self, batch: Batch, ask: DropAsked) -> int:
        self.event_trigger(ask.workflow, ask.trigger)
        return self.inboxes.drop(batch, (ask.workflow, ask.trigger), ask.paths)

    def _worker_reported(self, batch: Batch, report: WorkerStarted | WorkerExited | WorkerLost) -> None:
        run_id = report.key.run_id
        events = batch.feed(run_id, report)
        if isinstance(report, WorkerExited) and report.result is not None:
            ended_well = any(isinstance(one, AttemptFinished) and one.state is NodeState.SUCCEEDED for one in events)
            if ended_well:
                batch.publish_tables(report.key, report.result)
                if report.result.bookmark is not None:
                    batch.advance_bookmark(report.key, report.result.bookmark)

    def _definitions_loaded(self, batch: Batch, workflows: tuple[Workflow, ...]) -> None:
        if workflows != tuple(self._loaded.values()):
            batch.write(lambda conn: ledger.write_good_definitions(conn, workflows))
        renamed = renames(self._loaded.values(), workflows)
        for name, before in renamed.items():
            batch.rename_workflow(before, name)
            self._settings = moved(self._settings, before, name)
            self.stop_reasons = moved(self.stop_reasons, before, name)
        self._load(batch, workflows, renamed)

    def _load(self, batch: Batch, workflows: tuple[Workflow, ...], renamed: Mapping[str, str]) -> None:
        """Put definitions into force; runs in flight keep theirs. `renamed`: what workflows were called until now."""
        self._loaded = {workflow.name: workflow for workflow in workflows}
        self.workflows = {name: self._as_switched(workflow) for name, workflow in self._loaded.items()}
        if renamed:
            self.schedules.rename(renamed)
        self.schedules.load(batch, self.workflows)
        self.inboxes.load(self.workflows, renamed)

    def _as_switched(self, workflow: Workflow) -> Workflow:
        triggers = tuple(
            replace(one, enabled=self._settings.get((workflow.name, one.name), one.enabled))
            for one in workflow.triggers
        )
        return replace(workflow, triggers=triggers)

    # What is due by itself

    def _fire_due(self, batch: Batch) -> None:
        self.schedules.fire_due(batch, self.workflows, self.new_run_id, batch.notes)
        for key, reason in self.inboxes.take_batches(batch, self.workflows, self.new_run_id).items():
            batch.notes.append(f"{key[0]}: {key[1]} stopped: {reason}")
            self._set_enabled(batch, key, False, reason)

    def _admit(self, batch: Batch) -> None:
        """Let queued runs have their turn and waiting attempts their slots, until nothing changes."""
        limits = {name: workflow.max_concurrent_runs for name, workflow in self.workflows.items()}
        while True:
            ready = turns(batch.current(), limits)
            for run_id in ready:
                batch.feed(run_id, TurnCame())
            granted = grants(batch.current(), self.slots, batch.now)
            for key in granted:
                batch.feed(key.run_id, SlotGranted(key=key))
            if not ready and not granted:
                return

    # After the commit

    def _adopt(self, batch: Batch, answers: tuple[Answer | GlueTuiError, ...]) -> Step:
        changed = tuple((self.runs.get(run_id), run) for run_id, run in batch.runs.items())
        self.runs = {run.run_id: run for run in batch.current()}
        self.inboxes.adopt()
        self._last_number = batch.last_number
        self.stepped_at = batch.now
        return Step(
            answers=answers,
            changed=changed,
            touched_triggers=frozenset(batch.touched_triggers),
            published=tuple(batch.published),
            renamed=tuple((before, name) for name, before in batch.renamed.items()),
            notes=tuple(batch.notes),
        )
