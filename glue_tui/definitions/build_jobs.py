"""Jobs: which words belong to which type, where they read and where they write."""

from __future__ import annotations

import re

from glue_tui.core.model import (
    Chart,
    CommandWork,
    DashboardWork,
    DatabaseSink,
    Job,
    JobWork,
    PythonWork,
    Sink,
    SqlWork,
    TableSink,
)
from glue_tui.definitions.authored import (
    AuthoredChart,
    AuthoredJob,
    AuthoredSink,
    ChartKind,
    FileFormatName,
    JobType,
    WriteMode,
)
from glue_tui.definitions.report import KeyPath
from glue_tui.definitions.scope import CONCURRENT_RUNS_MAX, RETRIES_MAX, Scope, check_arguments, refuse

BACKOFF_MAX = 10.0

_TABLE = re.compile(r"[a-z0-9_]{1,128}\.[a-z0-9_]{1,128}")
_WORDS: dict[JobType, tuple[str, ...]] = {
    JobType.PYTHON: ("script", "targets"),
    JobType.SQL: ("query", "query_file", "engine", "targets"),
    JobType.COMMAND: ("command", "cwd", "environment"),
    JobType.DASHBOARD: ("output", "charts", "title"),
}


def build_job(name: str, authored: AuthoredJob, scope: Scope) -> Job | None:
    """Return the job, or None where not even its kind of work could be read."""
    path: KeyPath = ("jobs", name)
    check_arguments(authored.arguments, (*path, "arguments"), scope)
    check_arguments(authored.non_overridable_arguments, (*path, "non_overridable_arguments"), scope)
    scope.within((*path, "max_concurrent_runs"), authored.max_concurrent_runs, 0, CONCURRENT_RUNS_MAX)
    scope.within((*path, "max_retries"), authored.max_retries, 0, RETRIES_MAX)
    scope.within((*path, "backoff"), authored.backoff, 1, BACKOFF_MAX)
    targets = _build_sinks(name, authored, scope)
    timeout_s = scope.timeout((*path, "timeout"), authored.timeout, 48 * 3600.0)
    retry_delay_s = scope.duration((*path, "retry_delay"), authored.retry_delay, 0.0)
    notify_delay_after_s = _notify_delay_after_s(authored, timeout_s, (*path, "notify_delay_after"), scope)
    if authored.type is None:
        return None
    for word in {word: None for words in _WORDS.values() for word in words if word not in _WORDS[authored.type]}:
        owners = " or ".join(owner for owner, words in _WORDS.items() if word in words)
        refuse(authored, (word,), path, f"belongs to a {owners} job; this one is {authored.type}", scope)
    work = _build_work(authored, authored.type, path, scope)
    if work is None:
        return None
    return Job(
        name=name,
        work=work,
        description=authored.description,
        max_retries=authored.max_retries,
        retry_delay_s=retry_delay_s,
        backoff=authored.backoff,
        timeout_s=timeout_s,
        arguments=dict(authored.arguments),
        non_overridable_arguments=dict(authored.non_overridable_arguments),
        max_concurrent_runs=authored.max_concurrent_runs,
        notify_delay_after_s=notify_delay_after_s,
        targets=targets,
    )


def _notify_delay_after_s(authored: AuthoredJob, timeout_s: float, path: KeyPath, scope: Scope) -> float | None:
    """Rule JR-11."""
    if authored.notify_delay_after is None:
        return None
    seconds = scope.duration(path, authored.notify_delay_after, timeout_s)
    if seconds <= 0:
        scope.report.problem(path, "must be longer than nothing", "leave it out for no notice")
    elif seconds >= timeout_s and not scope.report.is_broken(path) and not scope.report.has_errors:
        scope.report.warning(path, "never comes: the job's timeout is not longer", "a shorter one, or a longer timeout")
    return seconds


def _build_work(authored: AuthoredJob, kind: JobType, path: KeyPath, scope: Scope) -> JobWork | None:
    match kind:
        case JobType.PYTHON:
            if authored.script is None:
                _missing(path, "script", kind, scope)
                return None
            script = scope.script_file((*path, "script"), authored.script)
            return PythonWork(script=script) if script else None
        case JobType.SQL:
            if not authored.targets:
                scope.report.problem((*path, "targets"), "missing", "say where the rows go")
            query = _read_query(authored, path, scope)
            return SqlWork(query=query) if query else None
        case JobType.COMMAND:
            return _build_command(authored, path, scope)
        case JobType.DASHBOARD:
            return _build_dashboard(authored, path, scope)


