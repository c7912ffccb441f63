"""The history of runs, read from the state database: it needs no engine and disturbs none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from glue_tui.cli.output import say
from glue_tui.client.find import is_listening, state_db
from glue_tui.core.problem import EntityNotFound
from glue_tui.core.states import WorkflowRunStatus
from glue_tui.protocol.views import RunSummary

if TYPE_CHECKING:
    from glue_tui.store.history import History


def project_history(project_dir: Path) -> History:
    """Return the project's history; it is empty where nothing has ever run."""
    from glue_tui.store.history import open_history

    return open_history(state_db(project_dir))


def run_ref(history: History, ref: str) -> str:
    """Return `ref`, or the id of the newest run where it is empty. Raises EntityNotFound where nothing has run."""
    if ref:
        return ref
    runs = history.runs(limit=1)
    if not runs:
        raise EntityNotFound("nothing has run in this project yet", hint="`glue-tui run WORKFLOW` runs a workflow")
    return runs[0].run_id


def say_if_at_a_standstill(project_dir: Path, run: RunSummary) -> None:
    """Say so where a run is not over and no engine is there: the history has it as its last engine left it."""
    if not WorkflowRunStatus(run.status).is_over and not is_listening(project_dir):
        say(
            f"no engine runs, so run {run.number} of {run.workflow} stands still: "
            "`glue-tui engine start` lets it go on",
            tone="warn",
        )
