"""What every kind of job works with: templates filled in, tables in, files and database rows out, both counted."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NoReturn, assert_never

import polars as pl

from glue_tui.catalog.lineage import mentioned, writes
from glue_tui.catalog.query import run_sql
from glue_tui.catalog.read import Catalog
from glue_tui.catalog.scan import scan
from glue_tui.catalog.table_part import TablePart
from glue_tui.core.attempt import AttemptSpec
from glue_tui.core.bookmarks import JobSlice
from glue_tui.core.checks import CheckResult, failed_texts
from glue_tui.core.database_urls import server_url
from glue_tui.core.job import DatabaseSink, Job, SideTable, Sink, TableSink
from glue_tui.core.model import Connection
from glue_tui.core.problem import EntityNotFound, InvalidInput
from glue_tui.core.properties import PROPERTIES_MAX, VALUE_CHARS_MAX, length_problem
from glue_tui.core.schema import TableChange
from glue_tui.jobs.bookmarks import Bookmark
from glue_tui.jobs.checks import held_against, side_rows
from glue_tui.jobs.named import Named, not_found
from glue_tui.jobs.scratch import Scratch
from glue_tui.jobs.skipping import Skipped
from glue_tui.jobs.targets.target import Attempt, Frame
from glue_tui.jobs.targets.targets import Targets
from glue_tui.jobs.templates import Templates
from glue_tui.logs.write import MASK, SECRET_CHARS_MIN, LogWriter, counted


@dataclass(frozen=True, slots=True, kw_only=True)
class JobReport:
    """What a job that succeeded, or found nothing to do, has to show."""

    skip_reason: str = ""
    """Why there was nothing to do; empty of a job that succeeded."""
    exit_code: int | None = None
    """Of the program that a command job ran."""
    rows_in: int | None = None
    rows_out: int | None = None
    bytes_in: int | None = None
    bytes_out: int | None = None
    tables_read: tuple[str, ...] = ()
    tables_written: tuple[str, ...] = ()
    """Of those that are in databases."""
    table_changes: tuple[TableChange, ...] = ()
    bookmark: JobSlice | None = None
    outputs: tuple[str, ...] = ()
    properties: dict[str, str] = field(default_factory=dict)
    checks: tuple[CheckResult, ...] = ()


class JobSession:
    """One attempt of a job while it runs. What it writes waits until `publish`; `discard` leaves nothing of it."""

    def __init__(
        self,
        spec: AttemptSpec,
        job: Job,
        *,
        log: LogWriter,
        templates: Templates,
        progress: Callable[[float, float], None],
    ) -> None:
        self.spec = spec
        self.job = job
        self.log = log
        self.templates = templates
        self.progress = progress
        self.project_dir = Path(spec.project_dir)
        self.catalog = Catalog.open(spec.catalog_path)
        self.arguments = Named(
            "argument",
            (
                (name, templates.text(value, where=f"jobs.{job.name}.arguments[{name!r}]"))
                for name, value in spec.arguments.items()
            ),
        )
        self.properties = Named("run property", spec.properties.items())
        self.properties_set: dict[str, str] = {}
        self.rows_in: int | None = None
        self.rows_out: int | None = None
        self.bytes_in: int | None = None
        self.outputs: list[str] = []
        self.has_written_targets = False
        """Whether the targets of the definition got rows, or none."""
        self.skip_reason = ""
        self.exit_code: int | None = None
        self._database_sinks: list[DatabaseSink] = []
        self._counted_tables: set[str] = set()
        self.check_results: list[CheckResult] = []
        self._scratch = Scratch(Path(spec.result_path).parent)
        self._connection_urls = ConnectionUrls(spec.connections, templates)
        self._secrets: set[str] = set()
        self.bookmark = Bookmark(
            spec, job, self.arguments, catalog=self.catalog, log=log, environment=templates.environment
        )
        self._targets = Targets(
            Attempt(
                key=self.bookmark.key,
                run_number=spec.run_number,
                project_dir=self.project_dir,
                catalog=self.catalog,
                log=log,
                connection_urls=self._connection_urls,
                connections={connection.name: connection.url for connection in spec.connections},
                environment=templates.environment,
                unfinished_in=self.bookmark.unfinished_in,
            )
        )

    def table(self, full_name: str, context: str = "", bookmark: bool | None = None) -> pl.LazyFrame:
        """Return a table of the catalog, or what is new of it; its rows count as read, once. Raises EntityNotFound.

        `context` is the source's name in the bookmark, `bookmark` whether it is read by it, whatever the job says.
        """
        part = self.bookmark.part(full_name, context, bookmark)
        self.count_table(full_name, part)
        return scan(
            self.catalog, full_name, project_dir=self.project_dir, environment=self.templates.environment, part=part
        )

    def count_table(self, full_name: str, part: TablePart | None) -> None:
        """Count and tell the rows of a table, or of a part of it, as read, once."""
        entry = part.entry if part is not None else self.catalog.table(full_name)
        if entry.full_name in self._counted_tables:
            return
        self._counted_tables.add(entry.full_name)
        rows, files = (part.rows, len(part.files)) if part is not None else (entry.rows, entry.files)
        self.count_rows_in(rows)
        if entry.files:
            self.bytes_in = (self.bytes_in or 0) + (part.size_bytes if part is not None else entry.size_bytes)
        what, of = ("new row", f"{files:,} of ") if part is not None else ("row", "")
        where = f" in {of}{counted(entry.files, 'file')}" if entry.files else ""
        self.log.info(f"reads {entry.full_name}: {counted(rows, what)}{where}")

    def count_rows_in(self, rows: int) -> None:
        self.rows_in = (self.rows_in or 0) + rows

    def query(self, template: str, *, where: str) -> pl.LazyFrame:
        """Return the answer to a query over catalog tables; `where` names its place in the definition."""
        query = self.templates.sql(template, where=where)
        parts: dict[str, TablePart] = {}
        for full_name in mentioned(query, self.catalog.names()):
            part = self.bookmark.part(full_name)
            self.count_table(full_name, part)
            if part is not None:
                parts[full_name] = part
        return run_sql(
            self.catalog, query, project_dir=self.project_dir, environment=self.templates.environment, parts=parts
        )

    def write(self, frame: Frame, sink: Sink) -> int:
        """Write `frame` to one target, where it appears when the job succeeds, and return its rows."""
        rows = self._write(frame, sink)
        self.rows_out = (self.rows_out or 0) + rows
        return rows

    def _write(self, frame: Frame, sink: Sink) -> int:
        match sink:
            case TableSink():
                sink = replace(sink, path=self.templates.text(sink.path, where=f"path of {sink.table}"))
                output = sink.path
            case DatabaseSink():
                output = f"{sink.connection}:{sink.table}"
            case _:
                assert_never(sink)
        if sink.checks:
            frame = self._checked(frame, sink)
        rows = self._targets.stage(frame, sink)
        if isinstance(sink, DatabaseSink):
            self._database_sinks.append(sink)
        self.outputs.append(output)
        return rows

    def _checked(self, frame: Frame, sink: Sink) -> pl.LazyFrame:
        """Return the rows that may be published; those that a check diverts go to the side table."""
        rows = frame.clone().lazy() if isinstance(frame, pl.DataFrame) else self._scratch.write(frame)
        name = sink.table if isinstance(sink, TableSink) else f"{sink.table} behind {sink.connection}"
        checked = held_against(rows, sink.checks, name)
        self.check_results += checked.results
        for line in failed_texts(checked.results):
            self.log.warning(line)
        if checked.rejected is not None:
            if sink.rejects is None:
                raise InvalidInput(f"{name}: a check diverts rows, and no place is named", hint="say `rejects`")
            self.write_rejected(checked.rejected, sink.rejects)
        return checked.passed

    def write_rejected(self, rejected: Frame, side: SideTable) -> int:
        """Add rejected rows, the reason among their columns, to a side table; return their number.

        The table is there from the first time on, also without a row.
        """
        found = int(rejected.lazy().select(pl.len()).collect(engine="streaming").item())
        if not found and side.table.lower() in self.catalog.names():
            return 0
        path = self.templates.text(side.path, where=f"path of {side.table}")
        sink = TableSink(table=side.table, path=path, connection=side.connection, mode="append")
        job = f"{self.spec.workflow}/{self.job.name}"
        self._targets.stage(side_rows(rejected.lazy(), job, self.spec.key.run_id), sink)
        self.outputs.append(path)
        return found

    def write_all(self, frame: Frame, sinks: tuple[Sink, ...]) -> int:
        """Write the same rows to every target and return their number, counted once."""
        self.has_written_targets = True
        if len(sinks) > 1 and isinstance(frame, pl.LazyFrame):
            frame = self._scratch.write(frame)
        first, *others = sinks
        rows = self.write(frame, first)
        for sink in others:
            self._write(frame, sink)
        return rows

    def secret(self, name: str) -> str:
        """Return a variable of the environment, which is masked from now on. Raises EntityNotFound without it."""
        value = self.templates.environment.get(name, "")
        if not value:
            hint = f"set {name} in the environment in which the engine is started"
            raise EntityNotFound(f"the variable {name} is {'empty' if name in os.environ else 'not set'}", hint=hint)
        self._keep_secret(value, name)
        return value

    def connection(self, name: str) -> str:
        """Return the URL of a connection, all filled in; its password is masked. Raises EntityNotFound."""
        if name not in self._connection_urls:
            raise not_found("connection named", name, self._connection_urls)
        url = self._connection_urls[name]
        with contextlib.suppress(InvalidInput):  # No server: a file or a bucket has no password of its own.
            for password in filter(None, server_url(url).passwords):
                self._keep_secret(password, f"the password of connection {name}")
        return url

    def _keep_secret(self, value: str, what: str) -> None:
        if len(value) < SECRET_CHARS_MIN and value not in self._secrets:
            self.log.warning(f"{what} is shorter than {SECRET_CHARS_MIN} characters, and not masked")
        self._secrets.add(value)
        self.log.secrets.add(value)

    def set_property(self, name: str, value: str) -> None:
        is_secret = value != MASK and self.log.secrets.mask(value) == MASK
        if is_secret or any(secret in value for secret in self._secrets):
            hint = "properties are stored and shown to everybody: let the node that needs it ask for it itself"
            raise InvalidInput(f"property {name} would hold a secret", hint=hint)
        if len(value) > VALUE_CHARS_MAX:
            raise ValueError(f"property {name} has {length_problem(value)}")
        if name not in self.properties and len(self.properties) >= PROPERTIES_MAX:
            raise ValueError(f"property {name} would be one more than the {PROPERTIES_MAX:,} that a run can have")
        self.properties[name] = value
        self.properties_set[name] = value

    def skip(self, reason: str) -> NoReturn:
        """End the job here, as one that had nothing to do."""
        self.skip_reason = reason
        raise Skipped

    def stage_file(self, path: str, content: bytes) -> None:
        """Let one file, relative to the project folder, appear with `content` when the job is published."""
        self._targets.stage_file(path, content)
        self.outputs.append(path)

    def prepare(self) -> None:
        """Let the targets take their rows, still unseen: what they refuse fails the job before anything appears."""
        if self.job.targets and not self.has_written_targets:
            self.log.warning(
                "nothing was written to the targets of the definition: glue.write_targets(frame) does that"
            )
        self.bookmark.hold()
        self._targets.prepare()

    def publish(self) -> JobReport:
        """Let everything appear, one target after the other, and report."""
        return JobReport(
            rows_in=self.rows_in,
            rows_out=self.rows_out,
            bytes_in=self.bytes_in,
            bytes_out=self._targets.bytes_staged,
            tables_read=tuple(sorted(self._counted_tables)),
            tables_written=self._tables_written(),
            table_changes=self._targets.publish(),
            bookmark=self.bookmark.slice_read(),
            outputs=tuple(dict.fromkeys(self.outputs)),
            properties=self.properties_set,
            checks=tuple(self.check_results),
            exit_code=self.exit_code,
        )

    def skipped(self) -> JobReport:
        """Report that there was nothing to do, and what is therefore discarded."""
        for output in dict.fromkeys(self.outputs):
            self.log.info(f"not published, as the job was skipped: {output}")
        if self.properties_set:
            self.log.info(f"not set, as the job was skipped: {', '.join(self.properties_set)}")
        return JobReport(skip_reason=self.skip_reason, rows_in=self.rows_in, exit_code=self.exit_code)

    def _tables_written(self) -> tuple[str, ...]:
        """Return which tables of the catalog are among the databases' tables that were written."""
        return tuple(
            entry.full_name
            for entry in (self.catalog.tables() if self._database_sinks else ())
            if entry.table.is_in_database
            and any(writes(sink, entry.table, self.spec.connections) for sink in self._database_sinks)
        )

    def take_back(self) -> str:
        """Remove what was staged by a job that is stopped, and say so for its log.

        Databases forget by themselves what was not committed when the process ends.
        """
        removed = self._targets.give_up()
        return "stopped; nothing published" + (f"; {counted(removed, 'temporary folder')} removed" if removed else "")

    def discard(self) -> None:
        """Remove what was staged and not published."""
        self._targets.discard()
        self._scratch.close()


class ConnectionUrls(Mapping[str, str]):
    """The connections of a workflow by name, each with its templates filled in when it is asked for."""

    def __init__(self, connections: tuple[Connection, ...], templates: Templates) -> None:
        self._connections = {connection.name: connection for connection in connections}
        self._templates = templates

    def __getitem__(self, name: str) -> str:
        return self._templates.text(self._connections[name].url, where=f"connections.{name}.url")

    def __iter__(self) -> Iterator[str]:
        return iter(self._connections)

    def __len__(self) -> int:
        return len(self._connections)
