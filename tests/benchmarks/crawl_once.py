"""`python -m tests.benchmarks.crawl_once PROJECT FOLDER NAME`: one crawl of PROJECT/FOLDER in this process.

Its catalog is PROJECT/NAME.db. The first crawl stores there what it found, as the engine does it. Prints the seconds of
`crawl()` alone, the most memory that this process had before it and with it, in bytes, and how many files were read.
"""

from __future__ import annotations

import gc
import resource
import sqlite3
import sys
import time
from pathlib import Path

import polars as pl

from glue_tui.catalog.read import Catalog
from glue_tui.catalog.write import MIGRATIONS, apply_changes
from glue_tui.core.model import Crawler, FolderTarget
from glue_tui.crawlers.crawl import CrawlReport, crawl


def main() -> None:
    project_dir, folder, name = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    is_cold = not (project_dir / f"{name}.db").exists()
    pl.thread_pool_size()
    # As the fork server does it: workers don't look again and again at what they inherited.
    gc.collect()
    gc.freeze()
    before_bytes = peak_bytes()
    began = time.perf_counter()
    report = crawl_once(project_dir, folder, name)
    took_s = time.perf_counter() - began
    print(took_s, before_bytes, peak_bytes(), report.files_read)
    if is_cold:
        store(project_dir, name, report)


def crawl_once(project_dir: Path, folder: str, name: str) -> CrawlReport:
    return crawl(
        Crawler(name="tills", database="raw", targets=(FolderTarget(path=folder),)),
        {},
        Catalog.open(project_dir / f"{name}.db"),
        project_dir=project_dir,
        log=lambda level, text: None,
        progress=lambda done, total: None,
        environment={},
    )


def store(project_dir: Path, name: str, report: CrawlReport) -> None:
    conn = sqlite3.connect(project_dir / f"{name}.db", isolation_level=None)
    conn.execute("PRAGMA journal_mode = WAL")
    for step in MIGRATIONS:
        conn.execute(step)
    conn.execute("BEGIN")
    apply_changes(conn, report.table_changes, run_id="wr_1", at=time.time())
    conn.execute("COMMIT")
    conn.close()


def peak_bytes() -> int:
    """Return the most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
