"""Counts of things as people read them. Pure."""

from __future__ import annotations


def count(number: int) -> str:
    """Return a number with thin groups of three: `1 204 113`."""
    return f"{number:,}".replace(",", " ")


def rounded(number: int) -> str:
    """Return a number with three digits: `840`, `12.4 k`, `10.1 M`."""
    if number < 1000:
        return str(number)
    value = float(number)
    for unit in ("k", "M", "G"):
        value /= 1000
        if value < 999.5 or unit == "G":
            break
    return f"{value:.1f} {unit}" if value < 99.95 else f"{value:.0f} {unit}"


def counted(number: int, noun: str) -> str:
    """Return `1 row`, `2 rows`."""
    return f"{count(number)} {noun}" if number == 1 else f"{count(number)} {noun}s"


def none_of(number: int, noun: str) -> str:
    """Return `not even the one file`, `none of the 2 files`: what stands before `can be read`."""
    return f"not even the one {noun}" if number == 1 else f"none of the {counted(number, noun)}"


def size(size_bytes: float) -> str:
    """Return a size with three digits: `840 B`, `12.4 kB`, `312 MB`."""
    if size_bytes < 1000:
        return f"{int(size_bytes)} B"
    for unit in ("kB", "MB", "GB"):
        size_bytes /= 1000
        if size_bytes < 1000:
            return f"{size_bytes:.1f} {unit}" if size_bytes < 100 else f"{size_bytes:.0f} {unit}"
    return f"{size_bytes / 1000:.1f} TB"
