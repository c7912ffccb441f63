"""What is done with runs."""

from __future__ import annotations

from glue_tui.tui import cli_twins, refusals, verbs
from glue_tui.tui.actions.action import Action

RUNS: tuple[Action, ...] = (
    Action(
        name="run",
        keys=("r",),
        shown="r",
        label="run",
        help="start a run of the workflow; asks for its properties where there is something to ask",
        group="Runs",
        perform=verbs.start_run,
        refusal=refusals.run,
        cli=lambda looked: cli_twins.run(looked.selection.workflow, None),
        in_footer=True,
    ),
    Action(
        name="retry",
        keys=("R",),
        shown="R",
        label="retry",
        help="run again what failed, or the selected node, with everything downstream; shows the list first",
        group="Runs",
        perform=verbs.retry_run,
        refusal=refusals.retry,
        cli=cli_twins.retry_of,
        in_footer=True,
    ),
    Action(
        name="stop",
        keys=("s",),
        shown="s",
        label="stop",
        help="stop the run on show",
        group="Runs",
        perform=verbs.stop_run,
        refusal=refusals.stop,
        cli=cli_twins.stop_of,
        in_footer=True,
    ),
    Action(
        name="last_run",
        keys=("o",),
        shown="o",
        label="last run",
        help="go back from an older run to the workflow's last one",
        group="Runs",
        perform=verbs.show_last_run,
        refusal=refusals.last_run,
        cli=lambda looked: cli_twins.status(looked.selection.workflow),
    ),
)
