"""The history of runs for readers: works beside a running engine and without one, and never writes.

It also reads a state that an older version wrote and no newer engine has migrated yet: columns of a later version are
not used here. The rules of a run are imported where a run is folded: a list of runs must not wait for them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from glue_tui.core.problem import EntityNotFound, did_you_mean
from glue_tui.protocol.deliveries import DeliveryView
from glue_tui.protocol.inbox_views import InboxFile
from glue_tui.protocol.usual_views import UsualView
from glue_tui.protocol.views import EventView, NodeOfRun, RunSummary, RunView, StoryLine
from glue_tui.store.database import open_readonly, reading
from glue_tui.store.inbox_files import inbox_file

if TYPE_CHECKING:
    from glue_tui.core.events import Event
    from glue_tui.core.missed_runs import ScheduleMark
    from glue_tui.core.model import Workflow
    from glue_tui.core.run import WorkflowRun

_decode_summary = msgspec.json.Decoder(RunSummary).decode

_LAST_RUNS = """
    WITH RECURSIVE names (name) AS (
      SELECT min(workflow) FROM runs
      UNION ALL
      SELECT (SELECT min(workflow) FROM runs WHERE workflow > names.name) FROM names WHERE names.name IS NOT NULL
    )
    SELECT name, (SELECT run_id FROM runs WHERE workflow = name ORDER BY number DESC LIMIT 1)
    FROM names WHERE name IS NOT NULL
"""
"""One step of the index per workflow: a GROUP BY would walk through every run."""
_OUTCOMES_OF_STATUS = {
    "RUNNING": ("",),
    "STOPPING": ("",),
    "COMPLETED": ("SUCCEEDED", "RECOVERED", "FAILED"),
    "STOPPED": ("STOPPED",),
    "ERROR": ("ERROR",),
}


_HAS_EVENTS_SINCE = (
    "runs.run_id IN (SELECT run_id FROM runs WHERE is_over = 0 UNION SELECT run_id FROM runs WHERE finished_at >= ?)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFilter:
    """Which runs are meant; every field that is set must hold."""

    workflow: str = ""
    outcomes: tuple[str, ...] = ()
    """Any of these."""
    statuses: tuple[str, ...] = ()
    """Any of these WorkflowRunStatus."""
    trigger: str = ""
    """That started it."""
    since: float | None = None
    """Queued at this time (seconds since the epoch) or later."""
    until: float | None = None
    """Queued before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """Which events are meant; every field that is set must hold."""

    run_id: str = ""
    workflow: str = ""
    kinds: tuple[str, ...] = ()
    node: str = ""
    """Name or id."""
    since: float | None = None
    until: float | None = None


def open_history(state_db: Path) -> History:
    """Open the history of a project; one that has never run has an empty history."""
    return History(open_readonly(state_db), str(state_db.parent))


