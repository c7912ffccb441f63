"""The one table of everything a key can do: key, words, when it is possible, what it does, its command-line twin.

Keys, footer, help and palette are made from `ACTIONS`. What an action does is in `verbs`.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass

from glue_tui.tui import cli_twins, refusals, verbs
from glue_tui.tui.host import Host
from glue_tui.tui.selection import Looked

Perform = Callable[[Host, Looked], Coroutine[None, None, None] | None]
"""What only moves things on screen is done when it returns; what asks or calls the engine returns a coroutine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One verb of the product."""

    name: str
    keys: tuple[str, ...]
    """Textual's names of the keys."""
    shown: str
    """The key as people read it."""
    label: str
    help: str
    group: str
    perform: Perform
    refusal: Callable[[Looked], str] = refusals.never
    """Why it is not possible now; empty where it is."""
    cli: Callable[[Looked], str] | None = None
    """The same on the command line, for what is selected."""
    in_footer: bool = False


def _to_pane(pane: str) -> Perform:
    def perform(host: Host, looked: Looked) -> None:
        host.go_to_pane(pane)

    return perform


def _cursor(where: str) -> Perform:
    def perform(host: Host, looked: Looked) -> None:
        host.move_cursor(where)

    return perform


def _pane_step(step: int) -> Perform:
    def perform(host: Host, looked: Looked) -> None:
        host.next_pane(step)

    return perform


def _growth(step: int) -> Perform:
    def perform(host: Host, looked: Looked) -> None:
        host.grow(step)

    return perform


def _move(where: str, keys: tuple[str, ...], shown: str, help: str) -> Action:
    return Action(
        name=where,
        keys=keys,
        shown=shown,
        label=where.replace("_", " "),
        help=help,
        group="Moving",
        perform=_cursor(where),
    )


def _pane(number: str, pane: str, help: str) -> Action:
    return Action(
        name=f"pane_{pane}",
        keys=(number,),
        shown=number,
        label=f"{pane} pane",
        help=help,
        group="Screen",
        perform=_to_pane(pane),
    )


ACTIONS: tuple[Action, ...] = (
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
    _move("up", ("k", "up"), "k ↑", "up; in the graph and the logs: scroll"),
    _move("down", ("j", "down"), "j ↓", "down"),
    _move("left", ("h", "left"), "h ←", "close the branch, or go to the one above; scroll left"),
    _move("right", ("right",), "→", "open the branch, or go to the logs; scroll right"),
    _move("page_up", ("pageup", "ctrl+u"), "PgUp", "a page up"),
    _move("page_down", ("pagedown", "ctrl+d"), "PgDn", "a page down"),
    _move("top", ("home",), "gg", "to the first line"),
    _move("bottom", ("G", "end"), "G", "to the last line"),
    _move("enter", ("enter",), "Enter", "open or close a branch; in the history: show that run"),
    _pane("1", "workflows", "to the workflows"),
    _pane("2", "triggers", "to the triggers"),
    _pane("3", "logs", "to the logs"),
    _pane("4", "view", "to the graph and the other views"),
    Action(
        name="next_pane",
        keys=("tab",),
        shown="Tab",
        label="next pane",
        help="to the next pane; shift+tab to the one before",
        group="Screen",
        perform=_pane_step(1),
    ),
    Action(
        name="previous_pane",
        keys=("shift+tab",),
        shown="S-Tab",
        label="previous pane",
        help="to the pane before",
        group="Screen",
        perform=_pane_step(-1),
    ),
    Action(
        name="grow",
        keys=("plus", "equals_sign"),
        shown="+",
        label="grow",
        help="grow the pane: half the screen, all of it",
        group="Screen",
        perform=_growth(1),
    ),
    Action(
        name="shrink",
        keys=("underscore", "minus"),
        shown="_",
        label="shrink",
        help="shrink the pane again",
        group="Screen",
        perform=_growth(-1),
    ),
    Action(
        name="palette",
        keys=("colon", "ctrl+p"),
        shown=":",
        label="commands",
        help="every command by name; ctrl+p does the same",
        group="Screen",
        perform=verbs.show_palette,
        in_footer=True,
    ),
    Action(
        name="help",
        keys=("question_mark",),
        shown="?",
        label="keys",
        help="this list",
        group="Screen",
        perform=verbs.show_help,
        in_footer=True,
    ),
    Action(
        name="leave",
        keys=("q",),
        shown="q",
        label="leave",
        help="leave the screen; engine and runs go on",
        group="Screen",
        perform=verbs.leave,
        in_footer=True,
    ),
)

BY_NAME: dict[str, Action] = {action.name: action for action in ACTIONS}
