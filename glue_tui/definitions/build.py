"""The authored shape into the core model, reporting what is wrong with names, values and files on the way."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo, available_timezones

from glue_tui.core.model import Connection, NodeId, Property, Workflow
from glue_tui.core.properties import value_problem
from glue_tui.definitions.authored import AuthoredProperty, AuthoredWorkflow, PropertyType, Scalar
from glue_tui.definitions.durations import parse_duration
from glue_tui.definitions.files import InputFile, is_file
from glue_tui.definitions.report import KeyPath, Report
from glue_tui.definitions.shape import nearest
from glue_tui.definitions.templates import has_template, template_problems

T = TypeVar("T")

NAME_LENGTH_MAX = 100
CONCURRENT_RUNS_MAX = 10_000
RETRIES_MAX = 10
"""Rule JR-6."""

RESERVED_ARGUMENTS = ("--JOB_NAME", "--WORKFLOW_NAME", "--WORKFLOW_RUN_ID")

NAME_RULE = "letters, digits, _ - and . (the last two not first)"

_NAME = re.compile(r"\w[\w.-]*")
_CONNECTION_SCHEMES = ("sqlite",)


@dataclass(kw_only=True)
class Scope:
    """What the parts of a file need while they are read: where to report, which names there are, where files lie."""

    report: Report
    project_dir: Path
    folder: Path
    """Folder of the workflow file."""
    jobs: tuple[str, ...] = ()
    crawlers: tuple[str, ...] = ()
    connections: tuple[str, ...] = ()
    properties: tuple[str, ...] = ()
    inputs: dict[InputFile, bytes | str] = field(default_factory=dict)
    """Files beside the TOML that the result rests on, and what was seen of them."""
    action_paths: dict[tuple[str, NodeId], KeyPath] = field(default_factory=dict)
    target_paths: dict[str, tuple[KeyPath, ...]] = field(default_factory=dict)
    """By job, as long as the job's targets."""
    condition_paths: dict[tuple[str, NodeId], KeyPath] = field(default_factory=dict)

    def known_name(self, path: KeyPath, kind: str, name: str, known: tuple[str, ...]) -> bool:
        """Report a name that does not exist; return whether it does."""
        if name not in known and not self.report.is_full:
            self.report.problem(path, f'no {kind} named "{name}"', nearest(name, known) or f"there is no {kind} yet")
        return name in known

    def text(self, path: KeyPath, text: str) -> str:
        """Return a text in which templates are filled in later, having checked them."""
        for message, hint in template_problems(text, self.properties):
            self.report.problem(path, message, hint)
        return text

    def plain_text(self, path: KeyPath, text: str) -> str:
        """Return a text in which nobody fills in templates."""
        if has_template(text):
            self.report.problem(path, "templates are not filled in here")
        return text

    def place(self, path: KeyPath, text: str) -> str:
        """Return a path inside or outside the project, as written; a template may stand in it."""
        if not text.strip() or "\0" in text:
            self.report.problem(path, "a path may not be empty")
        elif text.lower().startswith("s3://"):
            self.report.problem(path, "not supported yet: s3:// paths", "name a folder of this machine")
        return self.text(path, text)

    def script_file(self, path: KeyPath, text: str) -> str | None:
        """Return a file that has to exist, relative to the project folder; `text` is relative to the workflow file."""
        file = self._beside(path, text)
        if file is None:
            return None
        script = InputFile(file, is_read=False)
        self.inputs[script] = script.look()
        if self.inputs[script] != str(True):
            self._report_missing_file(path, file, text)
            return None
        return self.relative(file)

    def file_text(self, path: KeyPath, text: str) -> str | None:
        """Return what a file says; `text` is its path relative to the workflow file."""
        file = self._beside(path, text)
        if file is None:
            return None
        query = InputFile(file, is_read=True)
        self.inputs[query] = content = query.look()
        if not is_file(file):
            self._report_missing_file(path, file, text)
        elif isinstance(content, str):
            self.report.problem(path, f"{self.relative(file)}: {content}")
        else:
            try:
                return content.decode("utf-8-sig")
            except UnicodeDecodeError:
                self.report.problem(path, f"{self.relative(file)} is not text in UTF-8")
        return None

    def _beside(self, path: KeyPath, text: str) -> Path | None:
        if has_template(text):
            self.plain_text(path, text)
        elif not text.strip() or "\0" in text:
            self.report.problem(path, "a path may not be empty")
        else:
            return Path(os.path.normpath(self.folder / text))
        return None

    def _report_missing_file(self, path: KeyPath, file: Path, text: str) -> None:
        hint = "it is looked for beside the workflow file"
        in_project = Path(os.path.normpath(self.project_dir / text))
        if is_file(in_project):
            hint += f"; {self.relative(in_project)} exists: write its path from there"
        self.report.problem(path, f"no such file: {self.relative(file)}", hint)

    def neither_nor(self, path: KeyPath, one: str, other: str) -> None:
        """Report that neither of two words was given, unless one was and could not be read."""
        if not self.report.is_broken((*path, one)) and not self.report.is_broken((*path, other)):
            self.report.problem(path, f"needs `{one}` or `{other}`")

    def relative(self, file: Path) -> str:
        return file.relative_to(self.project_dir).as_posix() if file.is_relative_to(self.project_dir) else str(file)

    def duration(self, path: KeyPath, value: str | int | None, default: float) -> float:
        """Return seconds; a bare number is refused because nobody knows its unit."""
        if isinstance(value, int):
            self.report.problem(path, "a duration needs a unit", f'write "{value}s", "{value}m" or "{value}h"')
        elif value is not None:
            try:
                return parse_duration(value)
            except ValueError as error:
                self.report.problem(path, str(error))
        return default

    def timeout(self, path: KeyPath, value: str | int | None, default: float) -> float:
        """Return seconds; `default` where none are given or they can't be read."""
        seconds = self.duration(path, value, default)
        if value is not None and seconds <= 0:
            self.report.problem(path, "a timeout must be longer than nothing", "leave it out for none of your own")
        return seconds

    def within(self, path: KeyPath, value: float, low: float, high: float) -> None:
        if not low <= value <= high:
            self.report.problem(path, f"must be {low:g} to {high:g}, not {value:g}")


