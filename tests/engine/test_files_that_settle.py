"""When a file counts: held still, closed by its writer, or come complete. Real files, the real watcher."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest
from watching import Watching, watch_files

from glue_tui.engine.looks import is_at_rest
from glue_tui.engine.watcher import HINTS_MAX, hints_of

LONG_S = 600.0
only_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who has a file open")


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    return tmp_path / "in"


def write_as(path: Path, name: str) -> None:
    """Write under one name and rename, as careful programs do."""
    path.with_name(name).write_text("whole")
    path.with_name(name).rename(path)


def write_old(path: Path) -> None:
    """Write elsewhere, let it look old, and move it here."""
    outside = path.parent.with_name("outside")
    outside.write_text("whole")
    os.utime(outside, (1e9, 1e9))
    outside.rename(path)


@only_linux
def test_what_comes_complete_counts_at_once_and_nothing_else_does(inbox: Path) -> None:
    async def story(watching: Watching) -> None:
        (inbox / "settles.csv").write_text("perhaps half")
        write_old(inbox / "moved.csv")
        await watching.sees("in/moved.csv")
        write_as(inbox / "a.csv", "a.csv.part")
        write_as(inbox / "b.csv", ".b.csv.X3hq")
        write_as(inbox / "c.csv", ".c.csv")
        await watching.sees("in/a.csv", "in/b.csv", "in/c.csv", "in/moved.csv")
        facts = [fact for look in watching.looks for fact in look.files if fact.path == "in/settles.csv"]
        assert facts
        assert not any(fact.is_renamed for fact in facts)

    watch_files(inbox.parent, ("in/*.csv",), story, settle_s=LONG_S)


@only_linux
def test_a_file_counts_only_when_its_writer_has_closed_it(inbox: Path) -> None:
    async def story(watching: Watching) -> None:
        with (inbox / "slow.csv").open("w") as slow:
            slow.write("first half")
            slow.flush()
            (inbox / "other.csv").write_text("x")
            await watching.sees("in/other.csv")
            await watching.until(lambda: watching.is_open("in/slow.csv"))
            slow.write("second half")
        await watching.sees("in/other.csv", "in/slow.csv")

    watch_files(inbox.parent, ("in/*.csv",), story, settle_s=0.1)


def test_at_rest_is_what_was_not_written_to_for_the_settle_time(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("x")
    now = time.time()
    os.utime(path, ns=(0, int((now - 1.5) * 1e9) | 1))
    assert is_at_rest(path.stat(), 1.0, now)
    assert not is_at_rest(path.stat(), 2.0, now)
    os.utime(path, (now, int(now) - 2))
    assert not is_at_rest(path.stat(), 1.0, int(now)), "whole seconds may be two seconds too early"
    os.utime(path, (now, int(now) - 4))
    assert is_at_rest(path.stat(), 1.0, int(now))
    path.write_text("")
    os.utime(path, (1e9, 1e9))
    assert not is_at_rest(path.stat(), 1.0, now), "an empty file is one that is about to be written"


def test_hints_tell_what_was_renamed_from_a_temporary_name_beside_it() -> None:
    added, modified, deleted = 1, 2, 3
    hints = hints_of(
        {
            (deleted, "/in/a.csv.part"),
            (added, "/in/a.csv"),
            (deleted, "/in/.b.csv.Xy3f"),
            (added, "/in/b.csv"),
            (deleted, "/in/old.csv"),
            (added, "/in/new.csv"),
            (deleted, "/elsewhere/c.csv.tmp"),
            (modified, "/in/c.csv"),
        }
    )
    assert hints.renamed == {"/in/a.csv", "/in/b.csv"}
    assert {"/in/new.csv", "/in/old.csv", "/in/c.csv"} <= hints.paths
    assert hints_of({(added, f"/in/{number}") for number in range(HINTS_MAX)}).is_all
