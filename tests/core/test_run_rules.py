"""The rules of a running workflow, one by one, by their ids in Glue's semantics."""

from __future__ import annotations

import pytest
from one_run import FAILED, OK, OneRun, by_hand, crawler, job, node, when, workflow

from glue_tui.core.attempt import AttemptKey, AttemptResult
from glue_tui.core.decide import LOST_ATTEMPTS_MAX
from glue_tui.core.events import AttemptQueued, TriggerFired
from glue_tui.core.model import Action, RunId, Trigger
from glue_tui.core.states import (
    LISTENABLE_CRAWLER_STATES,
    LISTENABLE_JOB_STATES,
    Logical,
    NodeState,
    Outcome,
    TriggerRunState,
    TriggerType,
    WorkflowRunStatus,
)
from glue_tui.core.stimuli import RunStopRequested, SlotGranted, StartRefused, TurnCame, WorkerExited, WorkerStarted
from glue_tui.protocol.present import run_summary

STOPPED, TIMEOUT = NodeState.STOPPED, NodeState.TIMEOUT
CLASSIC = workflow(
    ["crawl_a", "crawl_b", "clean", "load", "repair"],
    by_hand("crawl_a", "crawl_b"),
    when("crawled", {"crawl_a": OK, "crawl_b": OK}, "clean"),
    when("cleaned", {"clean": OK}, "load"),
    when("not_cleaned", {"clean": FAILED}, "repair"),
)


def _ended(run: OneRun) -> tuple[WorkflowRunStatus, Outcome | None]:
    return run.it.status, run.it.outcome


# How a run ends


def test_a_run_ends_when_nothing_runs_and_nothing_can_fire() -> None:
    """WF-12."""
    run = OneRun(CLASSIC)
    run.ends("crawl_a")
    run.ends("crawl_b")
    assert run.it.status is WorkflowRunStatus.RUNNING
    run.ends("clean")
    run.ends("load")
    assert _ended(run) == (WorkflowRunStatus.COMPLETED, Outcome.SUCCEEDED)
    assert run.state("repair") is NodeState.SKIPPED
    assert run.it.triggers["not_cleaned"].reason == "clean is SUCCEEDED, not FAILED"


def test_a_failure_nobody_listens_to_leaves_the_run_completed_and_failed() -> None:
    """WF-11, WF-12."""
    run = OneRun(CLASSIC)
    run.ends("crawl_a", FAILED)
    assert run.state("clean") is NodeState.SKIPPED
    assert run.it.status is WorkflowRunStatus.RUNNING
    run.ends("crawl_b")
    assert _ended(run) == (WorkflowRunStatus.COMPLETED, Outcome.FAILED)
    assert run.states() == {
        "crawl_a": "FAILED",
        "crawl_b": "SUCCEEDED",
        "clean": "SKIPPED",
        "load": "SKIPPED",
        "repair": "SKIPPED",
    }


def test_a_failure_whose_branch_ran_is_recovered() -> None:
    """WF-11."""
    run = OneRun(CLASSIC)
    for name, state in (("crawl_a", OK), ("crawl_b", OK), ("clean", FAILED), ("repair", OK)):
        run.ends(name, state)
    assert _ended(run) == (WorkflowRunStatus.COMPLETED, Outcome.RECOVERED)


def test_a_failure_branch_that_fails_itself_recovers_nothing() -> None:
    run = OneRun(CLASSIC)
    for name, state in (("crawl_a", OK), ("crawl_b", OK), ("clean", FAILED), ("repair", FAILED)):
        run.ends(name, state)
    assert _ended(run) == (WorkflowRunStatus.COMPLETED, Outcome.FAILED)


def test_one_failure_handled_and_one_not_is_failed() -> None:
    run = OneRun(workflow(["a", "b", "mend"], by_hand("a", "b"), when("t", {"a": FAILED}, "mend")))
    for name, state in (("a", FAILED), ("b", FAILED), ("mend", OK)):
        run.ends(name, state)
    assert run.it.outcome is Outcome.FAILED


def test_a_run_refused_at_its_start_is_in_error_with_the_reason() -> None:
    """WF-10, WF-14."""
    run = OneRun(CLASSIC, has_turn=False)
    run.feed(StartRefused(message="Concurrent runs exceeded for workflow: w."))
    assert _ended(run) == (WorkflowRunStatus.ERROR, Outcome.ERROR)
    assert run.it.message == "Concurrent runs exceeded for workflow: w."
    assert run.feed(TurnCame()) == ()


