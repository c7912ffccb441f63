"""A run that never was, as a client sees it: which triggers would fire, which nodes would start, which never. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from glue_tui.core.graph import start_trigger
from glue_tui.core.model import Workflow
from glue_tui.core.problem import EntityNotFound, did_you_mean
from glue_tui.core.what_if import play, read_outcomes
from glue_tui.protocol.present import run_view
from glue_tui.protocol.views import NodeView, RunView


def what_if_view(workflow: Workflow, trigger: str, outcomes: Mapping[str, str]) -> RunView:
    """Return the run that a trigger would begin (none named: that of a start by hand), without times and attempts.

    `outcomes` says how nodes end, by name or id; all others succeed. Raises EntityNotFound, InvalidInput.
    """
    start = start_trigger(workflow, trigger)
    if start is None:
        names = [one.name for one in workflow.triggers if one.type.starts_runs]
        near = did_you_mean(trigger, names) or f"those that do: {', '.join(names)}"
        raise EntityNotFound(f'no trigger "{trigger}" starts runs of {workflow.name}', hint=near)
    run = run_view(play(workflow, start, read_outcomes(workflow, outcomes)), "")
    summary = msgspec.structs.replace(run.summary, queued_at=0.0, started_at=None, finished_at=None, message="")
    return msgspec.structs.replace(
        run,
        summary=summary,
        nodes=tuple(_timeless(node) for node in run.nodes),
        triggers=tuple(msgspec.structs.replace(one, fired_at=None) for one in run.triggers),
    )


def _timeless(node: NodeView) -> NodeView:
    return msgspec.structs.replace(
        node, queued_at=None, started_at=None, finished_at=None, error=None, exit_code=None, attempts=()
    )
