"""A project folder with a catalog, and what a job does to it, for tests of this room."""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from glue_tui.catalog.read import Catalog
from glue_tui.catalog.scan import scan
from glue_tui.catalog.write import MIGRATIONS, apply_changes
from glue_tui.core.attempt import AttemptKey, AttemptSpec
from glue_tui.core.job import Job, PythonWork, TableSink
from glue_tui.core.model import Connection, RunId, job_id
from glue_tui.core.schema import TableChange
from glue_tui.engine.results import remove_replaced
from glue_tui.jobs.run import run_job
from glue_tui.jobs.session import JobReport
from glue_tui.jobs.stopping import StopRequest
from glue_tui.jobs.targets.target import Attempt
from glue_tui.jobs.targets.targets import Targets
from glue_tui.jobs.templates import Templates
from glue_tui.logs.write import LogWriter, Secrets


@dataclass
class Project:
    folder: Path
    log_path: Path
    log_fd: int
    connections: tuple[Connection, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, folder: Path) -> Project:
        (folder / "state").mkdir()
        conn = sqlite3.connect(folder / "state" / "state.db")
        for statement in MIGRATIONS:
            conn.execute(statement)
        conn.commit()
        conn.close()
        log_path = folder / "state" / "attempt.log"
        return cls(folder, log_path, os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND))

    @property
    def log(self) -> str:
        return self.log_path.read_text()

    @property
    def catalog(self) -> Catalog:
        return Catalog.open(self.folder / "state" / "state.db")

    def key(self, *, run: str = "wr_1", job: str = "writer", attempt: int = 1) -> AttemptKey:
        return AttemptKey(run_id=RunId(run), node_id=job_id(job), attempt=attempt)

    def hidden(self) -> list[str]:
        """What waits in the state folder."""
        return [path.name for path in (self.folder / "state").iterdir() if path.name.startswith(".")]

    def targets(
        self,
        *,
        run: str = "wr_1",
        job: str = "writer",
        attempt: int = 1,
        unfinished_in: tuple[RunId, ...] = (),
    ) -> Targets:
        key = self.key(run=run, job=job, attempt=attempt)
        return Targets(
            Attempt(
                key=key,
                run_number=3,
                project_dir=self.folder,
                catalog=self.catalog,
                log=LogWriter(self.log_fd),
                connection_urls={one.name: one.url for one in self.connections},
                connections={one.name: one.url for one in self.connections},
                environment=self.environment,
                unfinished_in=unfinished_in,
            )
        )

    def write(self, frame: pl.DataFrame, sink: TableSink, *, run: str = "wr_1", attempt: int = 1) -> TableChange:
        """Stage, publish, and take it into the catalog, as attempt and engine do."""
        targets = self.targets(run=run, attempt=attempt)
        targets.stage(frame, sink)
        targets.prepare()
        changes = targets.publish()
        targets.discard()
        self.apply(changes)
        return changes[0]

    def apply(self, changes: tuple[TableChange, ...]) -> None:
        conn = sqlite3.connect(self.folder / "state" / "state.db")
        with conn:
            apply_changes(conn, changes, run_id="wr_1", at=1.0)
        conn.close()
        assert remove_replaced(changes, self.folder) == ()

    def read(self, table: str) -> pl.DataFrame:
        return scan(self.catalog, table, project_dir=self.folder, environment=self.environment).collect()

    def spec(self, job: Job, *, connections: tuple[Connection, ...] = (), **properties: str) -> AttemptSpec:
        return AttemptSpec(
            key=self.key(job=job.name),
            run_number=3,
            workflow="flow",
            node=job,
            connections=connections,
            properties=properties,
            event_files=("in/a.csv", "in/o'b.csv"),
            project_dir=str(self.folder),
            catalog_path=str(self.folder / "state" / "state.db"),
            log_path=str(self.log_path),
            result_path=str(self.folder / "state" / "job.result.json"),
        )

    def run(self, job: Job, *, connections: tuple[Connection, ...] = (), **properties: str) -> JobReport:
        """Run a job here, in this process, and take what it made into the catalog."""
        return self.run_spec(self.spec(job, connections=connections, **properties))

    def run_spec(self, spec: AttemptSpec) -> JobReport:
        """Run a job with everything that the engine says of it. No script: it ends the threads of its process."""
        job = spec.node
        assert isinstance(job, Job)
        assert not isinstance(job.work, PythonWork)
        secrets = Secrets()
        log = LogWriter(self.log_fd, secrets=secrets)
        templates = Templates(spec, secrets)
        report = run_job(spec, job, log=log, templates=templates, progress=lambda done, total: None, stop=StopRequest())
        self.apply(report.table_changes)
        return report


def abandon(targets: Targets) -> None:
    """Leave all as a kill does: the system lets go of the locks."""
    for kind in (targets._objects, targets._lakes):
        for _, lock_fd in kind._journal._places:
            os.close(lock_fd)
