"""Notices that the wall clock was set, or that the machine slept. Readings are given: the host has the clocks."""

from __future__ import annotations

CLOCK_STEP_S = 2.0
"""A smaller difference between two looks is how clocks are kept in step, and moves nothing."""


class ClockWatch:
    """Compares the wall clock with the monotonic one, which nobody sets and which stands still in a machine's sleep."""

    def __init__(self, wall_s: float, monotonic_s: float) -> None:
        self._offset_s = wall_s - monotonic_s

    def stepped_by(self, wall_s: float, monotonic_s: float) -> float:
        """Return by how much the wall clock has moved on more than time has passed since the last look; 0 if hardly."""
        before, self._offset_s = self._offset_s, wall_s - monotonic_s
        by_s = self._offset_s - before
        return by_s if abs(by_s) > CLOCK_STEP_S else 0.0
