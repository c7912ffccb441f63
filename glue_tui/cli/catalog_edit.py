"""`glue-tui catalog diff` and the commands by which people change the catalog: lock, comment, retype, restore."""

from __future__ import annotations

import click
import msgspec

from glue_tui.catalog.read import Catalog, VersionEntry
from glue_tui.cli.output import say, show, show_json, table_text, time_text
from glue_tui.cli.settings import Settings
from glue_tui.client.find import state_db
from glue_tui.core.problem import EntityNotFound
from glue_tui.core.schema_changes import Difference, differences


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
