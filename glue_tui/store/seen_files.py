"""What EVENT triggers have seen of the files they watch: one row a file and trigger, with the stage it is in."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from glue_tui.core.arrivals import SeenFile, Stage
from glue_tui.core.states import FileChange

_COLUMNS = "path, size_bytes, mtime_ns, stage, since, run_id, change, earlier"
_OPEN = "stage IN ('SETTLING', 'PENDING')"
READ_AT_ONCE = 500
_LAST = "\U0010ffff"
"""No path comes after it."""
_THERE = "AND NOT (stage = 'PENDING' AND change = 'deleted')"


@dataclass(frozen=True, slots=True, kw_only=True)
class RootMount:
    """On which mount a root of a trigger's patterns was when everything was looked at."""

    root: str
    folder: str
    """Where it is mounted."""
    what: str
    """Type of its file system and source: `nfs4 server:/export`. Numbers of devices change when the machine starts."""


def read_patterns(conn: sqlite3.Connection, workflow: str, trigger: str) -> tuple[str, ...] | None:
    """Return the patterns with which a trigger has looked at everything; None if it never has."""
    row = conn.execute(
        "SELECT patterns FROM watches WHERE workflow = ? AND trigger = ?", (workflow, trigger)
    ).fetchone()
    return None if row is None else tuple(row[0].split("\n"))


def read_mounts(conn: sqlite3.Connection, workflow: str, trigger: str) -> tuple[RootMount, ...]:
    """Return on which mounts the roots of a trigger were, as far as that is known."""
    row = conn.execute("SELECT mounts FROM watches WHERE workflow = ? AND trigger = ?", (workflow, trigger)).fetchone()
    return () if row is None else msgspec.json.decode(row[0], type=tuple[RootMount, ...])


def write_watch(
    conn: sqlite3.Connection,
    workflow: str,
    trigger: str,
    patterns: tuple[str, ...],
    mounts: tuple[RootMount, ...] = (),
) -> None:
    """Remember that a trigger has looked at everything that these patterns match, and on which mounts that was."""
    conn.execute(
        "INSERT OR REPLACE INTO watches (workflow, trigger, patterns, mounts) VALUES (?, ?, ?, ?)",
        (workflow, trigger, "\n".join(patterns), msgspec.json.encode(mounts).decode()),
    )


def read_files(conn: sqlite3.Connection, workflow: str, trigger: str) -> Iterator[SeenFile]:
    """Yield what is remembered of every file of a trigger, by path; there may be 100,000 of them."""
    rows = conn.execute(
        f"SELECT {_COLUMNS} FROM seen_files WHERE workflow = ? AND trigger = ? ORDER BY path", (workflow, trigger)
    )
    return map(_file, rows)


def read_versions(
    conn: sqlite3.Connection, workflow: str, trigger: str, paths: Sequence[str]
) -> dict[str, tuple[int, int, str, str]]:
    """Return size, time of modification (ns), stage and change of these files, as far as they were seen."""
    marks = ",".join("?" * len(paths))
    rows = conn.execute(
        "SELECT path, size_bytes, mtime_ns, stage, change FROM seen_files"
        f" WHERE workflow = ? AND trigger = ? AND path IN ({marks})",
        (workflow, trigger, *paths),
    )
    return {path: (size_bytes, mtime_ns, stage, change) for path, size_bytes, mtime_ns, stage, change in rows}


def count_there(conn: sqlite3.Connection, workflow: str, trigger: str) -> int:
    """Return how many files were there when a trigger looked last; those with a deletion that settles count."""
    row = conn.execute(
        f"SELECT count(*) FROM seen_files WHERE workflow = ? AND trigger = ? {_THERE}", (workflow, trigger)
    )
    return int(row.fetchone()[0])


def read_paths_there(conn: sqlite3.Connection, workflow: str, trigger: str, below: str | None = None) -> Iterator[str]:
    """Yield the paths of those files, in order, or of the ones of or below this path.

    Some are read at a time: no read is under way while the caller does something about them, however long it takes.
    """
    # `0` comes right after `/`. Two reads: of an OR of the two SQLite would look at every row.
    after, end = ("", _LAST) if below is None else (f"{below}/", f"{below}0")
    sql = f"SELECT path FROM seen_files WHERE workflow = ? AND trigger = ? {_THERE}"
    if below is not None and conn.execute(f"{sql} AND path = ?", (workflow, trigger, below)).fetchone():
        yield below
    within = f"{sql} AND path > ? AND path < ? ORDER BY path LIMIT ?"
    while paths := conn.execute(within, (workflow, trigger, after, end, READ_AT_ONCE)).fetchall():
        yield from (path for (path,) in paths)
        after = paths[-1][0]


def read_open_files(conn: sqlite3.Connection, workflow: str, trigger: str) -> tuple[SeenFile, ...]:
    """Return the files of a trigger that settle or wait for their batch."""
    rows = conn.execute(
        f"SELECT {_COLUMNS} FROM seen_files WHERE workflow = ? AND trigger = ? AND {_OPEN}", (workflow, trigger)
    )
    return tuple(map(_file, rows))


def read_file(conn: sqlite3.Connection, workflow: str, trigger: str, path: str) -> SeenFile | None:
    """Return what is remembered of one file; None for one that was never seen, or is gone."""
    row = conn.execute(
        f"SELECT {_COLUMNS} FROM seen_files WHERE workflow = ? AND trigger = ? AND path = ?", (workflow, trigger, path)
    ).fetchone()
    return None if row is None else _file(row)


def write_files(conn: sqlite3.Connection, workflow: str, trigger: str, files: Iterable[SeenFile]) -> None:
    """Remember files in their new stage."""
    conn.executemany(
        f"INSERT OR REPLACE INTO seen_files (workflow, trigger, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        ((workflow, trigger, *_row(one)) for one in files),
    )


def forget_files(conn: sqlite3.Connection, workflow: str, trigger: str, paths: Iterable[str]) -> None:
    """Forget files that are gone, so that they count as new when they come again."""
    conn.executemany(
        "DELETE FROM seen_files WHERE workflow = ? AND trigger = ? AND path = ?",
        ((workflow, trigger, path) for path in paths),
    )


def forget_unwatched(conn: sqlite3.Connection, workflow: str, trigger: str, is_watched: Callable[[str], bool]) -> None:
    """Forget the files that a trigger with other patterns does not watch any more. Walks all that it has seen."""
    rows = conn.execute("SELECT path FROM seen_files WHERE workflow = ? AND trigger = ?", (workflow, trigger))
    forget_files(conn, workflow, trigger, [path for (path,) in rows if not is_watched(path)])


def _file(row: tuple[Any, ...]) -> SeenFile:
    path, size_bytes, mtime_ns, stage, since, run_id, change, earlier = row
    return SeenFile(
        path=path,
        size_bytes=size_bytes,
        mtime_ns=mtime_ns,
        stage=Stage(stage),
        since=since,
        run_id=run_id,
        change=FileChange(change),
        before=_file((path, *msgspec.json.decode(earlier))) if earlier else None,
    )


def _row(file: SeenFile) -> tuple[str | int | float, ...]:
    """Return the values of `_COLUMNS`; what was known before an open change is one of them, as JSON."""
    earlier = msgspec.json.encode(_row(file.before)[1:]).decode() if file.before else ""
    version = (file.path, file.size_bytes, file.mtime_ns)
    return (*version, file.stage.value, file.since, file.run_id, file.change.value, earlier)
