"""What results of attempts leave behind once they are committed: their own files, and data files that were replaced."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from glue_tui.catalog.s3_access import CONNECTION_URL_PARAMETER, storage_for
from glue_tui.catalog.set_aside import remove_places
from glue_tui.core.attempt import result_path
from glue_tui.core.model import NodeId, RunId
from glue_tui.core.problem import GlueTuiError
from glue_tui.core.run import WorkflowRun
from glue_tui.core.schema import TableChange
from glue_tui.core.states import NodeState
from glue_tui.core.stimuli import WorkerExited
from glue_tui.engine.inputs import Input, WorkerReported
from glue_tui.store import slices


def forget_results(inputs: Iterable[Input], state_dir: Path) -> None:
    """Remove the result files of attempts that ended. One that can't be removed harms nobody: no name is used twice."""
    for one in inputs:
        if isinstance(one, WorkerReported) and isinstance(one.report, WorkerExited):
            with contextlib.suppress(OSError):
                Path(result_path(str(state_dir), one.report.key)).unlink()


def move_slices(renamed: Iterable[tuple[str, str]], state_dir: Path) -> None:
    """Let what jobs were about to publish be that of their workflows under their new names."""
    for before, name in renamed:
        slices.rename_workflow(state_dir, before, name)


def unfinished_in(
    run: WorkflowRun, node_id: NodeId, earlier: Callable[[RunId], WorkflowRun | None]
) -> tuple[RunId, ...]:
    """Return the runs which this one resumes, in which the node was at work and did not succeed, newest first."""
    found: list[RunId] = []
    before = run
    while before.previous_run_id:
        previous = earlier(RunId(before.previous_run_id))
        if previous is None or node_id not in previous.nodes:
            break
        node = previous.nodes[node_id]
        if node.state is NodeState.SUCCEEDED:
            break
        if node.attempts:
            found.append(previous.run_id)
        before = previous
    return tuple(found)


def remove_replaced(published: Iterable[TableChange], project_dir: Path) -> tuple[str, ...]:
    """Remove the files that were replaced and that the catalog does not list any more; return what went wrong."""
    problems = []
    for change in published:
        remove_places(project_dir / folder for folder in change.replaced_folders)
        if change.replaced_objects:
            url = change.table.parameters.get(CONNECTION_URL_PARAMETER, "")
            try:
                storage_for(change.table.location, url, os.environ).remove(change.replaced_objects)
            except (OSError, GlueTuiError) as error:
                reason = error.strerror if isinstance(error, OSError) else str(error)
                problems.append(f"what {change.table.full_name} had before can't be removed: {reason}")
    return tuple(problems)
