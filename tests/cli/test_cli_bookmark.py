"""`glue-tui bookmark`, `bookmark reset` and `bookmark rewind`, with an engine and without."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from glue_tui.catalog.write import MIGRATIONS as CATALOG_MIGRATIONS
from glue_tui.core.bookmarks import FileVersion, JobSlice, KeyRange, SourceSlice
from glue_tui.store.bookmarks import advance
from glue_tui.store.database import migrate, open_database, transaction
from glue_tui.store.event_log import MIGRATIONS
from tests.cli.shell import Shell


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """A project whose job has read a file and some orders in each of its runs 1, 2 and 3."""
    project_dir: Path = tmp_path_factory.mktemp("bookmarked")
    shell = Shell(project_dir)
    (project_dir / "workflows").mkdir()
    (project_dir / "workflows" / "etl.toml").write_text('[triggers.go]\ntype = "ON_DEMAND"\nactions = []\n')
    assert "no job has a bookmark yet" in shell("bookmark").stderr
    (project_dir / ".glue_tui").mkdir()
    with closing(open_database(project_dir / ".glue_tui" / "state.db")) as conn:
        migrate(conn, "runs", MIGRATIONS)
        migrate(conn, "catalog", CATALOG_MIGRATIONS)
        for number in (1, 2, 3):
            keys = KeyRange(
                columns=("day", "id"), kinds=("date", "integer"), up_to=(f"2025-01-0{number}", f"{number}0")
            )
            read = (
                SourceSlice(
                    context="raw.in",
                    table="raw.in",
                    files=(FileVersion(path=f"in/{number}.csv", size_bytes=1, mtime_ns=1),),
                ),
                SourceSlice(context="orders", table="shop.orders", keys=keys),
            )
            with transaction(conn):
                assert advance(
                    conn,
                    "etl",
                    "load",
                    JobSlice(base_version=number - 1, sources=read),
                    run_id=f"wr_{number}",
                    run_number=number,
                    attempt=1,
                    at=1_700_000_000.0,
                )
    yield shell
    shell("engine", "stop")


def test_what_was_read_is_listed_and_read_again_where_one_goes_back(shell: Shell) -> None:
    (line,) = shell("bookmark").stdout.splitlines()[1:]
    assert line.split()[:4] == ["etl/load", "3", "run", "3"]
    assert line.endswith("orders: up to day 2025-01-03, id 30; raw.in: 3 files")
    assert shell("bookmark", "load").stdout.splitlines()[3].split() == ["raw.in", "raw.in", "3", "files", "run", "3"]
    (found,) = shell.json("bookmark", "etl/load")
    assert (found["bookmark"]["version"], found["sources"][1]["files"]) == (3, 3)

    done = shell("bookmark", "rewind", "load", "1")
    assert done.returncode == 0
    assert "etl/load: rewound to run 1: the next run reads again what later runs have read" in done.stderr
    assert "what the job has written stays where it is" in done.stderr
    assert "orders: up to day 2025-01-01, id 10; raw.in: 1 file" in shell("bookmark").stdout
    assert "it is so already: run 1 moved it last" in shell("bookmark", "rewind", "etl/load", "99").stderr


def test_unknown_jobs_and_runs_are_told_with_what_is_near(shell: Shell) -> None:
    unknown = shell("bookmark", "rewind", "etl/laod", "1")
    assert (unknown.returncode, 'did you mean "etl/load"' in unknown.stderr) == (2, True)
    unknown = shell("bookmark", "rewind", "load", "wr_none")
    assert (unknown.returncode, 'no run "wr_none"' in unknown.stderr) == (2, True)
    assert "No such command 'rewnd'" in shell("bookmark", "rewnd", "load", "1").stderr


def test_an_engine_that_runs_makes_the_change(shell: Shell) -> None:
    assert shell.process("engine", "start").returncode == 0
    assert "reset: the next run reads everything again" in shell("bookmark", "reset", "load").stderr
    assert ", reset at " in shell("bookmark", "load").stdout
    assert "nothing: it was reset" in shell("bookmark").stdout
