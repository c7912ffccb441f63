"""A clock that is set, or a machine that slept: what was to come after a while still comes after that while."""

from __future__ import annotations

import pytest
from one_run import FAILED, OneRun, by_hand, job, workflow

from glue_tui.core.events import DeadlinesShifted, DelayNoticed
from glue_tui.core.states import NodeState
from glue_tui.core.stimuli import ClockStepped
from glue_tui.core.wanted import STOP_GRACE_S, StopWorker, WakeAt, wanted

HOUR_S = 3600.0
STEPS = [HOUR_S, -HOUR_S, 100.0, -3.0]


def stepped(run: OneRun, by_s: float) -> None:
    """Let the clock be set, and the engine see it."""
    run.now += by_s
    run.feed(ClockStepped(by_s=by_s))
    run.tick(0)


def wakes(run: OneRun) -> list[float]:
    return [one.at - run.now for one in wanted(run.it, run.now) if isinstance(one, WakeAt)]


@pytest.mark.parametrize("by_s", STEPS)
def test_a_timeout_counts_the_time_that_passed(by_s: float) -> None:
    """JR-5."""
    run = OneRun(workflow([job("a", timeout_s=60.0)], by_hand("a")))
    run.begins("a")
    run.tick(10)
    stepped(run, by_s)
    assert run.state("a") is NodeState.RUNNING
    assert wakes(run) == [50.0]
    run.tick(49)
    assert run.state("a") is NodeState.RUNNING
    run.tick(1)
    assert run.state("a") is NodeState.STOPPING


@pytest.mark.parametrize("by_s", STEPS)
def test_a_delay_before_a_retry_is_neither_cut_nor_lengthened(by_s: float) -> None:
    run = OneRun(workflow([job("a", max_retries=1, retry_delay_s=30.0)], by_hand("a")))
    run.ends("a", FAILED)
    run.tick(10)
    stepped(run, by_s)
    assert run.state("a") is NodeState.WAITING
    assert wakes(run) == [20.0]
    run.tick(20)
    assert run.state("a") is NodeState.STARTING


@pytest.mark.parametrize("by_s", STEPS)
def test_the_grace_of_a_stop_stays_what_it_is(by_s: float) -> None:
    """RS-1."""
    run = OneRun(workflow(["a"], by_hand("a")))
    run.begins("a")
    run.stop()
    stepped(run, by_s)
    assert StopWorker(key=run.key("a"), is_kill=False) in wanted(run.it, run.now)
    run.tick(STOP_GRACE_S)
    assert StopWorker(key=run.key("a"), is_kill=True) in wanted(run.it, run.now)


def test_a_notice_of_delay_moves_along() -> None:
    """JR-11."""
    run = OneRun(workflow([job("a", notify_delay_after_s=600.0)], by_hand("a")))
    stepped(run, HOUR_S)
    assert not any(isinstance(event, DelayNoticed) for _, event in run.log)
    assert 600.0 in wakes(run)
    run.tick(600)
    assert [type(event) for _, event in run.log].count(DelayNoticed) == 1


def test_a_run_with_nothing_at_work_or_waiting_records_no_step() -> None:
    queued = OneRun(workflow(["a"], by_hand("a")), has_turn=False)
    assert queued.feed(ClockStepped(by_s=HOUR_S)) == ()
    over = OneRun(workflow(["a"], by_hand("a")))
    over.ends("a")
    assert over.feed(ClockStepped(by_s=HOUR_S)) == ()


def test_a_finished_attempt_keeps_its_times() -> None:
    run = OneRun(workflow([job("a", max_retries=1), "b"], by_hand("a", "b")))
    run.begins("a")
    run.ends("a", FAILED)
    first = run.it.nodes[run.key("a").node_id].attempts[0]
    stepped(run, HOUR_S)
    assert run.it.nodes[run.key("a").node_id].attempts[0] == first
    assert [event for _, event in run.log if isinstance(event, DeadlinesShifted)] == [DeadlinesShifted(by_s=HOUR_S)]
