"""`glue-tui next`: when schedules fire next."""

from __future__ import annotations

import time
from datetime import datetime
from zoneinfo import ZoneInfo

import click
import msgspec

from glue_tui.cli.output import say, show, show_json, table_text
from glue_tui.cli.settings import Settings
from glue_tui.client.words import duration
from glue_tui.core.schedule import next_fire, parse_schedule
from glue_tui.protocol.views import TriggerView, WorkflowView


class ComingFire(msgspec.Struct, frozen=True, kw_only=True):
    """One coming start by a schedule."""

    at: float
    """Seconds since the epoch."""
    workflow: str
    trigger: str
    schedule: str
    timezone: str


@click.command("next")
@click.argument("workflow", default="")
@click.option("-n", "--count", type=click.IntRange(1, 1000), default=3, show_default=True, help="Fires per trigger.")
@click.option("--json", "as_json", is_flag=True, help="Print the fires as JSON.")
@click.pass_obj
def next_command(settings: Settings, workflow: str, count: int, as_json: bool) -> None:
    """List the coming fires of enabled schedules, soonest first; of WORKFLOW only, where one is named."""
    from glue_tui.cli.graph import find_workflow
    from glue_tui.cli.offline import offline_workflows

    workflows = (find_workflow(settings, workflow),) if workflow else offline_workflows(settings.project_dir())
    now = time.time()
    fires = coming_fires(workflows, now, count)
    if as_json:
        show_json(fires)
    elif fires:
        show(
            table_text(("when", "in", "workflow", "trigger", "schedule", "timezone"), [_row(one, now) for one in fires])
        )
    else:
        say("no enabled schedule")


def coming_fires(workflows: tuple[WorkflowView, ...], now: float, count: int) -> list[ComingFire]:
    """Return the next `count` fires of every enabled schedule, soonest first."""
    fires: list[ComingFire] = []
    for workflow in workflows:
        for trigger in workflow.triggers:
            if trigger.schedule and trigger.state != "DEACTIVATED":
                fires += _fires_of(workflow, trigger, now, count)
    return sorted(fires, key=lambda fire: (fire.at, fire.workflow, fire.trigger))


def _fires_of(workflow: WorkflowView, trigger: TriggerView, now: float, count: int) -> list[ComingFire]:
    schedule = parse_schedule(trigger.schedule)
    fires: list[ComingFire] = []
    at = next_fire(schedule, now, workflow.timezone)
    while at is not None and len(fires) < count:
        fires.append(
            ComingFire(
                at=at,
                workflow=workflow.name,
                trigger=trigger.name,
                schedule=trigger.schedule,
                timezone=workflow.timezone,
            )
        )
        at = next_fire(schedule, at, workflow.timezone)
    return fires


def _row(fire: ComingFire, now: float) -> tuple[str, ...]:
    local = datetime.fromtimestamp(fire.at, ZoneInfo(fire.timezone))
    return (
        local.strftime("%a %Y-%m-%d %H:%M %Z"),
        duration(fire.at - now),
        fire.workflow,
        fire.trigger,
        fire.schedule,
        fire.timezone,
    )
