"""Moving the cursor, in every list, the graph and the logs."""

from __future__ import annotations

from glue_tui.tui.actions.action import Action, Perform
from glue_tui.tui.host import Host
from glue_tui.tui.selection import Looked


def _cursor(where: str) -> Perform:
    def perform(host: Host, looked: Looked) -> None:
        host.move_cursor(where)

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


MOVING: tuple[Action, ...] = (
    _move("up", ("k", "up"), "k ↑", "up; in the graph and the logs: scroll"),
    _move("down", ("j", "down"), "j ↓", "down"),
    _move("left", ("h", "left"), "h ←", "close the branch, or go to the one above; scroll left"),
    _move("right", ("right",), "→", "open the branch, or go to the logs; scroll right"),
    _move("page_up", ("pageup", "ctrl+u"), "PgUp", "a page up"),
    _move("page_down", ("pagedown", "ctrl+d"), "PgDn", "a page down"),
    _move("top", ("home",), "gg", "to the first line"),
    _move("bottom", ("G", "end"), "G", "to the last line"),
    _move("enter", ("enter",), "Enter", "open or close a branch; in the history: show that run"),
)
