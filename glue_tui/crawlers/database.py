"""Tables of a database behind a connection, as catalog tables: the rows stay where they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from glue_tui.catalog.database_urls import is_like
from glue_tui.catalog.databases import Database, DatabaseTable, SourceTable, open_database
from glue_tui.catalog.read import TableEntry
from glue_tui.catalog.templates import filled_in
from glue_tui.core.counts import none_of
from glue_tui.core.database_urls import kind_of
from glue_tui.core.model import Connection, Crawler, CrawlTarget, DatabaseTarget
from glue_tui.core.problem import EntityNotFound, GlueTuiError, InvalidInput, did_you_mean
from glue_tui.core.schema import SOURCE_SCHEMA, SOURCE_STATE, SOURCE_TABLE, Table, table_name
from glue_tui.core.states import RecrawlBehavior
from glue_tui.crawlers.tables import OWNER_PARAMETER, DraftTable

KNOWN_SHOWN_MAX = 8

_COUNT = "recordCountIs"
"""`estimate` where the database's own guess had to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseCrawl:
    drafts: tuple[DraftTable, ...]
    unchanged: tuple[TableEntry, ...]
    """Tables of a database in which nothing has changed since they were looked at."""
    problems: tuple[str, ...]
    """Tables that are there but can't be read, each with its reason."""
    unread: frozenset[tuple[str, str, str]]
    """Connection, schema and name of these."""


def crawl_database(
    crawler: Crawler,
    target: DatabaseTarget,
    connections: Mapping[str, Connection],
    known: Sequence[TableEntry],
    *,
    environment: Mapping[str, str],
    project_dir: Path,
    taken: set[str],
    free_name: Callable[[str, str, str], str],
) -> DatabaseCrawl:
    """Return the tables that match the target; `known` are the crawler's own tables as the catalog has them.

    `free_name` finds the catalog name from the one wished for, the table's location and its place there; names of
    tables that stay as they are go into `taken`. Raises InvalidInput or EntityNotFound if there is nothing to find.
    """
    connection = connections.get(target.connection)
    if connection is None:
        raise EntityNotFound(
            f"crawler {crawler.name}: no connection named {target.connection!r}",
            hint=did_you_mean(target.connection, tuple(connections)),
        )
    url = filled_in(connection.url, environment)
    with closing(open_database(url, project_dir)) as database:
        state = database.state()
        tables = _included(crawler, target, database.tables())
        before = {source_of(one.table): one for one in known if _may_stay(one, crawler, connection, state)}
        taken.update(one.table.name for one in before.values())
        drafts, unchanged, problems, unread = [], [], [], set()
        for table in tables:
            source = (connection.name, table.schema, table.name)
            if (stored := before.get(source)) is not None:
                unchanged.append(stored)
                continue
            try:
                drafts.append(_read(crawler, connection, kind_of(url), database, table, state, free_name))
            except GlueTuiError as error:
                problems.append(f"{connection.name}: {error}")
                unread.add(source)
    if not drafts and not unchanged:
        raise InvalidInput(
            f"crawler {crawler.name}: {none_of(len(tables), 'table')} of connection {target.connection} can be read",
            hint=problems[-1],
        )
    return DatabaseCrawl(
        drafts=tuple(drafts), unchanged=tuple(unchanged), problems=tuple(problems), unread=frozenset(unread)
    )


def _may_stay(entry: TableEntry, crawler: Crawler, connection: Connection, state: str) -> bool:
    """Tell whether a table need not be looked at, as nothing in its database has changed since it was."""
    table = entry.table
    return (
        crawler.recrawl is not RecrawlBehavior.CRAWL_EVERYTHING
        and state != ""
        and table.parameters.get(SOURCE_STATE) == state
        and table.location == connection.url
        and table.name.startswith(crawler.table_prefix)
        and not entry.is_deprecated
    )


def source_of(table: Table) -> tuple[str, str, str]:
    """Return connection, schema and name of a database table where it is."""
    parameters = table.parameters
    return (
        parameters.get("connectionName", ""),
        parameters.get(SOURCE_SCHEMA, ""),
        parameters.get(SOURCE_TABLE, table.name),
    )


def is_looked_for(table: Table, targets: Sequence[CrawlTarget]) -> bool:
    """Tell whether a database table is one that the targets mean, were it there."""
    connection, schema, name = source_of(table)
    return any(
        isinstance(target, DatabaseTarget) and target.connection == connection and is_like(target.include, schema, name)
        for target in targets
    )


def _included(crawler: Crawler, target: DatabaseTarget, tables: Sequence[SourceTable]) -> list[SourceTable]:
    found = [table for table in tables if is_like(target.include, table.schema, table.name)]
    if found:
        return found
    shown = ", ".join(table.full_name for table in tables[:KNOWN_SHOWN_MAX])
    more = f" and {len(tables) - KNOWN_SHOWN_MAX} more" if len(tables) > KNOWN_SHOWN_MAX else ""
    raise InvalidInput(
        f"crawler {crawler.name}: connection {target.connection} has no table like {target.include!r}",
        hint=f"it has: {shown}{more}" if tables else "it has no tables that this user may see",
    )


def _read(
    crawler: Crawler,
    connection: Connection,
    kind: str,
    database: Database,
    source: SourceTable,
    state: str,
    free_name: Callable[[str, str, str], str],
) -> DraftTable:
    found = database.look_at(source)
    is_plain = source.schema == database.default_schema
    wished = source.name if is_plain else f"{source.schema}_{source.name}"
    table = Table(
        database=crawler.database.lower(),
        name=free_name(table_name(wished, crawler.table_prefix), connection.url, source.full_name),
        classification=kind,
        location=connection.url,
        columns=found.columns,
        parameters={**_parameters(connection, kind, source, found, state), OWNER_PARAMETER: crawler.name},
        row_count=found.rows,
    )
    count = "rows as the database estimates them" if found.is_estimate else ""
    return DraftTable(table=table, files=(), why=_why(connection, count), read=1)


def _parameters(
    connection: Connection, kind: str, source: SourceTable, found: DatabaseTable, state: str
) -> dict[str, str]:
    parameters = {
        "classification": kind,
        "connectionName": connection.name,
        "typeOfData": "view" if source.is_view else "table",
        SOURCE_SCHEMA: source.schema,
        SOURCE_TABLE: source.name,
        "primaryKey": ", ".join(source.primary_key),
        "comment": source.comment,
        _COUNT: "estimate" if found.is_estimate else "exact",
        SOURCE_STATE: state,
    }
    return {key: value for key, value in parameters.items() if value}


def _why(connection: Connection, more: str) -> str:
    return f"table of connection {connection.name}" + (f", {more}" if more else "")
