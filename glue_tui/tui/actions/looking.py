"""Looking at what is selected, and finding it."""

from __future__ import annotations

from glue_tui.tui import cli_twins, refusals, verbs
from glue_tui.tui.actions.action import Action

LOOKING: tuple[Action, ...] = (
    Action(
        name="logs",
        keys=("l",),
        shown="l",
        label="logs",
        help="go to the logs of the selected node; on a closed branch: open it",
        group="Looking",
        perform=verbs.show_logs,
        cli=cli_twins.logs_of,
        in_footer=True,
    ),
    Action(
        name="edit",
        keys=("e",),
        shown="e",
        label="edit",
        help="open the workflow's file or the node's script in $EDITOR, at the error's line",
        group="Looking",
        perform=verbs.edit_file,
        refusal=refusals.edit,
        in_footer=True,
    ),
    Action(
        name="find",
        keys=("slash",),
        shown="/",
        label="find",
        help="filter the workflows by name while they have the focus (Esc shows all); elsewhere: find in the logs",
        group="Looking",
        perform=verbs.find,
        in_footer=True,
    ),
    Action(
        name="next_failed",
        keys=("exclamation_mark",),
        shown="!",
        label="next failed",
        help="to the next failed node of the tree",
        group="Looking",
        perform=verbs.next_failed,
        refusal=refusals.next_failed,
    ),
    Action(
        name="next_view",
        keys=("right_square_bracket",),
        shown="]",
        label="next view",
        help="next view of the workflow",
        group="Looking",
        perform=verbs.next_view,
    ),
    Action(
        name="previous_view",
        keys=("left_square_bracket",),
        shown="[",
        label="previous view",
        help="previous view of the workflow",
        group="Looking",
        perform=verbs.previous_view,
    ),
    Action(
        name="reload",
        keys=("ctrl+r",),
        shown="ctrl+r",
        label="reload",
        help="read the workflow files again now; saving one does it by itself",
        group="Looking",
        perform=verbs.reload_files,
        refusal=refusals.engine,
        cli=lambda looked: "glue-tui validate",
    ),
)