def _read_query(authored: AuthoredJob, path: KeyPath, scope: Scope) -> str | None:
    key = (*path, "query")
    match authored.query, authored.query_file:
        case None, None:
            if not scope.report.is_broken((*path, "query_file")):
                scope.report.problem(key, "missing", "every sql job needs `query` or `query_file`")
            return None
        case str(text), None:
            pass
        case None, str(file):
            key = (*path, "query_file")
            found = scope.file_text(key, file)
            if found is None:
                return None
            text = found
        case _:
            scope.report.problem((*path, "query_file"), "`query` is given, too", "keep one of them")
            return None
    if not text.strip():
        scope.report.problem(key, "the query is empty")
    return scope.text(key, text)


def _build_command(authored: AuthoredJob, path: KeyPath, scope: Scope) -> CommandWork | None:
    if authored.command is None:
        _missing(path, "command", JobType.COMMAND, scope)
        return None
    if not authored.command or not authored.command[0].strip():
        scope.report.problem((*path, "command"), "names no program", 'command = ["python3", "report.py"]')
    for index, part in enumerate(authored.command):
        scope.text((*path, "command", index), part)
    for key, value in (authored.environment or {}).items():
        scope.text((*path, "environment", key), value)
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", key):
            scope.report.problem((*path, "environment", key), "not a name of an environment variable")
    if authored.cwd is not None:
        scope.place((*path, "cwd"), authored.cwd)
    return CommandWork(
        command=tuple(authored.command), cwd=authored.cwd or ".", environment=dict(authored.environment or {})
    )


def _build_dashboard(authored: AuthoredJob, path: KeyPath, scope: Scope) -> DashboardWork | None:
    if authored.output is None:
        _missing(path, "output", JobType.DASHBOARD, scope)
    else:
        scope.place((*path, "output"), authored.output)
    if not authored.charts:
        _missing(path, "charts", JobType.DASHBOARD, scope)
    charts = [_build_chart(chart, (*path, "charts", index), scope) for index, chart in enumerate(authored.charts or [])]
    return DashboardWork(output=authored.output or "", charts=tuple(charts), title=authored.title or "")


def _build_chart(chart: AuthoredChart, path: KeyPath, scope: Scope) -> Chart:
    scope.text((*path, "query"), chart.query)
    if not chart.query.strip():
        scope.report.problem((*path, "query"), "the query is empty")
    if chart.kind in (ChartKind.LINE, ChartKind.BAR):
        for axis in ("x", "y"):
            if not getattr(chart, axis):
                scope.report.problem((*path, axis), "missing", f"a {chart.kind} chart needs the column for {axis}")
    return Chart(title=chart.title, kind=(chart.kind or ChartKind.TABLE).value, query=chart.query, x=chart.x, y=chart.y)


def _build_sinks(job: str, authored: AuthoredJob, scope: Scope) -> tuple[Sink, ...]:
    paths: list[KeyPath] = [("jobs", job, "targets", index) for index in range(len(authored.targets or []))]
    sinks = [_build_sink(item, path, scope) for item, path in zip(authored.targets or [], paths, strict=True)]
    scope.target_paths[job] = tuple(path for path, sink in zip(paths, sinks, strict=True) if sink is not None)
    return tuple(sink for sink in sinks if sink is not None)


def _build_sink(item: AuthoredSink, path: KeyPath, scope: Scope) -> Sink | None:
    match item.path, item.connection:
        case str(folder), None:
            refuse(item, ("keys",), path, "belongs to a target with `connection`", scope)
            if not _TABLE.fullmatch(item.table):
                hint = "database.table, lower-case letters, digits and _"
                scope.report.problem((*path, "table"), f'"{item.table}" is no table of the catalog', hint)
            if item.mode is WriteMode.UPSERT:
                scope.report.problem((*path, "mode"), "files can't be upserted", '"overwrite" or "append"')
            scope.place((*path, "path"), folder)
            return TableSink(
                table=item.table,
                path=folder,
                format=(item.format or FileFormatName.PARQUET).value,
                mode=item.mode.value,
                partition_by=tuple(item.partition_by or ()),
            )
        case None, str(connection):
            refuse(item, ("format", "partition_by"), path, "belongs to a target with `path`", scope)
            scope.known_name((*path, "connection"), "connection", connection, scope.connections)
            if not item.table.strip():
                scope.report.problem((*path, "table"), "a table needs a name")
            if item.mode is WriteMode.UPSERT and not item.keys:
                scope.report.problem((*path, "keys"), "missing", "upsert needs the columns that make a row the same")
            return DatabaseSink(
                connection=connection, table=item.table, mode=item.mode.value, keys=tuple(item.keys or ())
            )
        case None, None:
            scope.neither_nor(path, "path", "connection")
        case _:
            scope.report.problem(path, "names a path and a connection", "make two targets of it")
    return None


def _missing(path: KeyPath, key: str, kind: JobType, scope: Scope) -> None:
    scope.report.problem((*path, key), "missing", f"every {kind} job needs `{key}`")
