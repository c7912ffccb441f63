"""The history of runs for readers: works beside a running engine and without one, and never writes.

The rules of a run are imported where a run is folded: a list of runs must not wait for them.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from glue_tui.core.problem import EntityNotFound, did_you_mean
from glue_tui.protocol.views import RunSummary, RunView, StoryLine
from glue_tui.store.database import open_readonly

if TYPE_CHECKING:
    from glue_tui.core.run import WorkflowRun

_decode_summary = msgspec.json.Decoder(RunSummary).decode


def open_history(state_db: Path) -> History:
    """Open the history of a project; one that has never run has an empty history."""
    return History(open_readonly(state_db), str(state_db.parent))


class History:
    def __init__(self, conn: sqlite3.Connection | None, state_dir: str) -> None:
        self._conn = conn if conn is not None and _has_runs(conn) else None
        self._state_dir = state_dir

    def runs(self, workflow: str = "", limit: int = 50) -> tuple[RunSummary, ...]:
        """Return runs, newest first."""
        if self._conn is None:
            return ()
        where, arguments = ("WHERE workflow = ?", (workflow,)) if workflow else ("", ())
        rows = self._conn.execute(f"SELECT summary FROM runs {where} ORDER BY number DESC LIMIT ?", (*arguments, limit))
        return tuple(_decode_summary(row[0]) for row in rows)

    def run(self, ref: str) -> RunView:
        """Return one run by id, number or workflow name (its last run). Raises EntityNotFound."""
        from glue_tui.protocol.present import run_view
        from glue_tui.store.event_log import read_run

        run_id = self.run_id(ref)
        assert self._conn is not None
        return run_view(read_run(self._conn, run_id), self._state_dir)

    def core_run(self, run_id: str) -> WorkflowRun:
        """Return a run of this id as the rules see it. The run must exist."""
        from glue_tui.store.event_log import read_run

        assert self._conn is not None
        return read_run(self._conn, run_id)

    def story(self, ref: str) -> tuple[StoryLine, ...]:
        """Return the events of a run in words. Raises EntityNotFound."""
        from glue_tui.core.story import describe
        from glue_tui.store.event_log import read_events

        run_id = self.run_id(ref)
        assert self._conn is not None
        events = read_events(self._conn, run_id)
        return tuple(StoryLine(at=at, kind=type(event).__name__, text=describe(event)) for at, event in events)

    def last_run_ids(self) -> dict[str, str]:
        """Return the newest run of every workflow that has one."""
        if self._conn is None:
            return {}
        rows = self._conn.execute("SELECT workflow, run_id, max(number) FROM runs GROUP BY workflow")
        return {workflow: run_id for workflow, run_id, _ in rows}

    def trigger_settings(self) -> dict[tuple[str, str], bool]:
        """Return the triggers that a person paused or resumed, by (workflow, trigger)."""
        from glue_tui.store.ledger import read_trigger_settings

        return read_trigger_settings(self._conn) if self._conn is not None else {}

    def run_id(self, ref: str) -> str:
        """Return the id that a number, an id or a workflow name means. Raises EntityNotFound."""
        if self._conn is not None and ref:
            if ref.lstrip("#").isdigit():
                query, value = "SELECT run_id FROM runs WHERE number = ?", ref.lstrip("#")
            elif ref.startswith("wr_"):
                query, value = "SELECT run_id FROM runs WHERE run_id = ?", ref
            else:
                query, value = "SELECT run_id FROM runs WHERE workflow = ? ORDER BY number DESC LIMIT 1", ref
            row = self._conn.execute(query, (value,)).fetchone()
            if row:
                return str(row[0])
        is_number = ref.lstrip("#").isdigit() or ref.startswith("wr_")
        hint = "" if is_number else did_you_mean(ref, tuple(sorted(self.last_run_ids())))
        hint = hint or "`glue-tui runs` lists them"
        raise EntityNotFound(f'no run "{ref}"', hint=hint)

    def close(self) -> None:
        if self._conn is not None:
            self._conn.close()


def _has_runs(conn: sqlite3.Connection) -> bool:
    return conn.execute("SELECT 1 FROM sqlite_master WHERE name = 'runs'").fetchone() is not None
