"""What a run's past tells of it: how long its nodes usually take, when it ends, what decides that."""

from __future__ import annotations

from glue_tui.protocol.views import RunView, View


class UsualView(View, frozen=True):
    """How long a node usually takes: the median of its last successful attempts in this workflow."""

    node_id: str
    usual_s: float
    attempts: int
    """So many successful attempts it is the median of."""


class RunToldView(RunView, frozen=True):
    """A run with what its past tells: the shape of `glue-tui status RUN --json`."""

    usual: tuple[UsualView, ...] = ()
    critical_path: tuple[str, ...] = ()
    """Ids of the nodes that decide when the run ends, or ended, in their order."""
    ends_at: float | None = None
    """When a run that is going will end, if its nodes take as long as usual."""
    no_estimate: str = ""
    """Why nothing can be said of that."""