class History:
    """Every method raises StoreFailed where the state can't be read."""

    def __init__(self, conn: sqlite3.Connection | None, state_dir: str) -> None:
        self._conn = conn if conn is not None and _has(conn, "runs") else None
        self._state_dir = state_dir

    def runs(self, workflow: str = "", limit: int = 50) -> tuple[RunSummary, ...]:
        """Return runs, newest first."""
        return self.find_runs(RunFilter(workflow=workflow), limit)

    def find_runs(self, wanted: RunFilter, limit: int = 50) -> tuple[RunSummary, ...]:
        """Return the runs that are meant, newest first."""
        where, arguments = _run_conditions(wanted)
        order = "number" if wanted.since is None else "+number"
        rows = self._rows(f"SELECT summary FROM runs WHERE {where} ORDER BY {order} DESC LIMIT ?", (*arguments, limit))
        return tuple(_decode_summary(row[0]) for row in rows)

    def run(self, ref: str) -> RunView:
        """Return one run by id, number or workflow name (its last run). Raises EntityNotFound."""
        from glue_tui.protocol.present import run_view

        return run_view(self.core_run(self.run_id(ref)), self._state_dir)

    def core_run(self, run_id: str) -> WorkflowRun:
        """Return a run of this id as the rules see it. Raises EntityNotFound."""
        from glue_tui.store.event_log import read_run

        if self._conn is None:
            raise EntityNotFound(f'no run "{run_id}"')
        with reading():
            return read_run(self._conn, run_id)

    def node_of_runs(self, node: str, wanted: RunFilter, limit: int = 50) -> tuple[NodeOfRun, ...]:
        """Return how a node, by name or id, fared in the runs that are meant, newest first.

        Runs of a definition that had no such node are left out. Raises EntityNotFound where none had it.
        """
        from glue_tui.core.model import node_name
        from glue_tui.protocol.present import node_view

        found: list[NodeOfRun] = []
        known: set[str] = set()
        for summary in self.find_runs(wanted, limit):
            run = self.core_run(summary.run_id)
            known.update(node_name(node_id) for node_id in run.nodes)
            found += [
                NodeOfRun(run=summary, node=node_view(run, node_id, self._state_dir))
                for node_id in run.nodes
                if node in (node_id, node_name(node_id))
            ]
        if known and not found:
            raise EntityNotFound(f'no node "{node}" in these runs', hint=did_you_mean(node, sorted(known)))
        return tuple(found)

    def story(self, ref: str) -> tuple[StoryLine, ...]:
        """Return the events of a run in words, and what became of its notifications. Raises EntityNotFound."""
        from glue_tui.protocol.deliveries import delivery_text

        run_id = self.run_id(ref)
        lines = [
            StoryLine(at=one.at, kind=one.kind, text=one.text, node_id=one.node_id, attempt=_attempt_in(one.body))
            for one in self.events(EventFilter(run_id=run_id))
        ]
        lines += [
            StoryLine(
                at=one.changed_at or one.at, kind=f"Notification{one.state.capitalize()}", text=delivery_text(one)
            )
            for one in reversed(self.deliveries(run_id=run_id, limit=-1))
        ]
        return tuple(sorted(lines, key=lambda line: line.at))

    def usual(self, workflow: str) -> tuple[UsualView, ...]:
        """Return how long each node of a workflow takes that has ever succeeded in its last finished runs."""
        from glue_tui.store.usual import usual_durations

        if self._conn is None:
            return ()
        with reading():
            return usual_durations(self._conn, workflow)

    def events(self, wanted: EventFilter, limit: int | None = None) -> tuple[EventView, ...]:
        """Return the events that are meant, oldest first; with a limit the newest of them."""
        from glue_tui.store.event_log import EVENT_KINDS

        unknown = next((kind for kind in wanted.kinds if kind not in EVENT_KINDS), None)
        if unknown is not None:
            raise EntityNotFound(
                f'no kind of event "{unknown}"',
                hint=did_you_mean(unknown, sorted(EVENT_KINDS)) or "`glue-tui events RUN` names them",
            )
        found: list[EventView] = []
        for view in self._stored_events(wanted):
            if len(found) == limit:
                break
            if wanted.node in ("", view.node_id, view.node_id.partition(":")[2]):
                found.append(view)
        return tuple(reversed(found))

    def _stored_events(self, wanted: EventFilter) -> Iterator[EventView]:
        """Yield events, newest first."""
        from glue_tui.core.codec import from_data
        from glue_tui.core.story import describe
        from glue_tui.store.event_log import EVENT_KINDS

        where, arguments = _event_conditions(wanted)
        order = "events.seq DESC" if wanted.run_id else "events.at DESC, runs.number DESC, events.seq DESC"
        rows = self._rows(
            "SELECT runs.run_id, runs.number, runs.workflow, events.seq, events.at, events.kind, events.body"
            f" FROM runs CROSS JOIN events ON events.run_id = runs.run_id WHERE {where} ORDER BY {order}",
            arguments,
        )
        for run_id, number, workflow, seq, at, kind, body in rows:
            event: Event = from_data(EVENT_KINDS[kind], msgspec.json.decode(body))
            yield EventView(
                run_id=run_id,
                number=number,
                workflow=workflow,
                seq=seq,
                at=at,
                kind=kind,
                text=describe(event),
                node_id=getattr(event, "node_id", ""),
                body=msgspec.Raw(body),
            )

    def deliveries(
        self, *, run_id: str = "", states: tuple[str, ...] = (), limit: int = 50
    ) -> tuple[DeliveryView, ...]:
        """Return what was sent or is to be sent about a run, or about all, newest first."""
        from glue_tui.store import outbox

        with reading():
            if self._conn is None or not outbox.has_outbox(self._conn):
                return ()
            return outbox.deliveries(self._conn, run_id=run_id, states=states, limit=limit)

    def last_run_ids(self) -> dict[str, str]:
        """Return the newest run of every workflow that has one."""
        return dict(self._rows(_LAST_RUNS))

    def current_runs(self) -> tuple[RunSummary, ...]:
        """Return the last run of every workflow and every run that is not over, newest first."""
        unfinished = self._rows("SELECT run_id FROM runs WHERE is_over = 0")
        run_ids = {*self.last_run_ids().values(), *(row[0] for row in unfinished)}
        found = [
            _decode_summary(row[0])
            for run_id in run_ids
            for row in self._rows("SELECT summary FROM runs WHERE run_id = ?", (run_id,))
        ]
        return tuple(sorted(found, key=lambda summary: summary.number, reverse=True))

    def trigger_settings(self) -> dict[tuple[str, str], bool]:
        """Return the triggers that a person paused or resumed, by (workflow, trigger)."""
        from glue_tui.store.ledger import read_trigger_settings

        with reading():
            return read_trigger_settings(self._conn) if self._conn is not None else {}

    def stop_reasons(self) -> dict[tuple[str, str], str]:
        """Return why an engine has paused triggers by itself, by (workflow, trigger)."""
        from glue_tui.store.ledger import read_stop_reasons

        with reading():
            has_reasons = self._conn is not None and _has_column(self._conn, "trigger_settings", "reason")
            return read_stop_reasons(self._conn) if self._conn is not None and has_reasons else {}

    def good_definitions(self) -> dict[str, Workflow]:
        """Return the last good version of every definition file that an engine has seen, by its path."""
        from glue_tui.store.ledger import read_good_definitions

        with reading():
            return read_good_definitions(self._conn) if self._conn is not None else {}

    def schedule_marks(self) -> dict[tuple[str, str], ScheduleMark]:
        """Return until when schedules have been taken care of, by (workflow, trigger)."""
        from glue_tui.store.schedule_marks import read_marks

        with reading():
            return read_marks(self._conn) if self._conn is not None and _has(self._conn, "schedule_marks") else {}

    def inbox_files(self, workflow: str, trigger: str, path: str = "") -> tuple[InboxFile, ...]:
        """Return the files that wait at an EVENT trigger, settled ones first, oldest first; with `path` that one,
        in whatever stage it is.
        """
        if self._conn is None:
            return ()
        which, arguments = ("path = ?", (path,)) if path else ("stage IN ('SETTLING', 'PENDING')", ())
        query = f"SELECT * FROM seen_files WHERE workflow = ? AND trigger = ? AND {which} ORDER BY stage, since, path"
        with reading():
            cursor = self._conn.execute(query, (workflow, trigger, *arguments))
            # By name: a state that an older version left behind has fewer columns.
            names = [column[0] for column in cursor.description]
            return tuple(inbox_file(dict(zip(names, row, strict=True))) for row in cursor)

    def run_id(self, ref: str) -> str:
        """Return the id that a number, an id or a workflow name means. Raises EntityNotFound."""
        is_number = ref.lstrip("#").isdigit()
        if is_number:
            rows = self._rows("SELECT run_id FROM runs WHERE number = ?", (int(ref.lstrip("#")),))
        elif ref.startswith("wr_"):
            rows = self._rows("SELECT run_id FROM runs WHERE run_id = ?", (ref,))
        else:
            rows = self._rows("SELECT run_id FROM runs WHERE workflow = ? ORDER BY number DESC LIMIT 1", (ref,))
        for row in rows:
            return str(row[0])
        hint = "" if is_number or ref.startswith("wr_") else did_you_mean(ref, tuple(sorted(self.last_run_ids())))
        hint = hint or "`glue-tui runs` lists them"
        raise EntityNotFound(f'no run "{ref}"', hint=hint)

    def close(self) -> None:
        if self._conn is not None:
            self._conn.close()

    def _rows(self, query: str, arguments: tuple[object, ...] = ()) -> Iterator[tuple[Any, ...]]:
        if self._conn is not None:
            with reading():
                yield from self._conn.execute(query, arguments)


