"""`glue-tui events`: the story of a run, or what happened in all runs for a time."""

from __future__ import annotations

import time

import click

from glue_tui.cli.graph import check_workflow_is_known
from glue_tui.cli.history import project_history, run_ref
from glue_tui.cli.output import harmless, say, show, show_json, table_text, time_text
from glue_tui.cli.settings import Settings
from glue_tui.cli.when import Moment
from glue_tui.protocol.views import EventView
from glue_tui.store.history import EventFilter

HEADERS = ("at", "event", "what")


@click.command("events")
@click.argument("run", metavar="[RUN|WORKFLOW]", default="")
@click.option("--since", type=Moment(), help="Events of all runs since then: 2h, 3d, yesterday, 2026-11-20.")
@click.option("--until", type=Moment(), help="Events of all runs before then.")
@click.option("--kind", "kinds", metavar="EVENT", multiple=True, help="Only events of this name; may be repeated.")
@click.option("--node", metavar="NAME", default="", help="Only events of this job or crawler.")
@click.option("-n", "--limit", type=click.IntRange(1, 1_000_000), default=1000, show_default=True, help="How many.")
@click.option("--json", "as_json", is_flag=True, help="Print the events whole, as JSON.")
@click.pass_obj
def events_command(
    settings: Settings,
    run: str,
    since: float | None,
    until: float | None,
    kinds: tuple[str, ...],
    node: str,
    limit: int,
    as_json: bool,
) -> None:
    """Print the story of a run, event by event; of the newest run where none is named. Needs no engine.

    With --since or --until: the events of all runs, or of all runs of WORKFLOW, in that time, newest last.
    """
    history = project_history(settings.project_dir())
    if since is not None or until is not None:
        check_workflow_is_known(settings, history, run)
        wanted = EventFilter(workflow=run, kinds=kinds, node=node, since=since, until=until)
    else:
        wanted = EventFilter(run_id=history.run_id(run_ref(history, run)), kinds=kinds, node=node)
    found = history.events(wanted, limit + 1)
    events = found[-limit:]
    if as_json:
        show_json(events)
    elif events:
        show(_table(events, of_one_run=bool(wanted.run_id)))
    else:
        is_newest = bool(wanted.run_id) and not run
        say("no such events" + (" in the newest run: `--since 30d` looks at all runs" if is_newest else ""))
    if len(found) > limit:
        say(f"the {limit} newest; --limit shows more")


def _table(events: tuple[EventView, ...], *, of_one_run: bool) -> str:
    now = time.time()
    if of_one_run:
        return table_text(HEADERS, [(time_text(one.at, now=now), one.kind, harmless(one.text)) for one in events])
    rows = [(time_text(one.at, now=now), str(one.number), one.workflow, one.kind, harmless(one.text)) for one in events]
    return table_text((HEADERS[0], "run", "workflow", *HEADERS[1:]), rows, right=(1,))
