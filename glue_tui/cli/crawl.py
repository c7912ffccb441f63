"""`glue-tui crawl NAME`: one crawler by itself, as a run whose log is followed; with --dry-run what it would change."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from glue_tui.cli.follow import RunState, follow_run
from glue_tui.cli.logs import FOLLOW_WAIT_S, LogTail
from glue_tui.cli.output import harmless, paint, say, show, show_json, table_text
from glue_tui.cli.run import carry_out, new_request_id, refuse_if_broken
from glue_tui.cli.settings import EXIT_RUN_NOT_SUCCEEDED, Settings
from glue_tui.client.api import EngineClient
from glue_tui.client.find import state_db
from glue_tui.client.words import counted
from glue_tui.core.model import Crawler, Workflow
from glue_tui.core.problem import EntityNotFound, InvalidInput, did_you_mean
from glue_tui.core.schema import ChangeKind
from glue_tui.protocol.views import FeedMessage, NodeView, RunSummary

if TYPE_CHECKING:
    from glue_tui.crawlers.crawl import CrawlReport
    from glue_tui.crawlers.report import TableReport

_MARKS = {
    ChangeKind.CREATED: "+",
    ChangeKind.UPDATED: "~",
    ChangeKind.UNCHANGED: "=",
    ChangeKind.DEPRECATED: "-",
    ChangeKind.DELETED: "-",
}
_TONES = {"+": "good", "~": "warn", "-": "bad"}


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What `crawl --dry-run --json` prints."""

    crawler: str
    workflow: str
    would_change: bool
    tables: tuple[TableReport, ...]
    files: int
    files_read: int
    rows: int
    problems: tuple[str, ...]
    """Files that can't be read, each with its reason."""


@click.command("crawl")
@click.argument("crawler", metavar="NAME")
@click.option(
    "--workflow", metavar="WORKFLOW", default="", help="The workflow whose crawler it is, where several have one."
)
@click.option("--dry-run", is_flag=True, help="Say what would change and why; write nothing.")
@click.option("--exit-code", is_flag=True, help="With --dry-run: exit with 1 if something would change.")
@click.option("-d", "--detach", is_flag=True, help="Return at once; the engine goes on.")
@click.option("--local", is_flag=True, help="Run in an engine of this process alone, which ends with the run (for CI).")
@click.option("--json", "as_json", is_flag=True, help="Print the finished run, or what a --dry-run found.")
@click.pass_obj
def crawl_command(
    settings: Settings,
    crawler: str,
    workflow: str,
    dry_run: bool,
    exit_code: bool,
    detach: bool,
    local: bool,
    as_json: bool,
) -> None:
    """Let the crawler NAME run by itself, and print its log until it is done; or show what it would change, and why.

    Nothing of its workflow follows, and max_concurrent_runs of the workflow does not count it. Exit codes, Ctrl-C and
    the engine are as for `run`. With --dry-run nothing is written and no run made: it tells of tables that are new,
    changed or gone, why each is a table, and of files that can't be read; it needs no engine, and secrets come from
    this environment.
    """
    if detach and local:
        raise click.UsageError("--detach and --local exclude each other: a local engine ends with this command")
    if dry_run and (detach or local):
        raise click.UsageError("--dry-run makes no run that --detach or --local could concern")
    if exit_code and not dry_run:
        raise click.UsageError("--exit-code belongs to --dry-run; a crawl exits as `run` does")
    project_dir = settings.project_dir()
    of, found = _crawler(project_dir, crawler, workflow)
    if dry_run:
        _dry_run(project_dir, of, found, exit_code=exit_code, as_json=as_json)
        return

    async def start(client: EngineClient) -> RunSummary:
        await refuse_if_broken(client, of.name)
        return await client.start_crawler(of.name, found.name, request_id=new_request_id())

    carry_out(project_dir, start, detach=detach, as_json=as_json, local=local, follow=_follow_log)


class _LogReporter:
    """Prints what the crawler's attempts write to their logs, each from its start, as it comes."""

    def __init__(self) -> None:
        self._tails: dict[str, LogTail] = {}
        self._waits_for = ""

    def watching(self, run: RunState) -> AbstractContextManager[object]:
        return nullcontext()

    def changed(self, run: RunState, nodes: tuple[NodeView, ...]) -> None:
        for node in nodes:
            if node.state == "WAITING" and node.reason and node.reason != self._waits_for:
                self._waits_for = node.reason
                say(f"{node.name} {harmless(node.reason)}", tone="muted")
            for attempt in node.attempts:
                if attempt.log_path and attempt.log_path not in self._tails:
                    self._tails[attempt.log_path] = LogTail(attempt.log_path, node.name, None)

    async def print_as_it_grows(self) -> None:
        while True:
            self.print_new()
            await asyncio.sleep(FOLLOW_WAIT_S)

    def print_new(self, *, is_over: bool = False) -> None:
        for tail in self._tails.values():
            for line in tail.new_lines(is_over=is_over):
                say(line)

    def close(self) -> None:
        for tail in self._tails.values():
            tail.close()


