"""What the rules make of late, repeated and crossing messages. The rules themselves, by their ids: tests/rules."""

from __future__ import annotations

from one_run import FAILED, OK, OneRun, by_hand, job, node, when, workflow

from glue_tui.core.attempt import AttemptKey, AttemptResult
from glue_tui.core.decide import LOST_ATTEMPTS_MAX
from glue_tui.core.model import RunId
from glue_tui.core.states import (
    LISTENABLE_CRAWLER_STATES,
    LISTENABLE_JOB_STATES,
    NodeState,
    Outcome,
    WorkflowRunStatus,
)
from glue_tui.core.stimuli import RunStopRequested, SlotGranted, StartRefused, TurnCame, WorkerExited, WorkerStarted

STOPPED, TIMEOUT = NodeState.STOPPED, NodeState.TIMEOUT


def test_a_run_refused_at_its_start_never_begins() -> None:
    """WF-10, WF-14."""
    run = OneRun(workflow(["a"], by_hand("a")), has_turn=False)
    run.feed(StartRefused(message="Concurrent runs exceeded for workflow: w."))
    assert (run.it.status, run.it.outcome) == (WorkflowRunStatus.ERROR, Outcome.ERROR)
    assert run.feed(TurnCame()) == ()


def test_what_can_be_listened_for_is_glues_list() -> None:
    """TR-8."""
    assert set(LISTENABLE_JOB_STATES) == {OK, STOPPED, FAILED, TIMEOUT}
    assert set(LISTENABLE_CRAWLER_STATES) == {OK, FAILED, STOPPED}


def test_work_that_was_done_counts_even_if_its_stop_was_on_the_way() -> None:
    run = OneRun(workflow([job("a", timeout_s=10), "b"], by_hand("a"), when("t", {"a": OK}, "b")))
    run.begins("a")
    run.tick(10)
    run.ends("a")
    assert (run.state("a"), run.state("b")) == (OK, NodeState.STARTING)


def test_a_lost_worker_is_tried_again_without_using_up_a_retry() -> None:
    run = OneRun(workflow([job("a", max_retries=1)], by_hand("a")))
    for _ in range(LOST_ATTEMPTS_MAX):
        run.lost("a")
    run.ends("a", FAILED)
    run.ends("a")
    assert run.it.outcome is Outcome.SUCCEEDED
    assert len(run.it.nodes[node("a")].attempts) == LOST_ATTEMPTS_MAX + 2


def test_an_engine_that_is_stopped_as_asked_costs_a_node_nothing() -> None:
    run = OneRun(workflow(["a"], by_hand("a")))
    for _ in range(LOST_ATTEMPTS_MAX + 1):
        run.lost("a", is_charged=False)
    for _ in range(LOST_ATTEMPTS_MAX):
        run.lost("a")
    assert run.state("a") is NodeState.STARTING
    run.lost("a")
    assert run.state("a") is NodeState.ERROR


def test_late_and_repeated_reports_change_nothing() -> None:
    run = OneRun(workflow([job("a", max_retries=1), "b"], by_hand("a"), when("t", {"a": OK}, "b")))
    first = run.key("a")
    run.ends("a", FAILED)
    result = AttemptResult(state=OK)
    assert run.feed(WorkerExited(key=first, result=result, exit_code=0)) == ()
    assert run.feed(WorkerStarted(key=first, pid=1, process_started_at=0)) == ()
    assert run.feed(SlotGranted(key=first)) == ()
    assert run.feed(TurnCame()) == ()
    unknown = AttemptKey(run_id=RunId("wr_1"), node_id=node("nobody"), attempt=1)
    assert run.feed(WorkerExited(key=unknown, result=result, exit_code=0)) == ()


def test_a_run_that_is_stopping_retries_nothing_and_hears_no_second_stop() -> None:
    """RS-1."""
    run = OneRun(workflow([job("a", max_retries=5)], by_hand("a")))
    run.stop()
    assert run.feed(RunStopRequested(reason="again")) == ()
    run.lost("a")
    assert run.states() == {"a": "STOPPED"}
    assert run.stop() == ()
