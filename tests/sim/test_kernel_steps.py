"""Single steps of the real kernel where order or a failing commit once went wrong, or well might."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest.mock import patch

import pytest
from bench import JOB, Bench, T, scan, simple_workflow

from glue_tui.core.attempt import AttemptKey, AttemptResult
from glue_tui.core.problem import EntityNotFound, IllegalWorkflowState, StoreFailed
from glue_tui.core.run import WorkflowRun
from glue_tui.core.schema import ChangeKind, Column, Table, TableChange
from glue_tui.core.states import NodeState, Outcome, WorkflowRunStatus
from glue_tui.core.stimuli import WorkerExited, WorkerStarted
from glue_tui.engine import batch as kernel_batch
from glue_tui.engine.inputs import (
    DefinitionsLoaded,
    ResumeAsked,
    StartAsked,
    StopAsked,
    TriggerSwitched,
    WorkerReported,
)


@pytest.fixture
def bench() -> Iterator[Bench]:
    made = Bench()
    yield made
    made.conn.close()


# Commits that fail


def _state(bench: Bench) -> tuple[object, ...]:
    kernel = bench.kernel
    inbox = kernel.inboxes.of(("w", "files"))
    assert inbox is not None
    return kernel.workflows, kernel.schedules.next_fires, inbox.looked_at, tuple(inbox.open_files()), kernel.runs


@pytest.mark.parametrize("statement", [0, 1, 2, 3])
def test_after_a_failed_commit_the_same_inputs_give_the_same_result(bench: Bench, statement: int) -> None:
    inputs = (
        TriggerSwitched(workflow="w", trigger="timer", enabled=False),
        DefinitionsLoaded(workflows=(simple_workflow(max_concurrent_runs=1),)),
        StartAsked(workflow="w", request_id="r"),
        scan("a"),
    )
    before = _state(bench)
    bench.conn.arm(statement, sqlite3.OperationalError("disk I/O error"))
    with pytest.raises(StoreFailed):
        bench.step(T + 1, *inputs)
    assert before == _state(bench)

    step = bench.step(T + 2, *inputs)

    trigger = bench.kernel.workflow("w").trigger("timer")
    assert trigger is not None
    assert not trigger.enabled
    assert bench.kernel.schedules.next_fires[("w", "timer")] is None
    assert [run.number for run in bench.runs()] == [1]
    assert step.answers[2] == bench.runs()[0].run_id


def test_a_schedule_that_was_due_when_the_commit_failed_fires_once_it_succeeds(bench: Bench) -> None:
    due = bench.kernel.schedules.next_fires[("w", "timer")]
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
    bench.step(T + 3, DefinitionsLoaded(workflows=(simple_workflow(),)))
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


def test_a_run_or_workflow_that_is_not_there_is_refused_with_a_hint(bench: Bench) -> None:
    for ask in (StopAsked(run_id="wr_none"), ResumeAsked(run_id="wr_none")):
        (answer,) = bench.step(T + 1, ask).answers
        assert isinstance(answer, EntityNotFound)
    (answer,) = bench.step(T + 1, StartAsked(workflow="ww")).answers
    assert isinstance(answer, EntityNotFound)
    assert 'did you mean "w"' in answer.hint


# Definitions


def test_a_fire_that_is_due_at_the_moment_of_a_reload_happens_once(bench: Bench) -> None:
    due = bench.kernel.schedules.next_fires[("w", "timer")]
    assert due is not None
    bench.step(due, DefinitionsLoaded(workflows=(simple_workflow(description="edited"),)))
    bench.step(due + 1, DefinitionsLoaded(workflows=(simple_workflow(),)))
    assert [run.cause.scheduled_at for run in bench.runs()] == [due]
    assert bench.kernel.schedules.next_fires[("w", "timer")] == due + 3600


def test_another_schedule_begins_anew_and_fires_nothing_at_once(bench: Bench) -> None:
    due = bench.kernel.schedules.next_fires[("w", "timer")]
    assert due is not None
    triggers = tuple(
        replace(one, schedule="rate(2 hours)") if one.schedule else one for one in simple_workflow().triggers
    )
    bench.step(due, DefinitionsLoaded(workflows=(simple_workflow(triggers=triggers),)))
    assert bench.runs() == []
    assert (bench.kernel.schedules.next_fires[("w", "timer")] or 0) > due


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


# Results


def test_only_a_result_that_counts_is_published_so_that_nothing_the_catalog_lists_is_cleared_up(bench: Bench) -> None:
    table = Table(database="raw", name="t", classification="csv", location="t", columns=(Column(name="a", type="int"),))
    change = TableChange(kind=ChangeKind.CREATED, table=table, written_by=JOB, replaced_folders=(".t.tmp-old",))
    result = AttemptResult(state=NodeState.SUCCEEDED, table_changes=(change,))
    key = AttemptKey(run_id=bench.start(T + 1), node_id=JOB, attempt=1)
    ended = WorkerReported(report=WorkerExited(key=key, result=result, exit_code=0))
    assert bench.step(T + 2, ended, ended).published == (change,)
    assert bench.step(T + 3, ended).published == ()


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
