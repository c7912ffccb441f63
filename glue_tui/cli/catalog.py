"""`glue-tui catalog`: databases, tables, columns, straight from the state database; needs no engine and no polars."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from glue_tui.catalog.read import Catalog, PartitionEntry, TableEntry, VersionEntry
from glue_tui.cli.catalog_edit import EDIT_COMMANDS
from glue_tui.cli.output import paint, say, show, show_json, table_text, time_text
from glue_tui.cli.settings import Settings
from glue_tui.client.find import state_db
from glue_tui.client.words import count, size
from glue_tui.core.problem import EntityNotFound, did_you_mean
from glue_tui.core.schema import Column

PARTITIONS_SHOWN = 20


class TableListing(msgspec.Struct, frozen=True, kw_only=True):
    """A table of the catalog as `--json` prints it."""

    database: str
    name: str
    classification: str
    location: str
    columns: tuple[Column, ...]
    partition_keys: tuple[Column, ...]
    rows: int
    files: int
    size_bytes: int
    partitions: int
    version: int
    created_at: float
    updated_at: float
    written_by: str
    run_id: str
    is_deprecated: bool


class TableDetails(msgspec.Struct, frozen=True, kw_only=True):
    """All that the catalog knows of one table."""

    table: TableListing
    partitions: tuple[PartitionEntry, ...]
    versions: tuple[VersionEntry, ...]


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
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def show_command(settings: Settings, name: str, as_json: bool) -> None:
    """List the tables of the catalog, or of one DATABASE; or show one TABLE, written database.table."""
    catalog = open_catalog(settings.project_dir())
    if "." in name:
        details = TableDetails(
            table=_listing(catalog.table(name)), partitions=catalog.partitions(name), versions=catalog.versions(name)
        )
        if as_json:
            show_json(details)
        else:
            show(_details_text(details))
        return
    if name and name.lower() not in [database.name for database in catalog.databases()]:
        raise _no_database(name, catalog)
    tables = tuple(_listing(entry) for entry in catalog.tables(name))
    if as_json:
        show_json(tables)
    elif tables:
        show(_tables_text(tables))
    else:
        say("the catalog is empty: crawlers and jobs fill it")


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


def _listing(entry: TableEntry) -> TableListing:
    table = entry.table
    return TableListing(
        database=table.database,
        name=table.name,
        classification=table.classification,
        location=table.location,
        columns=table.columns,
        partition_keys=table.partition_keys,
        rows=entry.rows,
        files=entry.files,
        size_bytes=entry.size_bytes,
        partitions=entry.partitions,
        version=entry.version,
        created_at=entry.created_at,
        updated_at=entry.updated_at,
        written_by=entry.written_by,
        run_id=entry.run_id,
        is_deprecated=entry.is_deprecated,
    )


def _tables_text(tables: tuple[TableListing, ...]) -> str:
    rows = [
        (
            f"{table.database}.{table.name}" + (" (deprecated)" if table.is_deprecated else ""),
            table.classification,
            count(table.rows),
            str(len(table.columns) + len(table.partition_keys)),
            str(table.partitions) if table.partition_keys else "",
            str(table.files),
            size(table.size_bytes),
            time_text(table.updated_at),
            table.written_by.partition(":")[2],
        )
        for table in tables
    ]
    headers = ("table", "format", "rows", "columns", "partitions", "files", "size", "updated", "by")
    return table_text(headers, rows, right=(2, 3, 4, 5, 6))


def _details_text(details: TableDetails) -> str:
    table = details.table
    head = (
        f"{table.database}.{table.name}  {table.classification}  {count(table.rows)} rows, {table.files} files, "
        f"{size(table.size_bytes)}, version {table.version}"
    )
    keys = {column.name for column in table.partition_keys}
    columns = [
        (
            column.name,
            column.type + (" (partition key)" if column.name in keys else "") + (" locked" if column.is_locked else ""),
            column.comment or column.reason,
        )
        for column in (*table.columns, *table.partition_keys)
    ]
    parts = [
        f"{head}\nat {table.location}\nupdated {time_text(table.updated_at)} by {table.written_by.partition(':')[2]}"
        f" ({table.run_id})" + ("\nDEPRECATED: its files are gone" if table.is_deprecated else ""),
        table_text(("column", "type", "why"), columns),
    ]
    if details.partitions:
        shown = details.partitions[:PARTITIONS_SHOWN]
        rows = [("/".join(one.values), str(one.files), count(one.rows), size(one.size_bytes)) for one in shown]
        more = len(details.partitions) - len(shown)
        text = table_text(("partition", "files", "rows", "size"), rows, right=(1, 2, 3))
        parts.append(text + (paint(f"\n… and {more} more; --json has them all", "muted") if more else ""))
    notes = [
        (str(one.version), time_text(one.at), one.written_by.partition(":")[2], "; ".join(one.notes))
        for one in details.versions
    ]
    if len(notes) > 1:
        parts.append(table_text(("version", "since", "by", "notes"), notes, right=(0,)))
    return "\n\n".join(parts)
