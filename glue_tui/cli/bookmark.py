"""`glue-tui bookmark`: what jobs have read, and going back."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click
import msgspec

from glue_tui.cli.output import harmless, say, show, show_json, table_text, time_text
from glue_tui.cli.settings import Settings
from glue_tui.client.find import is_lock_held, state_db
from glue_tui.client.words import counted
from glue_tui.core.bookmarks import BookmarkEdit, BookmarkEditKind
from glue_tui.core.problem import EntityNotFound, InvalidInput, did_you_mean
from glue_tui.store import bookmarks
from glue_tui.store.bookmarks import BookmarkEntry, SourceRead
from glue_tui.store.database import open_readonly

_NOT_CLEANED = "what the job has written stays where it is: rows that are read again are written again"


class BookmarkView(msgspec.Struct, frozen=True, kw_only=True):
    """What `bookmark --json` prints of each job."""

    bookmark: BookmarkEntry
    sources: tuple[SourceRead, ...]


class BookmarkGroup(click.Group):
    """Without the name of a command: `list`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        is_one_job = sum(not arg.startswith("-") for arg in args) == 1
        if not args or (args[0] not in (*self.commands, *ctx.help_option_names) and (is_one_job or args[0][:1] == "-")):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group("bookmark", cls=BookmarkGroup)
def bookmark_command() -> None:
    """What jobs with a bookmark have read: list it, begin anew, go back to an earlier run.

    `glue-tui bookmark [JOB] [--json]` lists, as `bookmark list` does. JOB is WORKFLOW/JOB, or JOB alone where only one
    workflow has such a job.
    """


@bookmark_command.command("list")
@click.argument("job", default="")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def list_command(settings: Settings, job: str, as_json: bool) -> None:
    """List the bookmarks of all jobs, or what JOB has read of each of its sources. Needs no engine."""
    views = _views(settings.project_dir())
    if job:
        views = (_named(views, job),)
    if as_json:
        show_json(views)
    elif not views:
        say('no job has a bookmark yet: bookmark = "enable" in its definition, and a success, make one')
    elif job:
        show(_one_text(views[0]))
    else:
        rows = [_row(one) for one in views]
        show(table_text(("job", "runs", "last run", "at", "has read"), rows, right=(1,)))


@bookmark_command.command("reset")
@click.argument("job")
@click.pass_obj
def reset_command(settings: Settings, job: str) -> None:
    """Let the next run of JOB read everything again. What it has written stays: clean its targets first."""
    _edit(settings, BookmarkEditKind.RESET, job)


@bookmark_command.command("rewind")
@click.argument("job")
@click.argument("run")
@click.pass_obj
def rewind_command(settings: Settings, job: str, run: str) -> None:
    """Let the next run of JOB read again what was read after RUN, a number or id. What it has written stays."""
    _edit(settings, BookmarkEditKind.REWIND, job, run)


def _edit(settings: Settings, kind: BookmarkEditKind, job: str, run: str = "") -> None:
    """Have the engine make the change; without one, take its place for a moment."""
    project_dir = settings.project_dir()
    found = _named(_views(project_dir), job).bookmark
    edit = BookmarkEdit(kind=kind, workflow=found.workflow, job=found.job, run=run)
    if is_lock_held(project_dir):
        from glue_tui.cli.session import with_engine

        notes = with_engine(project_dir, lambda client: client.edit_bookmark(edit), start=False)
    else:
        from glue_tui.client.local import edit_bookmark_without_engine

        notes = edit_bookmark_without_engine(project_dir, edit)
    for note in notes or (f"it is so already: {_run_text(found.run_number)} moved it last",):
        say(f"{found.workflow}/{found.job}: {note}", tone="good" if notes else "")
    if notes:
        say(_NOT_CLEANED)


def _views(project_dir: Path) -> tuple[BookmarkView, ...]:
    conn = open_readonly(state_db(project_dir))
    if conn is None:
        return ()
    with closing(conn):
        return tuple(
            BookmarkView(bookmark=one, sources=bookmarks.source_reads(conn, one.workflow, one.job))
            for one in bookmarks.entries(conn)
        )


def _named(views: tuple[BookmarkView, ...], job: str) -> BookmarkView:
    names = {f"{one.bookmark.workflow}/{one.bookmark.job}": one for one in views}
    found = [name for name in names if job in (name, names[name].bookmark.job)]
    if not found:
        hint = did_you_mean(job, tuple(names)) or "its first success with a bookmark makes it"
        raise EntityNotFound(f'no bookmark of a job "{job}"', hint=hint)
    if len(found) > 1:
        raise InvalidInput(f"{job} is a job of several workflows", hint=f"say {' or '.join(found)}")
    return names[found[0]]


def _row(view: BookmarkView) -> tuple[str, str, str, str, str]:
    one = view.bookmark
    read = "; ".join(f"{harmless(source.context)}: {_read_text(source)}" for source in view.sources)
    name = harmless(f"{one.workflow}/{one.job}")
    return name, str(one.run), _run_text(one.run_number), time_text(one.at), read or "nothing: it was reset"


def _one_text(view: BookmarkView) -> str:
    one = view.bookmark
    last = f"moved by {_run_text(one.run_number)}" if one.run_number else "reset"
    head = f"{one.workflow}/{one.job}: version {one.version}, {last} at {time_text(one.at)}, {counted(one.run, 'run')}"
    rows = [
        (harmless(source.context), harmless(source.table), _read_text(source), _run_text(source.run_number))
        for source in view.sources
    ]
    return "\n".join([head, *([table_text(("source", "table", "has read", "last by"), rows)] if rows else [])])


def _read_text(source: SourceRead) -> str:
    if source.keys is None:
        return counted(source.files, "file")
    pairs = zip(source.keys.columns, source.keys.up_to, strict=True)
    return "up to " + ", ".join(f"{name} {harmless(value)}" for name, value in pairs)


def _run_text(number: int) -> str:
    return f"run {number}" if number else ""
