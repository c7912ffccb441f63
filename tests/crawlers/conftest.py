"""A project folder with a real catalog file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from crawl_project import Project

from glue_tui.catalog.write import MIGRATIONS


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    conn = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
    conn.execute("PRAGMA journal_mode = WAL")
    for step in MIGRATIONS:
        conn.execute(step)
    yield Project(tmp_path, conn)
    conn.close()
