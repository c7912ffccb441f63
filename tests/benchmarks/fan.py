"""P1's wide sibling: one node, 200 side by side, one; two workers at a time, as many as the limit has.

From the request to the news of the end on an engine that is up. Limit: 202 forks of a process that has polars
imported, two at a time, and nothing else. No goal of its own: it shows what the engine does beside the workers.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.benchmarks.engine_up import EngineUp
from tests.benchmarks.figures import Row, Setting, in_rounds
from tests.benchmarks.limits import limit_s
from tests.benchmarks.projects import layers, write_project


def measure(setting: Setting) -> Iterator[Row]:
    width = setting.size(200, 3)
    project_dir = write_project(setting.scratch / "project", {"fan": layers([1, width, 1])})
    with EngineUp(project_dir) as engine:
        taken = in_rounds(
            {
                "fan": lambda: engine.run("fan")[0],
                "forks with polars": lambda: limit_s("forks", width + 2, 2, "polars"),
            },
            setting,
        )
    yield Row(
        benchmark="fan",
        what=f"1 -> {width} -> 1",
        unit="s",
        measured=taken["fan"],
        limit=taken["forks with polars"],
    )
