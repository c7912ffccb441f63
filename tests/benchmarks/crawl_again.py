"""P8: a crawl of 10,000 CSV files of which none has changed since the last. Limit: walk, stat, load, compare.

From the call of `crawl()` to its report, in a process that has polars imported; no file may be read.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.benchmarks.crawl_trees import check_tree, write_tree
from tests.benchmarks.crawling import FOLDER, crawled
from tests.benchmarks.figures import Row, Setting, TimesLimit, in_rounds
from tests.benchmarks.limits import limit_s

GOAL = 1.3


def measure(setting: Setting) -> Iterator[Row]:
    files = setting.size(10_000, 50)
    truth = write_tree(setting.scratch / FOLDER, "csv", files)
    first = crawled(setting.scratch, FOLDER, "again")
    check_tree("csv", truth, *first.catalog.contents(f"raw.{FOLDER}"))
    assert first.files_read == files

    def ours() -> float:
        found = crawled(setting.scratch, FOLDER, "again")
        assert found.files_read == 0
        return found.took_s

    database = setting.scratch / "limit.db"
    taken = in_rounds(
        {
            "crawl": ours,
            "walk, stat, load, compare": lambda: limit_s("crawls", "again", setting.scratch / FOLDER, database),
        },
        setting,
    )
    yield Row(
        benchmark="crawl_again",
        what=f"P8 crawl again, {files} files unchanged",
        unit="ms",
        measured=taken["crawl"].times(1000),
        limit=taken["walk, stat, load, compare"].times(1000),
        goal=TimesLimit(GOAL),
    )
