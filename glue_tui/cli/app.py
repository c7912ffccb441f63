"""The root command: global options, the commands (loaded when used), and how every error becomes an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import click

from glue_tui import __version__
from glue_tui.cli.settings import EXIT_ENGINE, EXIT_INTERRUPTED, EXIT_RUN_NOT_SUCCEEDED, EXIT_WRONG_USE, Settings

OpenTerminal = Callable[[Path], None]

_EXIT_CODES = {
    "ConcurrentRunsExceeded": EXIT_RUN_NOT_SUCCEEDED,
    "EntityNotFound": EXIT_WRONG_USE,
    "InvalidInput": EXIT_WRONG_USE,
    "IllegalWorkflowState": EXIT_WRONG_USE,
    "EngineUnavailable": EXIT_ENGINE,
    "StoreFailed": EXIT_ENGINE,
}
"""By the class of the GlueTuiError."""


class Entry(NamedTuple):
    module: str
    section: str
    summary: str


COMMANDS: dict[str, Entry] = {
    "init": Entry("init", "Project", "Make a small project that runs"),
    "validate": Entry("validate", "Project", "Check the workflow files: every problem with file and line"),
    "graph": Entry("graph", "Project", "Print a workflow's triggers and nodes as a tree"),
    "schema": Entry("schema", "Project", "Print the JSON Schema of workflow files, for editors"),
    "next": Entry("next", "Project", "List the coming fires of schedules"),
    "run": Entry("run", "Runs", "Run a workflow and wait for its end"),
    "retry": Entry("retry", "Runs", "Run what failed once more, and everything downstream"),
    "stop": Entry("stop", "Runs", "Stop a run"),
    "status": Entry("status", "Runs", "Show the project, or one run with its nodes and errors"),
    "runs": Entry("runs", "Runs", "List runs, newest first"),
    "compare": Entry("compare", "Runs", "Compare two runs: what differs, node by node"),
    "logs": Entry("logs", "Runs", "Print or follow the logs of a run"),
    "why": Entry("why", "Runs", "Explain why a trigger, a node or a file did or did not start something"),
    "events": Entry("events", "Runs", "Print the story of a run, event by event"),
    "prune": Entry("prune", "Runs", "Remove old runs from the history, with their logs"),
    "classify": Entry("classify", "Data", "Explain how a file is read: what was tried, what decided, what is in doubt"),
    "catalog": Entry("catalog", "Data", "List databases and tables, or show one table"),
    "crawl": Entry("crawl", "Data", "Show what a crawler would change in the catalog, and why"),
    "sql": Entry("sql", "Data", "Query the tables of the catalog"),
    "bookmark": Entry("bookmark", "Data", "Show what jobs have read, let them read it again"),
    "trigger": Entry("trigger", "Engine", "List, enable, disable and fire triggers"),
    "inbox": Entry("inbox", "Engine", "List the files that wait at EVENT triggers, fire or drop them"),
    "notify": Entry("notify", "Engine", "Show, try and repeat the notifications about runs"),
    "engine": Entry("engine", "Engine", "Start, stop and look at the engine"),
}
SECTIONS = ("Project", "Runs", "Data", "Engine")


class LazyGroup(click.Group):
    """Imports a command's module when it is used, and turns errors into messages and exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        command = getattr(import_module(f"glue_tui.cli.{entry.module}"), f"{cmd_name}_command")
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        for text in args:
            try:
                text.encode()
            except UnicodeEncodeError:
                shown = text.encode("utf-8", "replace").decode()
                raise click.UsageError(f'"{shown}" holds bytes that are not text in UTF-8', ctx) from None
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from glue_tui.core.problem import did_you_mean

            hint = did_you_mean(args[0], tuple(COMMANDS))
            raise click.UsageError(f"{error.message} {hint.capitalize()}".strip(), ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for section in SECTIONS:
            with formatter.section(section):
                formatter.write_dl(
                    [(name, entry.summary) for name, entry in COMMANDS.items() if entry.section == section]
                )

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except BrokenPipeError:
            _stop_printing()
            ctx.exit(0)
        except (Exception, KeyboardInterrupt) as error:
            ctx.exit(report(error))


def report(error: BaseException) -> int:
    """Print an error and the way out of it; return the exit code that it means."""
    from glue_tui.cli.output import say
    from glue_tui.core.problem import GlueTuiError

    if os.environ.get("GLUE_TUI_DEBUG", "") not in ("", "0"):
        import traceback

        say("".join(traceback.format_exception(error)).rstrip())
    match error:
        case GlueTuiError():
            say(f"Error: {error.message}", tone="bad")
            if error.hint:
                say(f"  Hint: {error.hint}")
            return _EXIT_CODES.get(error.code, EXIT_ENGINE)
        case KeyboardInterrupt():
            say("interrupted")
            return EXIT_INTERRUPTED
        case _:
            say(f"Error: glue-tui itself failed: {type(error).__name__}: {error}", tone="bad")
            say("  Hint: GLUE_TUI_DEBUG=1 shows where; please report it")
            return EXIT_ENGINE


def _print_version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    click.echo(f"glue-tui {__version__}")
    ctx.exit()


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="""\b
Exit codes: 0 succeeded; 1 the run did not succeed; 2 wrong use, unknown name or bad definition;
3 no engine, or the engine failed; 130 interrupted.
\b
Data goes to stdout, narration to stderr; --json where data is printed.
Completion: eval "$(_GLUE_TUI_COMPLETE=bash_source glue-tui)"; for zsh zsh_source, and for fish
_GLUE_TUI_COMPLETE=fish_source glue-tui | source
""",
)
@click.option(
    "--project",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    envvar="GLUE_TUI_PROJECT",
    help="Project folder. Default: the nearest one at or above the working directory.",
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print the version."
)
@click.pass_context
def cli(ctx: click.Context, project: Path | None) -> None:
    """AWS Glue Workflows on your own machine, in your terminal.

    Without a command: open the terminal on the project. Runs belong to the engine, a process of its own: they go on
    when the terminal closes.
    """
    open_terminal: OpenTerminal | None = ctx.obj
    settings = Settings(project)
    ctx.obj = settings
    if "NO_COLOR" in os.environ:
        ctx.color = False
    if ctx.invoked_subcommand is None:
        _open_terminal(settings.project_dir(), open_terminal)


def _open_terminal(project_dir: Path, open_terminal: OpenTerminal | None) -> None:
    if open_terminal is not None and sys.stdout.isatty() and sys.stdin.isatty():
        open_terminal(project_dir)
        return
    from glue_tui.cli.output import say
    from glue_tui.cli.status import print_project_status

    print_project_status(project_dir)
    say("the screen needs a terminal, so here is the status instead; `glue-tui --help` lists all commands")


def run_command_line(open_terminal: OpenTerminal) -> NoReturn:
    """Run the command that `sys.argv` names and exit; without a command, `open_terminal` on the project."""
    try:
        cli(prog_name="glue-tui", obj=open_terminal)
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        _stop_printing()
        sys.exit(0)
    raise AssertionError("click exits by itself")


def _stop_printing() -> None:
    """Whoever read our output has seen enough. Python must not fail once more when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
