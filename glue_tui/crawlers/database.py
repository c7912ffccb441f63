"""Tables of a database behind a connection, as catalog tables: the rows stay where they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from glue_tui.catalog import databases
from glue_tui.catalog.templates import filled_in
from glue_tui.core.model import Connection, Crawler, DatabaseTarget
from glue_tui.core.problem import EntityNotFound, InvalidInput, did_you_mean
from glue_tui.core.schema import Table, table_name
from glue_tui.crawlers.tables import OWNER_PARAMETER, DraftTable


def crawl_database(
    crawler: Crawler,
    target: DatabaseTarget,
    connections: Mapping[str, Connection],
    *,
    environment: Mapping[str, str],
    project_dir: Path,
    free_name: Callable[[str, str], str],
) -> list[DraftTable]:
    """Return the tables that match the target; `free_name` finds the catalog name for one at a location.

    Raises InvalidInput or EntityNotFound if there is nothing to find."""
    connection = connections.get(target.connection)
    if connection is None:
        raise EntityNotFound(
            f"crawler {crawler.name}: no connection named {target.connection!r}",
            hint=did_you_mean(target.connection, tuple(connections)),
        )
    url = filled_in(connection.url, environment)
    names = databases.list_tables(url, target.include, project_dir=project_dir)
    if not names:
        known = databases.list_tables(url, project_dir=project_dir)
        raise InvalidInput(
            f"crawler {crawler.name}: connection {target.connection} has no table like {target.include!r}",
            hint=f"it has: {', '.join(known[:8])}" if known else "it has no tables at all",
        )
    return [
        _draft(
            crawler,
            connection,
            databases.describe(url, name, project_dir=project_dir),
            free_name(table_name(name, crawler.table_prefix), connection.url),
        )
        for name in names
    ]


def _draft(crawler: Crawler, connection: Connection, found: databases.DatabaseTable, name: str) -> DraftTable:
    table = Table(
        database=crawler.database.lower(),
        name=name,
        classification="sqlite",
        location=connection.url,
        columns=found.columns,
        parameters={
            "classification": "sqlite",
            "connectionName": connection.name,
            "sourceTable": found.name,
            OWNER_PARAMETER: crawler.name,
        },
        row_count=found.rows,
    )
    return DraftTable(table=table, files=(), why=f"table of connection {connection.name}", read=1)
