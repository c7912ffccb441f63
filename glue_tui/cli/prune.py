"""`glue-tui prune`: remove old runs from the history, with their logs."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import click
from msgspec.structs import replace

from glue_tui.cli.history import project_history
from glue_tui.cli.output import harmless, say, show_json
from glue_tui.cli.settings import Settings
from glue_tui.cli.when import Age, Size
from glue_tui.client.find import is_lock_held, state_db
from glue_tui.client.words import counted, size
from glue_tui.protocol.pruned_view import PrunedView
from glue_tui.protocol.requests import PruneHistory


@click.command("prune")
@click.option("--older-than", type=Age(), help="Runs that ended longer ago: 90d, 12w, 36h.")
@click.option("--keep", type=click.IntRange(min=1), metavar="N", help="All but the newest N runs of each workflow.")
@click.option("--max-size", type=Size(), help="The oldest, until history and logs are no larger: 500MB, 1GB.")
@click.option("--workflow", metavar="NAME", default="", help="Of this workflow only.")
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print what was removed as JSON.")
@click.pass_obj
def prune_command(
    settings: Settings,
    older_than: float | None,
    keep: int | None,
    max_size: int | None,
    workflow: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Remove finished runs with their events and logs, the oldest first, and give the space back to the disk.

    A workflow's last run stays, and a run that a later one has resumed. `history = { keep_for = "90d" }` in a
    workflow's file has the engine do this by itself.
    """
    if older_than is None and keep is None and max_size is None:
        raise click.UsageError("say what may go: --older-than 90d, --keep N or --max-size 1GB")
    finished_before = time.time() - older_than if older_than is not None else None
    ask = PruneHistory(workflow=workflow, keep_runs=keep, finished_before=finished_before, bytes_max=max_size)
    project_dir = settings.project_dir()
    if workflow:
        project_history(project_dir).run_id(workflow)  # A name without runs is a mistyped one.
    done = PrunedView(runs=0)
    if state_db(project_dir).exists():
        done = _prunable(project_dir, ask) if dry_run else _prune(project_dir, ask)
    if as_json:
        show_json(done)
        return
    say(_text(done, "would be removed" if dry_run else "removed"))
    if not dry_run:
        say(sizes_text(project_dir))


def sizes_text(project_dir: Path) -> str:
    """Return how much space the history and the logs take."""
    from glue_tui.client.local import history_bytes

    in_database, in_logs = history_bytes(project_dir)
    return f"history {size(in_database)}, logs {size(in_logs)}"


def _prunable(project_dir: Path, ask: PruneHistory) -> PrunedView:
    from glue_tui.client.local import prunable

    return prunable(project_dir, ask)


def _prune(project_dir: Path, ask: PruneHistory) -> PrunedView:
    """Remove in as many requests as it takes."""
    done = PrunedView(runs=0)
    while True:
        part = _prune_once(project_dir, ask)
        workflows = Counter(done.workflows) + Counter(part.workflows)
        done = PrunedView(
            runs=done.runs + part.runs,
            workflows=dict(sorted(workflows.items())),
            bytes=done.bytes + part.bytes,
            stray_logs=done.stray_logs + part.stray_logs,
        )
        if not part.has_more or not (part.runs or part.stray_logs):
            return replace(done, has_more=part.has_more)
        say(f"{done.runs} removed …", tone="muted")


def _prune_once(project_dir: Path, ask: PruneHistory) -> PrunedView:
    if is_lock_held(project_dir):
        from glue_tui.cli.session import with_engine

        return with_engine(
            project_dir,
            lambda client: client.prune_history(
                workflow=ask.workflow,
                keep_runs=ask.keep_runs,
                finished_before=ask.finished_before,
                bytes_max=ask.bytes_max,
            ),
            start=False,
        )
    import asyncio

    from glue_tui.client.local import prune_without_engine

    return asyncio.run(prune_without_engine(project_dir, ask))


def _text(done: PrunedView, verb: str) -> str:
    strays = f"{counted(done.stray_logs, 'log folder')} without a run" if done.stray_logs else ""
    if not done.runs:
        return f"{verb}: {strays}, {size(done.bytes)}" if strays else "nothing to remove"
    of = ", ".join(f"{harmless(name)} {number}" for name, number in done.workflows.items())
    more = f" and {strays}" if strays else ""
    return f"{verb}: {counted(done.runs, 'run')} ({of}){more}, {size(done.bytes)}"
