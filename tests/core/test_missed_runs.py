"""What is due of a schedule becomes runs as the trigger says, whatever was missed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glue_tui.core.missed_runs import MADE_UP_MAX, ON_TIME_S, DueStart, count_text, plan_due
from glue_tui.core.states import MissedRuns

NOW = 1_000_000.0


@pytest.mark.parametrize("policy", MissedRuns)
@pytest.mark.parametrize("late_s", [0.0, 1.0, ON_TIME_S - 0.1])
def test_what_is_met_within_a_minute_is_on_time(policy: MissedRuns, late_s: float) -> None:
    plan = plan_due(policy, (NOW - late_s,), NOW)
    assert (plan.starts, plan.left_out) == ((DueStart(at=NOW - late_s),), ())


def test_one_run_stands_for_all_that_was_missed_and_one_is_on_time() -> None:
    plan = plan_due(MissedRuns.RUN_ONCE, (NOW - 600, NOW - 300, NOW - ON_TIME_S, NOW), NOW)
    assert plan.starts == (DueStart(at=NOW - ON_TIME_S, missed=3), DueStart(at=NOW))


def test_missed_moments_are_left_out_where_the_trigger_says_so() -> None:
    plan = plan_due(MissedRuns.SKIP, (NOW - 600, NOW - 300, NOW), NOW)
    assert (plan.starts, plan.left_out) == ((DueStart(at=NOW),), (NOW - 600, NOW - 300))


def test_each_missed_moment_gets_its_run_up_to_a_bound() -> None:
    due = tuple(NOW - 60 * n for n in range(MADE_UP_MAX + 3, -1, -1))
    plan = plan_due(MissedRuns.RUN_ALL, due, NOW)
    assert [start.at for start in plan.starts] == list(due[3:])
    assert [start.missed for start in plan.starts] == [1] * MADE_UP_MAX + [0]
    assert [start.waits_for_room for start in plan.starts] == [True] * MADE_UP_MAX + [False]
    assert plan.left_out == due[:3]


@given(st.sampled_from(MissedRuns), st.sets(st.integers(-300, 0)), st.floats(0, 59.9))
def test_every_moment_is_accounted_for_once_and_in_order(policy: MissedRuns, minutes: set[int], late_s: float) -> None:
    due = tuple(NOW - late_s + 60.0 * minute for minute in sorted(minutes))
    plan = plan_due(policy, due, NOW)
    assert sum(start.missed or 1 for start in plan.starts) + len(plan.left_out) == len(due)
    order = [*plan.left_out, *(start.at for start in plan.starts)]
    assert order == sorted(set(order))
    assert set(order) <= set(due)
    if due:
        assert order[-1] == due[-1]


@pytest.mark.parametrize(
    ("missed", "text"), [(1, "1 missed start"), (3, "3 missed starts"), (1101, "1,000 or more missed starts")]
)
def test_what_was_missed_is_told_in_words(missed: int, text: str) -> None:
    assert count_text(missed) == text