def test_statistics_count_every_node_by_its_state() -> None:
    """WF-13."""
    run = OneRun(CLASSIC)
    for name, state in (("crawl_a", OK), ("crawl_b", OK), ("clean", FAILED)):
        run.ends(name, state)
    statistics = run_summary(run.it).statistics
    assert (statistics.total, statistics.succeeded, statistics.failed, statistics.running) == (5, 2, 1, 1)


def test_a_job_sets_run_properties_for_this_run_only() -> None:
    """WF-15: keys are put one by one; a failed attempt sets none."""
    flow = workflow([job("a", max_retries=1)], by_hand("a"))
    run = OneRun(flow, properties={"day": "2026-01-01", "kept": "yes"})
    key = run.key("a")
    run.feed(WorkerExited(key=key, result=AttemptResult(state=FAILED, properties={"day": "wrong"}), exit_code=1))
    assert run.it.properties["day"] == "2026-01-01"
    run.ends("a", properties={"day": "2026-01-02", "new": "1"})
    assert run.it.properties == {"day": "2026-01-02", "kept": "yes", "new": "1"}
    assert OneRun(flow, properties={"day": "2026-01-01"}).it.properties == {"day": "2026-01-01"}


# Triggers


def test_and_waits_for_every_condition_and_any_for_one() -> None:
    """TR-9."""
    nodes = ["a", "b", "both", "either"]
    run = OneRun(
        workflow(
            nodes,
            by_hand("a", "b"),
            when("all", {"a": OK, "b": OK}, "both"),
            when("any", {"a": OK, "b": OK}, "either", logical=Logical.ANY),
        )
    )
    run.ends("a")
    assert run.state("both") is NodeState.PENDING
    assert run.state("either") is NodeState.STARTING
    run.ends("b")
    assert run.state("both") is NodeState.STARTING


def test_and_over_different_states_can_hold() -> None:
    """TR-9: one SUCCEEDED and the other FAILED."""
    run = OneRun(workflow(["a", "b", "c"], by_hand("a", "b"), when("mixed", {"a": OK, "b": FAILED}, "c")))
    run.ends("b", FAILED)
    run.ends("a")
    assert run.state("c") is NodeState.STARTING


def test_and_that_can_not_hold_any_more_skips_what_it_would_start_at_once() -> None:
    """TR-9, and the decision on an AND that can never be met."""
    run = OneRun(
        workflow(["a", "b", "c", "d"], by_hand("a", "b"), when("t", {"a": OK, "b": OK}, "c"), when("u", {"c": OK}, "d"))
    )
    run.ends("a", FAILED)
    assert (run.state("c"), run.state("d")) == (NodeState.SKIPPED, NodeState.SKIPPED)
    assert run.it.nodes[node("d")].reason == "u can't fire: c is SKIPPED, not SUCCEEDED"


def test_any_is_ruled_out_only_when_no_condition_is_left() -> None:
    """TR-9."""
    run = OneRun(workflow(["a", "b", "c"], by_hand("a", "b"), when("t", {"a": OK, "b": OK}, "c", logical=Logical.ANY)))
    run.ends("a", FAILED)
    assert run.state("c") is NodeState.PENDING
    run.ends("b", FAILED)
    assert run.state("c") is NodeState.SKIPPED


def test_any_over_both_ends_of_one_node_always_fires() -> None:
    """TR-9, TR-10."""
    pairs = [("a", OK), ("a", FAILED)]
    flow = workflow(["a", "after"], by_hand("a"), when("done", pairs, "after", logical=Logical.ANY))
    for state in (OK, FAILED):
        run = OneRun(flow)
        run.ends("a", state)
        assert run.state("after") is NodeState.STARTING


@pytest.mark.parametrize("state", [OK, FAILED, TIMEOUT])
def test_a_trigger_may_listen_for_each_end_of_a_job(state: NodeState) -> None:
    """TR-8. STOPPED is listenable too, but a node stops only with its run, and then nothing starts any more (RS-1)."""
    flow = workflow([job("a", timeout_s=5), "after"], by_hand("a"), when("t", {"a": state}, "after"))
    run = OneRun(flow)
    run.begins("a")
    if state is TIMEOUT:
        run.tick(5)
    run.ends("a", state)
    assert run.state("after") is NodeState.STARTING


