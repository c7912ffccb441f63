"""Whoever waits for a lock says for whom."""

from __future__ import annotations

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from glue_tui.catalog import database_writes_sqlite
from glue_tui.catalog.database_writes_sqlite import SqliteTransaction
from glue_tui.jobs.targets import waiting

_HOLDING = """
import fcntl, os, sqlite3, sys
conn = sqlite3.connect(sys.argv[1], isolation_level=None)
conn.execute("BEGIN IMMEDIATE")
fcntl.flock(os.open(sys.argv[2], os.O_RDONLY), fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.readline()
"""


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="only Linux tells who holds a lock")
def test_whoever_keeps_a_database_or_a_folder_locked_is_told_while_it_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_writes_sqlite, "LOCK_TOLD_AFTER_S", 0.01)
    monkeypatch.setattr(waiting, "LOCK_TOLD_AFTER_S", 0.01)
    told: list[str] = []
    command = [sys.executable, "-S", "-c", _HOLDING, str(tmp_path / "ware.db"), str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        go = other.stdin

        def tell(text: str) -> None:
            told.append(re.sub(r"\(.*?\)", "", text))
            if len(told) == 2:
                go.close()

        def take() -> None:
            SqliteTransaction(tmp_path / "ware.db", tell).close()

        with ThreadPoolExecutor() as threads:
            taken = threads.submit(take)
            with waiting.alone_in(tmp_path, tell):
                taken.result()
    assert set(told) == {
        f"waits for {tmp_path / 'ware.db'}, which process {other.pid}  keeps locked",
        f"waits for {tmp_path}, which process {other.pid}  holds locked",
    }
