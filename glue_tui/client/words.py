"""Lengths of time, sizes and numbers as people read them, on the screen and on the command line alike. Pure."""

from __future__ import annotations

from datetime import datetime

from glue_tui.core.counts import count, counted
from glue_tui.core.lengths import duration
from glue_tui.core.missed_runs import count_text
from glue_tui.core.problem import Problem
from glue_tui.protocol.views import ProblemView, RunSummary

__all__ = ["clock_text", "count", "counted", "duration", "size"]


def size(size_bytes: float) -> str:
    """Return a size with three digits: `840 B`, `12.4 kB`, `312 MB`."""
    if size_bytes < 1000:
        return f"{int(size_bytes)} B"
    for unit in ("kB", "MB", "GB"):
        size_bytes /= 1000
        if size_bytes < 1000:
            return f"{size_bytes:.1f} {unit}" if size_bytes < 100 else f"{size_bytes:.0f} {unit}"
    return f"{size_bytes / 1000:.1f} TB"


def waiting_text(files: int) -> str:
    """Return `1 file waits`, `2 files wait`."""
    return f"{counted(files, 'file')} {'waits' if files == 1 else 'wait'}"


def problem_text(problem: ProblemView) -> str:
    """Return `path:line: key: message (hint)`, the form that editors jump to."""
    return str(
        Problem(
            path=problem.path,
            line=problem.line,
            key=problem.key,
            message=problem.message,
            hint=problem.hint,
            is_warning=problem.is_warning,
        )
    )


def late_text(summary: RunSummary) -> str:
    """Return how much too late a schedule started a run: `9h 12m late, for 3 missed starts`; nothing if on time."""
    if not summary.missed or summary.scheduled_at is None or summary.previous_run_id:
        return ""
    for_what = f", for {count_text(summary.missed)}" if summary.missed > 1 else ""
    return f"{duration(summary.queued_at - summary.scheduled_at)} late{for_what}"


def clock_text(at: float, now: float) -> str:
    """Return a moment in local time: `22:00:00` on the day of `now`, else `Sat 21 Nov 22:00:00`, elsewhen with year."""
    moment, today = datetime.fromtimestamp(at), datetime.fromtimestamp(now)
    if moment.date() == today.date():
        return f"{moment:%H:%M:%S}"
    year = "" if moment.year == today.year else f" {moment.year}"
    return f"{moment:%a} {moment.day} {moment:%b}{year} {moment:%H:%M:%S}"
