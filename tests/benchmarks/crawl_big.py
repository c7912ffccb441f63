"""A crawl of one CSV file of 2 GiB with one odd value near its end: every row is read, and the value is named.

Limit: one pass of polars that casts all values to the types that the first rows have. The memory that the crawl takes
must not grow with the rows: it is set against that for a quarter of them. The file is made once and kept in the
system's folder for what is temporary; take it away when you like.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.crawl_trees import check_big_csv, write_big_csv
from tests.benchmarks.crawling import MIB, crawled
from tests.benchmarks.figures import Row, Setting, TimesLimit, in_rounds
from tests.benchmarks.limits import limit_s

GOAL = 1.2
GROWTH = 1.25
FULL_MIB = 2048
SMALLEST_MIB = 4
KEPT = Path(tempfile.gettempdir()) / "glue-tui-benchmarks"


def measure(setting: Setting) -> Iterator[Row]:
    project_dir = setting.scratch if setting.is_smallest else KEPT
    size_mib = setting.size(FULL_MIB, SMALLEST_MIB)
    files = {part: f"receipts_{size_mib // part}.csv" for part in (1, 4)}
    rows = {part: write_big_csv(project_dir / name, size_mib * MIB // part) for part, name in files.items()}
    used: dict[str, float] = {}

    def ours(part: int) -> float:
        found = crawled(project_dir, files[part])
        entry = found.catalog.table(f"raw.receipts_{size_mib // part}")
        check_big_csv(rows[part], entry)
        _forget(found.catalog.path)
        used[files[part]] = found.used_bytes / MIB
        return found.took_s

    taken = in_rounds(
        {
            "crawl": lambda: ours(1),
            "crawl of a quarter": lambda: ours(4),
            "memory": lambda: used[files[1]],
            "a quarter of it": lambda: used[files[4]],
            "one pass": lambda: limit_s("crawls", "big", project_dir / files[1]),
        },
        setting,
    )
    for what, unit, name, limit, goal in (
        (f"cold crawl, a CSV file of {size_mib} MiB", "s", "crawl", "one pass", GOAL),
        (f"memory for {rows[1]:,} rows".replace(",", " "), "MiB", "memory", "a quarter of it", GROWTH),
    ):
        yield Row(
            benchmark="crawl_big",
            what=what,
            unit=unit,
            measured=taken[name],
            limit=taken[limit],
            goal=TimesLimit(goal),
        )


def _forget(catalog: Path) -> None:
    for end in ("", "-wal", "-shm"):
        catalog.with_name(catalog.name + end).unlink(missing_ok=True)
