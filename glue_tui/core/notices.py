"""What of a run is to be told to somebody, by what its definition says under `[[notifications]]`. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from glue_tui.core.events import DelayNoticed, Event, RunFinished
from glue_tui.core.model import NodeId, Notification
from glue_tui.core.run import WorkflowRun
from glue_tui.core.states import NotificationWay, Occasion

NOTICE_NAMES = ("workflow", "project", "outcome", "trigger", "duration", "failed", "reason", "logs", "retry")
"""What a template of a notification may say besides what every template knows."""
WORDS_NAMES = ("title", "message")
"""The same, once these two are known: in a command's arguments."""
_TEMPLATE = re.compile(r"\{\{[^{}]*\}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing to tell in one way. In a run there is no second one that is equal."""

    position: int
    """Of the notification in the run's definition, from 0."""
    occasion: Occasion
    node_id: NodeId | None = None
    """The job that takes long."""
    attempt: int = 0


def notices_of(run: WorkflowRun, events: Iterable[Event]) -> tuple[Notice, ...]:
    """Return what these events of a run give reason to send; terminals are told by what `terminal_occasions` says."""
    notices: list[Notice] = []
    for event in events if run.workflow.notifications else ():
        match event:
            case RunFinished(outcome=outcome):
                told = Notice(position=0, occasion=Occasion(outcome.value))
            case DelayNoticed(node_id=node_id, attempt=attempt):
                told = Notice(position=0, occasion=Occasion.DELAYED, node_id=node_id, attempt=attempt)
            case _:
                continue
        notices += [
            Notice(position=position, occasion=told.occasion, node_id=told.node_id, attempt=told.attempt)
            for position, one in enumerate(run.workflow.notifications)
            if told.occasion in one.on and one.way is not NotificationWay.TERMINAL
        ]
    return tuple(notices)


def terminal_occasions(run: WorkflowRun) -> tuple[str, ...]:
    """Return on what an open screen is to ring, by the definition that the run is pinned to."""
    found = [one.on for one in run.workflow.notifications if one.way is NotificationWay.TERMINAL]
    return tuple(dict.fromkeys(occasion.value for on in found for occasion in on))


def shown_target(notification: Notification) -> str:
    """Return whom it goes to as people may see it: the program, or the URL with nothing of what stands for secrets."""
    if notification.way is not NotificationWay.URL:
        return notification.command[0] if notification.command else ""
    scheme, colon, rest = notification.url.partition("://")
    if not colon:
        return notification.url if _TEMPLATE.fullmatch(notification.url) else "***"
    return f"{scheme}://{rest if _TEMPLATE.fullmatch(rest) else '***'}"
