"""Until when the schedule of each SCHEDULED trigger has been taken care of: one row a trigger that is not paused."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping

from glue_tui.core.missed_runs import ScheduleMark

TriggerKey = tuple[str, str]
"""Workflow and trigger name."""


def read_marks(conn: sqlite3.Connection) -> dict[TriggerKey, ScheduleMark]:
    rows = conn.execute("SELECT workflow, trigger, schedule, timezone, done_until, note FROM schedule_marks")
    return {
        (workflow, trigger): ScheduleMark(schedule=schedule, timezone=timezone, done_until=done_until, note=note)
        for workflow, trigger, schedule, timezone, done_until, note in rows
    }


def write_marks(conn: sqlite3.Connection, marks: Mapping[TriggerKey, ScheduleMark]) -> None:
    conn.executemany(
        "INSERT OR REPLACE INTO schedule_marks VALUES (?, ?, ?, ?, ?, ?)",
        [(*key, mark.schedule, mark.timezone, mark.done_until, mark.note) for key, mark in marks.items()],
    )


def forget_marks(conn: sqlite3.Connection, keys: Iterable[TriggerKey]) -> None:
    """Forget triggers that are gone or paused: if they come again, they begin anew."""
    conn.executemany("DELETE FROM schedule_marks WHERE workflow = ? AND trigger = ?", list(keys))
