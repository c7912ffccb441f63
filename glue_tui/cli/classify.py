"""`glue-tui classify FILE…`: what a crawler takes a file for, what it tried, and what is in doubt."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from glue_tui.cli.output import harmless, paint, say, show, show_json, table_text
from glue_tui.cli.settings import EXIT_WRONG_USE, Settings
from glue_tui.client.words import counted
from glue_tui.core.model import Classifier, FolderTarget
from glue_tui.core.problem import EntityNotFound, did_you_mean

if TYPE_CHECKING:
    from glue_tui.crawlers.explain import Explanation
    from glue_tui.crawlers.listing import ListedFile


@click.command("classify")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--crawler", metavar="NAME", default="", help="Take what this crawler of the project says of its files.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def classify_command(settings: Settings, files: tuple[Path, ...], crawler: str, as_json: bool) -> None:
    """Explain how FILES, or the files in folders, are read: format, dialect, header, columns with their types.

    Says in order what was tried and what decided, and what is in doubt, each with the key that settles it. Reads each
    file whole. Needs no project unless --crawler names one of its crawlers.
    """
    targets = _targets(settings.project_dir(), crawler) if crawler else []
    listed, troubles = _listed(files)
    from glue_tui.crawlers.explain import explained

    found = [explained(one, _classifier(targets, one.absolute)) for one in listed]
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


def _listed(files: tuple[Path, ...]) -> tuple[list[ListedFile], list[str]]:
    """Return the files, those in folders too, and what could not be listed."""
    from glue_tui.catalog.places import LOCAL
    from glue_tui.crawlers.listing import Troubles, list_folders

    lines: list[str] = []
    troubles = Troubles(lines.append, lines.append, [])
    folders = [
        folder
        for file in files
        for folder in list_folders(str(file), (), LOCAL, project_dir=Path.cwd(), troubles=troubles)
    ]
    return [folder.file(entry) for folder in folders for entry in folder.entries], lines


def _targets(project_dir: Path, crawler: str) -> list[tuple[str, Classifier]]:
    """Return the folders that a crawler looks into, absolute, each with what it says of the files there."""
    from glue_tui.definitions.project import load_project

    workflows = [item.workflow for item in load_project(project_dir).definitions if item.workflow]
    crawlers = [item for workflow in workflows for item in workflow.crawlers]
    found = [item for item in crawlers if item.name == crawler]
    if not found:
        raise EntityNotFound(
            f"no crawler named {crawler!r}", hint=did_you_mean(crawler, [item.name for item in crawlers])
        )
    return [
        (str((project_dir / target.path).resolve()), target.classifier)
        for item in found
        for target in item.targets
        if isinstance(target, FolderTarget)
    ]


def _classifier(targets: list[tuple[str, Classifier]], path: str) -> Classifier:
    """Return what is said of a file: by the target that it lies in, else by the first one."""
    resolved = str(Path(path).resolve())
    inside = [said for folder, said in targets if resolved == folder or resolved.startswith(f"{folder}/")]
    return next(iter([*inside, *(said for _, said in targets)]), Classifier())


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
