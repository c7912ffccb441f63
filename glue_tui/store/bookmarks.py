"""Bookmarks of jobs: which versions of files they have read, and up to which keys, run by run.

Every success adds what it read under a new version of the job's bookmark; what a version had read is all that was added
up to it. Going back takes away what was added later. Nothing here decides what is new: see `jobs.bookmarks`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from glue_tui.core.bookmarks import BookmarkEdit, BookmarkEditKind, FileVersion, JobSlice, SourceSlice
from glue_tui.core.problem import EntityNotFound, did_you_mean

VERSIONS_MAX = 100
"""Successes that one can go back to; what older ones have read stays read."""

TABLES = """
    CREATE TABLE bookmarks (
      id INTEGER PRIMARY KEY,
      workflow TEXT NOT NULL,
      job TEXT NOT NULL,
      version INTEGER NOT NULL,
      run INTEGER NOT NULL,
      attempt INTEGER NOT NULL,
      run_id TEXT NOT NULL,
      run_number INTEGER NOT NULL,
      previous_run_id TEXT NOT NULL,
      at REAL NOT NULL,
      UNIQUE (workflow, job)
    ) STRICT;
    CREATE TABLE bookmark_versions (
      bookmark_id INTEGER NOT NULL REFERENCES bookmarks (id) ON DELETE CASCADE,
      version INTEGER NOT NULL,
      run_id TEXT NOT NULL,
      run_number INTEGER NOT NULL,
      attempt INTEGER NOT NULL,
      at REAL NOT NULL,
      PRIMARY KEY (bookmark_id, version)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE bookmark_sources (
      id INTEGER PRIMARY KEY,
      bookmark_id INTEGER NOT NULL REFERENCES bookmarks (id) ON DELETE CASCADE,
      context TEXT NOT NULL,
      table_name TEXT NOT NULL,
      UNIQUE (bookmark_id, context)
    ) STRICT;
    CREATE TABLE bookmark_files (
      source_id INTEGER NOT NULL REFERENCES bookmark_sources (id) ON DELETE CASCADE,
      path TEXT NOT NULL,
      version INTEGER NOT NULL,
      size_bytes INTEGER NOT NULL,
      mtime_ns INTEGER NOT NULL,
      tag TEXT NOT NULL,
      PRIMARY KEY (source_id, path, version)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE bookmark_keys (
      source_id INTEGER NOT NULL REFERENCES bookmark_sources (id) ON DELETE CASCADE,
      version INTEGER NOT NULL,
      columns TEXT NOT NULL,
      kinds TEXT NOT NULL,
      up_to TEXT NOT NULL,
      PRIMARY KEY (source_id, version)
    ) STRICT, WITHOUT ROWID
    """
"""A step of the migrations of runs, which are in `event_log`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookmarkEntry:
    """Where a job's bookmark stands (Glue's JobBookmarkEntry, rule BK-6)."""

    workflow: str
    job: str
    version: int
    """Grows with every change, a reset as well; 0: there is none yet."""
    run: int
    """Successes since the last reset."""
    attempt: int
    """Of the node in that run."""
    run_id: str
    """The last run that changed it by its success; empty after a reset."""
    run_number: int
    previous_run_id: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysRead:
    """Up to where a table of a database was read."""

    columns: tuple[str, ...]
    kinds: tuple[str, ...]
    up_to: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRead:
    """What a job has read of one source, for people."""

    context: str
    table: str
    files: int
    """Paths, whatever became of the files since."""
    keys: KeysRead | None
    run_number: int
    """The last run that read something new of it."""


def entries(conn: sqlite3.Connection) -> tuple[BookmarkEntry, ...]:
    """Return the bookmarks of all jobs; none where the state is of a version that had none."""
    if conn.execute("SELECT 1 FROM sqlite_master WHERE name = 'bookmarks'").fetchone() is None:
        return ()
    rows = conn.execute(
        "SELECT workflow, job, version, run, attempt, run_id, run_number, previous_run_id, at FROM bookmarks"
        " ORDER BY workflow, job"
    )
    return tuple(
        BookmarkEntry(
            workflow=workflow,
            job=job,
            version=version,
            run=run,
            attempt=attempt,
            run_id=run_id,
            run_number=run_number,
            previous_run_id=previous_run_id,
            at=at,
        )
        for workflow, job, version, run, attempt, run_id, run_number, previous_run_id, at in rows
    )


def entry(conn: sqlite3.Connection, workflow: str, job: str) -> BookmarkEntry | None:
    """Return where a job's bookmark stands; None before its first success."""
    return next((one for one in entries(conn) if (one.workflow, one.job) == (workflow, job)), None)


def files_read(
    conn: sqlite3.Connection, workflow: str, job: str, context: str, *, up_to: int, after: int = 0
) -> dict[str, FileVersion]:
    """Return the files of a source that were read in versions above `after` and not above `up_to`, as last read."""
    rows = conn.execute(
        "SELECT path, size_bytes, mtime_ns, tag, max(version) FROM bookmark_files"
        " WHERE source_id = ? AND version > ? AND version <= ? GROUP BY path",
        (_source_id(conn, workflow, job, context), after, up_to),
    )
    return {
        path: FileVersion(path=path, size_bytes=size_bytes, mtime_ns=mtime_ns, tag=tag)
        for path, size_bytes, mtime_ns, tag, _ in rows
    }


def keys_read(conn: sqlite3.Connection, workflow: str, job: str, context: str, *, up_to: int) -> KeysRead | None:
    """Return up to where a source was read in versions not above `up_to`; None: nothing of it was."""
    return _keys(conn, _source_id(conn, workflow, job, context), up_to)


def version_at(conn: sqlite3.Connection, workflow: str, job: str, run: str) -> int:
    """Return the version of a job's bookmark once a run, by number or id, had ended; 0: nothing was read then.

    Raises EntityNotFound for a run that is unknown, or older than those that one can go back to.
    """
    number = _run_number(conn, run)
    bookmark_id = _bookmark_id(conn, workflow, job)
    kept = conn.execute(
        "SELECT version, run_number FROM bookmark_versions WHERE bookmark_id = ? ORDER BY version", (bookmark_id,)
    ).fetchall()
    covered = [version for version, of_run in kept if of_run <= number]
    if covered:
        return int(covered[-1])
    now = entry(conn, workflow, job)
    if now is not None and now.run > len(kept):
        hint = f"the first that is known is run {kept[0][1]}; `glue-tui bookmark reset` begins anew"
        raise EntityNotFound(f"what {workflow}/{job} had read after run {number} is forgotten", hint=hint)
    return 0


def source_reads(conn: sqlite3.Connection, workflow: str, job: str) -> tuple[SourceRead, ...]:
    """Return what a job has read of each of its sources."""
    sources = conn.execute(
        "SELECT id, context, table_name FROM bookmark_sources WHERE bookmark_id = ? ORDER BY context",
        (_bookmark_id(conn, workflow, job),),
    ).fetchall()
    found = []
    for source_id, context, table in sources:
        files, files_version = conn.execute(
            "SELECT count(DISTINCT path), coalesce(max(version), 0) FROM bookmark_files WHERE source_id = ?",
            (source_id,),
        ).fetchone()
        keys_version = conn.execute(
            "SELECT coalesce(max(version), 0) FROM bookmark_keys WHERE source_id = ?", (source_id,)
        ).fetchone()[0]
        number = conn.execute(
            "SELECT v.run_number FROM bookmark_versions v JOIN bookmark_sources s USING (bookmark_id)"
            " WHERE s.id = ? AND v.version = ?",
            (source_id, max(files_version, keys_version)),
        ).fetchone()
        keys = _keys(conn, source_id, keys_version)
        found.append(
            SourceRead(context=context, table=table, files=files, keys=keys, run_number=int(number[0]) if number else 0)
        )
    return tuple(found)


def advance(
    conn: sqlite3.Connection,
    workflow: str,
    job: str,
    read: JobSlice,
    *,
    run_id: str,
    run_number: int,
    attempt: int,
    at: float,
) -> bool:
    """Note that a successful attempt has read a slice, in the caller's transaction.

    False, and nothing is noted, where the bookmark was changed since the slice was taken.
    """
    before = entry(conn, workflow, job)
    if (before.version if before else 0) != read.base_version:
        return False
    version = read.base_version + 1
    conn.execute(
        "INSERT INTO bookmarks (workflow, job, version, run, attempt, run_id, run_number, previous_run_id, at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (workflow, job) DO UPDATE SET version = excluded.version,"
        " run = excluded.run, attempt = excluded.attempt, run_id = excluded.run_id, run_number = excluded.run_number,"
        " previous_run_id = excluded.previous_run_id, at = excluded.at",
        (
            workflow,
            job,
            version,
            (before.run if before else 0) + 1,
            attempt,
            run_id,
            run_number,
            before.run_id if before else "",
            at,
        ),
    )
    bookmark_id = _bookmark_id(conn, workflow, job)
    conn.execute(
        "INSERT INTO bookmark_versions VALUES (?, ?, ?, ?, ?, ?)",
        (bookmark_id, version, run_id, run_number, attempt, at),
    )
    for source in read.sources:
        _add(conn, bookmark_id, source, version)
    conn.execute(
        "DELETE FROM bookmark_versions WHERE bookmark_id = ? AND version <= ?", (bookmark_id, version - VERSIONS_MAX)
    )
    return True


def edit(conn: sqlite3.Connection, asked: BookmarkEdit, *, at: float) -> tuple[str, ...]:
    """Reset or rewind a bookmark, in the caller's transaction; return what has changed, in words.

    Raises EntityNotFound for a job without one, or a run that is unknown or too long ago.
    """
    before = entry(conn, asked.workflow, asked.job)
    if before is None:
        known = [f"{one.workflow}/{one.job}" for one in entries(conn)]
        name = f"{asked.workflow}/{asked.job}"
        raise EntityNotFound(
            f"{name} has no bookmark", hint=did_you_mean(name, known) or "its first success with one makes it"
        )
    match asked.kind:
        case BookmarkEditKind.RESET:
            return _reset(conn, before, at)
        case BookmarkEditKind.REWIND:
            return _rewind(conn, before, version_at(conn, asked.workflow, asked.job, asked.run), at)
        case other:
            assert_never(other)


def rename_workflow(conn: sqlite3.Connection, before: str, name: str) -> None:
    """Let the bookmarks of a workflow's jobs be those of the workflow under its new name."""
    conn.execute("DELETE FROM bookmarks WHERE workflow = ?", (name,))
    conn.execute("UPDATE bookmarks SET workflow = ? WHERE workflow = ?", (name, before))


def _reset(conn: sqlite3.Connection, before: BookmarkEntry, at: float) -> tuple[str, ...]:
    bookmark_id = _bookmark_id(conn, before.workflow, before.job)
    conn.execute("DELETE FROM bookmark_sources WHERE bookmark_id = ?", (bookmark_id,))
    conn.execute("DELETE FROM bookmark_versions WHERE bookmark_id = ?", (bookmark_id,))
    conn.execute(
        "UPDATE bookmarks SET version = version + 1, run = 0, attempt = 0, run_id = '', run_number = 0,"
        " previous_run_id = ?, at = ? WHERE id = ?",
        (before.run_id, at, bookmark_id),
    )
    return ("reset: the next run reads everything again",)


def _rewind(conn: sqlite3.Connection, before: BookmarkEntry, version: int, at: float) -> tuple[str, ...]:
    bookmark_id = _bookmark_id(conn, before.workflow, before.job)
    then = conn.execute(
        "SELECT run_id, run_number, attempt FROM bookmark_versions WHERE bookmark_id = ? AND version = ?",
        (bookmark_id, version),
    ).fetchone()
    if then is None:
        return _reset(conn, before, at)
    if then[0] == before.run_id:
        return ()
    for table in ("bookmark_files", "bookmark_keys"):
        conn.execute(
            f"DELETE FROM {table} WHERE version > ? AND source_id IN"
            " (SELECT id FROM bookmark_sources WHERE bookmark_id = ?)",
            (version, bookmark_id),
        )
    gone = conn.execute(
        "DELETE FROM bookmark_versions WHERE bookmark_id = ? AND version > ?", (bookmark_id, version)
    ).rowcount
    run_id, run_number, attempt = then
    conn.execute(
        "UPDATE bookmarks SET version = version + 1, run = run - ?, attempt = ?, run_id = ?, run_number = ?,"
        " previous_run_id = ?, at = ? WHERE id = ?",
        (gone, attempt, run_id, run_number, before.run_id, at, bookmark_id),
    )
    return (f"rewound to run {run_number}: the next run reads again what later runs have read",)


def _add(conn: sqlite3.Connection, bookmark_id: int, source: SourceSlice, version: int) -> None:
    conn.execute(
        "INSERT INTO bookmark_sources (bookmark_id, context, table_name) VALUES (?, ?, ?)"
        " ON CONFLICT (bookmark_id, context) DO UPDATE SET table_name = excluded.table_name",
        (bookmark_id, source.context, source.table),
    )
    source_id = conn.execute(
        "SELECT id FROM bookmark_sources WHERE bookmark_id = ? AND context = ?", (bookmark_id, source.context)
    ).fetchone()[0]
    conn.executemany(
        "INSERT INTO bookmark_files VALUES (?, ?, ?, ?, ?, ?)",
        [(source_id, one.path, version, one.size_bytes, one.mtime_ns, one.tag) for one in source.files],
    )
    # Nobody can go back to before the oldest version that is kept: of each file and key, one row up to there is enough.
    oldest = version - VERSIONS_MAX + 1
    conn.executemany(
        "DELETE FROM bookmark_files WHERE source_id = ?1 AND path = ?2 AND version <"
        " (SELECT max(version) FROM bookmark_files WHERE source_id = ?1 AND path = ?2 AND version <= ?3)",
        [(source_id, one.path, oldest) for one in source.files] if oldest > 1 else [],
    )
    if source.keys is not None and source.keys.up_to:
        texts = (source.keys.columns, source.keys.kinds, source.keys.up_to)
        conn.execute("INSERT INTO bookmark_keys VALUES (?, ?, ?, ?, ?)", (source_id, version, *map(_text, texts)))
        conn.execute(
            "DELETE FROM bookmark_keys WHERE source_id = ?1 AND version <"
            " (SELECT max(version) FROM bookmark_keys WHERE source_id = ?1 AND version <= ?2)",
            (source_id, oldest),
        )


def _keys(conn: sqlite3.Connection, source_id: int, up_to: int) -> KeysRead | None:
    row = conn.execute(
        "SELECT columns, kinds, up_to FROM bookmark_keys WHERE source_id = ? AND version <= ?"
        " ORDER BY version DESC LIMIT 1",
        (source_id, up_to),
    ).fetchone()
    if row is None:
        return None
    columns, kinds, last = (tuple(json.loads(text)) for text in row)
    return KeysRead(columns=columns, kinds=kinds, up_to=last)


def _text(values: Sequence[str]) -> str:
    return json.dumps(values, ensure_ascii=False)


def _bookmark_id(conn: sqlite3.Connection, workflow: str, job: str) -> int:
    """Return the row of a bookmark; 0, which none has, where there is none."""
    row = conn.execute("SELECT id FROM bookmarks WHERE workflow = ? AND job = ?", (workflow, job)).fetchone()
    return int(row[0]) if row else 0


def _source_id(conn: sqlite3.Connection, workflow: str, job: str, context: str) -> int:
    row = conn.execute(
        "SELECT id FROM bookmark_sources WHERE bookmark_id = ? AND context = ?",
        (_bookmark_id(conn, workflow, job), context),
    ).fetchone()
    return int(row[0]) if row else 0


def _run_number(conn: sqlite3.Connection, run: str) -> int:
    """Return the number of a run that a person means. Raises EntityNotFound."""
    if run.isdigit():
        return int(run)
    row = (
        conn.execute("SELECT number FROM runs WHERE run_id = ?", (run,)).fetchone()
        or conn.execute("SELECT run_number FROM bookmark_versions WHERE run_id = ? LIMIT 1", (run,)).fetchone()
    )
    if row is None:
        raise EntityNotFound(f'no run "{run}"', hint="`glue-tui runs` lists them")
    return int(row[0])
