"""The means that a job is given: what its `threads` and `memory` say to polars, and to the programs that it starts."""

from __future__ import annotations

import json
import os

import polars as pl

from glue_tui.core.job import Job

THREAD_VARIABLES = ("GLUE_THREADS", "POLARS_MAX_THREADS", "OMP_NUM_THREADS")
_SPILL_VARIABLE = "POLARS_OOC_MEMORY_BUDGET_MB"
_SPILL_SHARE = 0.5
"""Of the memory that a job may use: beyond it polars moves rows to disk. The rest is what it does not count."""


def give_means(job: Job) -> None:
    """Set them for this process and its children. To be called before the first query: polars makes its threads then.

    A job that says nothing has as many threads as there are processors, and the system shares those out: by measure
    that is as fast as shares of our own, and a job that goes on when others have ended can use all of them.
    """
    variables: dict[str, str] = {}
    if job.threads is not None:
        variables |= dict.fromkeys(THREAD_VARIABLES, str(job.threads))
    if job.memory_bytes_max is not None and _SPILL_VARIABLE not in os.environ:
        variables[_SPILL_VARIABLE] = str(max(1, int(job.memory_bytes_max * _SPILL_SHARE) // 1_000_000))
    if variables:
        # Polars has read the environment as it was imported, by the fork server: this lets it read once more.
        pl.Config.load(json.dumps({"environment": variables}))
