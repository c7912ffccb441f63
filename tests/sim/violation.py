"""What a checker raises."""

from __future__ import annotations


class Violation(AssertionError):
    """Something happened that must never happen, or something did not that must."""


def require(holds: bool, what: str) -> None:
    if not holds:
        raise Violation(what)
