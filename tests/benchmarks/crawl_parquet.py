"""P7: a cold crawl of 10,000 parquet files of 100 rows in Hive folders. Limit: footers, each schema parsed once.

From the call of `crawl()` to its report, in a process that has polars imported, held against the truth in every round.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.benchmarks.crawling import measure_tree
from tests.benchmarks.figures import Row, Setting

GOAL = 1.5


def measure(setting: Setting) -> Iterator[Row]:
    files = setting.size(10_000, 50)
    yield from measure_tree(setting, "parquet", files, f"P7 cold crawl, {files} parquet files", GOAL)
