"""P6: a cold crawl of 10,000 CSV files of 100 rows in Hive folders: columns, rows and types of all, and why.

From the call of `crawl()` to its report, in a process that has polars imported. Limit: heads read once, the files of
one header typed together, rows by their line ends. What the crawl found is held against the truth in every round.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.benchmarks.crawling import measure_tree
from tests.benchmarks.figures import Row, Setting

GOAL = 1.3


def measure(setting: Setting) -> Iterator[Row]:
    files = setting.size(10_000, 50)
    yield from measure_tree(setting, "csv", files, f"P6 cold crawl, {files} CSV files", GOAL)
