"""A project folder with a real catalog file, a crawler's run against it, and reading the tables back."""

from __future__ import annotations

import gzip
import os
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from glue_tui.catalog.read import Catalog
from glue_tui.catalog.scan import scan
from glue_tui.catalog.write import apply_changes
from glue_tui.core.model import Connection, Crawler, CrawlTarget, FolderTarget
from glue_tui.crawlers.crawl import CrawlReport, crawl
from glue_tui.crawlers.target_files import Progress


@dataclass
class Project:
    folder: Path
    conn: sqlite3.Connection
    log: list[str] = field(default_factory=list)
    progress: list[tuple[int, int]] = field(default_factory=list)
    runs: int = 0

    @property
    def catalog(self) -> Catalog:
        return Catalog.open(self.folder / "state.db")

    def write(self, path: str, content: str | bytes, *, zipped: bool = False, age_s: float = 60.0) -> Path:
        """Write a file that was modified so long ago."""
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        raw = content.encode() if isinstance(content, str) else content
        file.write_bytes(gzip.compress(raw) if zipped else raw)
        written_at = file.stat().st_mtime - age_s
        os.utime(file, (written_at, written_at))
        return file

    def crawl(
        self,
        *targets: str | CrawlTarget,
        connections: Mapping[str, Connection] | None = None,
        environment: Mapping[str, str] | None = None,
        progress: Progress | None = None,
        **settings: object,
    ) -> CrawlReport:
        """Crawl as the worker does, and store the changes as the engine does."""
        crawler = Crawler(
            name=str(settings.pop("name", "landing")),
            database="raw",
            targets=tuple(FolderTarget(path=item) if isinstance(item, str) else item for item in targets),
            **settings,  # type: ignore[arg-type]
        )
        self.log.clear()
        self.progress.clear()
        report = crawl(
            crawler,
            connections or {},
            self.catalog,
            project_dir=self.folder,
            log=lambda level, text: self.log.append(f"{level} {text}"),
            progress=progress or (lambda done, total: self.progress.append((done, total))),
            environment=environment or {},
        )
        self.runs += 1
        self.conn.execute("BEGIN")
        apply_changes(self.conn, report.table_changes, run_id=f"wr_{self.runs}", at=float(self.runs))
        self.conn.execute("COMMIT")
        return report

    def types(self, table: str) -> dict[str, str]:
        found = self.catalog.table(table).table
        return {column.name: column.type for column in (*found.columns, *found.partition_keys)}

    def reason(self, table: str, name: str) -> str:
        return next(column.reason for column in self.catalog.table(table).table.columns if column.name == name)

    def tables(self) -> list[str]:
        return [entry.full_name for entry in self.catalog.tables()]

    def scan(self, table: str) -> pl.LazyFrame:
        return scan(self.catalog, table, project_dir=self.folder, environment={})

    def rows(self, table: str) -> list[tuple[object, ...]]:
        frame = self.scan(table).collect()
        assert frame.height == self.catalog.table(table).rows
        return frame.rows()
