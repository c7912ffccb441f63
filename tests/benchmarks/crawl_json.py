"""A cold crawl of 5,000 files of 100 nested JSON lines in Hive folders. Limit: polars types every file, two at a time.

From the call of `crawl()` to its report, in a process that has polars imported, held against the truth in every round.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.benchmarks.crawling import measure_tree
from tests.benchmarks.figures import Row, Setting

GOAL = 1.5


def measure(setting: Setting) -> Iterator[Row]:
    files = setting.size(5_000, 50)
    yield from measure_tree(setting, "jsonl", files, f"cold crawl, {files} files of JSON lines", GOAL)
