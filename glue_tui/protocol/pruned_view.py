"""What a client sees of a history that was pruned, or would be."""

from __future__ import annotations

import msgspec

from glue_tui.protocol.views import View


class PrunedView(View, frozen=True):
    """What was removed from the history, with events and logs; before anything was, what would be."""

    runs: int
    workflows: dict[str, int] = msgspec.field(default_factory=dict)
    """Runs by workflow."""
    bytes: int = 0
    """About what they took, in the database and as logs."""
    stray_logs: int = 0
    """Log folders without a run."""
    has_more: bool = False
    """There are more: ask again."""
