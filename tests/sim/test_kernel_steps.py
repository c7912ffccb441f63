"""Single steps of the real kernel where order, a failing commit or the clock once went wrong, or well might."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

import pytest
from faults import FaultyConnection
from world import EPOCH_S, connect

from glue_tui.core.arrivals import FileFact, Stage
from glue_tui.core.attempt import AttemptKey, AttemptResult
from glue_tui.core.model import Action, CommandWork, FileWatch, Job, RunId, Trigger, Workflow, job_id
from glue_tui.core.problem import ConcurrentRunsExceeded, EntityNotFound, IllegalWorkflowState, StoreFailed
from glue_tui.core.run import WorkflowRun
from glue_tui.core.states import NodeState, OnOverlap, Outcome, TriggerType, WorkflowRunStatus
from glue_tui.core.stimuli import WorkerExited, WorkerStarted
from glue_tui.core.wanted import STOP_GRACE_S, StartWorker, StopWorker, WakeAt
from glue_tui.engine import batch as kernel_batch
from glue_tui.engine.inputs import (
    DefinitionsLoaded,
    FolderScanned,
    Input,
    ResumeAsked,
    StartAsked,
    StopAsked,
    Ticked,
    TriggerSwitched,
    WorkerReported,
)
from glue_tui.engine.kernel import Kernel, Step
from glue_tui.store.event_log import read_run

T = EPOCH_S
JOB = job_id("work")
PATTERNS = ("in/*.csv",)


def _workflow(**changes: object) -> Workflow:
    actions = (Action(node_id=JOB),)
    watch = FileWatch(patterns=PATTERNS, batch_size=2, batch_window_s=10, settle_s=1)
    workflow = Workflow(
        name="w",
        source="workflows/w.toml",
        jobs=(Job(name="work", work=CommandWork(command=("true",)), timeout_s=60, max_retries=1, retry_delay_s=20),),
        triggers=(
            Trigger(name="by_hand", type=TriggerType.ON_DEMAND, actions=actions),
            Trigger(name="timer", type=TriggerType.SCHEDULED, actions=actions, schedule="rate(1 hour)"),
            Trigger(name="files", type=TriggerType.EVENT, actions=actions, watch=watch),
        ),
    )
    return replace(workflow, **changes)  # type: ignore[arg-type]


class Bench:
    """A kernel with one workflow, and short ways to speak to it."""

    def __init__(self, **changes: object) -> None:
        self.conn: FaultyConnection = connect()
        self.ids = 0
        self.kernel = self.opened()
        self.step(T, DefinitionsLoaded(workflows=(_workflow(**changes),)))

    def opened(self) -> Kernel:
        kernel = Kernel(conn=self.conn, slots=2, new_run_id=self._new_run_id)
        kernel.open()
        return kernel

    def _new_run_id(self) -> RunId:
        self.ids += 1
        return RunId(f"wr_{self.ids}")

    def step(self, now: float, *inputs: Input) -> Step:
        return self.kernel.step(inputs or (Ticked(),), now)

    def start(self, now: float, request_id: str = "") -> RunId:
        (answer,) = self.step(now, StartAsked(workflow="w", request_id=request_id)).answers
        assert isinstance(answer, str)
        return RunId(answer)

    def run(self, run_id: str) -> WorkflowRun:
        return read_run(self.conn, run_id)

    def runs(self) -> list[WorkflowRun]:
        ids = self.conn.execute("SELECT run_id FROM runs ORDER BY number").fetchall()
        return [self.run(run_id) for (run_id,) in ids]

    def ends(self, now: float, run_id: RunId, *, attempt: int = 1, well: bool = True) -> Step:
        result = AttemptResult(state=NodeState.SUCCEEDED if well else NodeState.FAILED)
        key = AttemptKey(run_id=run_id, node_id=JOB, attempt=attempt)
        return self.step(now, WorkerReported(report=WorkerExited(key=key, result=result, exit_code=0 if well else 1)))

    def wakes(self) -> list[float]:
        return [one.at for one in self.kernel.wanted() if isinstance(one, WakeAt)]


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.conn.close()


def _scan(*names: str, at: float | None = None, size: int = 1) -> FolderScanned:
    files = tuple(FileFact(path=f"in/{name}.csv", size_bytes=size, mtime_ns=size) for name in names)
    return FolderScanned(workflow="w", trigger="files", patterns=PATTERNS, files=files, at=at)


# Commits that fail


@pytest.mark.parametrize("statement", [0, 1, 2, 3])
def test_after_a_failed_commit_the_same_inputs_give_the_same_result(bench: Bench, statement: int) -> None:
    inputs = (
        TriggerSwitched(workflow="w", trigger="timer", enabled=False),
        DefinitionsLoaded(workflows=(_workflow(max_concurrent_runs=1),)),
        StartAsked(workflow="w", request_id="r"),
        _scan("a"),
    )
    before = (bench.kernel.workflows, bench.kernel.next_fires, bench.kernel.inboxes, bench.kernel.runs)
    bench.conn.arm(statement, sqlite3.OperationalError("disk I/O error"))
    with pytest.raises(StoreFailed):
        bench.step(T + 1, *inputs)
    assert before == (bench.kernel.workflows, bench.kernel.next_fires, bench.kernel.inboxes, bench.kernel.runs)
    assert bench.runs() == []

    step = bench.step(T + 2, *inputs)

    trigger = bench.kernel.workflow("w").trigger("timer")
    assert trigger is not None
    assert not trigger.enabled
    assert bench.kernel.next_fires[("w", "timer")] is None
    assert [run.number for run in bench.runs()] == [1]
    assert step.answers[2] == bench.runs()[0].run_id


def test_a_schedule_that_was_due_when_the_commit_failed_fires_once_it_succeeds(bench: Bench) -> None:
    due = bench.kernel.next_fires[("w", "timer")]
    assert due is not None
    bench.conn.arm(0, sqlite3.OperationalError("database or disk is full"))
    with pytest.raises(StoreFailed):
        bench.step(due)
    bench.step(due + 1)
    bench.step(due + 2)
    assert [run.cause.scheduled_at for run in bench.runs()] == [due]


# Requests


def test_one_request_makes_one_run_in_one_step_in_two_and_after_a_crash(bench: Bench) -> None:
    ask = StartAsked(workflow="w", request_id="r")
    first, second = bench.step(T + 1, ask, ask).answers
    (third,) = bench.step(T + 2, ask).answers
    bench.kernel = bench.opened()
    bench.step(T + 3, DefinitionsLoaded(workflows=(_workflow(),)))
    (fourth,) = bench.step(T + 4, ask).answers
    assert first == second == third == fourth
    assert len(bench.runs()) == 1


def test_a_repeated_resume_makes_one_run(bench: Bench) -> None:
    run_id = bench.start(T + 1)
    bench.ends(T + 2, run_id)
    ask = ResumeAsked(run_id=run_id, nodes=("work",), request_id="again")
    answers = {*bench.step(T + 3, ask, ask).answers, *bench.step(T + 4, ask).answers}
    assert len(answers) == 1
    assert len(bench.runs()) == 2


def test_a_finished_run_is_not_stopped(bench: Bench) -> None:
    """RS-1: wrong state."""
    run_id = bench.start(T + 1)
    bench.ends(T + 2, run_id)
    (answer,) = bench.step(T + 3, StopAsked(run_id=run_id)).answers
    assert isinstance(answer, IllegalWorkflowState)
    assert bench.run(run_id).status is WorkflowRunStatus.COMPLETED


def test_a_workflow_that_is_not_there_is_refused_with_the_nearest_name(bench: Bench) -> None:
    (answer,) = bench.step(T + 1, StartAsked(workflow="ww")).answers
    assert isinstance(answer, EntityNotFound)
    assert 'did you mean "w"' in answer.hint


# Definitions


def test_a_run_keeps_the_definition_it_began_with(bench: Bench) -> None:
    """WF-5, and for jobs too: a run pins its whole definition."""
    run_id = bench.start(T + 1)
    job = replace(_workflow().jobs[0], max_retries=0)
    bench.step(T + 2, DefinitionsLoaded(workflows=(_workflow(jobs=(job,)),)))
    bench.ends(T + 3, run_id, well=False)
    assert [one.state for one in bench.run(run_id).nodes[JOB].attempts] == [NodeState.FAILED, NodeState.WAITING]


def test_a_fire_that_is_due_at_the_moment_of_a_reload_happens_once(bench: Bench) -> None:
    due = bench.kernel.next_fires[("w", "timer")]
    assert due is not None
    bench.step(due, DefinitionsLoaded(workflows=(_workflow(description="edited"),)))
    bench.step(due + 1, DefinitionsLoaded(workflows=(_workflow(),)))
    assert [run.cause.scheduled_at for run in bench.runs()] == [due]
    assert bench.kernel.next_fires[("w", "timer")] == due + 3600


def test_another_schedule_begins_anew_and_fires_nothing_at_once(bench: Bench) -> None:
    due = bench.kernel.next_fires[("w", "timer")]
    assert due is not None
    triggers = tuple(replace(one, schedule="rate(2 hours)") if one.schedule else one for one in _workflow().triggers)
    bench.step(due, DefinitionsLoaded(workflows=(_workflow(triggers=triggers),)))
    assert bench.runs() == []
    assert (bench.kernel.next_fires[("w", "timer")] or 0) > due


def test_a_queued_run_whose_file_disappears_still_has_its_turn() -> None:
    """WF-14: under the limit of its own pinned definition."""
    bench = Bench(max_concurrent_runs=1)
    first, second = bench.start(T + 1), bench.start(T + 1)
    bench.step(T + 2, DefinitionsLoaded(workflows=()))
    assert bench.run(second).is_queued
    bench.ends(T + 3, first)
    assert bench.run(second).started_at == T + 3
    bench.ends(T + 4, second)
    assert bench.run(second).outcome is Outcome.SUCCEEDED


def test_a_queued_run_that_is_stopped_ends_without_having_begun() -> None:
    """RS-1."""
    bench = Bench(max_concurrent_runs=1)
    first, second = bench.start(T + 1), bench.start(T + 1)
    bench.step(T + 2, StopAsked(run_id=second))
    stopped = bench.run(second)
    assert (stopped.status, stopped.outcome, stopped.started_at) == (WorkflowRunStatus.STOPPED, Outcome.STOPPED, None)
    assert stopped.nodes[JOB].state is NodeState.SKIPPED
    assert bench.run(first).nodes[JOB].state is NodeState.STARTING
    (answer,) = bench.step(T + 3, ResumeAsked(run_id=second)).answers
    assert isinstance(answer, IllegalWorkflowState)


def test_a_newer_run_takes_the_place_of_the_one_before() -> None:
    bench = Bench(max_concurrent_runs=1, on_overlap=OnOverlap.CANCEL_PREVIOUS)
    first, second = bench.start(T + 1), bench.start(T + 2)
    assert bench.run(first).status is WorkflowRunStatus.STOPPING
    assert bench.run(second).is_queued
    key = AttemptKey(run_id=first, node_id=JOB, attempt=1)
    bench.step(T + 3, WorkerReported(report=WorkerExited(key=key, result=None, signal=15)))
    assert bench.run(first).status is WorkflowRunStatus.STOPPED
    assert bench.run(second).started_at == T + 3


def test_only_the_oldest_runs_make_room_for_a_newer_one() -> None:
    bench = Bench(max_concurrent_runs=2, on_overlap=OnOverlap.CANCEL_PREVIOUS)
    first, second, third = bench.start(T + 1), bench.start(T + 2), bench.start(T + 3)
    assert [bench.run(one).status for one in (first, second)] == [WorkflowRunStatus.STOPPING, WorkflowRunStatus.RUNNING]
    assert bench.run(third).is_queued


def test_what_happens_in_one_run_moves_no_trigger_of_another(bench: Bench) -> None:
    """WF-8, WF-9: only the run that started a node reacts to its end."""
    first, second = bench.start(T + 1), bench.start(T + 1)
    bench.ends(T + 2, first)
    assert bench.run(first).outcome is Outcome.SUCCEEDED
    assert bench.run(second).nodes[JOB].state is NodeState.STARTING


@pytest.mark.parametrize("overlap", [OnOverlap.SKIP, OnOverlap.ERROR])
def test_a_start_by_hand_over_the_limit_is_refused(overlap: OnOverlap) -> None:
    """WF-14."""
    bench = Bench(max_concurrent_runs=1, on_overlap=overlap)
    bench.start(T + 1)
    (answer,) = bench.step(T + 2, StartAsked(workflow="w")).answers
    assert isinstance(answer, ConcurrentRunsExceeded)
    assert len(bench.runs()) == 1


def test_a_scheduled_start_over_the_limit_leaves_a_run_in_error_in_glues_way() -> None:
    """WF-10, WF-14."""
    bench = Bench(max_concurrent_runs=1, on_overlap=OnOverlap.ERROR)
    bench.start(T + 1)
    due = bench.kernel.next_fires[("w", "timer")]
    assert due is not None
    bench.step(due)
    refused = bench.runs()[1]
    assert (refused.status, refused.message) == (
        WorkflowRunStatus.ERROR,
        "Concurrent runs exceeded for workflow: w.",
    )


# Files


def test_what_is_there_at_the_first_look_starts_nothing(bench: Bench) -> None:
    bench.step(T + 1, _scan("a", "b"))
    bench.step(T + 20, _scan("a", "b"))
    assert bench.runs() == []


def test_a_file_that_comes_between_two_first_looks_in_one_step_is_new(bench: Bench) -> None:
    bench.step(T + 1, _scan("old"), _scan("old", "new"))
    assert bench.kernel.inboxes[("w", "files")]["in/new.csv"].stage is Stage.SETTLING  # type: ignore[index]


def test_a_full_batch_starts_one_run_with_its_files(bench: Bench) -> None:
    """EV-2, EV-3."""
    bench.step(T + 1, _scan())
    bench.step(T + 2, _scan("a", "b", "c"))
    bench.step(T + 3.5, _scan("a", "b", "c"))
    bench.step(T + 13.5)
    assert [(run.cause.files, run.cause.fired_by) for run in bench.runs()] == [
        (("in/a.csv", "in/b.csv"), "size"),
        (("in/c.csv",), "window"),
    ]
    taken = [(one.stage, one.run_id) for one in (bench.kernel.inboxes[("w", "files")] or {}).values()]
    assert taken == [(Stage.TAKEN, "wr_1"), (Stage.TAKEN, "wr_1"), (Stage.TAKEN, "wr_2")]


def test_a_file_deleted_as_its_window_closes_starts_nothing(bench: Bench) -> None:
    bench.step(T + 1, _scan())
    bench.step(T + 2, _scan("a"))
    bench.step(T + 3, _scan("a"))
    bench.step(T + 13, _scan())
    assert bench.runs() == []


def test_a_scan_that_waited_does_not_settle_a_file_that_grows(bench: Bench) -> None:
    bench.step(T + 1, _scan(at=T + 1))
    bench.step(T + 2, _scan("a", "b", at=T + 2))
    bench.step(T + 9, _scan("a", "b", at=T + 2.5))
    assert bench.runs() == []
    bench.step(T + 9.1, _scan("a", "b", size=2, at=T + 9))
    bench.step(T + 10, _scan("a", "b", size=2, at=T + 10))
    assert len(bench.runs()) == 1


def test_a_batch_skipped_for_an_overlap_waits_without_waking_anybody_and_goes_next() -> None:
    bench = Bench(max_concurrent_runs=1, on_overlap=OnOverlap.SKIP)
    first = bench.start(T + 1)
    bench.step(T + 1, _scan())
    bench.step(T + 2, _scan("a"))
    bench.step(T + 3, _scan("a"))
    assert len(bench.step(T + 14).notes) == 1
    assert bench.step(T + 15).notes == ()
    assert len(bench.runs()) == 1
    assert min(bench.wakes()) > T + 15
    bench.ends(T + 20, first)
    assert bench.runs()[1].cause.files == ("in/a.csv",)


def test_a_held_engine_starts_nothing_by_itself_and_does_not_spin(bench: Bench) -> None:
    bench.kernel.is_held = True
    bench.step(T + 1, _scan())
    bench.step(T + 2, _scan("a"))
    bench.step(T + 3, _scan("a"))
    bench.step(T + 4000)
    assert bench.runs() == []
    assert min(bench.wakes()) > T + 4000


def test_other_patterns_begin_with_a_first_look(bench: Bench) -> None:
    bench.step(T + 1, _scan("a"))
    watch = FileWatch(patterns=("other/*.csv",))
    triggers = tuple(replace(one, watch=watch) if one.watch else one for one in _workflow().triggers)
    bench.step(T + 2, _scan("a", "b"), DefinitionsLoaded(workflows=(_workflow(triggers=triggers),)), _scan("a", "b"))
    assert bench.kernel.inboxes[("w", "files")] is None
    bench.step(T + 3, DefinitionsLoaded(workflows=()))
    assert bench.kernel.inboxes == {}


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
    bench.step(T - 1999, _scan())
    bench.step(T - 1998, _scan("a"))
    bench.step(T - 1997, _scan("a"))
    bench.step(T - 3000)
    assert [run.cause.files for run in bench.runs()][1:] == [("in/a.csv",)]


def test_a_clock_that_was_far_in_the_future_does_not_silence_schedules(bench: Bench) -> None:
    bench.step(T + 1e7)
    bench.step(T)
    assert (bench.kernel.next_fires[("w", "timer")] or 0) <= T + 3600


def test_a_schedule_missed_many_times_fires_once(bench: Bench) -> None:
    bench.step(T + 10 * 3600)
    assert len(bench.runs()) == 1


# Our own bugs


@contextmanager
def _bug_in_rules(run_id: str) -> Iterator[None]:
    real = kernel_batch.decide

    def decide(run: WorkflowRun, *others: object) -> object:
        assert run.run_id != run_id, "planted"
        return real(run, *others)  # type: ignore[arg-type]

    with patch.object(kernel_batch, "decide", decide):
        yield


def test_a_bug_in_the_rules_parks_one_run_and_a_late_worker_changes_nothing(bench: Bench) -> None:
    sick, well = bench.start(T + 1), bench.start(T + 1)
    key = AttemptKey(run_id=sick, node_id=JOB, attempt=1)
    with _bug_in_rules(sick):
        bench.step(T + 2, WorkerReported(report=WorkerStarted(key=key, pid=1, process_started_at=T)))
    parked = bench.run(sick)
    assert (parked.status, parked.outcome) == (WorkflowRunStatus.ERROR, Outcome.ERROR)
    assert "planted" in parked.message
    assert parked.nodes[JOB].state is NodeState.ERROR
    assert parked.open_node_ids == frozenset()
    bench.ends(T + 3, sick)
    assert bench.run(sick) == parked
    bench.ends(T + 4, well)
    assert bench.run(well).outcome is Outcome.SUCCEEDED
    (again,) = bench.step(T + 5, ResumeAsked(run_id=sick)).answers
    assert isinstance(again, str)
