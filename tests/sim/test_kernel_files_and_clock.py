"""Single steps of the real kernel about files that arrive, and about clocks that are set."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from bench import JOB, PATTERNS, Bench, T, scan, simple_workflow

from glue_tui.core.arrivals import Stage
from glue_tui.core.attempt import AttemptKey
from glue_tui.core.model import FileWatch
from glue_tui.core.states import OnOverlap
from glue_tui.core.wanted import STOP_GRACE_S, StartWorker, StopWorker
from glue_tui.engine.folders import scan as scan_folder
from glue_tui.engine.inputs import (
    DefinitionsLoaded,
    DropAsked,
    FolderScanned,
    StopAsked,
)
from glue_tui.store import seen_files


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.conn.close()


# Files


def test_what_is_there_at_the_first_look_starts_nothing(bench: Bench) -> None:
    bench.step(T + 1, scan("a", "b"))
    bench.step(T + 20, scan("a", "b"))
    assert bench.runs() == []


def test_a_file_that_comes_between_two_first_looks_in_one_step_is_new(bench: Bench) -> None:
    bench.step(T + 1, scan("old"), scan("old", "new"))
    assert bench.kernel.inboxes.seen[("w", "files")]["in/new.csv"].stage is Stage.SETTLING  # type: ignore[index]


def test_a_full_batch_starts_one_run_with_its_files(bench: Bench) -> None:
    """EV-2, EV-3."""
    bench.step(T + 1, scan())
    bench.step(T + 2, scan("a", "b", "c"))
    bench.step(T + 3.5, scan("a", "b", "c"))
    bench.step(T + 13.5)
    assert [(run.cause.files, run.cause.fired_by) for run in bench.runs()] == [
        (("in/a.csv", "in/b.csv"), "size"),
        (("in/c.csv",), "window"),
    ]
    taken = [(one.stage, one.run_id) for one in (bench.kernel.inboxes.seen[("w", "files")] or {}).values()]
    assert taken == [(Stage.TAKEN, "wr_1"), (Stage.TAKEN, "wr_1"), (Stage.TAKEN, "wr_2")]


def test_a_file_deleted_as_its_window_closes_starts_nothing(bench: Bench) -> None:
    bench.step(T + 1, scan())
    bench.step(T + 2, scan("a"))
    bench.step(T + 3, scan("a"))
    bench.step(T + 13, scan())
    assert bench.runs() == []


def test_a_scan_that_waited_does_not_settle_a_file_that_grows(bench: Bench) -> None:
    bench.step(T + 1, scan(at=T + 1))
    bench.step(T + 2, scan("a", "b", at=T + 2))
    bench.step(T + 9, scan("a", "b", at=T + 2.5))
    assert bench.runs() == []
    bench.step(T + 9.1, scan("a", "b", size=2, at=T + 9))
    bench.step(T + 10, scan("a", "b", size=2, at=T + 10))
    assert len(bench.runs()) == 1


def test_a_batch_skipped_for_an_overlap_waits_without_waking_anybody_and_goes_next() -> None:
    bench = Bench(max_concurrent_runs=1, on_overlap=OnOverlap.SKIP)
    first = bench.start(T + 1)
    bench.step(T + 1, scan())
    bench.step(T + 2, scan("a"))
    bench.step(T + 3, scan("a"))
    assert len(bench.step(T + 14).notes) == 1
    assert bench.step(T + 15).notes == ()
    assert len(bench.runs()) == 1
    assert min(bench.wakes()) > T + 15
    bench.ends(T + 20, first)
    assert bench.runs()[1].cause.files == ("in/a.csv",)


def test_dropped_files_start_nothing_until_they_change_again(bench: Bench) -> None:
    bench.step(T + 1, scan())
    bench.step(T + 2, scan("a", "b"))
    (count,) = bench.step(T + 2.5, DropAsked(workflow="w", trigger="files")).answers
    assert count == 2
    bench.step(T + 20, scan("a", "b"))
    (again,) = bench.step(T + 21, DropAsked(workflow="w", trigger="files", paths=("in/a.csv",))).answers
    assert again == 0
    assert bench.runs() == []
    bench.step(T + 22, scan("a", "b", size=2))
    bench.step(T + 24, scan("a", "b", size=2))
    assert [run.cause.files for run in bench.runs()] == [("in/a.csv", "in/b.csv")]


def test_only_files_that_wait_at_a_trigger_that_watches_are_dropped(bench: Bench) -> None:
    bench.step(T + 1, scan("old"))
    refused = bench.step(
        T + 2,
        DropAsked(workflow="w", trigger="files", paths=("in/old.csv",)),
        DropAsked(workflow="w", trigger="by_hand"),
        DropAsked(workflow="w", trigger="file"),
    ).answers
    assert [str(one) for one in refused] == [
        "in/old.csv does not wait at files of w",
        "by_hand of w is ON_DEMAND: only EVENT triggers watch files",
        'no trigger "file" in w (did you mean "files"?)',
    ]


def test_a_held_engine_starts_nothing_by_itself_and_does_not_spin(bench: Bench) -> None:
    bench.kernel.is_held = True
    bench.step(T + 1, scan())
    bench.step(T + 2, scan("a"))
    bench.step(T + 3, scan("a"))
    bench.step(T + 4000)
    assert bench.runs() == []
    assert min(bench.wakes()) > T + 4000


def test_other_patterns_begin_with_a_first_look(bench: Bench) -> None:
    bench.step(T + 1, scan("a"))
    watch = FileWatch(patterns=("other/*.csv",))
    triggers = tuple(replace(one, watch=watch) if one.watch else one for one in simple_workflow().triggers)
    bench.step(
        T + 2, scan("a", "b"), DefinitionsLoaded(workflows=(simple_workflow(triggers=triggers),)), scan("a", "b")
    )
    assert bench.kernel.inboxes.seen[("w", "files")] is None
    bench.step(T + 3, DefinitionsLoaded(workflows=()))
    assert bench.kernel.inboxes.seen == {}


def test_what_was_seen_in_the_same_step_outlives_a_workflow_that_is_taken_away_and_put_back(bench: Bench) -> None:
    """Found by seed 32802: memory held what the database had held before the step."""
    bench.step(T + 1, scan("a"))
    away, back = DefinitionsLoaded(workflows=()), DefinitionsLoaded(workflows=(simple_workflow(),))
    bench.step(T + 2, scan("a", "b"), away, back)
    seen = bench.kernel.inboxes.seen[("w", "files")]
    assert sorted(seen or {}) == ["in/a.csv", "in/b.csv"]
    assert seen == seen_files.read_inbox(bench.conn, "w", "files", PATTERNS)


def test_other_patterns_that_come_and_go_in_one_step_leave_memory_as_the_file(bench: Bench) -> None:
    """Found by seed 165150: memory went on with what the other patterns' first look had forgotten in the file."""
    others = ("other/*.csv",)
    watch = FileWatch(patterns=others)
    triggers = tuple(replace(one, watch=watch) if one.watch else one for one in simple_workflow().triggers)
    bench.step(
        T + 1,
        scan("a"),
        DefinitionsLoaded(workflows=(simple_workflow(triggers=triggers),)),
        FolderScanned(workflow="w", trigger="files", patterns=others, files=()),
        DefinitionsLoaded(workflows=(simple_workflow(),)),
    )
    assert bench.kernel.inboxes.seen[("w", "files")] is None
    assert seen_files.read_inbox(bench.conn, "w", "files", PATTERNS) is None


