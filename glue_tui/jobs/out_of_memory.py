"""Whether the system killed a process for want of memory: Linux counts such kills, and tells nobody else."""

from __future__ import annotations

from pathlib import Path


def kills_so_far() -> int | None:
    """Return how many processes this machine has killed for want of memory since it started; None where unknown."""
    try:
        counters = Path("/proc/vmstat").read_text()
    except OSError:
        return None
    for line in counters.splitlines():
        name, _, value = line.partition(" ")
        if name == "oom_kill" and value.isdigit():
            return int(value)
    return None


def killed_since(before: int | None) -> bool | None:
    """Tell whether the system killed a process for want of memory since `before` was counted; None where unknown."""
    now = kills_so_far()
    return now > before if now is not None and before is not None else None
