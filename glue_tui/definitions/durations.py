"""Durations as people write them: `90s`, `30m`, `2h`, `1h30m`."""

from __future__ import annotations

import re

YEAR_S = 365 * 24 * 3600.0

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?)(ms|s|m|h|d)")
_WHOLE = re.compile(rf"(?:{_PART.pattern})+")


def parse_duration(text: str, years_max: int = 1) -> float:
    """Return seconds. Raises ValueError, whose message says what is wrong and how to write it."""
    if not _WHOLE.fullmatch(text):
        raise ValueError(f'"{text}" is no duration: write it like "90s", "30m" or "2h"')
    seconds = sum(float(part[1]) * _SECONDS[part[2]] for part in _PART.finditer(text))
    if seconds > years_max * YEAR_S:
        raise ValueError(f'"{text}" is longer than {"a year" if years_max == 1 else f"{years_max} years"}')
    return seconds
