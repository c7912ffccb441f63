"""Jobs: which words belong to which type, and what they do; where they write stands in `build_targets`."""

from __future__ import annotations

import re

from glue_tui.core.job import (
    WITH_BOOKMARK,
    Chart,
    CommandWork,
    DashboardWork,
    Job,
    JobType,
    JobWork,
    PythonWork,
    ScalaWork,
    SparkSettings,
    SparkWork,
    SqlWork,
)
from glue_tui.core.states import BookmarkOption
from glue_tui.definitions.authored import AuthoredChart, AuthoredJob, ChartKind, SqlEngine
from glue_tui.definitions.build_targets import build_targets, check_table_name
from glue_tui.definitions.report import KeyPath
from glue_tui.definitions.scope import CONCURRENT_RUNS_MAX, RETRIES_MAX, Scope, check_arguments, refuse
from glue_tui.definitions.sizes import parse_size
from glue_tui.definitions.templates import has_template

BACKOFF_MAX = 10.0
THREADS_MAX = 1024
EXIT_CODE_MAX = 255
MEMORY_BYTES_MIN = 128 * 1000**2
"""An interpreter with polars alone takes as much."""

_MASTER = re.compile(r"local(\[(\*|\d{1,4})(,\d{1,4})?\])?|(spark|k8s)://\S+|yarn")
_SPARK = ("master", "packages", "jars", "conf")
_WORDS: dict[JobType, tuple[str, ...]] = {
    JobType.PYTHON: ("script", "targets"),
    JobType.SQL: ("query", "query_file", "engine", "targets", *_SPARK),
    JobType.COMMAND: ("command", "cwd", "environment", "success_codes", "skip_codes"),
    JobType.DASHBOARD: ("output", "charts", "title"),
    JobType.SPARK: ("script", "targets", "py_files", *_SPARK),
    JobType.SCALA: ("script", "jar", "main_class", "targets", *_SPARK),
}


def build_job(name: str, authored: AuthoredJob, scope: Scope) -> Job | None:
    """Return the job, or None where not even its kind of work could be read."""
    path: KeyPath = ("jobs", name)
    check_arguments(authored.arguments, (*path, "arguments"), scope)
    check_arguments(authored.non_overridable_arguments, (*path, "non_overridable_arguments"), scope)
    scope.within((*path, "max_concurrent_runs"), authored.max_concurrent_runs, 0, CONCURRENT_RUNS_MAX)
    scope.within((*path, "max_retries"), authored.max_retries, 0, RETRIES_MAX)
    scope.within((*path, "backoff"), authored.backoff, 1, BACKOFF_MAX)
    targets = build_targets(name, authored, scope)
    memory_bytes_max = _memory_bytes_max(authored, (*path, "memory"), scope)
    if authored.threads is not None:
        scope.within((*path, "threads"), authored.threads, 1, THREADS_MAX)
    timeout_s = scope.timeout((*path, "timeout"), authored.timeout, 48 * 3600.0)
    retry_delay_s = scope.duration((*path, "retry_delay"), authored.retry_delay, 0.0)
    notify_delay_after_s = _notify_delay_after_s(authored, timeout_s, (*path, "notify_delay_after"), scope)
    if authored.type is None:
        return None
    for word in {word: None for words in _WORDS.values() for word in words if word not in _WORDS[authored.type]}:
        owners = " or ".join(owner for owner, words in _WORDS.items() if word in words)
        refuse(authored, (word,), path, f"belongs to a {owners} job; this one is {authored.type}", scope)
    _check_bookmark(authored, authored.type, path, scope)
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
        bookmark=authored.bookmark,
        bookmark_tables=tuple(table.lower() for table in authored.bookmark_tables or ()),
        bookmark_keys={table.lower(): tuple(keys) for table, keys in authored.bookmark_keys.items()},
        memory_bytes_max=memory_bytes_max,
        threads=authored.threads,
    )


def _check_bookmark(authored: AuthoredJob, kind: JobType, path: KeyPath, scope: Scope) -> None:
    if kind not in WITH_BOOKMARK:
        for word in ("bookmark", "bookmark_tables", "bookmark_keys"):
            if getattr(authored, word) != getattr(AuthoredJob(), word):
                message = f"belongs to a {' or '.join(WITH_BOOKMARK)} job; this one is {kind}"
                scope.report.problem((*path, word), message)
    elif authored.bookmark is BookmarkOption.ENABLE and authored.max_concurrent_runs != 1:
        message = "a bookmark needs runs one after the other: two at once would read the same (rule BK-7)"
        scope.report.problem((*path, "max_concurrent_runs"), message, "leave it out: 1 is what it is without it")
    for index, table in enumerate(authored.bookmark_tables or ()):
        check_table_name(table.lower(), (*path, "bookmark_tables", index), scope)
    for table, keys in authored.bookmark_keys.items():
        check_table_name(table.lower(), (*path, "bookmark_keys", table), scope)
        if not keys:
            scope.report.problem((*path, "bookmark_keys", table), "names no column", 'such as ["id"]')


