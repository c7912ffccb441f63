"""Lengths of time, sizes and numbers as people read them, on the screen and on the command line alike. Pure."""

from __future__ import annotations

from datetime import datetime

from glue_tui.core.counts import count, counted, rounded, size
from glue_tui.core.lengths import duration
from glue_tui.core.missed_runs import count_text
from glue_tui.core.problem import Problem
from glue_tui.protocol.views import NodeView, ProblemView, RunSummary

__all__ = ["clock_text", "count", "counted", "duration", "size"]

CPU_TOLD_S = 0.05
"""Less is said by nobody: every attempt takes some."""


def figures(node: NodeView) -> list[str]:
    """Return what a node's last attempt read, wrote and took: `12 rows in (1.2 GB)`, `peak 312 MB`, `cpu 48s`."""
    found = [
        _amount(rows, size_bytes, way)
        for rows, size_bytes, way in ((node.rows_in, node.bytes_in, "in"), (node.rows_out, node.bytes_out, "out"))
        if rows is not None or size_bytes is not None
    ]
    return found + _spent(node)


def short_figures(node: NodeView) -> list[str]:
    """Return the same where there is little room: `10.1 M in`, `9.8 M out`, `peak 312 MB`, `cpu 48s`."""
    found = [
        f"{size(size_bytes or 0) if rows is None else rounded(rows)} {way}"
        for rows, size_bytes, way in ((node.rows_in, node.bytes_in, "in"), (node.rows_out, node.bytes_out, "out"))
        if rows is not None or size_bytes is not None
    ]
    return found + _spent(node)


def _spent(node: NodeView) -> list[str]:
    found = []
    if node.peak_memory_bytes:
        found.append(f"peak {size(node.peak_memory_bytes)}")
    if node.cpu_s is not None and node.cpu_s >= CPU_TOLD_S:
        found.append(f"cpu {duration(node.cpu_s)}")
    return found


def _amount(rows: int | None, size_bytes: int | None, way: str) -> str:
    if rows is None:
        return f"{size(size_bytes or 0)} {way}"
    return f"{counted(rows, 'row')} {way}" + (f" ({size(size_bytes)})" if size_bytes is not None else "")


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
