"""Where a job writes: folders and databases, what has to be true of the rows, and where those go that do not pass."""

from __future__ import annotations

import re

from glue_tui.core.job import Check, DatabaseSink, SideTable, Sink, TableSink
from glue_tui.core.states import FailedCheck
from glue_tui.definitions.authored import (
    AuthoredCheck,
    AuthoredJob,
    AuthoredSideTable,
    AuthoredSink,
    FileFormatName,
    WriteMode,
)
from glue_tui.definitions.report import KeyPath
from glue_tui.definitions.scope import Scope, refuse

_TABLE = re.compile(r"[a-z0-9_]{1,128}\.[a-z0-9_]{1,128}")


def build_targets(job: str, authored: AuthoredJob, scope: Scope) -> tuple[Sink, ...]:
    """Return a job's targets, those that could be read; `scope.target_paths` says where each stands."""
    paths: list[KeyPath] = [("jobs", job, "targets", index) for index in range(len(authored.targets or []))]
    sinks = [_build_sink(item, path, scope) for item, path in zip(authored.targets or [], paths, strict=True)]
    scope.target_paths[job] = tuple(path for path, sink in zip(paths, sinks, strict=True) if sink is not None)
    return tuple(sink for sink in sinks if sink is not None)


def _build_sink(item: AuthoredSink, path: KeyPath, scope: Scope) -> Sink | None:
    if item.connection is not None:
        scope.known_name((*path, "connection"), "connection", item.connection, scope.connections)
    _check_mode(item, path, scope)
    checks = tuple(_build_check(check, (*path, "checks", place), scope) for place, check in enumerate(item.checks))
    rejects = _build_side_table(item.rejects, (*path, "rejects"), scope)
    diverting = [place for place, check in enumerate(checks) if check.on_failure is FailedCheck.DIVERT]
    if rejects is None and diverting:
        hint = 'such as rejects = { table = "rejects.sales", path = "lake/rejects/sales" } beside checks'
        scope.report.problem((*path, "checks", diverting[0]), "diverts rows, and there is no place for them", hint)
    match item.path, item.connection:
        case str(folder), connection:
            return _build_table(item, folder, connection or "", checks, rejects, path, scope)
        case None, str(connection):
            refuse(item, ("format",), path, "belongs to a target with `path`", scope)
            if not item.table.strip():
                scope.report.problem((*path, "table"), "a table needs a name")
            return DatabaseSink(
                connection=connection,
                table=item.table,
                mode=item.mode.value,
                keys=tuple(item.keys or ()),
                partition_by=tuple(item.partition_by or ()),
                checks=checks,
                rejects=rejects,
            )
        case _:
            scope.neither_nor(path, "path", "connection")
    return None


def _build_table(
    item: AuthoredSink,
    folder: str,
    connection: str,
    checks: tuple[Check, ...],
    rejects: SideTable | None,
    path: KeyPath,
    scope: Scope,
) -> TableSink:
    check_table_name(item.table, (*path, "table"), scope)
    file_format = item.format or FileFormatName.PARQUET
    if item.mode is WriteMode.UPSERT and file_format is not FileFormatName.DELTA:
        hint = '"overwrite", "append" or "overwrite_partitions"; format = "delta" can be upserted'
        scope.report.problem((*path, "mode"), f"{file_format} files can't be upserted", hint)
    _check_place(folder, connection, (*path, "path"), scope)
    return TableSink(
        table=item.table,
        path=folder,
        connection=connection,
        format=file_format.value,
        mode=item.mode.value,
        partition_by=tuple(item.partition_by or ()),
        keys=tuple(item.keys or ()),
        checks=checks,
        rejects=rejects,
    )


def _check_mode(item: AuthoredSink, path: KeyPath, scope: Scope) -> None:
    if item.mode is WriteMode.UPSERT:
        if not item.keys:
            scope.report.problem((*path, "keys"), "missing", "upsert needs the columns that make a row the same")
    else:
        refuse(item, ("keys",), path, f'belongs to mode = "upsert"; this one is {item.mode}', scope)
    if item.mode is WriteMode.OVERWRITE_PARTITIONS and not item.partition_by:
        hint = "the columns whose values say which rows are replaced"
        scope.report.problem((*path, "partition_by"), "missing", f"overwrite_partitions needs {hint}")
    elif item.path is None and item.mode is not WriteMode.OVERWRITE_PARTITIONS:
        refuse(item, ("partition_by",), path, "of a database belongs to overwrite_partitions", scope)


def _check_place(folder: str, connection: str, path: KeyPath, scope: Scope) -> None:
    scope.place(path, folder, may_be_s3=True)
    if connection and not folder.lower().startswith("s3://"):
        scope.report.problem(path, "names a path and a connection", "make two targets of it, or a path s3://bucket/…")


def check_table_name(table: str, path: KeyPath, scope: Scope) -> None:
    """Report what is no name of a catalog table."""
    if not _TABLE.fullmatch(table):
        hint = "database.table, lower-case letters, digits and _"
        scope.report.problem(path, f'"{table}" is no table of the catalog', hint)


def _build_check(item: str | AuthoredCheck, path: KeyPath, scope: Scope) -> Check:
    authored = AuthoredCheck(check=item) if isinstance(item, str) else item
    if not authored.check.strip() and not scope.report.is_broken((*path, "check")):
        scope.report.problem(path, "says nothing", '"unique order_id", "customer_id not null" or "amount >= 0"')
    scope.plain_text(path, authored.check)
    return Check(text=authored.check.strip(), on_failure=authored.on_failure)


def _build_side_table(item: AuthoredSideTable | None, path: KeyPath, scope: Scope) -> SideTable | None:
    if item is None:
        return None
    if not scope.report.is_broken((*path, "table")):
        check_table_name(item.table, (*path, "table"), scope)
    if not scope.report.is_broken((*path, "path")):
        _check_place(item.path, item.connection or "", (*path, "path"), scope)
    if item.connection is not None:
        scope.known_name((*path, "connection"), "connection", item.connection, scope.connections)
    return SideTable(table=item.table, path=item.path, connection=item.connection or "")