def _memory_bytes_max(authored: AuthoredJob, path: KeyPath, scope: Scope) -> int | None:
    if authored.memory is None:
        return None
    try:
        size_bytes = parse_size(authored.memory)
    except ValueError as error:
        scope.report.problem(path, str(error))
        return None
    if size_bytes < MEMORY_BYTES_MIN:
        scope.report.problem(path, f'"{authored.memory}" is less than any job needs', '"128MB" or more')
    return size_bytes


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
            return _build_sql(authored, path, scope)
        case JobType.COMMAND:
            return _build_command(authored, path, scope)
        case JobType.DASHBOARD:
            return _build_dashboard(authored, path, scope)
        case JobType.SPARK:
            if authored.script is None:
                _missing(path, "script", kind, scope)
                return None
            script = scope.script_file((*path, "script"), authored.script)
            return SparkWork(script=script, spark=_spark(authored, path, scope)) if script else None
        case JobType.SCALA:
            return _build_scala(authored, path, scope)


def _build_sql(authored: AuthoredJob, path: KeyPath, scope: Scope) -> SqlWork | None:
    if not authored.targets:
        scope.report.problem((*path, "targets"), "missing", "say where the rows go")
    query = _read_query(authored, path, scope)
    spark = None
    if authored.engine is SqlEngine.SPARK:
        spark = _spark(authored, path, scope)
    else:
        refuse(authored, _SPARK, path, 'belongs to a job with engine = "spark"', scope)
    file = scope.path_beside(authored.query_file) if authored.query_file else ""
    return SqlWork(query=query, query_file=file, spark=spark) if query else None


def _build_scala(authored: AuthoredJob, path: KeyPath, scope: Scope) -> ScalaWork | None:
    spark = _spark(authored, path, scope)
    match authored.script, authored.jar:
        case str(text), None:
            refuse(authored, ("main_class",), path, "belongs to a job with `jar`", scope)
            script = scope.script_file((*path, "script"), text)
            return ScalaWork(script=script, spark=spark) if script else None
        case None, str(jar):
            if authored.main_class is None:
                _missing(path, "main_class", JobType.SCALA, scope)
            return ScalaWork(jar=scope.place((*path, "jar"), jar), main_class=authored.main_class or "", spark=spark)
        case None, None:
            scope.neither_nor(path, "script", "jar")
        case _:
            scope.report.problem((*path, "jar"), "`script` is given, too", "keep one of them")
    return None


def _spark(authored: AuthoredJob, path: KeyPath, scope: Scope) -> SparkSettings:
    master = authored.master if authored.master is not None else SparkSettings().master
    if not _MASTER.fullmatch(master) and not has_template(master):
        hint = '"local[*]", "spark://host:7077", "yarn" or "k8s://https://host:443"'
        scope.report.problem((*path, "master"), f'"{master}" is no master of Spark', hint)
    scope.text((*path, "master"), master)
    for word in ("packages", "jars", "py_files"):
        for index, item in enumerate(getattr(authored, word) or ()):
            scope.text((*path, word, index), item)
    for key, value in (authored.conf or {}).items():
        scope.text((*path, "conf", key), value)
    return SparkSettings(
        master=master,
        packages=tuple(authored.packages or ()),
        jars=tuple(authored.jars or ()),
        py_files=tuple(authored.py_files or ()),
        conf=dict(authored.conf or {}),
    )


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
    success_codes, skip_codes = _exit_codes(authored, path, scope)
    return CommandWork(
        command=tuple(authored.command),
        cwd=authored.cwd or ".",
        environment=dict(authored.environment or {}),
        success_codes=success_codes,
        skip_codes=skip_codes,
    )


def _exit_codes(authored: AuthoredJob, path: KeyPath, scope: Scope) -> tuple[tuple[int, ...], tuple[int, ...]]:
    success = (
        tuple(authored.success_codes) if authored.success_codes is not None else CommandWork(command=()).success_codes
    )
    skip = tuple(authored.skip_codes or ())
    for word, codes in (("success_codes", success), ("skip_codes", skip)):
        for index, code in enumerate(codes):
            scope.within((*path, word, index), code, 0, EXIT_CODE_MAX)
    if not success:
        scope.report.problem((*path, "success_codes"), "no exit code would be a success", "leave it out for 0 alone")
    for code in sorted(set(success) & set(skip)):
        scope.report.problem((*path, "skip_codes"), f"{code} stands in success_codes, too", "a code means one thing")
    return success, skip


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


def _missing(path: KeyPath, key: str, kind: JobType, scope: Scope) -> None:
    scope.report.problem((*path, key), "missing", f"every {kind} job needs `{key}`")
