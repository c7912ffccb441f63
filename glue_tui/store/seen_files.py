"""What EVENT triggers have seen of the files they watch: one row a file and trigger, with the stage it is in."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from glue_tui.core.arrivals import SeenFile, Stage


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
