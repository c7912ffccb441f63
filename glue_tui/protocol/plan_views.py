"""What a client sees of a resume before it is made: which nodes run again, and what changed since the run."""

from __future__ import annotations

from glue_tui.protocol.views import View


class ChangeView(View, frozen=True):
    """One difference between the definition that a run was pinned to and the one of now."""

    kind: str
    """added | removed | changed"""
    where: str
    """`jobs.clean_sales.timeout`"""
    before: str = ""
    after: str = ""
    lines: tuple[str, ...] = ()
    """Instead of both, for a text: the lines that went (`- …`) and came (`+ …`)."""
    concerns: str = "workflow"
    """again: nodes that run again | workflow: it as a whole | others: only nodes that stay as they are"""


class ScriptView(View, frozen=True):
    """A file of nodes that run again and that no definition holds: it is used as it is now, whatever is chosen."""

    path: str
    """Relative to the project folder where it lies within."""
    node_ids: tuple[str, ...]
    saved_at: float | None
    """Some time after the run began; None: the file is gone."""


class ResumePlanView(View, frozen=True):
    """Which nodes a resume would run again, in flow order, as ids; and what changed since the run began."""

    restart: tuple[str, ...]
    """Start again at once."""
    follow: tuple[str, ...]
    """Run in normal flow, if their triggers fire."""
    carried: tuple[str, ...]
    """Stay as they are."""
    gone: tuple[str, ...] = ()
    """Nodes of the run that the chosen definition does not have any more."""
    run_id: str = ""
    run_number: int = 0
    """The run to be resumed."""
    as_it_ran: bool = False
    """With the run's own definition, not with the one of now."""
    changes: tuple[ChangeView, ...] = ()
    """From the run's own definition to the one of now, whichever is chosen; those of nodes that run again first."""
    changes_total: int = 0
    """`changes` may be only the first of them."""
    scripts: tuple[ScriptView, ...] = ()
    refused_now: str = ""
    """Why the definition of now can't be used, where only the run's own one can."""
