"""What waits at EVENT triggers, as clients see it."""

from __future__ import annotations

from glue_tui.core import arrivals
from glue_tui.core.arrivals import SeenFile, Stage
from glue_tui.core.model import Trigger, Workflow
from glue_tui.engine.inboxes import event_triggers
from glue_tui.engine.kernel import Kernel
from glue_tui.protocol.inbox_views import InboxFile, InboxView
from glue_tui.protocol.requests import GetInbox


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
    inbox = kernel.inboxes.seen.get((workflow.name, trigger.name)) or {}
    if path:
        files = [inbox[path]] if path in inbox else []
    else:
        settling = [one for one in inbox.values() if one.stage is Stage.SETTLING]
        files = [*arrivals.pending(inbox), *sorted(settling, key=lambda one: (one.since, one.path))]
    return InboxView(
        workflow=workflow.name,
        trigger=trigger.name,
        patterns=trigger.watch.patterns,
        batch_size=trigger.watch.batch_size,
        batch_window_s=trigger.watch.batch_window_s,
        window_closes_at=arrivals.window_closes_at(inbox, trigger.watch),
        files=tuple(_file(one) for one in files),
    )


def _file(seen: SeenFile) -> InboxFile:
    return InboxFile(
        path=seen.path,
        size_bytes=seen.size_bytes,
        mtime=seen.mtime_ns / 1e9,
        stage=seen.stage.value,
        since=seen.since,
        change="created",
        run_id=seen.run_id,
    )
