"""What of the history may go, and its going: rows first, in one transaction; the log folders are deleted afterwards.

A crash in between leaves a log folder without a run; `removed_runs` remembers it until it is gone. Never removed: a run
that is not over, a workflow's last run, a run that one which stays has resumed (its logs show what was carried over).
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from glue_tui.store.database import transaction

RUNS_PER_REMOVAL = 10
"""Removed in one transaction of about ten milliseconds, so that an engine which does it goes on with its work."""
PAGES_PER_RETURN = 250
"""Free pages given back to the disk at a time (1 MB), in some ten milliseconds too."""
_EVENT_OVERHEAD_BYTES = 60
"""What a row of events takes beside its body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """A run beyond any of these goes. One that is None limits nothing."""

    keep_runs: int | None = None
    """The newest so many of each workflow stay."""
    finished_before: float | None = None
    """Seconds since the epoch."""
    number_up_to: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovableRun:
    run_id: str
    number: int
    workflow: str
    finished_at: float


def removable_runs(conn: sqlite3.Connection, limits: Limits, workflow: str = "") -> tuple[RemovableRun, ...]:
    """Return the runs that may go under these limits, oldest first; of one workflow, if one is named."""
    where, arguments = ("WHERE workflow = ?", (workflow,)) if workflow else ("", ())
    rows = conn.execute(
        "SELECT run_id, number, workflow, is_over, finished_at,"
        " json_extract(CAST(summary AS TEXT), '$.previous_run_id')"
        f" FROM runs {where} ORDER BY number DESC",
        arguments,
    )
    newer: Counter[str] = Counter()
    needed: set[str] = set()
    found: list[RemovableRun] = []
    for run_id, number, name, is_over, finished_at, previous_run_id in rows:
        may_go = is_over and newer[name] > 0 and run_id not in needed
        if may_go and _is_beyond(limits, newer[name], number, finished_at):
            found.append(RemovableRun(run_id=run_id, number=number, workflow=name, finished_at=finished_at))
        else:
            needed.add(previous_run_id)
        newer[name] += 1
    return tuple(reversed(found))


def _is_beyond(limits: Limits, newer: int, number: int, finished_at: float) -> bool:
    return (
        (limits.keep_runs is not None and newer >= limits.keep_runs)
        or (limits.finished_before is not None and finished_at < limits.finished_before)
        or (limits.number_up_to is not None and number <= limits.number_up_to)
    )


def run_bytes(conn: sqlite3.Connection, run_id: str) -> int:
    """Return about how many bytes a run's rows take."""
    (found,) = conn.execute(
        "SELECT (SELECT length(summary) FROM runs WHERE run_id = ?)"
        " + (SELECT total(length(body) + ?) FROM events WHERE run_id = ?)",
        (run_id, _EVENT_OVERHEAD_BYTES, run_id),
    ).fetchone()
    return int(found or 0)


def remove_runs(conn: sqlite3.Connection, run_ids: Sequence[str]) -> None:
    """Remove runs with their events and the requests that made them; their log folders are due from now on."""
    with transaction(conn):
        rows = [(run_id,) for run_id in run_ids]
        conn.executemany("INSERT OR IGNORE INTO removed_runs VALUES (?)", rows)
        conn.executemany("DELETE FROM requests WHERE run_id = ?", rows)
        conn.executemany("DELETE FROM runs WHERE run_id = ? AND is_over = 1", rows)


def removed_run_ids(conn: sqlite3.Connection) -> tuple[str, ...]:
    """Return the runs that are gone and whose log folders may still be there."""
    return tuple(row[0] for row in conn.execute("SELECT run_id FROM removed_runs"))


def forget_removed(conn: sqlite3.Connection, run_ids: Iterable[str]) -> None:
    """Their log folders are deleted."""
    with transaction(conn):
        conn.executemany("DELETE FROM removed_runs WHERE run_id = ?", [(run_id,) for run_id in run_ids])


def unknown_run_ids(conn: sqlite3.Connection, run_ids: Iterable[str]) -> tuple[str, ...]:
    """Return those of which there is no run."""
    return tuple(
        run_id
        for run_id in run_ids
        if conn.execute("SELECT 1 FROM runs WHERE run_id = ?", (run_id,)).fetchone() is None
    )


def give_back_pages(conn: sqlite3.Connection) -> bool:
    """Give some free pages back to the disk; return whether there are more.

    A file made by version 0.1.0 can't: there the pages stay for new runs, until `compact`.
    """
    free = conn.execute("PRAGMA freelist_count").fetchone()[0]
    if not free or not _can_shrink(conn):
        return False
    # `execute` would take one step, which gives back one page.
    conn.executescript(f"PRAGMA incremental_vacuum({PAGES_PER_RETURN})")
    return bool(free > PAGES_PER_RETURN)


def compact(conn: sqlite3.Connection) -> None:
    """Give every free page back, at the price of writing the file anew if it was made by version 0.1.0.

    That takes some seconds for each 100 MB, and as much space on the disk: not for an engine at work.
    """
    if not _can_shrink(conn):
        conn.execute("PRAGMA auto_vacuum=INCREMENTAL")
        conn.execute("VACUUM")
    while give_back_pages(conn):
        pass
    conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _can_shrink(conn: sqlite3.Connection) -> bool:
    return bool(conn.execute("PRAGMA auto_vacuum").fetchone()[0])
