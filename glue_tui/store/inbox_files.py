"""Files of EVENT triggers for readers: what the state remembers of those that wait no more."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from glue_tui.protocol.inbox_views import InboxFile, InboxView
from glue_tui.store.database import open_readonly, reading

ENDED_FILES_MAX = 50
"""Of a trigger, that are told besides what waits."""

_ENDED = (
    "SELECT seen_files.*, runs.number AS run_number FROM seen_files LEFT JOIN runs USING (run_id)"
    " WHERE seen_files.workflow = ? AND seen_files.trigger = ? AND stage IN ('TAKEN', 'DROPPED', 'UNSELECTED')"
    " ORDER BY since DESC, path LIMIT ?"
)


def with_ended_files(state_db: Path, inboxes: Iterable[InboxView]) -> tuple[InboxView, ...]:
    """Return inboxes with the newest of their files that wait no more: taken by a run, dropped, not selected.

    Walks all files that the triggers have seen. Raises StoreFailed where the state can't be read.
    """
    conn = open_readonly(state_db)
    if conn is None:
        return tuple(inboxes)
    with closing(conn), reading():
        return tuple(msgspec.structs.replace(one, ended=_ended_files(conn, one)) for one in inboxes)


def _ended_files(conn: sqlite3.Connection, inbox: InboxView) -> tuple[InboxFile, ...]:
    cursor = conn.execute(_ENDED, (inbox.workflow, inbox.trigger, ENDED_FILES_MAX))
    # By name: a state that an older version left behind has fewer columns.
    names = [column[0] for column in cursor.description]
    return tuple(inbox_file(dict(zip(names, row, strict=True))) for row in cursor)


def inbox_file(row: dict[str, Any]) -> InboxFile:
    """Return a row of `seen_files`, perhaps with the number of the run that took the file."""
    return InboxFile(
        path=row["path"],
        size_bytes=row["size_bytes"],
        mtime=row["mtime_ns"] / 1e9,
        stage=row["stage"],
        since=row["since"],
        change=row.get("change", "created"),
        run_id=row["run_id"],
        run_number=row.get("run_number") or 0,
    )
