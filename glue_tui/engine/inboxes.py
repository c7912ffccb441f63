"""The part of the kernel that knows the files which EVENT triggers have seen, and makes batches of them.

A step that fails is taken back: which inboxes there are is replaced as a whole, and each takes back what it changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from glue_tui.core.arrivals import LookTime, Stage, due_batch
from glue_tui.core.events import StartCause
from glue_tui.core.loops import PROBES_MAX, IsLoop, Loops, MayFire, MustWait, Verdict
from glue_tui.core.model import RunId, Trigger, Workflow
from glue_tui.core.problem import EntityNotFound, did_you_mean
from glue_tui.core.run import WorkflowRun
from glue_tui.core.states import TriggerType
from glue_tui.engine import starts
from glue_tui.engine.batch import Batch, TriggerKey
from glue_tui.engine.inbox import Inbox
from glue_tui.engine.inputs import FolderScanned
from glue_tui.protocol.inbox_views import DOUBTED
from glue_tui.store.database import Connection

Workflows = Mapping[str, Workflow]


@dataclass(slots=True)
class Inboxes:
    conn: Connection
    _inboxes: dict[TriggerKey, Inbox] = field(default_factory=dict)
    _left: dict[TriggerKey, Inbox] = field(default_factory=dict)
    """Of triggers that this step has taken away: what it has seen of them is not stored yet."""
    loops: Loops = field(default_factory=Loops)
    _doubted: dict[TriggerKey, float | None] = field(default_factory=dict)
    """Triggers that wait to see whether their runs make their files, and until when; None: while runs are at work."""
    _skipped: set[TriggerKey] = field(default_factory=set)
    """Triggers whose batch waits because of `on_overlap = "skip"`, and that have said so."""

    @property
    def keys(self) -> tuple[TriggerKey, ...]:
        """The triggers that watch files."""
        return tuple(self._inboxes)

    def of(self, key: TriggerKey) -> Inbox | None:
        """Return the inbox of a trigger; None where no such trigger watches files."""
        return self._inboxes.get(key)

    def load(self, workflows: Workflows, renamed: Mapping[str, str]) -> None:
        """Put the watches of other definitions into force. `renamed`: what workflows were called until now."""
        known = {**self._left, **self._inboxes}
        inboxes: dict[TriggerKey, Inbox] = {}
        for workflow, trigger in event_triggers(workflows):
            key, before = (workflow.name, trigger.name), (renamed.get(workflow.name, workflow.name), trigger.name)
            assert trigger.watch is not None
            inbox = known.pop(before, None)
            if inbox is None:
                inbox = Inbox.read(self.conn, key, before, trigger.watch)
            elif (inbox.key, inbox.watch) != (key, trigger.watch):
                inbox = inbox.under(key, trigger.watch)
            inboxes[key] = inbox
        self._inboxes, self._left = inboxes, known

    def scanned(self, batch: Batch, scan: FolderScanned) -> None:
        """Take in what a look at the folders of a trigger has shown."""
        inbox = self._inboxes.get((scan.workflow, scan.trigger))
        if inbox is not None and inbox.watch.patterns == scan.patterns:
            begun_at = batch.now if scan.at is None else scan.at
            inbox.take_in(self.conn, scan, LookTime(begun_at, batch.now))

    def drop(self, batch: Batch, key: TriggerKey, paths: tuple[str, ...]) -> int:
        """Let waiting files, all where none is named, start nothing; return how many those were.

        Raises EntityNotFound for a path that does not wait, unless it was dropped before.
        """
        inbox = self._inboxes[key]
        waiting = [file.path for file in inbox.open_files()]
        for path in set(paths).difference(waiting):
            known = inbox.known(self.conn, path)
            if known is None or known.stage is not Stage.DROPPED:
                raise EntityNotFound(f"{path} does not wait at {key[1]} of {key[0]}", hint=did_you_mean(path, waiting))
        return inbox.drop(paths or waiting, batch.now)

    def start_by_hand(
        self, batch: Batch, workflow: Workflow, trigger: Trigger, properties: dict[str, str], run_id: RunId
    ) -> WorkflowRun:
        """Start a run because somebody asked for it; of settled files that wait at its trigger it takes a batch along.

        Raises InvalidInput (properties), ConcurrentRunsExceeded.
        """
        inbox = self._inboxes.get((workflow.name, trigger.name))
        paths = inbox.waiting.first(inbox.watch.batch_size) if inbox is not None else ()
        run = starts.start_by_hand(batch, workflow, _cause(trigger, inbox, paths, "hand", 0), properties, run_id)
        if inbox is not None:
            inbox.take(paths, run_id, batch.now)
        return run

    def take_batches(
        self, batch: Batch, workflows: Workflows, new_run_id: Callable[[], RunId]
    ) -> dict[TriggerKey, str]:
        """Start a run for every batch that is complete; return the triggers that have to be stopped, and why."""
        self._saw_runs(batch)
        doubted, self._doubted = self._doubted, {}
        loops: dict[TriggerKey, str] = {}
        for workflow, trigger in event_triggers(workflows):
            if trigger.enabled:
                runs = self._take_batches(batch, workflow, trigger, new_run_id)
                if runs is not None:
                    loops[workflow.name, trigger.name] = _loop_text(runs)
        batch.touched_triggers.update(doubted.keys() ^ self._doubted.keys())
        return loops

    def saw(self, run: WorkflowRun) -> None:
        """Note what a run does that files may have started: what it writes may start others."""
        if run.cause.trigger_type is TriggerType.EVENT:
            self.loops = self.loops.saw(run)

    def forgive(self) -> None:
        """A person lets a trigger go on: what looked like a loop begins anew."""
        self.loops = self.loops.forgiven()

    def notes(self, key: TriggerKey) -> tuple[str, ...]:
        """Return what keeps a trigger from taking its files, in words."""
        return (DOUBTED,) if key in self._doubted else ()

    def save(self, batch: Batch) -> None:
        """Add what this step has changed to its commit."""
        self._saw_runs(batch)
        for key, inbox in (*self._left.items(), *self._inboxes.items()):
            if inbox.is_changed:
                batch.write(inbox.save)
            if inbox.is_changed or inbox.has_news:
                batch.touched_triggers.add(key)

    def adopt(self) -> None:
        """After the commit: what the step has seen is stored."""
        for inbox in self._inboxes.values():
            inbox.saved()
        self._left = {}

    def put_back(self) -> None:
        """After a step that failed: be as before it."""
        for inbox in self._inboxes.values():
            inbox.put_back()

    def wake_times(self, workflows: Workflows, stepped_at: float) -> list[float]:
        """Return when windows of batches close, as of the last step."""
        times = [at for at in self._doubted.values() if at is not None]
        for workflow, trigger in event_triggers(workflows):
            closes_at = self._inboxes[workflow.name, trigger.name].closes_at
            # A window that was over at the last step waits for something else: a place under the limit, a key.
            if closes_at is not None and closes_at > stepped_at and trigger.enabled:
                times.append(closes_at)
        return times

    def scans_due(self, now: float) -> tuple[tuple[TriggerKey, float], ...]:
        """Return the triggers whose folders must be looked at again, and when: `Inbox.must_look` at all of them, else
        at the files that settle.
        """
        due = [(key, now if inbox.must_look else inbox.look_again_at) for key, inbox in self._inboxes.items()]
        return tuple((key, at) for key, at in due if at is not None)

    def _saw_runs(self, batch: Batch) -> None:
        for run in batch.runs.values():
            self.saw(run)

    def _take_batches(
        self, batch: Batch, workflow: Workflow, trigger: Trigger, new_run_id: Callable[[], RunId]
    ) -> int | None:
        """Return None, or of how many runs the loop is that this trigger is part of."""
        key = (workflow.name, trigger.name)
        inbox = self._inboxes[key]
        while True:
            paths, fired_by = due_batch(inbox.waiting, inbox.watch, batch.now)
            if not paths:
                return None
            match self._judge(key, inbox, paths, batch.now):
                case MustWait(until=until):
                    self._doubted[key] = until
                    return None
                case IsLoop(runs=runs):
                    return runs
                case MayFire() as verdict:
                    pass
            news: list[str] = []
            cause = _cause(trigger, inbox, paths, fired_by, verdict.origin.generation)
            run = starts.start_by_itself(batch, workflow, cause, new_run_id(), news)
            if run is None:
                # The batch is offered again at every step: one note for all of them.
                batch.notes += news if key not in self._skipped else []
                self._skipped.add(key)
                return None
            self._skipped.discard(key)
            self.loops = self.loops.fired(key, run.run_id, verdict).saw(run)
            inbox.take(paths, run.run_id, batch.now)

    def _judge(self, key: TriggerKey, inbox: Inbox, paths: tuple[str, ...], now: float) -> Verdict:
        if inbox.watch.allow_loop:
            return MayFire()
        return self.loops.judge(key, inbox.arrivals_of(paths), inbox.newest, now)


def _cause(trigger: Trigger, inbox: Inbox | None, paths: tuple[str, ...], fired_by: str, generation: int) -> StartCause:
    files, deleted_files = inbox.batch_files(paths) if inbox is not None else ((), ())
    return StartCause(
        trigger=trigger.name,
        trigger_type=trigger.type,
        files=files,
        deleted_files=deleted_files,
        fired_by=fired_by,
        generation=generation,
    )


def _loop_text(runs: int) -> str:
    counted = f"{runs} runs in a row, the last {PROBES_MAX} with nothing else at work"
    meant = "allow_loop = true says that this is meant, also where a program answers its runs with new files"
    return f"looks like a loop: its runs make the files that start it ({counted}); {meant}"


def event_triggers(workflows: Workflows) -> list[tuple[Workflow, Trigger]]:
    """Return the triggers that watch files."""
    return [
        (workflow, trigger)
        for workflow in workflows.values()
        for trigger in workflow.triggers
        if trigger.watch is not None
    ]
