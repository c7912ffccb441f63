"""Very many files in one change: the catalog is as before or as after, whatever cuts the commit off."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from glue_tui.catalog.read import Catalog
from glue_tui.catalog.write import MIGRATIONS, apply_changes
from glue_tui.core.attempt import AttemptResult
from glue_tui.core.problem import StoreFailed
from glue_tui.core.schema import ChangeKind, Column, DataFile, FileFormat, Table, TableChange
from glue_tui.core.states import NodeState
from glue_tui.engine.supervisor import read_result
from glue_tui.store.database import migrate, open_database, transaction
from tests.conftest import wait_for

FILES = 20_000


def change(files: int, first: int = 0) -> TableChange:
    """A crawl that found so many files, each in a partition of its own."""
    return TableChange(
        kind=ChangeKind.UPDATED,
        table=Table(
            database="raw",
            name="big",
            classification="csv",
            location="lake/big",
            columns=(Column(name="id", type="bigint"),),
            partition_keys=(Column(name="day", type="string"),),
            formats=(FileFormat(classification="csv", columns=("id",)),),
        ),
        written_by="crawler:land",
        files=tuple(
            DataFile(
                path=f"lake/big/day={number:07d}/a.csv",
                size_bytes=10,
                mtime_ns=1,
                rows=1,
                partition_values=(f"{number:07d}",),
            )
            for number in range(first, first + files)
        ),
    )


def commit(state: Path, *changes: TableChange, pages_max: int = 0) -> None:
    """Bring changes into the catalog as the engine does."""
    with closing(open_database(state)) as conn:
        migrate(conn, "catalog", MIGRATIONS)
        if pages_max:
            conn.execute(f"PRAGMA max_page_count = {pages_max}")
        with transaction(conn):
            apply_changes(conn, changes, run_id="wr_1", at=1.0)


def test_a_commit_that_is_killed_leaves_the_catalog_as_before(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    commit(state, change(3))
    code = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
from test_big_commits import FILES, change, apply_changes, open_database, transaction
conn = open_database(Path({str(state)!r}))
conn.execute("PRAGMA cache_size = 10")
with transaction(conn):
    apply_changes(conn, [change(FILES, first=7)], run_id="wr_2", at=2.0)
    print("written", flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path.cwd()
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "written\n"
        wait_for(lambda: Path(f"{state}-wal").stat().st_size > 100_000, why="pages of the commit on the disk")
        child.send_signal(signal.SIGKILL)
    catalog = Catalog.open(state)
    assert (catalog.table("raw.big").files, len(catalog.files("raw.big")), catalog.table("raw.big").run_id) == (
        3,
        3,
        "wr_1",
    )
    commit(state, change(FILES))
    assert catalog.table("raw.big").partitions == FILES


def test_a_full_disk_leaves_the_catalog_as_before_and_the_commit_can_be_tried_again(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    commit(state, change(3))
    with pytest.raises(StoreFailed, match="full"):
        commit(state, change(FILES), pages_max=60)
    assert Catalog.open(state).table("raw.big").files == 3
    commit(state, change(FILES))
    assert Catalog.open(state).table("raw.big").files == FILES


def test_the_result_of_a_big_crawl_is_read_whole_or_not_at_all(tmp_path: Path) -> None:
    result = AttemptResult(state=NodeState.SUCCEEDED, table_changes=(change(FILES),))
    path = tmp_path / "result.json"
    whole = msgspec.json.encode(result)
    path.write_bytes(whole)
    assert read_result(str(path)) == result
    path.write_bytes(whole[: len(whole) // 2])
    assert read_result(str(path)) is None
