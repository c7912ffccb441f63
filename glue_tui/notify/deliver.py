"""Carrying out one order: read the run, find the words, send them, and say what came of it."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from glue_tui.core.codec import from_data
from glue_tui.core.model import NodeId, Notification, Workflow
from glue_tui.core.problem import EntityNotFound, GlueTuiError
from glue_tui.core.states import NotificationWay, Occasion
from glue_tui.jobs.templates import TextTemplates
from glue_tui.logs.write import Secrets
from glue_tui.notify.by_command import send_by_command
from glue_tui.notify.by_url import NotSent, send_to_url
from glue_tui.notify.facts import Facts, facts_of, sample_facts
from glue_tui.notify.words import Words, words_of
from glue_tui.protocol.deliveries import REASON_CHARS_MAX, DeliveryOrder, DeliveryResult
from glue_tui.store.database import open_readonly
from glue_tui.store.event_log import read_run


class TookTooLong(BaseException):
    """The time is over. No Exception, so that nobody on the way takes it for one of theirs."""


def deliver(order: DeliveryOrder) -> DeliveryResult:
    """Send one notification. Never raises: what went wrong is in the result, without secrets."""
    secrets = Secrets()
    try:
        with _limited(order.timeout_s):
            _send(order, secrets)
    except TookTooLong:
        return DeliveryResult(is_sent=False, reason=f"no end after {order.timeout_s:g} s")
    except NotSent as error:
        return DeliveryResult(is_sent=False, reason=_told(error, secrets))
    except GlueTuiError as error:
        return DeliveryResult(is_sent=False, reason=_told(error, secrets), is_final=True)
    except Exception as error:
        # Of a service's code or of ours: nobody is there to whom it could be raised.
        return DeliveryResult(is_sent=False, reason=_told(f"{type(error).__name__}: {error}", secrets))
    return DeliveryResult(is_sent=True)


def _send(order: DeliveryOrder, secrets: Secrets) -> None:
    notification, facts = _read(order)
    where = f"notification {order.position + 1}"
    templates = TextTemplates(facts.names(), secrets)
    words = words_of(notification, facts, templates, where)
    if order.sample_workflow is not None:
        words = Words(title=f"TEST: {words.title}", message=words.message)
    if notification.way is NotificationWay.URL:
        url = templates.text(notification.url, where=f"{where}: url")
        send_to_url(url, words, facts.occasion, secrets)
        return
    names = {**facts.names(), "title": words.title, "message": words.message}
    send_by_command(notification, facts, words, TextTemplates(names, secrets), where)


def _read(order: DeliveryOrder) -> tuple[Notification, Facts]:
    """Return what the order is about; the run's own definition says how it is told."""
    occasion, now = Occasion(order.occasion), time.time()
    if order.sample_workflow is not None:
        workflow = from_data(Workflow, order.sample_workflow)
        return workflow.notifications[order.position], sample_facts(workflow, occasion, order.project_dir, now)
    conn = open_readonly(order.state_db)
    if conn is None:
        raise EntityNotFound(f"{order.state_db} is gone")
    with contextlib.closing(conn):
        run = read_run(conn, order.run_id)
    node_id = NodeId(order.node_id) if order.node_id else None
    return run.workflow.notifications[order.position], facts_of(run, occasion, node_id, order.project_dir, now)


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Raise TookTooLong inside when so much time has passed; a program that is waited for is killed by that."""

    def end(number: int, frame: FrameType | None) -> None:
        raise TookTooLong

    signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _told(error: object, secrets: Secrets) -> str:
    text = " ".join(secrets.mask(str(error)).split())
    return text if len(text) <= REASON_CHARS_MAX else text[: REASON_CHARS_MAX - 1] + "…"
