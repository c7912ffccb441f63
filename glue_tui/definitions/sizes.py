"""Sizes as people write them: `512MB`, `2GB`."""

from __future__ import annotations

import re

_UNITS_BYTES = {"KB": 1000, "MB": 1000**2, "GB": 1000**3, "TB": 1000**4}
_SIZE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?) ?(KB|MB|GB|TB)", re.IGNORECASE)


def parse_size(text: str) -> int:
    """Return bytes; a KB has 1,000 of them, as in every size that is shown.

    Raises ValueError, whose message says how to write it.
    """
    found = _SIZE.fullmatch(text)
    if found is None:
        raise ValueError(f'"{text}" is no size: write it like "512MB" or "2GB"')
    return int(float(found[1]) * _UNITS_BYTES[found[2].upper()])
