"""P1: what a node costs beyond its own work, and what other ways of starting a process cost.

A chain of 100 python jobs that do nothing, on an engine that is up: from the request to the news of the end, less the
same for a chain of one, divided by 99. Each node is a fresh process with polars imported; what was decided is committed
durably before anything acts on it. Goal: 6 ms.

Limits, each by a small program of its own, in the same rounds: a bare fork; a fork of a process that has polars
imported (with one durable commit beside it: the least that a node of this kind can cost); the standard library's fork
server; a fresh interpreter; a warm pool, which isolates nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

from tests.benchmarks.engine_up import EngineUp
from tests.benchmarks.figures import AtMost, Figure, Row, Setting, in_rounds
from tests.benchmarks.limits import limit_s
from tests.benchmarks.projects import chain, write_project

GOAL_MS = 6.0
IMPORTS_SHARE = 20
"""A fresh interpreter that imports polars takes so long that only every 20th of the nodes is tried."""


def measure(setting: Setting) -> Iterator[Row]:
    nodes = setting.size(100, 3)
    few = max(nodes // IMPORTS_SHARE, 1)
    numbers = count()

    def commits_s() -> float:
        return limit_s("commits", nodes, setting.scratch / f"commits-{next(numbers)}.db")

    project_dir = write_project(setting.scratch / "project", {"one": chain(1), "many": chain(nodes)})
    with EngineUp(project_dir) as engine:
        cases: dict[str, Callable[[], float]] = {
            "one": lambda: engine.run("one")[0],
            "many": lambda: engine.run("many")[0],
            "a bare fork": lambda: limit_s("forks", nodes, 1),
            "a fork, polars imported": lambda: limit_s("forks", nodes, 1, "polars"),
            "a durable commit": commits_s,
            "warm pool (no isolation)": lambda: limit_s("warm_pool", nodes),
            "standard fork server": lambda: limit_s("fork_server", nodes),
            "the same with polars": lambda: limit_s("fork_server", nodes, "polars"),
            "fresh interpreter": lambda: limit_s("interpreters", nodes, "pass"),
            "the same, importing polars": lambda: limit_s("interpreters", few, "import polars"),
        }
        taken = in_rounds(cases, setting)
    node = taken.pop("many").minus(taken.pop("one"), "node").times(1000 / (nodes - 1))
    limits = {name: figure.times(1000 / nodes) for name, figure in taken.items()}
    limits["the same, importing polars"] = taken["the same, importing polars"].times(1000 / few)
    least = limits["a fork, polars imported"].plus(limits["a durable commit"], "fork with polars + durable commit")
    yield _row(f"P1 a node of a chain of {nodes}", node, least, AtMost(GOAL_MS))
    for limit in limits.values():
        yield _row("  beside", node, limit, None)


def _row(what: str, node: Figure, limit: Figure, goal: AtMost | None) -> Row:
    return Row(benchmark="chain", what=what, unit="ms", measured=node, limit=limit, goal=goal)
