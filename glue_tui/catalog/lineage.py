"""Who writes a table and who reads it: what runs did, noted when an attempt ends well, and what definitions say.

No polars here: the engine imports this module.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from glue_tui.core.job import DashboardWork, DatabaseSink, Job, Sink, SqlWork, TableSink
from glue_tui.core.model import Connection, NodeId, Workflow, crawler_id, job_id
from glue_tui.core.schema import SOURCE_SCHEMA, SOURCE_TABLE, Table

_NO_NAMES = re.compile(r"""--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|("[^"]*"|`[^`]*`)""", re.DOTALL)
"""Comments and texts of a query: a table's name in them is none. A quoted name may look as if one began in it."""
_DEFAULT_SCHEMA = "public"
"""Of PostgreSQL: whose tables need not name it."""
_AROUND_DOTS = re.compile(r"\s*\.\s*")


class Access(StrEnum):
    WRITES = "writes"
    READS = "reads"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableUse:
    """A crawler or job that writes or reads a table."""

    workflow: str
    """Empty where an older version noted it."""
    node_id: str
    access: Access
    run_id: str = ""
    """The last run in which it did; empty: its definition says so, it has not run yet."""
    at: float | None = None
    """When that attempt ended, in seconds since 1970."""
    is_defined: bool = False
    """The workflow has this node now."""


def note_uses(
    conn: sqlite3.Connection,
    workflow: str,
    node_id: NodeId,
    *,
    reads: Sequence[str],
    writes: Sequence[str],
    run_id: str,
    at: float,
) -> None:
    """Remember which tables an attempt read and wrote, in the caller's transaction; of each node the last time."""
    conn.executemany(
        "INSERT OR REPLACE INTO catalog_use VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (*_parts(full_name), workflow, node_id, access, run_id, at)
            for access, names in ((Access.WRITES, writes), (Access.READS, reads))
            for full_name in names
        ],
    )


def rename_workflow(conn: sqlite3.Connection, before: str, name: str) -> None:
    """Let what a workflow's nodes did be that of the workflow under its new name."""
    conn.execute("UPDATE OR REPLACE catalog_use SET workflow = ? WHERE workflow = ?", (name, before))


def noted_uses(conn: sqlite3.Connection, full_name: str) -> list[TableUse]:
    """Return what runs did with a table; nothing where the state is of a version that did not note it."""
    if conn.execute("SELECT 1 FROM sqlite_master WHERE name = 'catalog_use'").fetchone() is None:
        return []
    rows = conn.execute(
        "SELECT workflow, node_id, access, run_id, at FROM catalog_use WHERE database = ? AND name = ?",
        _parts(full_name.lower()),
    )
    return [
        TableUse(workflow=workflow, node_id=node_id, access=Access(access), run_id=run_id, at=at)
        for workflow, node_id, access, run_id, at in rows
    ]


def lineage(noted: Iterable[TableUse], workflows: Iterable[Workflow], table: Table) -> tuple[TableUse, ...]:
    """Return who writes a table and who reads it, writers first: what runs did, and what the definitions will do."""
    uses = {(one.workflow, one.node_id, one.access): one for one in noted}
    for workflow in workflows:
        for use in _defined_uses(workflow, table):
            uses.setdefault((use.workflow, use.node_id, use.access), use)
        nodes = {*(crawler_id(one.name) for one in workflow.crawlers), *(job_id(one.name) for one in workflow.jobs)}
        for key, use in uses.items():
            if use.workflow == workflow.name and use.node_id in nodes:
                uses[key] = replace(use, is_defined=True)
    return tuple(sorted(uses.values(), key=lambda one: (one.access == Access.READS, one.workflow, one.node_id)))


def mentioned(query: str, known: Sequence[str]) -> list[str]:
    """Return the known `database.table` names that occur in a query, quoted or not."""
    return named_in(_NO_NAMES.sub(lambda found: found[1] or " ", query), known)


def named_in(text: str, known: Sequence[str]) -> list[str]:
    """Return the known `database.table` names that stand in a text, such as a program, wherever they do."""
    plain = _AROUND_DOTS.sub(".", text.replace('"', "").replace("`", "")).lower()
    return [name for name in known if name in plain and re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", plain)]


def writes(sink: Sink, table: Table, connections: Iterable[Connection]) -> bool:
    """Tell whether a target is this table; a database's table is known by the URL of its connection and its name."""
    match sink:
        case TableSink():
            return sink.table.lower() == table.full_name
        case DatabaseSink():
            if not any(one.name == sink.connection and one.url == table.location for one in connections):
                return False
            schema, name = table.parameters.get(SOURCE_SCHEMA, ""), table.parameters.get(SOURCE_TABLE, table.name)
            wanted = sink.table.replace('"', "").lower()
            is_plain = schema in ("", _DEFAULT_SCHEMA) and wanted == name.lower()
            return is_plain or wanted == f"{schema}.{name}".lower()


def _defined_uses(workflow: Workflow, table: Table) -> Iterable[TableUse]:
    for job in workflow.jobs:
        if any(writes(sink, table, workflow.connections) for sink in job.targets):
            yield TableUse(workflow=workflow.name, node_id=job_id(job.name), access=Access.WRITES)
        if any(mentioned(query, (table.full_name,)) for query in _queries(job)):
            yield TableUse(workflow=workflow.name, node_id=job_id(job.name), access=Access.READS)


def _queries(job: Job) -> tuple[str, ...]:
    match job.work:
        case SqlWork(query=query):
            return (query,)
        case DashboardWork(charts=charts):
            return tuple(chart.query for chart in charts)
        case _:
            return ()


def _parts(full_name: str) -> tuple[str, str]:
    database, _, name = full_name.partition(".")
    return database, name
