"""The authored shape into the core model, reporting what is wrong with names, values and files on the way."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar
from zoneinfo import ZoneInfo, available_timezones

from glue_tui.core.database_urls import kind_of, server_url
from glue_tui.core.job import DatabaseSink
from glue_tui.core.model import Connection, DatabaseTarget, FolderTarget, HistoryLimits, Property, Workflow
from glue_tui.core.problem import InvalidInput
from glue_tui.core.properties import value_problem
from glue_tui.core.s3_urls import S3_SCHEME, S3_SECRETS, is_s3, parse_s3_url
from glue_tui.definitions.authored import AuthoredHistory, AuthoredProperty, AuthoredWorkflow, PropertyType, Scalar
from glue_tui.definitions.build_crawlers import build_crawler
from glue_tui.definitions.build_jobs import build_job
from glue_tui.definitions.build_notifications import build_notifications
from glue_tui.definitions.build_triggers import build_trigger
from glue_tui.definitions.report import KeyPath, Report
from glue_tui.definitions.scope import CONCURRENT_RUNS_MAX, Scope
from glue_tui.definitions.shape import nearest
from glue_tui.definitions.templates import has_template

T = TypeVar("T")

NAME_LENGTH_MAX = 100
KEEP_RUNS_MAX = 1_000_000
KEEP_FOR_YEARS_MAX = 100
NAME_RULE = "letters, digits, _ - and . (the last two not first)"

_NAME = re.compile(r"\w[\w.-]*")
WRITABLE_DATABASES = ("sqlite", "postgresql", "redshift")
_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


def build_workflow(authored: AuthoredWorkflow, name: str, scope: Scope) -> Workflow:
    """Return what `authored` says. Only if nothing was reported as an error is it fit for use."""
    report = scope.report
    for table in ("triggers", "crawlers", "jobs", "connections"):
        _check_names(table, getattr(authored, table), report)
    scope.within(("max_concurrent_runs",), authored.max_concurrent_runs, 0, CONCURRENT_RUNS_MAX)
    _check_timezone(authored.timezone, report)
    workflow = Workflow(
        name=name,
        source=report.source,
        description=authored.description,
        max_concurrent_runs=authored.max_concurrent_runs,
        on_overlap=authored.on_overlap,
        timezone=authored.timezone,
        history=_build_history(authored.history, scope),
        properties=tuple(_build_property(key, item, report) for key, item in authored.properties.items()),
        connections=tuple(_build_connection(key, item.url, scope) for key, item in authored.connections.items()),
        triggers=_present(build_trigger(key, item, scope) for key, item in authored.triggers.items()),
        crawlers=_present(build_crawler(key, item, scope) for key, item in authored.crawlers.items()),
        jobs=_present(build_job(key, item, scope) for key, item in authored.jobs.items()),
        notifications=build_notifications(authored, scope),
    )
    _check_written_places(workflow, scope)
    if not scope.report.has_errors:
        _check_crawled_places(workflow, scope)
    return workflow


def _build_history(authored: AuthoredHistory, scope: Scope) -> HistoryLimits:
    path = ("history",)
    if authored.keep_runs is not None:
        scope.within((*path, "keep_runs"), authored.keep_runs, 1, KEEP_RUNS_MAX)
    if authored.keep_for is None:
        return HistoryLimits(keep_runs=authored.keep_runs or 0)
    keep_for_s = scope.duration((*path, "keep_for"), authored.keep_for, 1.0, KEEP_FOR_YEARS_MAX)
    if keep_for_s <= 0:
        scope.report.problem((*path, "keep_for"), "must be longer than nothing", "leave it out to keep runs for ever")
    return HistoryLimits(keep_runs=authored.keep_runs or 0, keep_for_s=keep_for_s)


def is_name(text: str) -> bool:
    return len(text) <= NAME_LENGTH_MAX and _NAME.fullmatch(text) is not None


def _present(items: Iterable[T | None]) -> tuple[T, ...]:
    return tuple(item for item in items if item is not None)


def _check_names(table: str, items: Mapping[str, object], report: Report) -> None:
    """Names become parts of file names and of command lines."""
    for name in items:
        if not is_name(name):
            report.problem((table, name), "not a usable name", f"{NAME_RULE}, at most {NAME_LENGTH_MAX}")


def _check_timezone(name: str, report: Report) -> None:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        hint = nearest(name, tuple(sorted(available_timezones()))) or 'an IANA name, such as "Europe/Paris"'
        report.problem(("timezone",), f'no time zone named "{name}"', hint)


def _build_property(name: str, authored: str | AuthoredProperty, report: Report) -> Property:
    path = ("properties", name)
    if not name.strip():
        report.problem(path, "a property needs a name")
    elif "=" in name or name != name.strip():
        report.problem(path, "the name could not be given as NAME=VALUE", "no = in it, no space around it")
    if isinstance(authored, str):
        return Property(name=name, default=authored)
    item = Property(
        name=name,
        type=(authored.type or PropertyType.STRING).value,
        default=None if authored.default is None else _scalar_text(authored.default),
        choices=tuple(_scalar_text(choice) for choice in authored.choices),
        description=authored.description,
    )
    unlimited = replace(item, choices=())
    for index, choice in enumerate(item.choices):
        if problem := value_problem(unlimited, choice):
            report.problem((*path, "choices", index), problem)
    if item.default is not None and (problem := value_problem(item, item.default)):
        report.problem((*path, "default"), problem)
    return item


def _scalar_text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _check_written_places(workflow: Workflow, scope: Scope) -> None:
    """Report targets whose connection is of another kind than they need."""
    kinds = {one.name: _kind(one.url) for one in workflow.connections}
    for job in workflow.jobs:
        for path, sink in zip(scope.target_paths.get(job.name, ()), job.targets, strict=False):
            kind = kinds.get(sink.connection, "")
            if not kind or has_template(kind):
                continue
            is_database = isinstance(sink, DatabaseSink)
            if kind not in (WRITABLE_DATABASES if is_database else ("s3",)):
                hint = f"those that can: {', '.join(WRITABLE_DATABASES)}" if is_database else "it has to be s3://…"
                what = "can't be written as a database" if is_database else "says nothing of an s3:// path"
                scope.report.problem((*path, "connection"), f"a connection of {kind} {what}", hint)


def _kind(url: str) -> str:
    """Return what kind of place a connection's URL names, or its first word where that is none we know."""
    word = url.partition("://")[0].lower()
    try:
        return word if has_template(word) else kind_of(url)
    except InvalidInput:
        return word


