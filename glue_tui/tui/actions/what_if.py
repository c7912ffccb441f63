"""Supposing that nodes end otherwise, and coming back to what is true."""

from __future__ import annotations

from glue_tui.tui import cli_twins, refusals
from glue_tui.tui.actions.action import Action
from glue_tui.tui.host import Host
from glue_tui.tui.selection import Looked, WhatIf, run_for, without_what_if
from glue_tui.tui.what_if import true_ends, with_next


async def suppose(host: Host, looked: Looked) -> None:
    """Let the selected node end in the next way there is, and show what the rules make of it."""
    assert looked.definition is not None
    name = looked.selection.workflow
    true_run = run_for(looked.model, without_what_if(looked.selection), name)
    ends = true_ends(true_run)
    node_id = looked.definition.node_id
    before = looked.what_if.outcomes if looked.what_if is not None else {}
    supposed = with_next(before, node_id, ends.get(node_id, ""))
    if not supposed:
        host.suppose(None)
        return
    outcomes = {**ends, **supposed}
    trigger = true_run.summary.trigger if true_run is not None else ""
    run = await host.client.what_if(name, trigger=trigger, outcomes=outcomes)
    host.suppose(WhatIf(workflow=name, outcomes=supposed, run=run))
    host.say(
        f"supposed: {looked.definition.name} {supposed.get(node_id, 'ends as it did')}; W goes on, Esc leaves",
        cli=cli_twins.what_if(name, trigger, outcomes),
        tone="warn",
    )


def leave(host: Host, looked: Looked) -> None:
    """Show again what is true."""
    host.suppose(None)


WHAT_IF: tuple[Action, ...] = (
    Action(
        name="what_if",
        keys=("W",),
        shown="W",
        label="what if",
        help="suppose that the node ends otherwise: FAILED, SUCCEEDED, TIMEOUT …; shows what would fire and start",
        group="Looking",
        perform=suppose,
        refusal=refusals.what_if,
        cli=lambda looked: cli_twins.what_if(
            looked.selection.workflow, "", looked.what_if.outcomes if looked.what_if is not None else {}
        ),
    ),
    Action(
        name="leave_what_if",
        keys=("escape",),
        shown="Esc",
        label="leave what-if",
        help="suppose nothing any more: show what is true",
        group="Looking",
        perform=leave,
    ),
)
