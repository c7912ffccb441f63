"""P3: `glue-tui run` of a five-node diamond with no engine running, from exec to exit: at most 0.6 s.

The command starts an engine, which starts a fork server that imports polars, and follows the run to its end. `--local`
does it with an engine in its own process. Limit: a fresh interpreter that imports polars and forks five times.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from tests.benchmarks.engine_up import command_s, exec_to_exit_s, stop_engine
from tests.benchmarks.figures import AtMost, Row, Setting, in_rounds
from tests.benchmarks.limits import FORKS
from tests.benchmarks.projects import diamond, write_project

GOAL_S = 0.6


def measure(setting: Setting) -> Iterator[Row]:
    project_dir = write_project(setting.scratch / "project", {"diamond": diamond()})

    def cold_s(*options: str) -> float:
        try:
            return command_s(project_dir, "run", "diamond", *options)
        finally:
            stop_engine(project_dir)

    taken = in_rounds(
        {
            "run": cold_s,
            "run --local": lambda: cold_s("--local"),
            "polars and five forks": lambda: exec_to_exit_s(
                [sys.executable, "-P", FORKS, "5", "2", "polars"], cwd=project_dir
            ),
        },
        setting,
    )
    limit = taken["polars and five forks"]
    for name in ("run", "run --local"):
        yield Row(
            benchmark="diamond",
            what=f"P3 `glue-tui {name} diamond`, cold",
            unit="s",
            measured=taken[name],
            limit=limit,
            goal=AtMost(GOAL_S),
        )
