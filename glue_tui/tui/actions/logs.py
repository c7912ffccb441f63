"""What is done in the logs alone: finding, filtering, choosing lines, copying and saving them."""

from __future__ import annotations

from collections.abc import Callable

from glue_tui.tui.actions.action import Action
from glue_tui.tui.host import Host
from glue_tui.tui.place import Place
from glue_tui.tui.selection import Looked
from glue_tui.tui.widgets.log_pane import LogPane


def _action(
    name: str, keys: tuple[str, ...], shown: str, label: str, help: str, do: Callable[[LogPane], None]
) -> Action:
    def perform(host: Host, looked: Looked) -> None:
        do(host.logs)

    return Action(
        name=name,
        keys=keys,
        shown=shown,
        label=label,
        help=help,
        group="Logs",
        perform=perform,
        place=Place.LOGS,
    )


LOGS: tuple[Action, ...] = (
    _action("find_in_logs", ("slash",), "/", "find in logs", "find; a regular expression", LogPane.begin_find),
    _action("next_hit", ("n",), "n", "next hit", "next hit", lambda logs: logs.find_hit(1)),
    _action("previous_hit", ("N",), "N", "previous hit", "the hit before", lambda logs: logs.find_hit(-1)),
    _action(
        "filter_logs",
        ("ampersand",),
        "&",
        "filter logs",
        "show only lines that match; with ! in front, those that do not",
        LogPane.begin_filter,
    ),
    _action("next_error", ("e",), "e", "next error", "next error", lambda logs: logs.find_error(1)),
    _action("previous_error", ("E",), "E", "previous error", "the error before", lambda logs: logs.find_error(-1)),
    _action("previous_log", ("less_than_sign",), "<", "previous log", "the log before", lambda logs: logs.next_tab(-1)),
    _action("next_log", ("greater_than_sign",), ">", "next log", "the next log", lambda logs: logs.next_tab(1)),
    _action("choose_lines", ("v",), "v", "choose lines", "choose lines; y copies them", LogPane.toggle_selection),
    _action("copy_lines", ("y",), "y", "copy lines", "copy what is chosen, or what is on screen", LogPane.copy),
    _action("save_log", ("S",), "S", "save log", "save the log as shown to a file", LogPane.begin_save),
    _action(
        "wrap_lines", ("z",), "z", "wrap lines", "wrap all long lines, or only those of errors", LogPane.toggle_wrap
    ),
    _action("let_go", ("escape",), "Esc", "let go", "let go of chosen lines, hits, the filter", LogPane.let_go),
)