def _build_connection(name: str, url: str, scope: Scope) -> Connection:
    path = ("connections", name, "url")
    # The URL itself is never repeated in a message: somebody may have written a password into it.
    if not has_template(url.partition("://")[0]):
        plain = _TEMPLATE.sub("1", url)
        try:
            if url.lower().startswith(S3_SCHEME):
                _check_s3_url(path, url, scope)
            elif kind_of(url) == "sqlite":
                if not plain.partition("://")[2].startswith("/") or not plain.partition("://")[2].strip("/"):
                    scope.report.problem(path, "not a database URL", 'three slashes: "sqlite:///path/to/file.db"')
            elif any(_written_out(server_url(plain).passwords, server_url(_TEMPLATE.sub("2", url)).passwords)):
                hint = "{{ env.PASSWORD }} in its place, and the variable set where the engine is started"
                scope.report.problem(path, "holds a password, which catalog and history would keep", hint)
        except InvalidInput as error:
            scope.report.problem(path, error.message, error.hint)
    return Connection(name=name, url=scope.text(path, url))


def _written_out(passwords: tuple[str, ...], others: tuple[str, ...]) -> Iterator[bool]:
    """Yield of each password whether it is there, and the same whatever its templates bring."""
    return (one != "" and one == other for one, other in zip(passwords, others, strict=True))


def _check_s3_url(path: KeyPath, url: str, scope: Scope) -> None:
    try:
        settings = parse_s3_url(url).settings
    except ValueError as error:
        scope.report.problem(path, str(error), "s3://bucket?endpoint=https://…&access_key={{ env.KEY }}&secret_key=…")
        return
    for name in S3_SECRETS:
        if name in settings and not has_template(settings[name]):
            hint = "{{ env.SECRET }} in its place, and the variable set where the engine is started"
            scope.report.problem(path, f"holds a {name}, which catalog and history would keep", hint)


def _check_crawled_places(workflow: Workflow, scope: Scope) -> None:
    """Report connections that are of another kind than a crawler's target needs."""
    urls = {one.name: one.url for one in workflow.connections if not has_template(one.url.partition("://")[0])}
    for crawler in workflow.crawlers:
        for index, target in enumerate(crawler.targets):
            url = urls.get(target.connection, "")
            path = ("crawlers", crawler.name, "targets", index, "connection")
            match target:
                case FolderTarget() if url and not is_s3(url):
                    scope.report.problem(path, f"{target.connection} is no connection to S3", 'url = "s3://…"')
                case FolderTarget() if url and is_s3(url):
                    bucket = parse_s3_url(url).bucket
                    if bucket and bucket != target.path.removeprefix(S3_SCHEME).partition("/")[0]:
                        scope.report.problem(path, f"{target.connection} is of bucket {bucket}", "leave it out there")
                case DatabaseTarget() if is_s3(url):
                    hint = f'path = "s3://bucket/folder", connection = "{target.connection}"'
                    scope.report.problem(path, f"{target.connection} holds files: the target needs a path, too", hint)
