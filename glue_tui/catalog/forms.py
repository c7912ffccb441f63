"""Forms that text values may have other than the plain one, as FileFormat keeps them by column. Pure."""

from __future__ import annotations

from glue_tui.core.value_forms import COMMA_NUMBER, POINT_NUMBER

THOUSANDS = {COMMA_NUMBER: r"[. \u00a0\u202f]", POINT_NUMBER: r"[,' \u00a0\u202f]"}
"""What parts the thousands of a number, by the form that the number is written in."""


def is_time(form: str) -> bool:
    """Return whether a form is one of dates or times: a strptime form."""
    return "%" in form


def has_clock(form: str) -> bool:
    """Return whether a form tells the time of the day, so that its values are timestamps."""
    return "%H" in form or "%I" in form