def _run_conditions(wanted: RunFilter) -> tuple[str, tuple[object, ...]]:
    """Return a filter as what follows WHERE, and its arguments."""
    found: list[tuple[str, tuple[object, ...]]] = []
    outcomes = set(wanted.outcomes)
    if wanted.statuses:
        of_status = {outcome for status in wanted.statuses for outcome in _OUTCOMES_OF_STATUS[status]}
        outcomes = outcomes & of_status if outcomes else of_status
        found.append(
            (f"json_extract(CAST(summary AS TEXT), '$.status') IN ({_marks(wanted.statuses)})", wanted.statuses)
        )
    if outcomes or wanted.statuses:
        found.append((f"outcome IN ({_marks(outcomes)})", tuple(sorted(outcomes))))
    if wanted.workflow:
        # With `+`, here and in the order, the index on `queued_at` is walked, not every run that is older.
        found.append(("workflow = ?" if wanted.since is None else "+workflow = ?", (wanted.workflow,)))
    if wanted.trigger:
        found.append(("json_extract(CAST(summary AS TEXT), '$.trigger') = ?", (wanted.trigger,)))
    if wanted.since is not None:
        found.append(("queued_at >= ?", (wanted.since,)))
    if wanted.until is not None:
        found.append(("queued_at < ?", (wanted.until,)))
    return _joined(found)


