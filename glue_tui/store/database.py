"""Opening the engine's database, migrating it, and committing to it. One process writes; readers open it read-only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from glue_tui.core.problem import StoreFailed

Connection = sqlite3.Connection
"""The engine hands connections on without knowing SQLite."""
BUSY_TIMEOUT_S = 5.0
CHECKED_AT_OPEN_BYTES_MAX = 16 * 1024 * 1024
"""Up to this size a file is checked whole before it is used: some ten milliseconds. The time grows with the file, and
an engine must start as fast on years of history; in a larger file damage shows when the damaged page is read."""


def open_database(path: Path | str) -> sqlite3.Connection:
    """Open the database for writing, made where missing; `:memory:` for the simulator. Raises StoreFailed.

    Commits are flushed to the disk (`synchronous=FULL`): the engine acts only on what would survive a power cut.
    """
    try:
        conn = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        if conn.execute("PRAGMA page_count").fetchone()[0] == 0:
            # It holds for a new file only, see `store.retention`; in others it would write, for nothing.
            conn.execute("PRAGMA auto_vacuum=INCREMENTAL")
        conn.execute("PRAGMA journal_mode=WAL")
        conn.execute("PRAGMA synchronous=FULL")
        conn.execute("PRAGMA foreign_keys=ON")
        damage = _damage(conn)
    except sqlite3.DatabaseError as error:
        raise StoreFailed(f"{path}: {error}", hint=_way_out(error)) from error
    if damage != "ok":
        raise StoreFailed(f"{path} is damaged: {damage}", hint="move the file aside to begin a new history")
    return conn


def size_bytes(conn: sqlite3.Connection) -> int:
    """Return how large the database is, without pages that are free."""
    pages = conn.execute("PRAGMA page_count").fetchone()[0] - conn.execute("PRAGMA freelist_count").fetchone()[0]
    return int(pages * conn.execute("PRAGMA page_size").fetchone()[0])


def _damage(conn: sqlite3.Connection) -> str:
    """Return what is wrong with a small file, `ok` if nothing is or it is too large to look."""
    if size_bytes(conn) > CHECKED_AT_OPEN_BYTES_MAX:
        return "ok"
    return str(conn.execute("PRAGMA quick_check(1)").fetchone()[0])


def _way_out(error: sqlite3.DatabaseError) -> str:
    """Return what a person can do about it."""
    match getattr(error, "sqlite_errorcode", sqlite3.SQLITE_FULL) & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return f"another program kept the file locked for {BUSY_TIMEOUT_S:g} s: end it"
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            return "make the file and its folder writable"
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return "move the file aside to begin a new history"
        case _:
            return "free disk space"


def open_readonly(path: Path | str) -> sqlite3.Connection | None:
    """Open the database for reading, beside a writer or without one; None where there is none yet."""
    if not Path(path).exists():
        return None
    try:
        conn = sqlite3.connect(f"{Path(path).resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY_TIMEOUT_S)
        conn.execute("PRAGMA query_only=ON")
        conn.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.DatabaseError as error:
        raise unreadable(path, error) from error
    return conn


def unreadable(path: Path | str, error: sqlite3.DatabaseError) -> StoreFailed:
    """Return what to say of a state that can't be read. Readers write, too: into the file that WAL shares."""
    match getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF:
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_ERROR:
            hint = "is it the state of another program, or damaged?"
        case _:
            hint = _way_out(error)
    return StoreFailed(f"{path}: {error}", hint=hint)


def migrate(conn: sqlite3.Connection, area: str, steps: Sequence[str]) -> None:
    """Bring one area of the database (`runs`, `catalog`) to its newest form; each step happens whole or not at all.

    Raises StoreFailed where the file was written by a newer version.
    """
    conn.execute("CREATE TABLE IF NOT EXISTS schema_versions (area TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT")
    row = conn.execute("SELECT version FROM schema_versions WHERE area = ?", (area,)).fetchone()
    version = row[0] if row else 0
    if version > len(steps):
        raise StoreFailed(
            f"the state was written by a newer version of glue-tui ({area} {version}, this one knows {len(steps)})",
            hint="install the newer version again",
        )
    for number, step in enumerate(steps[version:], start=version + 1):
        with transaction(conn):
            for statement in step.split(";\n"):
                if statement.strip():
                    conn.execute(statement)
            conn.execute("INSERT OR REPLACE INTO schema_versions VALUES (?, ?)", (area, number))


@contextmanager
def transaction(conn: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Commit everything done inside, or nothing. Raises StoreFailed when SQLite can't (disk full, locked, damaged).

    What SQLite won't do whenever it is asked, as a row that breaks a rule of its table, is no such failure.
    """
    try:
        conn.execute("BEGIN IMMEDIATE")
        try:
            yield conn
        except BaseException:
            if conn.in_transaction:
                conn.execute("ROLLBACK")
            raise
        conn.execute("COMMIT")
    except (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.ProgrammingError):
        raise
    except sqlite3.DatabaseError as error:
        if conn.in_transaction:
            conn.execute("ROLLBACK")
        raise StoreFailed(
            f"the state could not be saved: {error}", hint=f"{_way_out(error)}; the engine tries again"
        ) from error


@contextmanager
def reading() -> Iterator[None]:
    """Raise StoreFailed for what SQLite can't read inside."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise StoreFailed(f"the state could not be read: {error}", hint="the engine tries again") from error
