"""What waits at EVENT triggers, as clients see it."""

from __future__ import annotations

from glue_tui.core.arrivals import SeenFile
from glue_tui.core.model import Trigger, Workflow
from glue_tui.engine.inboxes import event_triggers
from glue_tui.engine.kernel import Kernel
from glue_tui.protocol.inbox_views import InboxFile, InboxView
from glue_tui.protocol.requests import GetInbox
from glue_tui.store.database import reading


def inbox_views(kernel: Kernel, ask: GetInbox) -> tuple[InboxView, ...]:
    """Return the inboxes that are asked for. Raises EntityNotFound, InvalidInput (a trigger that watches no files)."""
    if ask.trigger:
        kernel.event_trigger(ask.workflow, ask.trigger)
    elif ask.workflow:
        kernel.workflow(ask.workflow)
    return tuple(
        _view(kernel, workflow, trigger, ask.path)
        for workflow, trigger in event_triggers(kernel.workflows)
        if ask.workflow in ("", workflow.name) and ask.trigger in ("", trigger.name)
    )


def _view(kernel: Kernel, workflow: Workflow, trigger: Trigger, path: str) -> InboxView:
    assert trigger.watch is not None
    inbox = kernel.inboxes.of((workflow.name, trigger.name))
    assert inbox is not None
    if path:
        with reading():
            known = inbox.known(kernel.conn, path)
        files = [known] if known is not None else []
    else:
        files = [*inbox.open_files()]
    return InboxView(
        workflow=workflow.name,
        trigger=trigger.name,
        patterns=trigger.watch.patterns,
        batch_size=trigger.watch.batch_size,
        batch_window_s=trigger.watch.batch_window_s,
        window_closes_at=inbox.closes_at,
        files=tuple(_file(one, is_open=one.path in inbox.open_for_writing) for one in files),
    )


def _file(seen: SeenFile, *, is_open: bool) -> InboxFile:
    return InboxFile(
        path=seen.path,
        size_bytes=seen.size_bytes,
        mtime=seen.mtime_ns / 1e9,
        stage=seen.stage.value,
        since=seen.since,
        change=seen.change.value,
        run_id=seen.run_id,
        note="open for writing" if is_open else "",
    )
