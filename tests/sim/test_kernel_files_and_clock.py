"""Single steps of the real kernel about files that arrive, and about clocks that are set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from bench import JOB, PATTERNS, Bench, T, scan, simple_workflow

from glue_tui.core.arrivals import FileFact, Stage
from glue_tui.core.attempt import AttemptKey
from glue_tui.core.model import FileWatch
from glue_tui.core.states import OnOverlap
from glue_tui.core.wanted import STOP_GRACE_S, StartWorker, StopWorker
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
    assert bench.stages() == {"in/old.csv": Stage.BASELINE, "in/new.csv": Stage.SETTLING}


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
    taken = [(one.stage, one.run_id) for one in seen_files.read_files(bench.conn, "w", "files")]
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
    bench.step(T + 10.1, scan("a", "b", size=2, at=T + 10.1))
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


def watching(*patterns: str, **changes: object) -> DefinitionsLoaded:
    """The workflow, saved with other patterns."""
    watch = FileWatch(patterns=patterns, batch_size=2, batch_window_s=10, settle_s=1)
    watch = replace(watch, **changes)  # type: ignore[arg-type]
    triggers = tuple(replace(one, watch=watch) if one.watch else one for one in simple_workflow().triggers)
    return DefinitionsLoaded(workflows=(simple_workflow(triggers=triggers),))


def look(patterns: tuple[str, ...], *paths: str, at: float | None = None, is_whole: bool = True) -> FolderScanned:
    files = tuple(FileFact(path=path, size_bytes=1, mtime_ns=1) for path in paths)
    return FolderScanned(workflow="w", trigger="files", patterns=patterns, files=files, is_whole=is_whole, at=at)


def test_what_waits_goes_on_to_wait_when_a_pattern_is_added_and_only_what_the_new_one_alone_matches_was_there(
    bench: Bench,
) -> None:
    bench.step(T + 1, scan("old"))
    bench.step(T + 2, scan("old", "waits"))
    bench.step(T + 3, scan("old", "waits"))
    both = (*PATTERNS, "more/*.csv")
    bench.step(T + 4, watching(*both), scan("old", "waits", "settles"))
    assert bench.kernel.scans_due(T + 4) == ((("w", "files"), T + 4),)
    bench.step(T + 5, look(both, "in/old.csv", "in/waits.csv", "in/new.csv", "more/a.csv"))
    assert bench.stages() == {
        "in/old.csv": Stage.BASELINE,
        "in/waits.csv": Stage.PENDING,
        "in/new.csv": Stage.SETTLING,
        "more/a.csv": Stage.BASELINE,
    }
    bench.step(T + 6, look(both, "in/old.csv", "in/waits.csv", "in/new.csv", "more/a.csv", "more/b.csv"))
    assert [run.cause.files for run in bench.runs()] == [("in/waits.csv", "in/new.csv")]
    bench.step(T + 7, look(both, "in/old.csv", "in/waits.csv", "in/new.csv", "more/a.csv", "more/b.csv"))
    assert bench.stages()["more/b.csv"] is Stage.PENDING


def test_what_is_not_watched_any_more_starts_nothing_and_is_forgotten(bench: Bench) -> None:
    bench.step(T + 1, scan("old"))
    bench.step(T + 2, scan("old", "waits"))
    bench.step(T + 3, scan("old", "waits"))
    others = ("other/*.csv",)
    bench.step(T + 4, watching(*others))
    bench.step(T + 14, look(others, "other/a.csv"))
    assert bench.stages() == {"other/a.csv": Stage.BASELINE}
    bench.step(T + 15, DefinitionsLoaded(workflows=()))
    assert bench.kernel.inboxes.of(("w", "files")) is None
    assert bench.runs() == []


def test_a_look_at_some_places_is_no_first_look(bench: Bench) -> None:
    bench.step(T + 1, look(PATTERNS, "in/a.csv", is_whole=False))
    assert bench.stages() == {}
    bench.step(T + 2, scan("a"))
    bench.step(T + 3, watching("in/*.csv", "more/*.csv"))
    both = ("in/*.csv", "more/*.csv")
    bench.step(T + 4, look(both, "in/b.csv", "more/c.csv", is_whole=False))
    assert bench.stages() == {"in/a.csv": Stage.BASELINE, "in/b.csv": Stage.SETTLING}


def test_what_was_seen_in_the_same_step_outlives_a_workflow_that_is_taken_away_and_put_back(bench: Bench) -> None:
    """Found by seed 32802: memory held what the database had held before the step."""
    bench.step(T + 1, scan("a"))
    away, back = DefinitionsLoaded(workflows=()), DefinitionsLoaded(workflows=(simple_workflow(),))
    bench.step(T + 2, scan("a", "b"), away, back)
    assert bench.seen("in/b.csv") is not None
    assert bench.stages() == {"in/a.csv": Stage.BASELINE, "in/b.csv": Stage.SETTLING}


def test_other_patterns_that_come_and_go_in_one_step_leave_memory_as_the_file(bench: Bench) -> None:
    """Found by seed 165150: memory went on with what the other patterns' first look had forgotten in the file."""
    others = ("other/*.csv",)
    back = DefinitionsLoaded(workflows=(simple_workflow(),))
    bench.step(T + 1, scan("a"), watching(*others), look(others), back)
    inbox = bench.kernel.inboxes.of(("w", "files"))
    assert inbox is not None
    assert inbox.must_look
    assert inbox.looked_at == seen_files.read_patterns(bench.conn, "w", "files") == others


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
