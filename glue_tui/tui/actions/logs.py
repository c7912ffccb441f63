"""What is done in the logs alone: finding, filtering, choosing lines, copying and saving them."""

from __future__ import annotations

from collections.abc import Callable

from glue_tui.tui.actions.action import Action
from glue_tui.tui.host import Host
from glue_tui.tui.place import Place
from glue_tui.tui.screens.log_line import LogLineScreen
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


async def _open_line(host: Host, looked: Looked) -> None:
    """Open a line whole, and copy it where that is asked for."""
    logs = host.logs
    line = logs.line_to_open()
    if line is None:
        host.say("no line to open", tone="warn")
        return
    text = await host.ask(LogLineScreen(host.look, *line, logs.book.time_zone))
    if text is not None:
        logs.copy_text(text, "the line")


def _split(host: Host, looked: Looked) -> None:
    host.desk.toggle_split()


def _lock(host: Host, looked: Looked) -> None:
    if not host.desk.is_split:
        host.say("there is one log: | puts a second one beside it", tone="warn")
    elif host.desk.toggle_lock():
        host.say("both logs go together by time: two tries since their start, others by the clock")
    else:
        host.say("each log goes by itself")


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
    Action(
        name="open_line",
        keys=("enter",),
        shown="Enter",
        label="open line",
        help="open the marked line, or the last one on screen, whole: JSON drawn out, libraries of a trace folded",
        group="Logs",
        perform=_open_line,
        place=Place.LOGS,
    ),
    _action(
        "find_everywhere",
        ("asterisk",),
        "*",
        "find in all logs",
        "find in all logs of the run",
        LogPane.begin_find_everywhere,
    ),
    _action(
        "log_level",
        ("L",),
        "L",
        "log level",
        "the least level shown: INFO, WARN, ERROR, and all lines again",
        LogPane.next_level,
    ),
    _action(
        "log_times",
        ("t",),
        "t",
        "log times",
        "times by the clock, since the log began, since the line above",
        LogPane.next_times,
    ),
    Action(
        name="split_logs",
        keys=("vertical_line",),
        shown="|",
        label="split logs",
        help="a second log beside the first: the try before, or all; Tab goes from one to the other",
        group="Logs",
        perform=_split,
        place=Place.LOGS,
    ),
    Action(
        name="lock_logs",
        keys=("T",),
        shown="T",
        label="logs together",
        help="two logs go together by time, or each by itself; two tries by the time since they began",
        group="Logs",
        perform=_lock,
        place=Place.LOGS,
    ),
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
