"""`glue-tui next`: when schedules fire next, days ahead."""

from __future__ import annotations

import time
from collections.abc import Iterable
from itertools import islice, takewhile

import click
import msgspec

from glue_tui.cli.output import harmless, say, show, show_json, table_text
from glue_tui.cli.problems import broken_texts
from glue_tui.cli.settings import Settings
from glue_tui.client.words import duration
from glue_tui.core.schedule import fires, local_text, parse_schedule
from glue_tui.protocol.views import ProjectView, TriggerView, WorkflowView

COUNT_DEFAULT = 3
COUNT_MAX = 1000
"""Of one trigger."""
DAY_S = 86400.0


class ComingFire(msgspec.Struct, frozen=True, kw_only=True):
    """One coming start by a schedule."""

    at: float
    """Seconds since the epoch."""
    local: str
    """The same in the time zone of the workflow: `Sat 2026-11-21 22:00 +01:00`."""
    workflow: str
    trigger: str
    schedule: str
    timezone: str


@click.command("next")
@click.argument("workflow", default="")
@click.option(
    "-n", "--count", type=click.IntRange(1, COUNT_MAX), help=f"Fires per trigger; {COUNT_DEFAULT} without --days."
)
@click.option("--days", type=click.FloatRange(0, 36600, min_open=True), help="All fires of so many days.")
@click.option("--json", "as_json", is_flag=True, help="Print the fires as JSON.")
@click.pass_obj
def next_command(settings: Settings, workflow: str, count: int | None, days: float | None, as_json: bool) -> None:
    """List the coming fires of schedules, soonest first; of WORKFLOW only, where one is named."""
    from glue_tui.cli.graph import find_workflow
    from glue_tui.cli.offline import current_project

    if workflow:
        find_workflow(settings, workflow)
    project = current_project(settings.project_dir())
    workflows = tuple(one for one in project.workflows if workflow in ("", one.name))
    now = time.time()
    most = count or (COUNT_MAX if days else COUNT_DEFAULT)
    coming = coming_fires(workflows, now, most, now + days * DAY_S if days else None)
    if as_json:
        show_json(coming)
    elif coming:
        show(table_text(("when", "in", "workflow", "trigger", "schedule"), [_row(one, now) for one in coming]))
    else:
        say("no schedule fires" + (f" within {days:g} days" if days else ""))
    for line in _hindrances(project, workflows):
        say(line)
    if days and not count and any(len(one) == most for one in _by_trigger(coming).values()):
        say(f"of a trigger no more than its next {most} fires are listed")


def coming_fires(
    workflows: Iterable[WorkflowView], now: float, most: int, until: float | None = None
) -> list[ComingFire]:
    """Return the next fires of every schedule that is not paused, `most` of each and none after `until`, in order."""
    found = [
        ComingFire(
            at=at,
            local=local_text(at, workflow.timezone),
            workflow=workflow.name,
            trigger=trigger.name,
            schedule=trigger.schedule,
            timezone=workflow.timezone,
        )
        for workflow, trigger in _schedules(workflows)
        if trigger.state != "DEACTIVATED"
        for at in takewhile(
            lambda at: until is None or at <= until,
            islice(fires(parse_schedule(trigger.schedule), now, workflow.timezone), most),
        )
    ]
    return sorted(found, key=lambda fire: (fire.at, fire.workflow, fire.trigger))


def _schedules(workflows: Iterable[WorkflowView]) -> list[tuple[WorkflowView, TriggerView]]:
    return [(workflow, trigger) for workflow in workflows for trigger in workflow.triggers if trigger.schedule]


def _by_trigger(coming: Iterable[ComingFire]) -> dict[tuple[str, str], list[ComingFire]]:
    found: dict[tuple[str, str], list[ComingFire]] = {}
    for fire in coming:
        found.setdefault((fire.workflow, fire.trigger), []).append(fire)
    return found


def _hindrances(project: ProjectView, workflows: Iterable[WorkflowView]) -> list[str]:
    """Return what keeps schedules from firing as listed, each with the way out."""
    lines: list[str] = []
    for workflow, trigger in _schedules(workflows):
        name = f"{workflow.name} {trigger.name}"
        if trigger.state == "DEACTIVATED":
            lines.append(f"{name} is paused: `glue-tui trigger enable {name}`")
        elif trigger.next_fire_at is None:
            lines.append(f"{name} never fires: no time is left that {trigger.schedule} names")
        lines += [f"{name}: {harmless(note)}" for note in trigger.notes if trigger.next_fire_at is not None]
    lines += broken_texts(workflows)
    if not project.engine.pid:
        lines.append(f"{project.engine.message}, so nothing fires: `glue-tui engine start`")
    elif project.engine.is_held:
        lines.append(f"the engine is {project.engine.message}")
    return lines


def _row(fire: ComingFire, now: float) -> tuple[str, ...]:
    schedule = fire.schedule if fire.timezone == "UTC" else f"{fire.schedule} {fire.timezone}"
    return (fire.local, duration(fire.at - now), fire.workflow, fire.trigger, schedule)
