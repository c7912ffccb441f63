"""`glue-tui catalog`: databases, tables, columns, straight from the state database; needs no engine and no polars."""

from __future__ import annotations

from pathlib import Path

import click

from glue_tui.catalog.read import Catalog
from glue_tui.cli.catalog_edit import EDIT_COMMANDS
from glue_tui.cli.catalog_text import (
    details_text,
    files_text,
    matches_text,
    partitions_text,
    screen_width,
    tables_text,
    totals_text,
    versions_text,
)
from glue_tui.cli.output import harmless, say, show, show_json
from glue_tui.cli.settings import Settings
from glue_tui.cli.sql import print_rows
from glue_tui.client.catalog_views import listing, matches, table_details
from glue_tui.client.find import state_db
from glue_tui.client.words import count, counted
from glue_tui.core.problem import EntityNotFound, did_you_mean


class _CatalogGroup(click.Group):
    """Its first command stands for itself: `catalog` and `catalog NAME` are `catalog show` and `catalog show NAME`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        is_named = bool(args) and (args[0] in self.commands or args[0] in ctx.help_option_names)
        return super().parse_args(ctx, args if is_named else ["show", *args])


@click.group("catalog", cls=_CatalogGroup)
def catalog_command() -> None:
    """List the tables of the catalog, or of one DATABASE; show one TABLE; compare its versions, change it.

    `catalog`, `catalog DATABASE` and `catalog DATABASE.TABLE` need no further word.
    """


@catalog_command.command("show")
@click.argument("name", metavar="[DATABASE|TABLE]", default="")
@click.option("--partitions", "part", flag_value="partitions", help="All partitions of TABLE.")
@click.option("--files", "part", flag_value="files", help="All files of TABLE.")
@click.option("--versions", "part", flag_value="versions", help="All versions of TABLE's columns.")
@click.option("--sample", "sample_rows", type=click.IntRange(min=1), metavar="N", help="N rows of TABLE.")
@click.option(
    "--where", metavar="EXPRESSION", help="Partitions for which it holds, as: day >= '2026-11-01' AND store LIKE 'a%'"
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def show_command(
    settings: Settings, name: str, part: str | None, sample_rows: int | None, where: str | None, as_json: bool
) -> None:
    """List the tables of the catalog, or of one DATABASE; or show one TABLE, written database.table."""
    project_dir = settings.project_dir()
    catalog = open_catalog(project_dir)
    if "." not in name:
        if part or sample_rows or where:
            raise click.UsageError("--partitions, --files, --versions, --sample and --where need a TABLE")
        _list(catalog, name, as_json)
    elif where is not None or part == "partitions":
        _show_partitions(catalog, name, where, as_json)
    elif sample_rows is not None:
        print_rows(settings, _sample_query(catalog, name, sample_rows), as_json=as_json)
    elif part == "files":
        files = catalog.files(name)
        show_json(files) if as_json else show(files_text(files))
    elif part == "versions":
        versions = catalog.versions(name)
        show_json(versions) if as_json else show(versions_text(versions, len(versions), screen_width()))
    else:
        details = table_details(catalog, project_dir, name)
        show_json(details) if as_json else show(details_text(details, screen_width()))


@catalog_command.command("find")
@click.argument("text")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def find_command(settings: Settings, text: str, as_json: bool) -> None:
    """List the tables and columns whose names or comments hold TEXT."""
    found = matches(open_catalog(settings.project_dir()), text)
    if as_json:
        show_json(found)
    elif found:
        show(matches_text(found))
    else:
        say(f'no table and no column of the catalog has "{harmless(text)}" in its name or comment')


def _list(catalog: Catalog, database: str, as_json: bool) -> None:
    if database and database.lower() not in [one.name for one in catalog.databases()]:
        raise _no_database(database, catalog)
    tables = tuple(listing(entry) for entry in catalog.tables(database))
    if as_json:
        show_json(tables)
    elif tables:
        show(tables_text(tables, screen_width()))
        say(totals_text(tables), tone="muted")
    else:
        say("the catalog is empty: crawlers and jobs fill it")


def _show_partitions(catalog: Catalog, name: str, where: str | None, as_json: bool) -> None:
    table = listing(catalog.table(name))
    if where is None:
        partitions = catalog.partitions(name)
    else:
        from glue_tui.catalog.partition_filter import partitions_where

        partitions = partitions_where(catalog, name, where)
    if as_json:
        show_json(partitions)
    elif not table.partition_keys:
        say(f"{table.full_name} has no partition keys")
    else:
        show(partitions_text(table, partitions, len(partitions)))
        say(f"{count(len(partitions))} of {counted(table.partitions, 'partition')}", tone="muted")


def _sample_query(catalog: Catalog, name: str, rows: int) -> str:
    table = catalog.table(name).table
    return f'SELECT * FROM "{table.database}"."{table.name}" LIMIT {rows}'


for _command in EDIT_COMMANDS:
    catalog_command.add_command(_command)


def open_catalog(project_dir: Path) -> Catalog:
    """Return the project's catalog; it is empty where nothing has run."""
    return Catalog.open(state_db(project_dir))


def _no_database(name: str, catalog: Catalog) -> EntityNotFound:
    tables = [entry.full_name for entry in catalog.tables()]
    same = [full for full in tables if full.partition(".")[2] == name.lower()]
    hint = f'did you mean "{same[0]}"?' if same else did_you_mean(name, [one.name for one in catalog.databases()])
    return EntityNotFound(f'no database "{name}" in the catalog', hint=hint or "the catalog is empty")
