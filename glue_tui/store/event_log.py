"""The event log of runs: appended with its projection, the table of runs, in the caller's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import get_args

import msgspec

from glue_tui.core.codec import from_data, to_data
from glue_tui.core.events import Event
from glue_tui.core.problem import EntityNotFound
from glue_tui.core.run import WorkflowRun, fold
from glue_tui.protocol.present import run_summary
from glue_tui.store.bookmarks import TABLES as BOOKMARK_TABLES

MIGRATIONS = (
    """
    CREATE TABLE runs (
      run_id TEXT PRIMARY KEY,
      number INTEGER NOT NULL UNIQUE,
      workflow TEXT NOT NULL,
      is_over INTEGER NOT NULL,
      outcome TEXT NOT NULL,
      queued_at REAL NOT NULL,
      finished_at REAL,
      summary BLOB NOT NULL
    ) STRICT;
    CREATE INDEX runs_by_workflow ON runs (workflow, number);
    CREATE INDEX runs_unfinished ON runs (number) WHERE is_over = 0;
    CREATE TABLE events (
      run_id TEXT NOT NULL REFERENCES runs (run_id) ON DELETE CASCADE,
      seq INTEGER NOT NULL,
      at REAL NOT NULL,
      kind TEXT NOT NULL,
      body BLOB NOT NULL,
      PRIMARY KEY (run_id, seq)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE requests (
      request_id TEXT PRIMARY KEY,
      run_id TEXT NOT NULL,
      at REAL NOT NULL
    ) STRICT;
    CREATE TABLE trigger_settings (
      workflow TEXT NOT NULL,
      trigger TEXT NOT NULL,
      enabled INTEGER NOT NULL,
      PRIMARY KEY (workflow, trigger)
    ) STRICT;
    CREATE TABLE watches (
      workflow TEXT NOT NULL,
      trigger TEXT NOT NULL,
      patterns TEXT NOT NULL,
      PRIMARY KEY (workflow, trigger)
    ) STRICT;
    CREATE TABLE seen_files (
      workflow TEXT NOT NULL,
      trigger TEXT NOT NULL,
      path TEXT NOT NULL,
      size_bytes INTEGER NOT NULL,
      mtime_ns INTEGER NOT NULL,
      stage TEXT NOT NULL,
      since REAL NOT NULL,
      run_id TEXT NOT NULL,
      PRIMARY KEY (workflow, trigger, path)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE good_definitions (
      source TEXT PRIMARY KEY,
      workflow BLOB NOT NULL
    ) STRICT;
    CREATE TABLE engine_starts (at REAL NOT NULL, pid INTEGER NOT NULL) STRICT
    """,
    """
    CREATE INDEX runs_by_outcome ON runs (outcome, number);
    CREATE INDEX runs_by_queued_at ON runs (queued_at);
    CREATE INDEX runs_by_finished_at ON runs (finished_at);
    CREATE INDEX requests_by_run ON requests (run_id);
    CREATE TABLE removed_runs (run_id TEXT PRIMARY KEY) STRICT
    """,
    """
    CREATE TABLE outbox (
      row INTEGER PRIMARY KEY AUTOINCREMENT,
      run_id TEXT NOT NULL REFERENCES runs (run_id) ON DELETE CASCADE,
      position INTEGER NOT NULL,
      occasion TEXT NOT NULL,
      node_id TEXT NOT NULL,
      attempt INTEGER NOT NULL,
      way TEXT NOT NULL,
      target TEXT NOT NULL,
      at REAL NOT NULL,
      state TEXT NOT NULL,
      tries INTEGER NOT NULL DEFAULT 0,
      next_try_at REAL,
      changed_at REAL,
      reason TEXT NOT NULL DEFAULT '',
      UNIQUE (run_id, position, occasion, node_id, attempt)
    ) STRICT;
    CREATE INDEX outbox_pending ON outbox (next_try_at) WHERE state = 'PENDING'
    """,
    """
    CREATE TABLE schedule_marks (
      workflow TEXT NOT NULL,
      trigger TEXT NOT NULL,
      schedule TEXT NOT NULL,
      timezone TEXT NOT NULL,
      done_until REAL NOT NULL,
      note TEXT NOT NULL,
      PRIMARY KEY (workflow, trigger)
    ) STRICT
    """,
    """
    ALTER TABLE seen_files ADD COLUMN change TEXT NOT NULL DEFAULT 'created';
    ALTER TABLE seen_files ADD COLUMN earlier TEXT NOT NULL DEFAULT '';
    CREATE INDEX open_files ON seen_files (workflow, trigger) WHERE stage IN ('SETTLING', 'PENDING')
    """,
    """
    ALTER TABLE trigger_settings ADD COLUMN reason TEXT NOT NULL DEFAULT ''
    """,
    """
    ALTER TABLE watches ADD COLUMN mounts TEXT NOT NULL DEFAULT '[]'
    """,
    BOOKMARK_TABLES,
)
"""Steps are only ever added. `removed_runs`: removed from the history, their log folders are still to be deleted."""

EVENT_KINDS = {kind.__name__: kind for kind in get_args(Event)}


def append(conn: sqlite3.Connection, run: WorkflowRun, events: Sequence[Event], at: float) -> None:
    """Append events to a run's log and bring its row up to date; `run` is the run after them."""
    summary = run_summary(run)
    row = (
        run.run_id,
        run.number,
        run.workflow.name,
        int(run.status.is_over),
        summary.outcome,
        run.queued_at,
        run.finished_at,
        msgspec.json.encode(summary),
    )
    conn.execute(
        "INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (run_id) DO UPDATE SET"
        " is_over = excluded.is_over, outcome = excluded.outcome, finished_at = excluded.finished_at,"
        " summary = excluded.summary",
        row,
    )
    first = conn.execute("SELECT coalesce(max(seq), 0) + 1 FROM events WHERE run_id = ?", (run.run_id,)).fetchone()[0]
    conn.executemany(
        "INSERT INTO events VALUES (?, ?, ?, ?, ?)",
        [
            (run.run_id, seq, at, type(event).__name__, msgspec.json.encode(to_data(event)))
            for seq, event in enumerate(events, start=first)
        ],
    )


def read_events(conn: sqlite3.Connection, run_id: str) -> tuple[tuple[float, Event], ...]:
    """Return a run's events in order, each with its time. Raises ValueError for what is no event."""
    rows = conn.execute("SELECT at, kind, body FROM events WHERE run_id = ? ORDER BY seq", (run_id,))
    try:
        return tuple((at, from_data(EVENT_KINDS[kind], msgspec.json.decode(body))) for at, kind, body in rows)
    except (KeyError, msgspec.MsgspecError) as error:
        raise ValueError(f"an event of run {run_id} does not fit: {error!r}") from error


def read_run(conn: sqlite3.Connection, run_id: str) -> WorkflowRun:
    """Return a run as the fold of its events. Raises EntityNotFound, also where it was removed just now."""
    events = read_events(conn, run_id)
    if not events:
        raise EntityNotFound(f'no run "{run_id}"', hint="`glue-tui runs` lists them")
    return fold(events)


def unfinished_run_ids(conn: sqlite3.Connection) -> tuple[str, ...]:
    """Return the runs that are not over, oldest first."""
    return tuple(row[0] for row in conn.execute("SELECT run_id FROM runs WHERE is_over = 0 ORDER BY number"))


def last_number(conn: sqlite3.Connection) -> int:
    """Return the highest run number given so far; 0 without runs."""
    return int(conn.execute("SELECT coalesce(max(number), 0) FROM runs").fetchone()[0])
