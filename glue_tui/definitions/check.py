"""The graph as a whole: cycles, nodes nothing reaches, conditions that can't come true, loops through watched files."""

from __future__ import annotations

from glue_tui.core.model import Workflow
from glue_tui.definitions.build import Scope


def check_graph(workflow: Workflow, scope: Scope) -> None:
    """Report what is wrong with the whole, of which the parts were read already."""
