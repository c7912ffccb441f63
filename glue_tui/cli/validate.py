"""`glue-tui validate`: every problem of the definition files, as path:line."""

from __future__ import annotations

from pathlib import Path

import click

from glue_tui.cli.output import paint, say, show, show_json
from glue_tui.cli.problems import problem_view
from glue_tui.cli.settings import EXIT_WRONG_USE, Settings
from glue_tui.core.problem import EntityNotFound, Problem


@click.command("validate")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the problems as JSON.")
@click.pass_obj
def validate_command(settings: Settings, files: tuple[Path, ...], as_json: bool) -> None:
    """Check the workflow files of the project, or FILES only.

    Prints every problem as path:line: key: message. Exits 0 where there are at most warnings, else 2.
    """
    project_dir = settings.project_dir()
    sources, problems = _check_files(files, project_dir) if files else _check_project(project_dir)
    if as_json:
        show_json([problem_view(problem) for problem in problems])
    else:
        for problem in problems:
            show(paint(str(problem), "warn" if problem.is_warning else "bad"))
    errors = sum(1 for problem in problems if not problem.is_warning)
    warnings = len(problems) - errors
    checked = f"{len(sources)} file{'s' if len(sources) != 1 else ''} checked"
    found = [f"{count} {word}{'s' if count != 1 else ''}" for count, word in ((errors, "error"), (warnings, "warning"))]
    say(f"{checked}: " + ("good" if not problems else ", ".join(found)), tone="bad" if errors else "good")
    if errors:
        click.get_current_context().exit(EXIT_WRONG_USE)


def _check_project(project_dir: Path) -> tuple[list[str], list[Problem]]:
    from glue_tui.definitions.project import load_project

    definitions = load_project(project_dir)
    if not definitions.definitions:
        raise EntityNotFound(
            f"no workflow files in {project_dir / 'workflows'}", hint="`glue-tui init` makes a first one"
        )
    return [one.source for one in definitions.definitions], list(definitions.problems)


def _check_files(files: tuple[Path, ...], project_dir: Path) -> tuple[list[str], list[Problem]]:
    from glue_tui.definitions.load import load_file

    loaded = [load_file(file, project_dir) for file in files]
    return [one.source for one in loaded], [problem for one in loaded for problem in one.problems]
