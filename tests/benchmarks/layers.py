"""P2: a large graph, 1,000 nodes in ten layers of 100, every node waiting for the whole layer before it.

From the request to the news of the end on an engine that is up: at most 5 s. Limit beside it: 1,000 forks of a process
that has polars imported, two at a time. And what a node costs there may be at most 1.2 times what it costs among 100
nodes in ten layers: nothing may grow faster than the graph.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.benchmarks.engine_up import EngineUp
from tests.benchmarks.figures import AtMost, Row, Setting, TimesLimit, in_rounds
from tests.benchmarks.limits import limit_s
from tests.benchmarks.projects import chain, layers, write_project

GOAL_S = 5.0
GROWTH = 1.2
LAYERS = 10


def measure(setting: Setting) -> Iterator[Row]:
    large, small = setting.size(100, 2), setting.size(10, 1)
    workflows = {"one": chain(1), "small": layers([small] * LAYERS), "large": layers([large] * LAYERS)}
    with EngineUp(write_project(setting.scratch / "project", workflows)) as engine:
        taken = in_rounds(
            {
                "one": lambda: engine.run("one")[0],
                "small": lambda: engine.run("small")[0],
                "large": lambda: engine.run("large")[0],
                "forks with polars": lambda: limit_s("forks", large * LAYERS, 2, "polars"),
            },
            setting,
        )
    yield Row(
        benchmark="layers",
        what=f"P2 {large * LAYERS} nodes in {LAYERS} layers",
        unit="s",
        measured=taken["large"],
        limit=taken["forks with polars"],
        goal=AtMost(GOAL_S),
    )
    per_node = {
        name: taken[name].minus(taken["one"], f"among {width * LAYERS}").times(1000 / (width * LAYERS - 1))
        for name, width in (("small", small), ("large", large))
    }
    yield Row(
        benchmark="layers",
        what=f"P2 a node among {large * LAYERS}",
        unit="ms",
        measured=per_node["large"],
        limit=per_node["small"],
        goal=TimesLimit(GROWTH),
    )
