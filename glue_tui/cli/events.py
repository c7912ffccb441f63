"""`glue-tui events`: the story of a run."""

from __future__ import annotations

import click

from glue_tui.cli.history import project_history, run_ref
from glue_tui.cli.output import harmless, show, show_json, table_text, time_text
from glue_tui.cli.settings import Settings


@click.command("events")
@click.argument("run", metavar="[RUN|WORKFLOW]", default="")
@click.option("--json", "as_json", is_flag=True, help="Print the events as JSON.")
@click.pass_obj
def events_command(settings: Settings, run: str, as_json: bool) -> None:
    """Print the story of a run, event by event; of the newest run where none is named. Needs no engine."""
    history = project_history(settings.project_dir())
    story = history.story(run_ref(history, run))
    if as_json:
        show_json(story)
        return
    show(table_text(("at", "event", "what"), [(time_text(line.at), line.kind, harmless(line.text)) for line in story]))
