"""A project whose job has a bookmark: sources that grow, and attempts that end as the engine lets them end."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import replace

from publishing import Project

from glue_tui.core.attempt import AttemptSpec
from glue_tui.core.job import Job, SqlWork, TableSink
from glue_tui.core.model import Crawler, FolderTarget, RunId
from glue_tui.crawlers.crawl import crawl
from glue_tui.jobs.session import JobReport
from glue_tui.store import bookmarks
from glue_tui.store.database import migrate
from glue_tui.store.event_log import MIGRATIONS

SINK = TableSink(table="marts.out", path="out", mode="append")


class Bookmarked:
    """Runs are numbered from 1 and called `wr_1`, `wr_2`, …"""

    def __init__(self, project: Project, job: Job) -> None:
        self.project = project
        self.job = job
        self.runs = 0
        self._clock_s = 1_700_000_000
        with closing(self.connect()) as conn:
            migrate(conn, "runs", MIGRATIONS)

    def connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.project.folder / "state" / "state.db", isolation_level=None)

    def write(self, name: str, *values: object) -> None:
        """Write a file of one column, later than all before."""
        path = self.project.folder / "in" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("n\n" + "".join(f"{value}\n" for value in values))
        self._clock_s += 1
        os.utime(path, (self._clock_s, self._clock_s))

    def crawl(self, path: str = "in") -> None:
        crawler = Crawler(name="landing", database="raw", targets=(FolderTarget(path=path),))
        report = crawl(
            crawler,
            {},
            self.project.catalog,
            project_dir=self.project.folder,
            log=lambda level, text: None,
            progress=lambda done, total: None,
            environment={},
        )
        self.project.apply(report.table_changes)

    def spec(self, run: int, **arguments: str) -> AttemptSpec:
        spec = self.project.spec(self.job)
        given = {f"--job-bookmark-{name.replace('_', '-')}": value for name, value in arguments.items()}
        return replace(spec, key=replace(spec.key, run_id=RunId(f"wr_{run}")), run_number=run, arguments=given)

    def run(self, **arguments: str) -> JobReport:
        """Let a new run succeed; `option`, `from`, `to` are Glue's arguments without their common beginning."""
        self.runs += 1
        spec = self.spec(self.runs, **arguments)
        report = self.project.run_spec(spec)
        self.commit(spec, report)
        return report

    def commit(self, spec: AttemptSpec, report: JobReport) -> bool:
        """Move the bookmark on, as the engine does in the transaction that ends an attempt."""
        if report.bookmark is None:
            return False
        with closing(self.connect()) as conn:
            return bookmarks.advance(
                conn,
                spec.workflow,
                self.job.name,
                report.bookmark,
                run_id=spec.key.run_id,
                run_number=spec.run_number,
                attempt=spec.key.attempt,
                at=float(spec.run_number),
            )

    def out(self, table: str = "marts.out") -> list[object]:
        """Return what the job has written, sorted."""
        return sorted(self.project.read(table)["n"].to_list())


def sql_job(query: str = "SELECT n FROM raw.in", **settings: object) -> Job:
    return Job(name="load", work=SqlWork(query=query), targets=(SINK,), **settings)  # type: ignore[arg-type]
