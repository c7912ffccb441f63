"""`glue-tui catalog diff` and the commands by which people change the catalog: lock, comment, retype, restore."""

from __future__ import annotations

import getpass
import os
from dataclasses import replace

import click
import msgspec

from glue_tui.catalog.read import Catalog, VersionEntry
from glue_tui.cli.output import harmless, say, show, show_json, table_text, time_text
from glue_tui.cli.settings import Settings
from glue_tui.client.find import is_lock_held, state_db
from glue_tui.core.problem import EntityNotFound
from glue_tui.core.schema_changes import Difference, differences
from glue_tui.core.table_edits import EditKind, TableEdit


class VersionDifferences(msgspec.Struct, frozen=True, kw_only=True):
    """What `catalog diff --json` prints."""

    table: str
    before: int
    after: int
    differences: tuple[Difference, ...]
    notes: tuple[str, ...]
    """Of the later version: why it came about."""
    written_by: str
    run_id: str
    at: float


@click.command("diff")
@click.argument("table")
@click.argument("before", metavar="[FROM", type=click.IntRange(min=1), required=False)
@click.argument("after", metavar="[TO]]", type=click.IntRange(min=1), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def diff_command(settings: Settings, table: str, before: int | None, after: int | None, as_json: bool) -> None:
    """Show how the columns of two versions of TABLE differ: the last two, or FROM and the newest, or FROM and TO."""
    versions = Catalog.open(state_db(settings.project_dir())).versions(table)
    newest = versions[0].version
    later = _version(table, versions, after or newest)
    if before is None and newest == 1:
        say(f"{table} has one version: its columns have not changed since {time_text(later.at)}")
        return
    earlier = _version(table, versions, before or newest - 1)
    found = VersionDifferences(
        table=table,
        before=earlier.version,
        after=later.version,
        differences=differences(earlier.columns, later.columns, earlier.partition_keys, later.partition_keys),
        notes=later.notes,
        written_by=later.written_by,
        run_id=later.run_id,
        at=later.at,
    )
    if as_json:
        show_json(found)
        return
    say(f"{table}: version {found.before} → {found.after}, {time_text(found.at)} by {_who(found.written_by)}")
    if not found.differences:
        say("no difference")
        return
    rows = [(_SIGNS[one.kind], one.name, one.before, one.after, one.reason) for one in found.differences]
    show(table_text(("", "column", "before", "after", "why"), rows))


@click.command("lock")
@click.argument("table")
@click.argument("columns", metavar="[COLUMN]...", nargs=-1)
@click.pass_obj
def lock_command(settings: Settings, table: str, columns: tuple[str, ...]) -> None:
    """Let crawls leave COLUMNs of TABLE as they are, whatever they find; without a COLUMN, all: none comes or goes.

    Files and partitions go on to be brought in, and every crawl that finds something else says so.
    """
    _edit(settings, TableEdit(kind=EditKind.LOCK, table=table, columns=columns))


@click.command("unlock")
@click.argument("table")
@click.argument("columns", metavar="[COLUMN]...", nargs=-1)
@click.pass_obj
def unlock_command(settings: Settings, table: str, columns: tuple[str, ...]) -> None:
    """Let crawls change COLUMNs of TABLE again; without a COLUMN, all, and the table itself."""
    _edit(settings, TableEdit(kind=EditKind.UNLOCK, table=table, columns=columns))


@click.command("comment")
@click.argument("table")
@click.argument("column")
@click.argument("text")
@click.pass_obj
def comment_command(settings: Settings, table: str, column: str, text: str) -> None:
    """Say what COLUMN of TABLE means; an empty TEXT takes it back. Crawls and jobs keep it."""
    _edit(settings, TableEdit(kind=EditKind.COMMENT, table=table, columns=(column,), text=text))


@click.command("retype")
@click.argument("table")
@click.argument("column")
@click.argument("type_", metavar="TYPE")
@click.pass_obj
def retype_command(settings: Settings, table: str, column: str, type_: str) -> None:
    """Give COLUMN of TABLE another TYPE and lock it: bigint, double, decimal(12,2), date, string, array<string> …

    A value that is not of the type makes queries fail and say so. `catalog unlock` gives the column back to crawls.
    """
    _edit(settings, TableEdit(kind=EditKind.RETYPE, table=table, columns=(column,), text=type_))


@click.command("restore")
@click.argument("table")
@click.argument("version", type=click.IntRange(min=1))
@click.pass_obj
def restore_command(settings: Settings, table: str, version: int) -> None:
    """Give TABLE the columns of an earlier VERSION again, as a new version, and lock it.

    Crawls leave its columns alone until `catalog unlock TABLE`, and say what they find otherwise.
    """
    _edit(settings, TableEdit(kind=EditKind.RESTORE, table=table, version=version))


def _edit(settings: Settings, edit: TableEdit) -> None:
    """Have the engine, which alone writes the catalog, make the change; without one, take its place for a moment."""
    project_dir = settings.project_dir()
    edit = replace(edit, table=edit.table.lower(), by=_user())
    if not state_db(project_dir).exists():
        Catalog.open(state_db(project_dir)).table(edit.table)  # Says that the catalog is empty.
    if is_lock_held(project_dir):
        from glue_tui.cli.session import with_engine

        notes = with_engine(project_dir, lambda client: client.edit_table(edit), start=False)
    else:
        from glue_tui.client.local import edit_without_engine

        notes = edit_without_engine(project_dir, edit)
    for note in notes or ("it is so already",):
        say(f"{edit.table}: {harmless(note)}", tone="good" if notes else "")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # A user id that has no name on this machine.
        return str(os.getuid())


_SIGNS = {"added": "+", "removed": "-", "retyped": "~", "moved": "~ order", "keys": "~ partition keys"}


def _version(table: str, versions: tuple[VersionEntry, ...], number: int) -> VersionEntry:
    found = next((one for one in versions if one.version == number), None)
    if found is None:
        raise EntityNotFound(
            f"{table} has no version {number}", hint=f"kept are {versions[-1].version} to {versions[0].version}"
        )
    return found


def _who(written_by: str) -> str:
    return written_by.partition(":")[2] or written_by


EDIT_COMMANDS = (diff_command, lock_command, unlock_command, comment_command, retype_command, restore_command)
