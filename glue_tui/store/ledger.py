"""What the engine remembers besides runs: files seen by triggers, requests answered, triggers paused, its starts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

import msgspec

from glue_tui.core.arrivals import SeenFile, Stage
from glue_tui.core.codec import from_data, to_data
from glue_tui.core.model import Workflow

ENGINE_STARTS_KEPT = 20


def read_inbox(
    conn: sqlite3.Connection, workflow: str, trigger: str, patterns: tuple[str, ...]
) -> dict[str, SeenFile] | None:
    """Return the files that a trigger has seen; None if it has never looked, or looked at other patterns."""
    row = conn.execute(
        "SELECT patterns FROM watches WHERE workflow = ? AND trigger = ?", (workflow, trigger)
    ).fetchone()
    if row is None or row[0] != "\n".join(patterns):
        return None
    rows = conn.execute(
        "SELECT path, size_bytes, mtime_ns, stage, since, run_id FROM seen_files WHERE workflow = ? AND trigger = ?",
        (workflow, trigger),
    )
    return {
        path: SeenFile(path=path, size_bytes=size, mtime_ns=mtime_ns, stage=Stage(stage), since=since, run_id=run_id)
        for path, size, mtime_ns, stage, since, run_id in rows
    }


def begin_inbox(conn: sqlite3.Connection, workflow: str, trigger: str, patterns: tuple[str, ...]) -> None:
    """Remember that a trigger has looked at these patterns; forget what it saw under others."""
    conn.execute("DELETE FROM seen_files WHERE workflow = ? AND trigger = ?", (workflow, trigger))
    conn.execute("INSERT OR REPLACE INTO watches VALUES (?, ?, ?)", (workflow, trigger, "\n".join(patterns)))


def write_seen(conn: sqlite3.Connection, workflow: str, trigger: str, files: Iterable[SeenFile]) -> None:
    """Remember files in their new stage."""
    conn.executemany(
        "INSERT OR REPLACE INTO seen_files VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (workflow, trigger, one.path, one.size_bytes, one.mtime_ns, one.stage.value, one.since, one.run_id)
            for one in files
        ],
    )


def forget_seen(conn: sqlite3.Connection, workflow: str, trigger: str, paths: Iterable[str]) -> None:
    """Forget files that are gone, so that they count as new when they come again."""
    conn.executemany(
        "DELETE FROM seen_files WHERE workflow = ? AND trigger = ? AND path = ?",
        [(workflow, trigger, path) for path in paths],
    )


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


def write_trigger_setting(conn: sqlite3.Connection, workflow: str, trigger: str, enabled: bool) -> None:
    conn.execute("INSERT OR REPLACE INTO trigger_settings VALUES (?, ?, ?)", (workflow, trigger, int(enabled)))


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