def _event_conditions(wanted: EventFilter) -> tuple[str, tuple[object, ...]]:
    """Return a filter as what follows WHERE, and its arguments. A run that ended before `since` has no event after."""
    found: list[tuple[str, tuple[object, ...]]] = []
    if wanted.run_id:
        found.append(("runs.run_id = ?", (wanted.run_id,)))
    if wanted.workflow:
        found.append(("runs.workflow = ?", (wanted.workflow,)))
    if wanted.kinds:
        found.append((f"events.kind IN ({_marks(wanted.kinds)})", wanted.kinds))
    if wanted.since is not None:
        found.append((_HAS_EVENTS_SINCE, (wanted.since,)))
        found.append(("events.at >= ?", (wanted.since,)))
    if wanted.until is not None:
        found.append(("runs.queued_at < ? AND events.at < ?", (wanted.until, wanted.until)))
    return _joined(found)


def _joined(conditions: list[tuple[str, tuple[object, ...]]]) -> tuple[str, tuple[object, ...]]:
    if not conditions:
        return "TRUE", ()
    return " AND ".join(text for text, _ in conditions), tuple(value for _, values in conditions for value in values)


def _marks(values: object) -> str:
    assert isinstance(values, (tuple, set))
    return ", ".join("?" * len(values))


class _OfAttempt(msgspec.Struct):
    """What is read of an event's body to tell which attempt it is about."""

    attempt: int = 0


_decode_attempt = msgspec.json.Decoder(_OfAttempt).decode


def _attempt_in(body: msgspec.Raw) -> int:
    return _decode_attempt(body).attempt


def _has(conn: sqlite3.Connection, table: str) -> bool:
    return conn.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone() is not None


def _has_column(conn: sqlite3.Connection, table: str, column: str) -> bool:
    return conn.execute("SELECT 1 FROM pragma_table_info(?) WHERE name = ?", (table, column)).fetchone() is not None
