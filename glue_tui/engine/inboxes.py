"""The part of the kernel that knows the files which EVENT triggers have seen, and makes batches of them.

What a step changes here is put back by the kernel where its commit fails: values are replaced, never changed in place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from glue_tui.core import arrivals
from glue_tui.core.arrivals import SeenFile, Stage, due_batch, observe
from glue_tui.core.events import StartCause
from glue_tui.core.model import RunId, Trigger, Workflow
from glue_tui.core.problem import EntityNotFound, did_you_mean
from glue_tui.core.states import TriggerType
from glue_tui.engine import starts
from glue_tui.engine.batch import Batch, TriggerKey
from glue_tui.engine.inputs import FolderScanned
from glue_tui.engine.reloading import same_patterns
from glue_tui.store.database import Connection

Workflows = Mapping[str, Workflow]


@dataclass(slots=True)
class Inboxes:
    seen: dict[TriggerKey, dict[str, SeenFile] | None] = field(default_factory=dict)
    """Files seen by each EVENT trigger; None: it has not looked yet."""
    _skipped: set[TriggerKey] = field(default_factory=set)
    """Triggers whose batch waits because of `on_overlap = "skip"`, and that have said so."""

    def load(self, batch: Batch, conn: Connection, before: Workflows, workflows: Workflows) -> None:
        """Put the watches of other definitions into force."""
        inboxes: dict[TriggerKey, dict[str, SeenFile] | None] = {}
        for workflow, trigger in event_triggers(workflows):
            key = (workflow.name, trigger.name)
            assert trigger.watch is not None
            if same_patterns(before.get(workflow.name), trigger) and key in self.seen:
                inboxes[key] = self.seen[key]
            else:
                inboxes[key] = batch.watch_anew(conn, key, trigger.watch.patterns)
        self.seen = inboxes

    def scanned(self, batch: Batch, workflows: Workflows, scan: FolderScanned) -> None:
        """Take in what a look at the folders of a trigger has shown."""
        key = (scan.workflow, scan.trigger)
        workflow = workflows.get(scan.workflow)
        trigger = workflow.trigger(scan.trigger) if workflow else None
        if trigger is None or trigger.watch is None or trigger.watch.patterns != scan.patterns:
            return
        inbox = self._now(batch, key)
        if inbox is None:
            batch.begin_inbox(key, scan.patterns)
        looked_at = batch.now if scan.at is None else scan.at
        seen = observe(inbox, scan.files, trigger.watch.settle_s, looked_at, scan.unreadable)
        batch.move_files(key, scan.patterns, inbox or {}, seen.changed, seen.gone)

    def drop(self, batch: Batch, workflow: str, trigger: Trigger, paths: tuple[str, ...]) -> int:
        """Let waiting files, all where none is named, start nothing; return how many those were.

        Raises EntityNotFound for a path that does not wait.
        """
        key = (workflow, trigger.name)
        inbox = self._now(batch, key) or {}
        waiting = {path: seen for path, seen in inbox.items() if seen.stage in (Stage.SETTLING, Stage.PENDING)}
        for path in paths:
            if path not in inbox or (inbox[path].stage is not Stage.DROPPED and path not in waiting):
                raise EntityNotFound(
                    f"{path} does not wait at {key[1]} of {key[0]}", hint=did_you_mean(path, list(waiting))
                )
        files = [seen for path, seen in waiting.items() if not paths or path in paths]
        assert trigger.watch is not None
        dropped = [replace(seen, stage=Stage.DROPPED, since=batch.now) for seen in files]
        batch.move_files(key, trigger.watch.patterns, inbox, dropped)
        return len(files)

    def take_batches(
        self, batch: Batch, workflows: Workflows, new_run_id: Callable[[], RunId], notes: list[str]
    ) -> None:
        """Start a run for every batch that is complete."""
        for workflow, trigger in event_triggers(workflows):
            if trigger.enabled:
                self._take_batches(batch, workflow, trigger, new_run_id, notes)

    def adopt(self, batch: Batch) -> None:
        """After the commit: what the step has seen is what was seen."""
        self.seen = {key: self._now(batch, key) for key in self.seen}

    def wake_times(self, workflows: Workflows, stepped_at: float) -> list[float]:
        """Return when windows of batches close, as of the last step."""
        times: list[float] = []
        for workflow, trigger in event_triggers(workflows):
            inbox, watch = self.seen.get((workflow.name, trigger.name)), trigger.watch
            if inbox is None or watch is None:
                continue
            closes_at = arrivals.window_closes_at(inbox, watch)
            # A window that was over at the last step waits for something else: a place under the limit, a key.
            if closes_at is not None and closes_at > stepped_at and trigger.enabled:
                times.append(closes_at)
        return times

    def scans_due(self, workflows: Workflows, now: float) -> tuple[tuple[TriggerKey, float], ...]:
        """Return the triggers whose folders must be scanned again because a file is settling, and when."""
        due: list[tuple[TriggerKey, float]] = []
        for workflow, trigger in event_triggers(workflows):
            key = (workflow.name, trigger.name)
            inbox = self.seen.get(key)
            assert trigger.watch is not None
            at = now if inbox is None else arrivals.look_again_at(inbox, trigger.watch.settle_s)
            if at is not None:
                due.append((key, at))
        return tuple(due)

    def _now(self, batch: Batch, key: TriggerKey) -> dict[str, SeenFile] | None:
        """Return what a trigger has seen at this point of the step; None if it has not looked yet."""
        return batch.inboxes[key] if key in batch.inboxes else self.seen.get(key)

    def _take_batches(
        self, batch: Batch, workflow: Workflow, trigger: Trigger, new_run_id: Callable[[], RunId], notes: list[str]
    ) -> None:
        key = (workflow.name, trigger.name)
        assert trigger.watch is not None
        while (inbox := self._now(batch, key)) is not None:
            due = due_batch(inbox, trigger.watch, batch.now)
            if due is None:
                return
            files = tuple(seen.path for seen in due.files)
            cause = StartCause(trigger=trigger.name, trigger_type=TriggerType.EVENT, files=files, fired_by=due.fired_by)
            news: list[str] = []
            run = starts.start_by_itself(batch, workflow, cause, new_run_id(), news)
            if run is None:
                # The batch is offered again at every step: one note for all of them.
                notes += news if key not in self._skipped else []
                self._skipped.add(key)
                return
            self._skipped.discard(key)
            taken = [replace(seen, stage=Stage.TAKEN, since=batch.now, run_id=run.run_id) for seen in due.files]
            batch.move_files(key, trigger.watch.patterns, inbox, taken)


def event_triggers(workflows: Workflows) -> list[tuple[Workflow, Trigger]]:
    """Return the triggers that watch files."""
    return [
        (workflow, trigger)
        for workflow in workflows.values()
        for trigger in workflow.triggers
        if trigger.watch is not None
    ]
