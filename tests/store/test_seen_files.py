"""What is asked of the table of seen files, with many rows in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from glue_tui.core.arrivals import SeenFile, Stage
from glue_tui.store import event_log, seen_files
from glue_tui.store.database import migrate, open_database

FILES = 2_000


@pytest.fixture
def conn() -> Iterator[sqlite3.Connection]:
    conn = open_database(":memory:")
    migrate(conn, "runs", event_log.MIGRATIONS)
    paths = ("in/a", "in/a.csv", "in/a/b.csv", "in/a/c/d.csv", "in/a0", *(f"in/z/{number}" for number in range(FILES)))
    files = [SeenFile(path=path, size_bytes=1, mtime_ns=1, stage=Stage.TAKEN, since=1.0) for path in paths]
    seen_files.write_files(conn, "w", "t", files)
    seen_files.write_files(conn, "w", "other", files)
    yield conn
    conn.close()


def test_paths_are_given_once_each_and_in_order(conn: sqlite3.Connection) -> None:
    paths = [*seen_files.read_paths_there(conn, "w", "t")]
    assert len(paths) == FILES + 5
    assert paths == sorted(set(paths))
    assert [*seen_files.read_paths_there(conn, "w", "t", "in/a")] == ["in/a", "in/a/b.csv", "in/a/c/d.csv"]
    assert len([*seen_files.read_paths_there(conn, "w", "t", "in/z")]) == FILES


def test_what_lies_below_a_path_is_found_without_a_look_at_every_row(conn: sqlite3.Connection) -> None:
    steps: list[None] = []
    conn.set_progress_handler(lambda: steps.append(None), 1)  # type: ignore[arg-type,return-value]
    assert [*seen_files.read_paths_there(conn, "w", "t", "in/a.csv")] == ["in/a.csv"]
    assert len(steps) < FILES / 10
