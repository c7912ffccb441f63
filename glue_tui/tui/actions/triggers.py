"""What is done with triggers, and with what keeps them from firing."""

from __future__ import annotations

from glue_tui.tui import cli_twins, refusals, verbs
from glue_tui.tui.actions.action import Action

TRIGGERS: tuple[Action, ...] = (
    Action(
        name="why",
        keys=("w",),
        shown="w",
        label="why",
        help="why a trigger fired or not: each condition as true, not yet or never",
        group="Triggers",
        perform=verbs.explain,
        refusal=refusals.why,
        cli=cli_twins.why_of,
        in_footer=True,
    ),
    Action(
        name="pause",
        keys=("space",),
        shown="space",
        label="pause",
        help="pause the trigger, or let it fire again",
        group="Triggers",
        perform=verbs.pause_trigger,
        refusal=refusals.pause,
        cli=cli_twins.pause_of,
        in_footer=True,
    ),
    Action(
        name="fire",
        keys=("f",),
        shown="f",
        label="fire",
        help="start a run by this trigger, now",
        group="Triggers",
        perform=verbs.fire_trigger,
        refusal=refusals.fire,
        cli=cli_twins.fire_of,
        in_footer=True,
    ),
    Action(
        name="release",
        keys=("H",),
        shown="H",
        label="release",
        help="let schedules and files start runs again, after the engine was held because it had crashed repeatedly",
        group="Triggers",
        perform=verbs.release_engine,
        refusal=refusals.release,
        cli=lambda looked: "glue-tui engine release",
    ),
)
