"""One step of the kernel before it is committed: runs, inboxes and rows as they will be, over those as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from glue_tui.catalog import lineage
from glue_tui.catalog.write import apply_changes
from glue_tui.core.attempt import AttemptKey, AttemptResult, NodeError
from glue_tui.core.bookmarks import JobSlice
from glue_tui.core.decide import decide
from glue_tui.core.events import AttemptFinished, Event, NodeFinished, RunFinished, RunQueued
from glue_tui.core.model import RunId, node_name
from glue_tui.core.run import WorkflowRun, apply
from glue_tui.core.schema import ChangeKind, TableChange
from glue_tui.core.states import NodeState, Outcome, WorkflowRunStatus
from glue_tui.core.stimuli import Stimulus
from glue_tui.store import bookmarks, event_log, ledger, outbox
from glue_tui.store.database import Connection

OUR_FAULTS = (AssertionError, LookupError, ValueError, TypeError, AttributeError)
"""How our own mistakes, or a stored run that does not fit, show. They cost the run, not the engine."""
_WRITTEN = frozenset({ChangeKind.CREATED, ChangeKind.UPDATED, ChangeKind.UNCHANGED})
"""A crawler that finds nothing new is a table's writer all the same."""
TriggerKey = tuple[str, str]
"""Workflow and trigger name."""


@dataclass(slots=True)
class Batch:
    """Collects what one step decides. Nothing outside sees it before `commit` has returned."""

    now: float
    unfinished: dict[RunId, WorkflowRun]
    """Runs as they were before the step, by id; not changed here."""
    last_number: int
    runs: dict[RunId, WorkflowRun] = field(default_factory=dict)
    """Runs that the step touched, as they are now."""
    events: dict[RunId, list[Event]] = field(default_factory=dict)
    touched_triggers: set[TriggerKey] = field(default_factory=set)
    requests: dict[str, RunId] = field(default_factory=dict)
    """Requests that the step granted, by their ids."""
    notes: list[str] = field(default_factory=list)
    """For the engine's own log."""
    published: list[TableChange] = field(default_factory=list)
    """What the step brings into the catalog."""
    renamed: dict[str, str] = field(default_factory=dict)
    """New names of workflows, and what they were called until now."""
    _writes: list[Callable[[Connection], None]] = field(default_factory=list)

    def current(self) -> list[WorkflowRun]:
        """Return every run that is not over at this point of the step."""
        merged = {**self.unfinished, **self.runs}
        for run_id, run in self.runs.items():
            if run.status.is_over:
                del merged[run_id]
        return list(merged.values())

    def run(self, run_id: RunId) -> WorkflowRun | None:
        return self.runs.get(run_id) or self.unfinished.get(run_id)

    def record(self, run_id: RunId, events: Iterable[Event]) -> None:
        """Apply events to a run and keep them for the commit."""
        run = self.run(run_id)
        for event in events:
            run = apply(run, event, self.now)
            self.events.setdefault(run_id, []).append(event)
        if run is not None:
            self.runs[run_id] = run

    def open_run(self, first: RunQueued, others: Iterable[Event] = ()) -> WorkflowRun:
        """Make a new run."""
        self.last_number = first.number
        self.record(first.run_id, (first, *others))
        return self.runs[first.run_id]

    def feed(self, run_id: RunId, stimulus: Stimulus) -> tuple[Event, ...]:
        """Let the rules decide about one stimulus. A bug inside one run parks that run; the others go on."""
        run = self.run(run_id)
        if run is None or run.status.is_over:
            return ()
        try:
            events = decide(run, stimulus, self.now)
        except OUR_FAULTS as error:
            if run.status.is_over:
                return ()  # It has its end already.
            events = _parked(run, f"{type(error).__name__}: {error} on {type(stimulus).__name__}")
        if events:
            self.record(run_id, events)
        return events

    def write(self, row: Callable[[Connection], None]) -> None:
        """Add something to the commit that is no event."""
        self._writes.append(row)

    def rename_workflow(self, before: str, name: str) -> None:
        """Let what is remembered of a workflow's triggers be that of the workflow under its new name."""
        self.renamed[name] = before
        self.notes.append(
            f"{before} is called {name} now: its files, schedules, paused triggers and bookmarks move along"
        )
        self.write(lambda conn: ledger.rename_workflow(conn, before, name))
        self.write(lambda conn: lineage.rename_workflow(conn, before, name))
        self.write(lambda conn: bookmarks.rename_workflow(conn, before, name))

    def publish_tables(self, key: AttemptKey, result: AttemptResult) -> None:
        """Bring an attempt's tables into the catalog together with the event that ends it, and which ones it read."""
        run, changes = self.run(key.run_id), result.table_changes
        if changes:
            self.published += changes
            self.write(lambda conn: apply_changes(conn, changes, run_id=key.run_id, at=self.now))
        if run is not None and (changes or result.tables_read or result.tables_written):
            written = [change.table.full_name for change in changes if change.kind in _WRITTEN]
            written += result.tables_written
            self.write(
                lambda conn: lineage.note_uses(
                    conn,
                    run.workflow.name,
                    key.node_id,
                    reads=result.tables_read,
                    writes=written,
                    run_id=key.run_id,
                    at=self.now,
                )
            )

    def advance_bookmark(self, key: AttemptKey, read: JobSlice) -> None:
        """Make what an attempt has read old, together with the event that ends it."""
        run = self.runs[key.run_id]
        workflow, job = run.workflow.name, node_name(key.node_id)

        def write(conn: Connection) -> None:
            if not bookmarks.advance(
                conn,
                workflow,
                job,
                read,
                run_id=key.run_id,
                run_number=run.number,
                attempt=key.attempt,
                at=self.now,
            ):
                self.notes.append(
                    f"the bookmark of {workflow}/{job} was changed while run {run.number} was at work: it stays so,"
                    " and what that run has read is read again"
                )

        self.write(write)

    @property
    def is_empty(self) -> bool:
        return not self.events and not self._writes

    def save(self, conn: Connection) -> None:
        """Write everything, inside the caller's transaction."""
        for run_id, events in self.events.items():
            event_log.append(conn, self.runs[run_id], events, self.now)
            outbox.put(conn, self.runs[run_id], events, self.now)
        for row in self._writes:
            row(conn)


def _parked(run: WorkflowRun, what: str) -> tuple[Event, ...]:
    """Return the end of a run in which our own rules failed: no node of it is left open."""
    fault = NodeError(type="InternalError", message=what, hint="this is our own fault, please report it")
    events: list[Event] = []
    for node_id in run.graph.node_ids:
        if node_id in run.open_node_ids:
            attempt = len(run.nodes[node_id].attempts)
            events.append(AttemptFinished(node_id=node_id, attempt=attempt, state=NodeState.ERROR, error=fault))
            events.append(NodeFinished(node_id=node_id, state=NodeState.ERROR))
    message = f"our own fault, please report: {what}"
    return (*events, RunFinished(status=WorkflowRunStatus.ERROR, outcome=Outcome.ERROR, message=message))
