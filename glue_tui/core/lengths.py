"""Lengths of time as people read them. Pure."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """Return a length of time in at most two units: `0.04s`, `3.2s`, `48s`, `1m 12s`, `3h 05m`, `2d 4h`."""
    if seconds < 0:
        seconds = 0
    if 0 < seconds < 0.095:
        return f"{seconds:.2f}s"
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02d}s"
    if whole < 86400:
        return f"{whole // 3600}h {whole % 3600 // 60:02d}m"
    return f"{whole // 86400}d {whole % 86400 // 3600}h"
