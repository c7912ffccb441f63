"""The screen itself: its panes, the palette, help, the way out."""

from __future__ import annotations

from glue_tui.tui import verbs
from glue_tui.tui.actions.action import Action, Perform
from glue_tui.tui.host import Host
from glue_tui.tui.selection import Looked


def _to_pane(pane: str) -> Perform:
    def perform(host: Host, looked: Looked) -> None:
        host.go_to_pane(pane)

    return perform


def _pane_step(step: int) -> Perform:
    def perform(host: Host, looked: Looked) -> None:
        host.next_pane(step)

    return perform


def _growth(step: int) -> Perform:
    def perform(host: Host, looked: Looked) -> None:
        host.grow(step)

    return perform


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


SCREEN: tuple[Action, ...] = (
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
