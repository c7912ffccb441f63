"""What the parts of a file need while they are read: where to report, which names there are, where files lie."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from glue_tui.core.model import NodeId
from glue_tui.definitions.durations import parse_duration
from glue_tui.definitions.files import InputFile, is_file
from glue_tui.definitions.report import KeyPath, Report
from glue_tui.definitions.shape import nearest
from glue_tui.definitions.templates import has_template, template_problems

RETRIES_MAX = 10
"""Rule JR-6."""
CONCURRENT_RUNS_MAX = 10_000
_SET_BY_US = "is set by glue-tui itself"
_RESERVED_BY_GLUE = "is reserved: Glue keeps it for its own use"
RESERVED_ARGUMENTS = {
    "--JOB_NAME": _SET_BY_US,
    "--WORKFLOW_NAME": _SET_BY_US,
    "--WORKFLOW_RUN_ID": _SET_BY_US,
    "--conf": _RESERVED_BY_GLUE,
    "--debug": _RESERVED_BY_GLUE,
    "--mode": _RESERVED_BY_GLUE,
}
"""Rule JR-10, and why."""


@dataclass(kw_only=True)
class Scope:
    """What the parts of a file need while they are read: where to report, which names there are, where files lie."""

    report: Report
    project_dir: Path
    folder: Path
    """Folder of the workflow file."""
    now: float
    """Seconds since the epoch: whether a schedule has any moment left."""
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

    def text(self, path: KeyPath, text: str, names: tuple[str, ...] = ()) -> str:
        """Return a text in which templates are filled in later, having checked them; `names` are known there too."""
        for message, hint in template_problems(text, self.properties, names):
            self.report.problem(path, message, hint)
        return text

    def plain_text(self, path: KeyPath, text: str) -> str:
        """Return a text in which nobody fills in templates."""
        if has_template(text):
            self.report.problem(path, "templates are not filled in here")
        return text

    def place(self, path: KeyPath, text: str, *, may_be_s3: bool = False) -> str:
        """Return a path inside or outside the project, as written; a template may stand in it."""
        if not text.strip() or "\0" in text:
            self.report.problem(path, "a path may not be empty")
        elif text.lower().startswith("s3://") and not may_be_s3:
            self.report.problem(path, "not supported here: s3:// paths", "name a folder of this machine")
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

    def path_beside(self, text: str) -> str:
        """Return a path relative to the workflow file as one relative to the project folder."""
        return self.relative(Path(os.path.normpath(self.folder / text)))

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

    def duration(self, path: KeyPath, value: str | int | None, default: float, years_max: int = 1) -> float:
        """Return seconds; a bare number is refused because nobody knows its unit."""
        if isinstance(value, int):
            self.report.problem(path, "a duration needs a unit", f'write "{value}s", "{value}m" or "{value}h"')
        elif value is not None:
            try:
                return parse_duration(value, years_max)
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


def check_arguments(arguments: Mapping[str, str], path: KeyPath, scope: Scope) -> None:
    """Rule JR-10: names start with `--`, and some are reserved."""
    for name, value in arguments.items():
        if not name.startswith("--") or len(name) < 3:
            scope.report.problem((*path, name), "the name of an argument starts with --", f'"--{name.lstrip("-")}"')
        elif name in RESERVED_ARGUMENTS:
            scope.report.problem((*path, name), RESERVED_ARGUMENTS[name], "choose another name")
        scope.text((*path, name), value)


def refuse(item: object, words: tuple[str, ...], path: KeyPath, message: str, scope: Scope) -> None:
    """Report each of the keys `words` that an authored item has although they do not belong to it."""
    for word in words:
        if getattr(item, word) is not None:
            scope.report.problem((*path, word), message)
