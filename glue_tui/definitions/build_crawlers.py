"""Crawlers: where they look, and what they are told of the files there."""

from __future__ import annotations

import codecs
import re
from posixpath import normpath

from glue_tui.core.glue_types import spelled_type
from glue_tui.core.grok import compiled
from glue_tui.core.json_path import json_steps
from glue_tui.core.model import Classifier, Crawler, CrawlTarget, DatabaseTarget, FolderTarget
from glue_tui.core.problem import InvalidInput
from glue_tui.core.s3_urls import is_s3
from glue_tui.core.states import DeleteBehavior, RecrawlBehavior, UpdateBehavior
from glue_tui.core.value_forms import check_form
from glue_tui.definitions.authored import AuthoredClassifier, AuthoredCrawler, AuthoredCrawlTarget
from glue_tui.definitions.report import KeyPath
from glue_tui.definitions.scope import RETRIES_MAX, Scope, refuse
from glue_tui.definitions.templates import has_template

_DATABASE = re.compile(r"[a-z0-9_]{1,128}")
_ONE_LETTER = ("delimiter", "quote", "escape", "decimal")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]")
SKIP_LINES_MAX = 1000
TABLE_THRESHOLD_MAX = 1_000_000
TABLE_LEVEL_MAX = 100


def build_crawler(name: str, authored: AuthoredCrawler, scope: Scope) -> Crawler:
    path: KeyPath = ("crawlers", name)
    if not _DATABASE.fullmatch(authored.database):
        hint = "lower-case letters, digits and _"
        scope.report.problem((*path, "database"), f'"{authored.database}" is no database name', hint)
    if authored.table_prefix and not _DATABASE.fullmatch(authored.table_prefix):
        scope.report.problem((*path, "table_prefix"), "lower-case letters, digits and _ only")
    if not authored.targets:
        scope.report.problem((*path, "targets"), "a crawler has to look somewhere", 'targets = [{ path = "…" }]')
    targets = [
        _build_crawl_target(item, (*path, "targets", index), scope) for index, item in enumerate(authored.targets)
    ]
    _check_twice(targets, path, scope)
    _check_grouping(authored, [one for one in targets if isinstance(one, FolderTarget)], path, scope)
    _check_new_folders_only(authored, path, scope)
    scope.within((*path, "max_retries"), authored.max_retries, 0, RETRIES_MAX)
    timeout = (*path, "timeout")
    return Crawler(
        name=name,
        database=authored.database,
        targets=tuple(target for target in targets if target is not None),
        table_prefix=authored.table_prefix,
        table_grouping=authored.table_grouping,
        table_level=authored.table_level,
        table_threshold=authored.table_threshold,
        recrawl=authored.recrawl,
        update_behavior=authored.schema_change.update,
        delete_behavior=authored.schema_change.delete,
        description=authored.description,
        timeout_s=None if authored.timeout is None else scope.timeout(timeout, authored.timeout, 1.0),
        max_retries=authored.max_retries,
        retry_delay_s=scope.duration((*path, "retry_delay"), authored.retry_delay, 0.0),
    )


def _check_twice(targets: list[CrawlTarget | None], path: KeyPath, scope: Scope) -> None:
    """Warn of a target that holds nothing but the files of one before it."""
    whole: dict[tuple[str, str], int] = {}
    for number, target in enumerate(targets, start=1):
        if isinstance(target, FolderTarget):
            place = target.path.rstrip("/") if is_s3(target.path) else normpath(target.path)
            first = whole.get((place, target.connection))
            if first is not None:
                hint = "a file belongs to one target only: leave it out, or part the files by `exclude`"
                scope.report.warning(
                    (*path, "targets", number - 1, "path"), f"holds only what target {first} holds", hint
                )
            elif not target.exclude:
                whole[place, target.connection] = number


def _check_new_folders_only(authored: AuthoredCrawler, path: KeyPath, scope: Scope) -> None:
    """Report policies that can't hold for who looks into new folders only (rule CR-10)."""
    if authored.recrawl is not RecrawlBehavior.CRAWL_NEW_FOLDERS_ONLY:
        return
    policy = authored.schema_change
    if policy.update is not UpdateBehavior.LOG or policy.delete is not DeleteBehavior.LOG:
        hint = 'schema_change = { update = "LOG", delete = "LOG" }; CRAWL_CHANGED costs little more and sees all'
        scope.report.problem((*path, "recrawl"), "needs update and delete to be LOG: it sees neither", hint)


def _check_grouping(authored: AuthoredCrawler, folders: list[FolderTarget], path: KeyPath, scope: Scope) -> None:
    """Report what the keys about tables and partitions can't mean."""
    if authored.table_threshold is not None:
        scope.within((*path, "table_threshold"), authored.table_threshold, 1, TABLE_THRESHOLD_MAX)
    if not folders:
        refuse(authored, ("table_grouping", "table_level"), path, "belongs to a crawler with a target of `path`", scope)
        return
    if authored.table_level is None:
        return
    scope.within((*path, "table_level"), authored.table_level, 1, TABLE_LEVEL_MAX)
    for target in folders:
        if target.level > authored.table_level:
            scope.report.problem(
                (*path, "table_level"),
                f"{target.path} lies deeper, at level {target.level}",
                "the bucket or first folder is level 1; tables are looked for in the target and below",
            )


