"""`glue-tui classify FILE…`: what a crawler takes a file for, what it tried, and what is in doubt."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from glue_tui.cli.output import harmless, paint, say, show, show_json, table_text
from glue_tui.cli.settings import EXIT_WRONG_USE, Settings
from glue_tui.client.words import counted
from glue_tui.core.model import Classifier, FolderTarget, Workflow
from glue_tui.core.problem import EntityNotFound, InvalidInput, did_you_mean
from glue_tui.core.s3_urls import is_s3

if TYPE_CHECKING:
    from glue_tui.crawlers.explain import Explanation
    from glue_tui.crawlers.listing import ListedFile


@click.command("classify")
@click.argument("files", nargs=-1, required=True)
@click.option("--crawler", metavar="NAME", default="", help="Take what this crawler of the project says of its files.")
@click.option("--connection", metavar="NAME", default="", help="Reach s3:// paths by this connection of the project.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def classify_command(settings: Settings, files: tuple[str, ...], crawler: str, connection: str, as_json: bool) -> None:
    """Explain how FILES, or the files in folders, are read: format, dialect, header, columns with their types.

    Says in order what was tried and what decided, and what is in doubt, each with the key that settles it. Reads each
    file whole. Needs no project unless --crawler or --connection names something of it. An s3:// path is reached as its
    target of the crawler says, by the connection, or by what the environment says.
    """
    targets = _targets(settings.project_dir(), crawler) if crawler else []
    url = _connection_url(settings.project_dir(), connection) if connection else ""
    listed, troubles = _listed(files, targets, url)
    from glue_tui.crawlers.explain import explained

    found = [explained(one, _target(targets, one.absolute).classifier) for one in listed]
    for trouble in troubles:
        say(trouble, tone="warn")
    if as_json:
        show_json(found)
    for number, one in enumerate([] if as_json else found):
        if number:
            show("")
        _show(one)
    if not found:
        say("no data files there", tone="warn")
    if troubles or any(one.problem for one in found):
        click.get_current_context().exit(EXIT_WRONG_USE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """Where a crawler looks, and what it says of the files there."""

    folder: str
    """Absolute, or s3://; empty for what no crawler was named for."""
    classifier: Classifier
    connection_url: str


def _listed(files: tuple[str, ...], targets: list[_Target], connection_url: str) -> tuple[list[ListedFile], list[str]]:
    """Return the files, those in folders too, and what could not be listed."""
    from glue_tui.catalog.s3_access import storage_for
    from glue_tui.crawlers.listing import Troubles, list_folders

    lines: list[str] = []
    troubles = Troubles(lines.append, lines.append, [])
    found: list[ListedFile] = []
    for file in files:
        storage = storage_for(file, connection_url or _target(targets, file).connection_url, os.environ)
        try:
            folders = list(list_folders(file, (), storage, project_dir=Path.cwd(), troubles=troubles))
        except FileNotFoundError as error:
            reason = error.strerror if is_s3(file) else "there is no such file or folder"
            raise EntityNotFound(f"{harmless(file)}: {reason}") from error
        except OSError as error:
            raise InvalidInput(f"{harmless(file)} can't be listed: {error.strerror}") from error
        found += [folder.file(entry) for folder in folders for entry in folder.entries]
    return found, lines


def _workflows(project_dir: Path) -> list[Workflow]:
    from glue_tui.definitions.project import load_project

    return [item.workflow for item in load_project(project_dir).definitions if item.workflow]


def _targets(project_dir: Path, crawler: str) -> list[_Target]:
    """Return the folders that a crawler looks into, each with what it says of the files there."""
    crawlers = [(workflow, item) for workflow in _workflows(project_dir) for item in workflow.crawlers]
    found = [(workflow, item) for workflow, item in crawlers if item.name == crawler]
    if not found:
        raise EntityNotFound(
            f"no crawler named {crawler!r}", hint=did_you_mean(crawler, [item.name for _, item in crawlers])
        )
    return [
        _Target(
            folder=target.path.rstrip("/") if is_s3(target.path) else str((project_dir / target.path).resolve()),
            classifier=target.classifier,
            connection_url=next((one.url for one in workflow.connections if one.name == target.connection), ""),
        )
        for workflow, item in found
        for target in item.targets
        if isinstance(target, FolderTarget)
    ]


def _connection_url(project_dir: Path, name: str) -> str:
    connections = {one.name: one.url for workflow in _workflows(project_dir) for one in workflow.connections}
    if name not in connections:
        raise EntityNotFound(f"no connection named {name!r}", hint=did_you_mean(name, list(connections)))
    return connections[name]


def _target(targets: list[_Target], path: str) -> _Target:
    """Return the target that a file lies in, else the first one."""
    resolved = path if is_s3(path) else str(Path(path).resolve())
    inside = [one for one in targets if resolved == one.folder or resolved.startswith(f"{one.folder}/")]
    return next(iter([*inside, *targets]), _Target(folder="", classifier=Classifier(), connection_url=""))


def _show(found: Explanation) -> None:
    path = harmless(found.path)
    if found.format is None:
        show(paint(f"{path}: {found.problem}", "bad"))
    else:
        size = f"{counted(found.rows, 'row')}, {counted(len(found.columns), 'column')}"
        show(f"{path}: {found.format.classification}, {size}")
    for line in found.tried:
        show(paint(f"  {harmless(line)}", "muted"))
    for doubt in found.doubts:
        show(paint(f"  in doubt: {harmless(doubt)}", "warn"))
    if found.columns:
        rows = [(f"  {harmless(item.name)}", item.type, harmless(item.reason)) for item in found.columns]
        show(table_text(("  column", "type", "why"), rows))
