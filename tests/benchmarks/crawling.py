"""A cold crawl of a tree of files in a process of its own, against its limit; used by the benchmarks `crawl_…`."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from glue_tui.catalog.read import Catalog
from tests.benchmarks.crawl_trees import check_tree, write_tree
from tests.benchmarks.figures import Row, Setting, TimesLimit, in_rounds
from tests.benchmarks.limits import limit_s

FOLDER = "tills"
MIB = 1024 * 1024
_NUMBERS = count()


@dataclass(frozen=True, slots=True, kw_only=True)
class Crawled:
    catalog: Catalog
    took_s: float
    used_bytes: int
    """Memory that the process had at most, less what it had with polars imported."""
    files_read: int


def crawled(project_dir: Path, target: str, name: str = "") -> Crawled:
    """Crawl a target of a project in a process of its own; the catalog `name` is made by the first crawl with it."""
    name = name or f"catalog{next(_NUMBERS)}"
    command = [sys.executable, "-m", "tests.benchmarks.crawl_once", str(project_dir), target, name]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    took_s, before_bytes, peak_bytes, files_read = done.stdout.split()
    return Crawled(
        catalog=Catalog.open(project_dir / f"{name}.db"),
        took_s=float(took_s),
        used_bytes=int(peak_bytes) - int(before_bytes),
        files_read=int(files_read),
    )


def measure_tree(setting: Setting, kind: str, files: int, what: str, factor: float) -> Iterator[Row]:
    """Yield the row of a cold crawl of a tree of so many files; what is found is held against the truth each time."""
    truth = write_tree(setting.scratch / FOLDER, kind, files)

    def ours() -> float:
        found = crawled(setting.scratch, FOLDER)
        entry, stored = found.catalog.contents(f"raw.{FOLDER}")
        check_tree(kind, truth, entry, stored)
        return found.took_s

    taken = in_rounds(
        {"crawl": ours, "the best known way": lambda: limit_s("crawls", kind, setting.scratch / FOLDER)}, setting
    )
    yield Row(
        benchmark=f"crawl_{'json' if kind == 'jsonl' else kind}",
        what=what,
        unit="s",
        measured=taken["crawl"],
        limit=taken["the best known way"],
        goal=TimesLimit(factor),
    )
