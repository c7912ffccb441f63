"""The files that jobs run and a definition only names: which of them were saved since a run began."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from glue_tui.core.job import CommandWork, Job, PythonWork, ScalaWork, SparkWork
from glue_tui.core.model import NodeId, Workflow
from glue_tui.core.run import WorkflowRun
from glue_tui.definitions.files import is_file
from glue_tui.protocol.plan_views import ScriptView


def scripts_saved_since(
    run: WorkflowRun, workflow: Workflow, node_ids: Iterable[NodeId], project_dir: Path
) -> tuple[ScriptView, ...]:
    """Return the scripts of these nodes that were saved after the run began, or are gone."""
    began = run.started_at if run.started_at is not None else run.queued_at
    found: dict[str, ScriptView] = {}
    for node_id in node_ids:
        node = workflow.node(node_id)
        for path in _script_files(node, project_dir) if isinstance(node, Job) else ():
            saved_at = _saved_at(path)
            if saved_at is not None and saved_at <= began:
                continue
            shown = str(path.relative_to(project_dir)) if path.is_relative_to(project_dir) else str(path)
            users = (*found[shown].node_ids, node_id) if shown in found else (node_id,)
            found[shown] = ScriptView(path=shown, node_ids=users, saved_at=saved_at)
    return tuple(found.values())


def _script_files(job: Job, project_dir: Path) -> Iterator[Path]:
    """Yield the files that a job runs and its definition only names. What a program reads besides, nobody knows."""
    match job.work:
        case PythonWork(script=script) | SparkWork(script=script):
            yield project_dir / script
        case ScalaWork(script=script, jar=jar):
            yield project_dir / (script or jar)
        case CommandWork(command=words, cwd=cwd):
            paths = (Path(os.path.normpath(project_dir / cwd / word)) for word in words)
            # The program, or the script it is given; files that stand after it may be what it writes.
            yield from islice((path for path in paths if path.is_relative_to(project_dir) and is_file(path)), 1)
        case _:
            pass


def _saved_at(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except OSError:
        return None