def test_a_file_whose_name_is_no_text_ends_no_engine(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    bench.step(T + 1, scan())
    for name in (b"ok.csv", b"caf\xe9.csv"):
        Path(os.fsdecode(os.fsencode(tmp_path / "in") + b"/" + name)).touch()
    found = scan_folder(tmp_path, PATTERNS).files
    bench.step(T + 2, FolderScanned(workflow="w", trigger="files", patterns=PATTERNS, files=found))
    assert list(bench.kernel.inboxes.seen[("w", "files")] or {}) == ["in/ok.csv"]


# The clock


def test_a_kill_that_comes_due_after_the_step_still_wakes_the_loop(bench: Bench) -> None:
    run_id = bench.start(T + 1)
    bench.step(T + 2, StopAsked(run_id=run_id))
    assert StopWorker(key=AttemptKey(run_id=run_id, node_id=JOB, attempt=1), is_kill=False) in bench.kernel.wanted()
    assert T + 2 + STOP_GRACE_S in bench.wakes()
    bench.step(T + 2 + STOP_GRACE_S)
    assert StopWorker(key=AttemptKey(run_id=run_id, node_id=JOB, attempt=1), is_kill=True) in bench.kernel.wanted()


def test_a_clock_that_is_set_back_holds_up_neither_retries_nor_kills_nor_batches(bench: Bench) -> None:
    run_id = bench.start(T + 1)
    bench.ends(T + 2, run_id, well=False)
    assert min(bench.wakes()) == T + 22
    bench.step(T - 1000)
    assert StartWorker(key=AttemptKey(run_id=run_id, node_id=JOB, attempt=2)) in bench.kernel.wanted()
    bench.step(T - 999, StopAsked(run_id=run_id))
    bench.step(T - 2000)
    assert StopWorker(key=AttemptKey(run_id=run_id, node_id=JOB, attempt=2), is_kill=True) in bench.kernel.wanted()
    bench.step(T - 1999, scan())
    bench.step(T - 1998, scan("a"))
    bench.step(T - 1997, scan("a"))
    bench.step(T - 3000)
    assert [run.cause.files for run in bench.runs()][1:] == [("in/a.csv",)]


def test_a_clock_that_was_far_in_the_future_does_not_silence_schedules(bench: Bench) -> None:
    bench.step(T + 1e7)
    bench.step(T)
    assert (bench.kernel.schedules.next_fires[("w", "timer")] or 0) <= T + 3600


def test_a_schedule_missed_many_times_fires_once(bench: Bench) -> None:
    bench.step(T + 10 * 3600)
    assert len(bench.runs()) == 1
