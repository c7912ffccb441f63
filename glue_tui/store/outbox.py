"""The outbox: one row for each notification about each run, written in the commit of what it tells.

A row stays as long as its run does, as the record of what became of it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from glue_tui.core.events import Event
from glue_tui.core.model import NodeId, node_name
from glue_tui.core.notices import Notice, notices_of, shown_target
from glue_tui.core.run import WorkflowRun
from glue_tui.core.states import DeliveryState, Occasion
from glue_tui.protocol.deliveries import DeliveryView
from glue_tui.store.database import transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A row that is to be sent."""

    row: int
    run_id: str
    notice: Notice
    tries: int
    """So far."""
    next_try_at: float
    """Seconds since the epoch."""


def put(conn: sqlite3.Connection, run: WorkflowRun, events: Sequence[Event], at: float) -> None:
    """Note what these events give reason to send; `run` is the run after them. In the caller's transaction."""
    conn.executemany(
        "INSERT OR IGNORE INTO outbox (run_id, position, occasion, node_id, attempt, way, target, at, state,"
        " next_try_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'PENDING', ?)",
        [
            (
                run.run_id,
                notice.position,
                notice.occasion.value,
                notice.node_id or "",
                notice.attempt,
                run.workflow.notifications[notice.position].way.value,
                shown_target(run.workflow.notifications[notice.position]),
                at,
                at,
            )
            for notice in notices_of(run, events)
        ],
    )


def pending(conn: sqlite3.Connection, limit: int) -> tuple[Pending, ...]:
    """Return the first rows that are to be sent, whether their time has come or not."""
    rows = conn.execute(
        "SELECT row, run_id, position, occasion, node_id, attempt, tries, next_try_at FROM outbox"
        " WHERE state = 'PENDING' ORDER BY next_try_at, row LIMIT ?",
        (limit,),
    )
    return tuple(
        Pending(
            row=row,
            run_id=run_id,
            notice=Notice(
                position=position,
                occasion=Occasion(occasion),
                node_id=NodeId(node_id) if node_id else None,
                attempt=attempt,
            ),
            tries=tries,
            next_try_at=next_try_at,
        )
        for row, run_id, position, occasion, node_id, attempt, tries, next_try_at in rows
    )


def record(
    conn: sqlite3.Connection,
    row: int,
    state: DeliveryState,
    *,
    tries: int,
    at: float,
    reason: str = "",
    next_try_at: float | None = None,
) -> None:
    """Note what came of a try. Raises StoreFailed; a run that was removed meanwhile took its rows with it."""
    with transaction(conn):
        conn.execute(
            "UPDATE outbox SET state = ?, tries = ?, changed_at = ?, reason = ?, next_try_at = ? WHERE row = ?",
            (state.value, tries, at, reason, next_try_at, row),
        )


def mark_missed(conn: sqlite3.Connection, *, before: float, at: float, reason: str) -> int:
    """Give up what was to be sent, came about `before` that time and was not touched since; return how many.

    Raises StoreFailed.
    """
    with transaction(conn):
        done = conn.execute(
            "UPDATE outbox SET state = 'MISSED', changed_at = ?, reason = ?, next_try_at = NULL"
            " WHERE state = 'PENDING' AND coalesce(changed_at, at) < ?",
            (at, reason, before),
        )
        return done.rowcount


def try_again(conn: sqlite3.Connection, run_id: str, at: float) -> int:
    """Make what failed or was missed pending again, of one run or, with an empty id, of all; return how many.

    Raises StoreFailed.
    """
    with transaction(conn):
        done = conn.execute(
            "UPDATE outbox SET state = 'PENDING', tries = 0, next_try_at = ?, changed_at = ?"
            " WHERE state IN ('FAILED', 'MISSED') AND ? IN ('', run_id)",
            (at, at, run_id),
        )
        return done.rowcount


def deliveries(
    conn: sqlite3.Connection, *, run_id: str = "", states: Sequence[str] = (), limit: int = -1
) -> tuple[DeliveryView, ...]:
    """Return rows of the outbox, newest first: of one run or of all, in any of these states or in any at all."""
    marks = ", ".join("?" * len(states))
    wanted: list[tuple[str, tuple[str, ...]]] = [("outbox.run_id = ?", (run_id,))] if run_id else []
    wanted += [(f"outbox.state IN ({marks})", tuple(states))] if states else []
    where = " AND ".join(text for text, _ in wanted) or "TRUE"
    rows = conn.execute(
        "SELECT run_id, number, workflow, position, occasion, node_id, way, target, outbox.state, tries, at,"
        " next_try_at, changed_at, reason FROM outbox JOIN runs USING (run_id)"
        f" WHERE {where} ORDER BY outbox.row DESC LIMIT ?",
        (*(value for _, values in wanted for value in values), limit),
    )
    return tuple(_view(row) for row in rows)


def has_outbox(conn: sqlite3.Connection) -> bool:
    """Return whether the state is of a version that keeps one; a reader migrates nothing."""
    return conn.execute("SELECT 1 FROM sqlite_master WHERE name = 'outbox'").fetchone() is not None


def _view(row: tuple[Any, ...]) -> DeliveryView:
    (run_id, number, workflow, position, occasion, node_id, way, target, state, tries, at, next_at, changed, why) = row
    return DeliveryView(
        run_id=run_id,
        number=number,
        workflow=workflow,
        notification=position + 1,
        occasion=occasion,
        node=node_name(node_id) if node_id else "",
        way=way,
        target=target,
        state=state,
        tries=tries,
        at=at,
        next_try_at=next_at,
        changed_at=changed,
        reason=why,
    )
