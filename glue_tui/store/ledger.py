"""What the engine remembers besides runs and files: requests answered, triggers paused, definitions, its starts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

import msgspec

from glue_tui.core.codec import from_data, to_data
from glue_tui.core.model import Workflow

ENGINE_STARTS_KEPT = 20


def answered_run_id(conn: sqlite3.Connection, request_id: str) -> str | None:
    """Return the run that a request made when it came first; None for a new request."""
    row = conn.execute("SELECT run_id FROM requests WHERE request_id = ?", (request_id,)).fetchone()
    return row[0] if row else None


def remember_request(conn: sqlite3.Connection, request_id: str, run_id: str, at: float) -> None:
    conn.execute("INSERT OR REPLACE INTO requests VALUES (?, ?, ?)", (request_id, run_id, at))


def read_trigger_settings(conn: sqlite3.Connection) -> dict[tuple[str, str], bool]:
    """Return the triggers that a person paused or resumed, by (workflow, trigger)."""
    rows = conn.execute("SELECT workflow, trigger, enabled FROM trigger_settings")
    return {(workflow, trigger): bool(enabled) for workflow, trigger, enabled in rows}


def read_stop_reasons(conn: sqlite3.Connection) -> dict[tuple[str, str], str]:
    """Return why the engine itself has paused triggers, by (workflow, trigger)."""
    rows = conn.execute("SELECT workflow, trigger, reason FROM trigger_settings WHERE reason != ''")
    return {(workflow, trigger): reason for workflow, trigger, reason in rows}


def write_trigger_setting(
    conn: sqlite3.Connection, workflow: str, trigger: str, enabled: bool, reason: str = ""
) -> None:
    """Remember that a trigger was paused or resumed; `reason`: why the engine has paused it by itself."""
    conn.execute(
        "INSERT OR REPLACE INTO trigger_settings VALUES (?, ?, ?, ?)", (workflow, trigger, int(enabled), reason)
    )


def read_good_definitions(conn: sqlite3.Connection) -> dict[str, Workflow]:
    """Return the last good version of every definition file, by its path."""
    rows = conn.execute("SELECT source, workflow FROM good_definitions")
    return {source: from_data(Workflow, msgspec.json.decode(body)) for source, body in rows}


def write_good_definitions(conn: sqlite3.Connection, workflows: Iterable[Workflow]) -> None:
    """Keep these versions as the last good ones, and forget files that are gone."""
    conn.execute("DELETE FROM good_definitions")
    conn.executemany(
        "INSERT INTO good_definitions VALUES (?, ?)",
        [(workflow.source, msgspec.json.encode(to_data(workflow))) for workflow in workflows],
    )


def rename_workflow(conn: sqlite3.Connection, before: str, name: str) -> None:
    """Let what is remembered of a workflow's triggers be that of the workflow under its new name; runs keep theirs."""
    for table in ("trigger_settings", "watches", "seen_files", "schedule_marks"):
        conn.execute(f"DELETE FROM {table} WHERE workflow = ?", (name,))
        conn.execute(f"UPDATE {table} SET workflow = ? WHERE workflow = ?", (name, before))


def note_engine_start(conn: sqlite3.Connection, at: float, pid: int) -> tuple[float, ...]:
    """Remember that an engine started and return the times of the last starts, this one last."""
    conn.execute("INSERT INTO engine_starts VALUES (?, ?)", (at, pid))
    conn.execute(
        "DELETE FROM engine_starts WHERE rowid NOT IN (SELECT rowid FROM engine_starts ORDER BY rowid DESC LIMIT ?)",
        (ENGINE_STARTS_KEPT,),
    )
    return tuple(row[0] for row in conn.execute("SELECT at FROM engine_starts ORDER BY rowid"))


def has_engine_starts(conn: sqlite3.Connection) -> bool:
    """Return whether the last engine did not end as asked: that one would have forgotten its start."""
    return conn.execute("SELECT 1 FROM engine_starts LIMIT 1").fetchone() is not None


def forget_engine_starts(conn: sqlite3.Connection) -> None:
    """An engine that ends as asked is no part of a crash loop."""
    conn.execute("DELETE FROM engine_starts")
