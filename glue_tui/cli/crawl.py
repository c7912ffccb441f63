"""`glue-tui crawl NAME --dry-run`: what a crawl would change and why. Nothing is written, no run is made."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from glue_tui.cli.output import harmless, paint, say, show, show_json, table_text
from glue_tui.cli.settings import EXIT_RUN_NOT_SUCCEEDED, Settings
from glue_tui.client.find import state_db
from glue_tui.client.words import counted
from glue_tui.core.model import Crawler, Workflow, crawler_id
from glue_tui.core.problem import EntityNotFound, InvalidInput, did_you_mean
from glue_tui.core.schema import ChangeKind

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
@click.option("--exit-code", is_flag=True, help="Exit with 1 if something would change.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.pass_obj
def crawl_command(
    settings: Settings, crawler: str, workflow: str, dry_run: bool, exit_code: bool, as_json: bool
) -> None:
    """Show what the crawler NAME would change in the catalog, and why.

    Tables that are new, changed or gone, their columns and partitions, why each is a table, files that can't be read.
    Needs no engine and makes no run; secrets come from this environment.
    """
    project_dir = settings.project_dir()
    of, found = _crawler(project_dir, crawler, workflow)
    if not dry_run:
        raise InvalidInput(f"{found.name} crawls for good in a run of its workflow only", hint=_ways_to_run(of, found))
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


def _ways_to_run(workflow: Workflow, crawler: Crawler) -> str:
    alone = [
        trigger.name
        for trigger in workflow.triggers
        if trigger.type.starts_runs and [one.node_id for one in trigger.actions] == [crawler_id(crawler.name)]
    ]
    run = f"`glue-tui run {workflow.name}" + (f" --trigger {alone[0]}`" if alone else "`")
    return f"{run} does it; --dry-run shows what would change"


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