def test_what_can_be_listened_for_is_glues_list() -> None:
    """TR-8."""
    assert set(LISTENABLE_JOB_STATES) == {OK, STOPPED, FAILED, TIMEOUT}
    assert set(LISTENABLE_CRAWLER_STATES) == {OK, FAILED, STOPPED}


def test_a_node_in_error_strands_what_listens_for_its_failure() -> None:
    """TR-8: ERROR, our own failure, can't be listened for."""
    run = OneRun(workflow(["a", "mend"], by_hand("a"), when("t", {"a": FAILED}, "mend")))
    for _ in range(LOST_ATTEMPTS_MAX + 1):
        run.lost("a")
    assert (run.state("a"), run.state("mend")) == (NodeState.ERROR, NodeState.SKIPPED)
    assert _ended(run) == (WorkflowRunStatus.COMPLETED, Outcome.ERROR)


def test_all_actions_of_a_trigger_start_together() -> None:
    """TR-13."""
    run = OneRun(workflow(["a", "b", "crawl_c"], by_hand("a"), when("t", {"a": OK}, "b", "crawl_c")), grant=False)
    run.feed(SlotGranted(key=run.key("a")))
    events = run.ends("a")
    assert [one.node_id for one in events if isinstance(one, AttemptQueued)] == [node("b"), node("crawl_c")]


def test_arguments_of_an_action_go_over_the_jobs_own_and_its_timeout_too() -> None:
    """TR-15."""
    action = Action(node_id=node("a"), arguments={"--mode": "full", "--new": "1"}, timeout_s=7)
    start = Trigger(name="by_hand", type=TriggerType.ON_DEMAND, actions=(action,))
    run = OneRun(workflow([job("a", arguments={"--mode": "fast", "--own": "2"}, timeout_s=60)], start))
    attempt = run.it.nodes[node("a")].attempts[0]
    assert attempt.arguments == {"--mode": "full", "--own": "2", "--new": "1"}
    assert attempt.timeout_s == 7


def test_a_retry_keeps_the_effective_arguments_and_timeout() -> None:
    """TR-15, JR-6."""
    action = Action(node_id=node("a"), arguments={"--x": "1"}, timeout_s=7)
    start = Trigger(name="by_hand", type=TriggerType.ON_DEMAND, actions=(action,))
    run = OneRun(workflow([job("a", max_retries=1)], start))
    run.ends("a", FAILED)
    again = run.it.nodes[node("a")].attempts[1]
    assert (again.arguments, again.timeout_s) == ({"--x": "1"}, 7)


def test_a_conditional_trigger_fires_at_most_once_in_a_run() -> None:
    """TR-16."""
    flow = workflow(["a", "b", "c"], by_hand("a", "b"), when("t", {"a": OK, "b": OK}, "c", logical=Logical.ANY))
    run = OneRun(flow)
    run.ends("a")
    run.ends("c")
    run.ends("b")
    assert sum(isinstance(event, TriggerFired) and event.trigger == "t" for _, event in run.log) == 1
    assert len(run.it.nodes[node("c")].attempts) == 1


def test_a_node_that_two_triggers_start_runs_once() -> None:
    """WF-3."""
    run = OneRun(workflow(["a", "b", "c"], by_hand("a", "b"), when("t", {"a": OK}, "c"), when("u", {"b": OK}, "c")))
    run.ends("a")
    run.ends("c")
    run.ends("b")
    assert len(run.it.nodes[node("c")].attempts) == 1
    assert run.it.outcome is Outcome.SUCCEEDED


def test_a_paused_conditional_trigger_never_fires_in_the_run() -> None:
    """TR-2: only ACTIVATED fires; its state is taken at the start of the run."""
    run = OneRun(workflow(["a", "b"], by_hand("a"), when("t", {"a": OK}, "b", enabled=False)))
    assert run.state("b") is NodeState.SKIPPED
    assert run.it.triggers["t"].reason == "paused when the run started"
    run.ends("a")
    assert run.it.outcome is Outcome.SUCCEEDED


def test_only_the_trigger_that_started_the_run_starts_its_nodes() -> None:
    """WF-6, widened: a workflow may have several start triggers, a run has one."""
    flow = workflow(["a", "b", "c"], by_hand("a"), by_hand("b", name="other"), when("t", {"b": OK}, "c"))
    run = OneRun(flow, "other")
    assert run.states() == {"a": "SKIPPED", "b": "STARTING", "c": "PENDING"}
    assert run.it.triggers["by_hand"].state is TriggerRunState.NEVER