def build_workflow(authored: AuthoredWorkflow, name: str, scope: Scope) -> Workflow:
    """Return what `authored` says. Only if nothing was reported as an error is it fit for use."""
    from glue_tui.definitions.build_nodes import build_crawler, build_job
    from glue_tui.definitions.build_triggers import build_trigger

    report = scope.report
    for table in ("triggers", "crawlers", "jobs", "connections"):
        _check_names(table, getattr(authored, table), report)
    scope.within(("max_concurrent_runs",), authored.max_concurrent_runs, 0, CONCURRENT_RUNS_MAX)
    _check_timezone(authored.timezone, report)
    return Workflow(
        name=name,
        source=report.source,
        description=authored.description,
        max_concurrent_runs=authored.max_concurrent_runs,
        on_overlap=authored.on_overlap,
        timezone=authored.timezone,
        properties=tuple(_build_property(key, item, report) for key, item in authored.properties.items()),
        connections=tuple(_build_connection(key, item.url, scope) for key, item in authored.connections.items()),
        triggers=_present(build_trigger(key, item, scope) for key, item in authored.triggers.items()),
        crawlers=_present(build_crawler(key, item, scope) for key, item in authored.crawlers.items()),
        jobs=_present(build_job(key, item, scope) for key, item in authored.jobs.items()),
    )


def is_name(text: str) -> bool:
    return len(text) <= NAME_LENGTH_MAX and _NAME.fullmatch(text) is not None


def check_arguments(arguments: Mapping[str, str], path: KeyPath, scope: Scope) -> None:
    """Rule JR-10: names start with `--`, and some are set by us."""
    for name, value in arguments.items():
        if not name.startswith("--") or len(name) < 3:
            scope.report.problem((*path, name), "the name of an argument starts with --", f'"--{name.lstrip("-")}"')
        elif name in RESERVED_ARGUMENTS:
            scope.report.problem((*path, name), "is set by glue-tui itself", "choose another name")
        scope.text((*path, name), value)


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


def _build_connection(name: str, url: str, scope: Scope) -> Connection:
    path = ("connections", name, "url")
    scheme, colon, rest = url.partition("://")
    # The URL itself is never repeated in a message: somebody may have written a password into it.
    if has_template(scheme):
        pass
    elif colon and scheme.lower() not in _CONNECTION_SCHEMES:
        scope.report.problem(path, f"not supported yet: {scheme[:20]}:// connections", "sqlite:///path/to/file.db is")
    elif not rest.startswith("/") or not rest.strip("/"):
        scope.report.problem(path, "not a database URL", 'three slashes: "sqlite:///path/to/file.db"')
    return Connection(name=name, url=scope.text(path, url))
