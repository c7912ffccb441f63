"""What a worker is told of the attempt that it is to carry out, put together from the run."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path

from glue_tui.core.attempt import AttemptKey, AttemptSpec, log_path, result_path
from glue_tui.core.job import Job
from glue_tui.core.model import RunId
from glue_tui.core.problem import GlueTuiError
from glue_tui.core.run import WorkflowRun
from glue_tui.core.schedule import iso_text
from glue_tui.engine.results import unfinished_in

EARLIER_RUNS_KEPT = 8
"""Every worker of a resumed run asks for the run before, and one of 1,000 nodes takes a tenth of a second to read."""


class Specs:
    def __init__(
        self,
        project_dir: Path,
        state_dir: Path,
        *,
        runs: Callable[[], Mapping[RunId, WorkflowRun]],
        finished_run: Callable[[str], WorkflowRun],
    ) -> None:
        self._project_dir = str(project_dir)
        self._state_dir = str(state_dir)
        self._runs = runs
        """Those that are not over."""
        self._finished_run = lru_cache(EARLIER_RUNS_KEPT)(finished_run)

    def of(self, key: AttemptKey) -> AttemptSpec:
        """Return what the worker of an attempt must know."""
        run = self._runs()[key.run_id]
        node = run.graph.nodes[key.node_id]
        attempt = run.nodes[key.node_id].attempts[key.attempt - 1]
        return AttemptSpec(
            key=key,
            run_number=run.number,
            workflow=run.workflow.name,
            node=node,
            connections=run.workflow.connections,
            arguments=attempt.arguments if isinstance(node, Job) else {},
            properties=run.properties,
            property_types={one.name: one.type for one in run.workflow.properties},
            scheduled_at=iso_text(run.cause.scheduled_at, run.workflow.timezone),
            event_files=run.cause.files,
            deleted_files=run.cause.deleted_files,
            started_by=run.nodes[key.node_id].trigger,
            project_dir=self._project_dir,
            catalog_path=f"{self._state_dir}/state.db",
            log_path=log_path(self._state_dir, key),
            result_path=result_path(self._state_dir, key),
            max_attempts=node.max_retries + 1 + sum(1 for one in run.nodes[key.node_id].attempts if one.was_lost),
            unfinished_in=unfinished_in(run, key.node_id, self._earlier_run),
        )

    def _earlier_run(self, run_id: RunId) -> WorkflowRun | None:
        """Return a run that was resumed, and may be forgotten by now."""
        with contextlib.suppress(GlueTuiError):
            return self._finished_run(run_id)
        return None
