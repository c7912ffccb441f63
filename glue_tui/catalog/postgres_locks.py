"""Taking a table of PostgreSQL for writing: who is in the way is told while it is waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from glue_tui.catalog.database_writes import Tell
from glue_tui.catalog.lock_holders import LOCK_TOLD_AFTER_S
from glue_tui.core.problem import InvalidInput

if TYPE_CHECKING:
    from psycopg import Connection

LOCK_PATIENCE_S = 60
_READERS = ("AccessShareLock", "RowShareLock")
_WRITERS = (*_READERS, "RowExclusiveLock", "ShareUpdateExclusiveLock")
_HOLDERS = """
    SELECT a.pid, coalesce(a.usename, ''), coalesce(a.application_name, ''), coalesce(a.state, ''),
        coalesce(extract(epoch FROM clock_timestamp() - a.xact_start), 0)::int
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.relation = $1::text::regclass AND l.granted AND l.mode <> ALL($2) AND l.pid <> pg_backend_pid()
    ORDER BY 5 DESC"""


def lock_table(conn: Connection[Any], sql: str, name: str, *, appends: bool, tell: Tell) -> None:
    """Keep other writers off a table until the end of the transaction; readers are not in its way, nor it in theirs.

    Who only appends keeps off only those who change the table. Raises InvalidInput naming who holds it for long.
    """
    from psycopg.errors import InsufficientPrivilege, LockNotAvailable

    mode = "ROW EXCLUSIVE" if appends else "SHARE ROW EXCLUSIVE"
    holders = ""
    for patience_s in (LOCK_TOLD_AFTER_S, LOCK_PATIENCE_S):
        try:
            with conn.transaction():
                conn.execute(f"SET LOCAL lock_timeout TO '{patience_s}s'")
                conn.execute(f"LOCK TABLE {sql} IN {mode} MODE")
                # For what else is waited for.
                conn.execute(f"SET LOCAL lock_timeout TO '{LOCK_PATIENCE_S}s'")
            return
        except LockNotAvailable:
            holders = _holders(conn, sql, _WRITERS if appends else _READERS) or holders
            if patience_s == LOCK_TOLD_AFTER_S:
                tell(f"waits for table {name}, which {holders or 'another session'} holds locked")
        except InsufficientPrivilege:
            # Before PostgreSQL 16, who may only insert may not lock; what else he may not, the server says.
            return
    raise InvalidInput(
        f"table {name} is locked by {holders or 'another session'}",
        hint=f"waited {LOCK_PATIENCE_S} s for it: end that session, or SELECT pg_terminate_backend(its number)",
    )


def _holders(conn: Connection[Any], sql: str, harmless: tuple[str, ...]) -> str:
    with conn.cursor() as cursor:
        found = cursor.execute(_HOLDERS, (sql, list(harmless))).fetchall()
    return ", ".join(
        f"session {pid} of {user}{f' ({program})' if program else ''}, {state}, its transaction {age_s} s old"
        for pid, user, program, state, age_s in found
    )
