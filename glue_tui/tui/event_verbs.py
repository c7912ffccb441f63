"""What is done in the Events view: batches fired, files dropped and explained, lines of the story followed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from glue_tui.client import why
from glue_tui.client.explained import Explanation
from glue_tui.client.on_disk import what_lies_at
from glue_tui.client.why_file import file_at_trigger
from glue_tui.client.words import counted, waiting_text
from glue_tui.core.problem import EntityNotFound
from glue_tui.protocol.inbox_views import InboxView
from glue_tui.protocol.views import RunSummary
from glue_tui.tui import cli_twins, refusals, verbs
from glue_tui.tui.host import Host
from glue_tui.tui.navigation import pick_node
from glue_tui.tui.place import Place
from glue_tui.tui.screens.confirm import ConfirmScreen
from glue_tui.tui.screens.message import MessageScreen
from glue_tui.tui.selection import Looked, look_up
from glue_tui.tui.why import explanation_lines
from glue_tui.tui.widgets.event_list import EventRow, StoryHead
from glue_tui.tui.widgets.inbox_rows import ENDED, FileRow, FolderRow, waiting_in

NO_INBOX = "put the cursor on a trigger or a file that waits"


def inbox_here(host: Host) -> InboxView | None:
    """Return the inbox that the cursor is in; the only one there is where it is in none."""
    events = host.view.events
    row = events.current
    if row is None or isinstance(row, EventRow | StoryHead):
        return events.inboxes[0] if len(events.inboxes) == 1 else None
    return next((one for one in events.inboxes if one.trigger == row.trigger), None)


async def fire_batch(host: Host, looked: Looked) -> None:
    """Start a run with the settled files that wait where the cursor is."""
    inbox = inbox_here(host)
    if inbox is None:
        host.say(NO_INBOX, tone="warn")
        return
    if not waiting_in(inbox)[0]:
        twin = cli_twins.fire(inbox.workflow, inbox.trigger, None)
        host.say(f"no settled file waits at {inbox.trigger}; without files starts a run:", cli=twin, tone="warn")
        return
    await verbs.fire_trigger(host, replace(looked, trigger=looked.model.trigger(inbox.workflow, inbox.trigger)))


async def drop_here(host: Host, looked: Looked) -> None:
    """Let the file or the folder's files under the cursor start nothing, after a question that names them."""
    row = host.view.events.current
    inbox = inbox_here(host)
    if inbox is not None and isinstance(row, FileRow) and row.waits:
        await _drop(host, inbox, (row.path,), row.path)
    elif inbox is not None and isinstance(row, FolderRow) and row.folder != ENDED:
        paths = tuple(one.path for one in inbox.files if one.path.rpartition("/")[0] == row.folder)
        await _drop(host, inbox, paths, f"{counted(len(paths), 'file')} of {row.name}")
    else:
        host.say("put the cursor on a file that waits; D drops all of a trigger", tone="warn")


async def drop_all(host: Host, looked: Looked) -> None:
    """Let all that waits at the cursor's trigger start nothing, after a question."""
    inbox = inbox_here(host)
    if inbox is None or not inbox.files:
        host.say(f"no file waits at {inbox.trigger}" if inbox is not None else NO_INBOX, tone="warn")
        return
    await _drop(host, inbox, (), f"{counted(len(inbox.files), 'file')}, all that {_wait(inbox)}")


def _wait(inbox: InboxView) -> str:
    return f"{waiting_text(len(inbox.files)).rpartition(' ')[2]} at {inbox.trigger}"


async def _drop(host: Host, inbox: InboxView, paths: tuple[str, ...], what: str) -> None:
    consequence = f"It starts no run by {inbox.trigger}. What changes from now on counts again. No file is deleted."
    if not await host.ask(ConfirmScreen(host.look, f"Drop {what}?", consequence, verb="drop it")):
        return
    try:
        number = await host.client.drop_files(inbox.workflow, inbox.trigger, paths)
    except EntityNotFound as error:
        host.say(f"{error.message}: it may just have started a run", tone="warn")
        return
    twin = cli_twins.drop(inbox.workflow, inbox.trigger, paths if len(paths) == 1 else ())
    host.say(f"dropped {counted(number, 'file')} of {inbox.trigger}", cli=twin if len(paths) < 2 else "", tone="warn")


async def explain_here(host: Host, looked: Looked) -> None:
    """Tell why the cursor's file, trigger or node did or did not start something."""
    row = host.view.events.current
    inbox = inbox_here(host)
    if inbox is not None and isinstance(row, FileRow):
        told = await _why_file(host, looked, inbox, row)
        await host.ask(MessageScreen(host.look, "why this file", explanation_lines(told)))
        return
    if isinstance(row, EventRow) and row.node_id:
        looked = look_up(looked.model, pick_node(looked.model, looked.selection, row.node_id))
    elif inbox is not None:
        looked = replace(looked, trigger=looked.model.trigger(inbox.workflow, inbox.trigger), node=None)
    if reason := refusals.why(looked):
        host.say(reason, tone="warn")
    else:
        await verbs.explain(host, looked)


async def _why_file(host: Host, looked: Looked, inbox: InboxView, row: FileRow) -> Explanation:
    workflow = looked.model.workflow(inbox.workflow)
    trigger = looked.model.trigger(inbox.workflow, inbox.trigger)
    assert workflow is not None
    assert trigger is not None
    found = await host.client.inboxes(inbox.workflow, inbox.trigger, row.path)
    known = next((one for view in found for one in view.files if one.path == row.path), None)
    around = why.surroundings(looked.model.engine, workflow, tuple(looked.model.runs.values()), host.now(), inbox=inbox)
    return file_at_trigger(
        around,
        trigger,
        row.path,
        known=known,
        on_disk=await asyncio.to_thread(what_lies_at, host.project_dir / Path(row.path)),
        taken_by=await _run(host, looked, known.run_id if known is not None else ""),
    )


async def _run(host: Host, looked: Looked, run_id: str) -> RunSummary | None:
    if not run_id:
        return None
    if (run := looked.model.runs.get(run_id)) is not None:
        return run.summary
    try:
        return (await host.client.run(run_id)).summary
    except EntityNotFound:
        return None


async def follow_row(host: Host, looked: Looked) -> None:
    """Open or close a folder; show the run that took a file; go to a line's node and its log."""
    events = host.view.events
    match events.current:
        case FolderRow():
            events.toggle()
        case FileRow(run_id=run_id) if run_id:
            await host.open_run(run_id)
        case EventRow(node_id=node_id, attempt=attempt) if node_id:
            host.go_to_node(looked.selection.workflow, node_id)
            _open_log(host, looked, node_id, attempt)
            host.go_to_place(Place.LOGS)
        case _:
            host.say("Enter opens a folder, the run of a file that was taken, the log of a line's node", tone="warn")


def _open_log(host: Host, looked: Looked, node_id: str, attempt: int) -> None:
    """Bring up the log of an attempt, where it has one."""
    nodes = looked.run.nodes if looked.run is not None else ()
    attempts = [one for node in nodes if node.node_id == node_id for one in node.attempts if one.attempt == attempt]
    paths = [tab.path for tab in host.logs.book.tabs]
    if attempts and attempts[0].log_path in paths:
        host.logs.show(host.logs.book.tabs, paths.index(attempts[0].log_path))


def only_node(host: Host, looked: Looked) -> None:
    """Show only the events of the cursor's node, or all again."""
    if not host.view.events.toggle_node():
        host.say("put the cursor on a line of a node", tone="warn")
