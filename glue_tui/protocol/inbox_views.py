"""What waits at EVENT triggers, as clients see it."""

from __future__ import annotations

from glue_tui.protocol.views import View

DOUBTED = (
    "waits for a quiet moment: its files came while runs that files had started were at work, many times in a row"
    " (allow_loop = true if a program answers its runs with new files)"
)
"""Note of a trigger whose batch is complete: its runs may make the files that start them."""
STOPPED = "stopped: "
"""With this begins the note of a trigger that the engine has paused by itself."""


class InboxFile(View, frozen=True):
    """One file of an EVENT trigger."""

    path: str
    """Relative to the project folder."""
    size_bytes: int
    mtime: float
    stage: str
    """SETTLING | PENDING; a single file that was asked for also BASELINE | TAKEN | DROPPED | UNSELECTED."""
    since: float
    """When it came into this stage; for SETTLING, when it was last seen to change."""
    change: str
    """created | modified | deleted"""
    run_id: str = ""
    """The run that took it."""
    run_number: int = 0
    """Its number, where it is known here."""
    note: str = ""
    """What it waits for, where that is something else than time: `open for writing`."""


class InboxView(View, frozen=True):
    """What waits at an EVENT trigger: files that settle, and those of its next batches."""

    workflow: str
    trigger: str
    patterns: tuple[str, ...]
    batch_size: int
    batch_window_s: float
    window_closes_at: float | None = None
    """When the batch fires at the latest; None without settled files."""
    files: tuple[InboxFile, ...] = ()
    """Settled ones first, oldest first."""
    ended: tuple[InboxFile, ...] = ()
    """Some that wait no more, newest first: taken by a run, dropped, not selected. Only where they were asked for."""
