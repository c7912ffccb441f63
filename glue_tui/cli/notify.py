"""`glue-tui notify`: what was sent about runs, a sample to see whether it arrives, and another try of what failed."""

from __future__ import annotations

import time

import click

from glue_tui.cli.history import project_history
from glue_tui.cli.output import harmless, paint, ring, say, show, show_json, table_text, time_text
from glue_tui.cli.session import with_engine
from glue_tui.cli.settings import EXIT_RUN_NOT_SUCCEEDED, Settings
from glue_tui.client.api import EngineClient
from glue_tui.client.words import counted
from glue_tui.core.problem import EntityNotFound, InvalidInput
from glue_tui.core.states import DeliveryState, NotificationWay
from glue_tui.protocol.deliveries import DeliveryResult, DeliveryView
from glue_tui.protocol.views import NotificationView

HEADERS = ("run", "workflow", "N", "on", "by", "to", "state", "tries", "at", "why")
_TONES = {
    DeliveryState.SENT: "good",
    DeliveryState.PENDING: "muted",
    DeliveryState.FAILED: "bad",
    DeliveryState.MISSED: "warn",
}


@click.group("notify")
def notify_command() -> None:
    """Show, try and repeat the notifications about runs, as `[[notifications]]` in the workflow files ask for them."""


@notify_command.command("list")
@click.argument("run", metavar="[RUN]", default="")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([one.value for one in DeliveryState], case_sensitive=False),
    help="Only those in this state; may be repeated.",
)
@click.option("-n", "--limit", type=click.IntRange(1, 100_000), default=30, show_default=True, help="How many.")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
@click.pass_obj
def list_command(settings: Settings, run: str, states: tuple[str, ...], limit: int, as_json: bool) -> None:
    """List what was sent, is to be sent, or could not be sent and why, newest first; about RUN only, if one is named.

    Needs no engine. What a terminal was told is not kept.
    """
    history = project_history(settings.project_dir())
    run_id = history.run_id(run) if run else ""
    found = history.deliveries(run_id=run_id, states=states, limit=limit + 1)
    if as_json:
        show_json(found[:limit])
    elif found:
        now = time.time()
        show(table_text(HEADERS, [_row(one, now) for one in found[:limit]], right=(0, 2, 7)))
    else:
        say("no such notifications" if run or states else "no notifications yet")
    if len(found) > limit:
        say(f"the {limit} newest; --limit shows more")


@notify_command.command("test")
@click.argument("workflow")
@click.argument("number", metavar="[N]", type=click.IntRange(min=1), required=False)
@click.pass_obj
def test_command(settings: Settings, workflow: str, number: int | None) -> None:
    """Send a sample of the notifications of WORKFLOW now, or of its Nth, and say whether it arrived.

    The engine sends it, with its own environment, as it sends the others. Exits 1 if one could not be sent.
    """
    from glue_tui.cli.graph import find_workflow

    found = find_workflow(settings, workflow)
    if found.is_broken:
        raise InvalidInput(f"{found.source} has errors", hint="`glue-tui validate` lists them")
    notifications = found.notifications
    chosen = [number] if number is not None else list(range(1, len(notifications) + 1))
    if not chosen:
        raise EntityNotFound(f"{workflow} has no notifications", hint="[[notifications]] in its file asks for them")
    if chosen[-1] > len(notifications):
        there = counted(len(notifications), "notification")
        raise EntityNotFound(f"no notification {number}: {workflow} has {there}", hint="they count from 1 in the file")
    has_failed = False
    for one in chosen:
        has_failed |= not _try_one(settings, workflow, one, notifications[one - 1])
    if has_failed:
        click.get_current_context().exit(EXIT_RUN_NOT_SUCCEEDED)


@notify_command.command("retry")
@click.argument("run", metavar="[RUN]", default="")
@click.pass_obj
def retry_command(settings: Settings, run: str) -> None:
    """Send once more what failed or was missed; about RUN only, if one is named."""
    count = with_engine(settings.project_dir(), lambda client: client.retry_notifications(run))
    say(f"{counted(count, 'notification')} to be sent again: `glue-tui notify list`" if count else "nothing has failed")


def _try_one(settings: Settings, workflow: str, number: int, notification: NotificationView) -> bool:
    """Send one sample and say what came of it; return whether it arrived."""
    to = f" to {harmless(notification.target)}" if notification.target else ""
    what = f"notification {number} of {workflow}, by {notification.way}{to}"
    if notification.way == NotificationWay.TERMINAL:
        is_told = ring(f"TEST: {workflow} FAILED", "nothing failed, this is a test")
        result = DeliveryResult(is_sent=is_told, reason="this is no terminal that can be told")
    else:

        async def send(client: EngineClient) -> DeliveryResult:
            await client.reload()
            return await client.send_sample(workflow, number)

        result = with_engine(settings.project_dir(), send)
    if result.is_sent:
        say(f"{what}: sent", tone="good")
    else:
        say(f"{what}: not sent: {harmless(result.reason)}", tone="bad")
    return result.is_sent


def _row(one: DeliveryView, now: float) -> tuple[str, ...]:
    on = f"{one.occasion} {one.node}" if one.node else one.occasion
    reason = one.reason
    if one.state == DeliveryState.PENDING and one.tries and one.next_try_at is not None:
        reason = f"again at {time_text(one.next_try_at, now=now)}; {reason}"
    return (
        str(one.number),
        one.workflow,
        str(one.notification),
        on,
        one.way,
        harmless(one.target),
        paint(one.state, _TONES[DeliveryState(one.state)]),
        str(one.tries),
        time_text(one.changed_at if one.changed_at is not None else one.at, now=now),
        harmless(reason),
    )