async def _follow_log(feed: AsyncIterator[FeedMessage], summary: RunSummary) -> None:
    """Print the log of a crawl until its run is over."""
    reporter = _LogReporter()
    printing = asyncio.create_task(reporter.print_as_it_grows())
    try:
        await follow_run(feed, summary, reporter)
        reporter.print_new(is_over=True)
    finally:
        printing.cancel()
        reporter.close()


def _dry_run(project_dir: Path, of: Workflow, found: Crawler, *, exit_code: bool, as_json: bool) -> None:
    report = _previewed(project_dir, of, found)
    would_change = any(table.kind is not ChangeKind.UNCHANGED for table in report.tables)
    if as_json:
        show_json(
            Preview(
                crawler=found.name,
                workflow=of.name,
                would_change=would_change,
                tables=report.tables,
                files=report.files,
                files_read=report.files_read,
                rows=report.rows,
                problems=report.problems,
            )
        )
    else:
        _show(report)
    if exit_code and would_change:
        click.get_current_context().exit(EXIT_RUN_NOT_SUCCEEDED)


def _crawler(project_dir: Path, name: str, workflow: str) -> tuple[Workflow, Crawler]:
    """Return the crawler as its file stands now."""
    from glue_tui.definitions.project import load_project

    definitions = load_project(project_dir)
    if workflow and definitions.get(workflow) is None:
        names = [one.name for one in definitions.definitions]
        raise EntityNotFound(f"no workflow named {workflow}", hint=did_you_mean(workflow, names))
    chosen = [one for one in definitions.definitions if workflow in ("", one.name)]
    found = [(one, crawler) for one in definitions.workflows for crawler in one.crawlers if workflow in ("", one.name)]
    named = [(one, crawler) for one, crawler in found if crawler.name == name]
    if len(named) > 1:
        workflows = ", ".join(one.name for one, _ in named)
        raise InvalidInput(
            f"several workflows have a crawler {name}: {workflows}", hint="--workflow says which is meant"
        )
    if named:
        return named[0]
    broken = [one.source for one in chosen if one.is_broken]
    if broken:
        raise EntityNotFound(
            f"no crawler named {name}", hint=f"{', '.join(broken)} can't be read: `glue-tui validate` says why"
        )
    raise EntityNotFound(f"no crawler named {name}", hint=did_you_mean(name, [crawler.name for _, crawler in found]))


def _previewed(project_dir: Path, workflow: Workflow, crawler: Crawler) -> CrawlReport:
    say(f"{crawler.name} of {workflow.name}: reading …", tone="muted")
    from glue_tui.catalog.read import Catalog
    from glue_tui.crawlers.crawl import crawl
    from glue_tui.jobs.templates import TextTemplates
    from glue_tui.logs.write import Secrets

    secrets = Secrets()
    templates = TextTemplates({}, secrets)

    def told(level: str, text: str) -> None:
        """Say what the log of a crawl would say besides the tables, which follow."""
        if not text.startswith(" ") and level != "INFO" and not text.startswith(f"{crawler.database}."):
            say(secrets.mask(harmless(text)), tone="warn")

    try:
        report = crawl(
            crawler,
            {connection.name: connection for connection in workflow.connections},
            Catalog.open(state_db(project_dir)),
            project_dir=project_dir,
            log=told,
            progress=lambda _done, _total: None,
            environment=templates.environment,
        )
    except Exception as error:
        masked = secrets.mask(str(error))
        if masked == str(error):
            raise
        raise InvalidInput(masked) from None
    return replace(report, problems=tuple(secrets.mask(one) for one in report.problems))


def _show(report: CrawlReport) -> None:
    from glue_tui.crawlers.report import lines

    for table in report.tables:
        mark = _MARKS[table.kind]
        texts = [text for _, text in lines(table)]
        show(paint(f"{mark} {texts[0]}", _TONES.get(mark, "muted")))
        for text in texts[1:]:
            show(f"  {text}")
        if table.kind is ChangeKind.CREATED:
            rows = [("   ", column.name, column.type) for column in table.columns]
            rows += [("   ", key.name, f"{key.type} (partition key)") for key in table.partition_keys]
            show(table_text(("   ", "column", "type"), rows))
    kinds = [table.kind for table in report.tables]
    changes = [f"{counted(kinds.count(kind), 'table')} {kind.value}" for kind in ChangeKind if kind in kinds]
    say(
        f"{', '.join(changes) or 'no tables'}; {counted(report.files_read, 'file')} read, "
        f"{report.files - report.files_read} unchanged, {len(report.problems)} refused; nothing was written"
    )
