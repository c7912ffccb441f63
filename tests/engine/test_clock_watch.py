"""Whether a clock was set shows in how far two clocks moved."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from glue_tui.engine.clock import CLOCK_STEP_S, ClockWatch


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(-CLOCK_STEP_S, CLOCK_STEP_S).map(lambda x: x * 0.99))))
def test_clocks_that_are_kept_in_step_move_nothing(looks: list[tuple[float, float]]) -> None:
    wall_s, monotonic_s = 1.7e9, 5.0
    watch = ClockWatch(wall_s, monotonic_s)
    for passed_s, slewed_s in looks:
        wall_s, monotonic_s = wall_s + passed_s + slewed_s, monotonic_s + passed_s
        assert watch.stepped_by(wall_s, monotonic_s) == 0.0


def test_a_step_is_told_once_and_a_step_back_is_negative() -> None:
    watch = ClockWatch(1000.0, 5.0)
    assert watch.stepped_by(4610.0, 15.0) == 3600.0
    assert watch.stepped_by(4620.0, 25.0) == 0.0
    assert watch.stepped_by(1030.0, 35.0) == -3600.0


def test_a_machine_that_slept_is_told_by_how_long() -> None:
    watch = ClockWatch(1000.0, 5.0)
    assert watch.stepped_by(1000.0 + 8 * 3600.0 + 2.0, 7.0) == 8 * 3600.0