# Retries, timeouts, lost workers


def test_only_the_last_attempt_counts_for_triggers() -> None:
    """JR-6, JR-8."""
    flow = workflow(
        [job("a", max_retries=2), "b", "mend"],
        by_hand("a"),
        when("t", {"a": OK}, "b"),
        when("u", {"a": FAILED}, "mend"),
    )
    run = OneRun(flow)
    run.ends("a", FAILED)
    assert run.state("mend") is NodeState.PENDING
    run.ends("a", FAILED)
    assert run.state("mend") is NodeState.PENDING
    run.ends("a")
    assert (run.state("b"), run.state("mend")) == (NodeState.STARTING, NodeState.SKIPPED)
    assert [one.state for one in run.it.nodes[node("a")].attempts] == [FAILED, FAILED, OK]


def test_retries_end_after_max_retries() -> None:
    """JR-6."""
    run = OneRun(workflow([job("a", max_retries=2)], by_hand("a")))
    for _ in range(3):
        run.ends("a", FAILED)
    assert len(run.it.nodes[node("a")].attempts) == 3
    assert run.it.outcome is Outcome.FAILED


def test_the_delay_before_retries_grows_by_the_backoff() -> None:
    run = OneRun(workflow([job("a", max_retries=3, retry_delay_s=10, backoff=3)], by_hand("a")))
    delays = []
    for _ in range(3):
        run.ends("a", FAILED)
        not_before = run.it.nodes[node("a")].attempts[-1].not_before
        assert not_before is not None
        delays.append(not_before - run.now)
        run.tick(delays[-1])
    assert delays == [10, 30, 90]


def test_a_timeout_counts_from_the_start_of_the_worker_and_is_not_retried() -> None:
    """JR-5, JR-6."""
    run = OneRun(workflow([job("a", timeout_s=10, max_retries=5)], by_hand("a")), grant=False)
    run.tick(100)
    run.feed(SlotGranted(key=run.key("a")))
    run.tick(4)
    run.begins("a")
    assert run.tick(9.5) == ()
    run.tick(0.5)
    assert run.state("a") is NodeState.STOPPING
    run.ends("a", TIMEOUT)
    attempt = run.it.nodes[node("a")].attempts[0]
    assert (run.state("a"), len(run.it.nodes[node("a")].attempts)) == (TIMEOUT, 1)
    assert attempt.error is not None
    assert attempt.error.type == "Timeout"


def test_a_crawler_without_timeout_runs_on() -> None:
    """JR-5 is about jobs."""
    run = OneRun(workflow([crawler("crawl_a")], by_hand("crawl_a")))
    run.begins("crawl_a")
    assert run.tick(1e7) == ()


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


# Stop


def test_a_stop_ends_what_runs_and_nothing_else_starts() -> None:
    """RS-1."""
    run = OneRun(workflow(["a", "b", "c"], by_hand("a", "b"), when("t", {"a": OK}, "c")))
    run.begins("a")
    run.stop()
    assert run.it.status is WorkflowRunStatus.STOPPING
    assert (run.state("a"), run.state("b")) == (NodeState.STOPPING, NodeState.STOPPING)
    run.ends("a")
    run.ends("b", STOPPED)
    assert _ended(run) == (WorkflowRunStatus.STOPPED, Outcome.STOPPED)
    assert run.states() == {"a": "SUCCEEDED", "b": "STOPPED", "c": "SKIPPED"}


def test_a_stop_ends_what_waits_for_a_slot_or_a_retry_at_once() -> None:
    """RS-1."""
    run = OneRun(workflow([job("a", max_retries=1, retry_delay_s=60), "b"], by_hand("a", "b")), grant=False)
    run.feed(SlotGranted(key=run.key("a")))
    run.ends("a", FAILED)
    run.stop()
    assert run.states() == {"a": "STOPPED", "b": "STOPPED"}
    assert run.it.status is WorkflowRunStatus.STOPPED


def test_a_run_that_is_stopping_retries_nothing_and_hears_no_second_stop() -> None:
    """RS-1."""
    run = OneRun(workflow([job("a", max_retries=5)], by_hand("a")))
    run.stop()
    assert run.feed(RunStopRequested(reason="again")) == ()
    run.lost("a")
    assert run.states() == {"a": "STOPPED"}
    assert run.stop() == ()
