"""What a wall clock that people and programs set means for moments that were noted earlier. Pure: the time is given.

A clock that is set while an engine runs moves deadlines by an event (`DeadlinesShifted`). What is here is for what no
engine saw: a clock that was set while none ran, and moments of files, which no event moves.
"""

CLOCK_TOLERANCE_S = 1.0
"""A moment further in the future than this was noted before the clock was set back."""


def was_set_back(since: float, now: float) -> bool:
    """Tell whether the clock was set back since a moment, so that what was to come after it would come late."""
    return since > now + CLOCK_TOLERANCE_S
