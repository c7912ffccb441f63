"""What became of a workflow's definition between two runs, read from the history: it needs no engine."""

from __future__ import annotations

from pathlib import Path

from glue_tui.client.compare import DefinitionChanges
from glue_tui.client.find import state_db


def changes_between(project_dir: Path, before_id: str, after_id: str) -> DefinitionChanges:
    """Return what changed from the definition of one run (by its id) to that of a later one.

    Raises EntityNotFound for a run that the history does not have, StoreFailed where it can't be read.
    """
    from glue_tui.core.changes import workflow_changes
    from glue_tui.definitions.scripts import scripts_saved_since
    from glue_tui.protocol.plan import change_views
    from glue_tui.store.history import open_history

    history = open_history(state_db(project_dir))
    try:
        before, after = history.core_run(before_id), history.core_run(after_id)
    finally:
        history.close()
    changes = workflow_changes(before.workflow, after.workflow)
    return DefinitionChanges(
        changes=change_views(changes),
        changes_total=len(changes),
        scripts=scripts_saved_since(before, after.workflow, after.graph.node_ids, project_dir),
    )
