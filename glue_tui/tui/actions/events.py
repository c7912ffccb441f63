"""What is done in the Events view alone: with files that wait, and with the story of the run."""

from __future__ import annotations

from collections.abc import Callable

from glue_tui.tui import cli_twins, event_verbs, refusals
from glue_tui.tui.actions.action import Action, Perform
from glue_tui.tui.host import Host
from glue_tui.tui.place import Place
from glue_tui.tui.selection import Looked
from glue_tui.tui.widgets.event_list import EventList


def _on_list(do: Callable[[EventList], None]) -> Perform:
    def perform(host: Host, looked: Looked) -> None:
        do(host.view.events)

    return perform


def _action(
    name: str,
    keys: tuple[str, ...],
    shown: str,
    label: str,
    help: str,
    perform: Perform,
    *,
    refusal: Callable[[Looked], str] = refusals.never,
    cli: Callable[[Looked], str] | None = None,
) -> Action:
    return Action(
        name=name,
        keys=keys,
        shown=shown,
        label=label,
        help=help,
        group="Events",
        perform=perform,
        refusal=refusal,
        cli=cli,
        place=Place.EVENTS,
    )


EVENTS: tuple[Action, ...] = (
    _action(
        "fire_batch",
        ("f",),
        "f",
        "fire batch",
        "start a run now with the settled files that wait here, at most one batch",
        event_verbs.fire_batch,
        refusal=refusals.inbox,
        cli=cli_twins.fire_batch_of,
    ),
    _action(
        "drop_file",
        ("d",),
        "d",
        "drop file",
        "let the file, or the folder's files, start nothing; asks first",
        event_verbs.drop_here,
        refusal=refusals.inbox,
    ),
    _action(
        "drop_all",
        ("D",),
        "D",
        "drop all files",
        "let all files that wait at this trigger start nothing; asks first",
        event_verbs.drop_all,
        refusal=refusals.inbox,
        cli=cli_twins.drop_all_of,
    ),
    _action(
        "why_event",
        ("w",),
        "w",
        "why this event",
        "why this file started a run or did not; on a line of the story: why its node ran or did not",
        event_verbs.explain_here,
    ),
    _action(
        "follow_event",
        ("enter",),
        "Enter",
        "go to event",
        "open a folder; go to the run that took a file, to the log of a line's node",
        event_verbs.follow_row,
    ),
    _action(
        "filter_events",
        ("slash",),
        "/",
        "filter events",
        "show only files and events with this in them, events by their names too; with ! in front, the others",
        _on_list(EventList.begin_filter),
        cli=cli_twins.events_of,
    ),
    _action(
        "only_node",
        ("space",),
        "space",
        "only this node",
        "show only the events of this line's node, or all again",
        event_verbs.only_node,
        cli=cli_twins.events_of,
    ),
    _action(
        "event_times",
        ("t",),
        "t",
        "event times",
        "times of the wall, or since the run began",
        _on_list(EventList.toggle_times),
    ),
    _action(
        "all_events", ("escape",), "Esc", "all events", "let go of the filter, show all", _on_list(EventList.let_go)
    ),
)