def _build_crawl_target(item: AuthoredCrawlTarget, path: KeyPath, scope: Scope) -> CrawlTarget | None:
    match item.path, item.connection:
        case str(folder), connection if connection is None or is_s3(folder):
            refuse(item, ("include",), path, "belongs to a target with `connection`", scope)
            _check_folder((*path, "path"), folder, scope)
            if connection is not None:
                scope.known_name((*path, "connection"), "connection", connection, scope.connections)
            return FolderTarget(
                path=folder,
                exclude=tuple(item.exclude or ()),
                connection=connection or "",
                classifier=_build_classifier(item.classifier, (*path, "classifier"), scope),
            )
        case None, str(connection):
            refuse(item, ("exclude", "classifier"), path, "belongs to a target with `path`", scope)
            scope.known_name((*path, "connection"), "connection", connection, scope.connections)
            return DatabaseTarget(connection=connection, include=item.include or "%")
        case None, None:
            scope.neither_nor(path, "path", "connection")
        case _:
            hint = "make two targets of it; only an s3:// path has a connection"
            scope.report.problem(path, "names a path and a connection", hint)
    return None


def _check_folder(path: KeyPath, folder: str, scope: Scope) -> None:
    scheme, colon, place = folder.partition("://")
    if not colon:
        scope.place(path, folder)
    elif not is_s3(folder):
        hint = f"s3://{place}" if scheme.lower() in ("s3", "s3a", "s3n") else "a folder, or s3://bucket/folder"
        scope.report.problem(path, f"{scheme[:20]}:// can't be crawled", hint)
    elif not _BUCKET.fullmatch(place.partition("/")[0]) or "//" in place:
        scope.report.problem(path, "names no bucket and folder", "s3://bucket/folder")
    if has_template(folder):
        scope.plain_text(path, folder)


def _build_classifier(item: AuthoredClassifier | None, path: KeyPath, scope: Scope) -> Classifier:
    if item is None:
        return Classifier()
    for key in _ONE_LETTER:
        text = getattr(item, key)
        if text is not None and len(text) != 1 and not (key in ("quote", "escape") and text == ""):
            scope.report.problem((*path, key), f"{text!r} is not one letter", 'such as ";", or "\\t" for a tab')
    if item.quote and item.quote == item.delimiter:
        scope.report.problem((*path, "quote"), "is the delimiter, too")
    if item.decimal not in (None, ".", ","):
        scope.report.problem((*path, "decimal"), f"{item.decimal!r} stands before no decimals", '"." or ","')
    for key in ("skip_lines", "skip_footer_lines"):
        if (lines := getattr(item, key)) is not None:
            scope.within((*path, key), lines, 0, SKIP_LINES_MAX)
    if len(set(item.columns)) < len(item.columns):
        scope.report.problem((*path, "columns"), "names a column twice")
    if item.encoding is not None and not _is_encoding(item.encoding):
        scope.report.problem((*path, "encoding"), f"no encoding named {item.encoding!r}", 'such as "cp1252", "utf-16"')
    for name, form in item.forms.items():
        try:
            check_form(form)
        except InvalidInput as error:
            scope.report.problem((*path, "forms", name), error.message, error.hint)
    if item.records is not None:
        try:
            json_steps(item.records)
        except InvalidInput as error:
            scope.report.problem((*path, "records"), error.message, error.hint)
    if item.pattern is not None:
        try:
            compiled(item.pattern, item.patterns)
        except InvalidInput as error:
            scope.report.problem((*path, "pattern"), error.message, error.hint)
    return Classifier(
        format=None if item.format is None else item.format.value,
        delimiter=item.delimiter,
        quote=item.quote,
        escape=item.escape,
        comment=item.comment,
        header=item.header,
        columns=tuple(item.columns),
        skip_lines=item.skip_lines,
        skip_footer_lines=item.skip_footer_lines,
        encoding=item.encoding,
        decimal=item.decimal,
        day_first=item.day_first,
        forms=tuple(item.forms.items()),
        nulls=tuple(item.nulls),
        types=_types(item.types, (*path, "types"), scope),
        records=item.records,
        sheet=item.sheet,
        pattern=item.pattern,
        patterns=tuple(item.patterns.items()),
    )


def _types(said: dict[str, str], path: KeyPath, scope: Scope) -> tuple[tuple[str, str], ...]:
    """Return column types in the catalog's spelling; report those that are none."""
    types = []
    for name, text in said.items():
        try:
            types.append((name, spelled_type(text)))
        except InvalidInput as error:
            scope.report.problem((*path, name), error.message, error.hint)
    return tuple(types)


def _is_encoding(name: str) -> bool:
    try:
        codecs.lookup(name)
    except LookupError:
        return False
    return True
