"""Run properties on their way from a workflow into a job."""

from __future__ import annotations

from pathlib import Path

import glue_tui
from tests.conftest import RunningEngine

_TYPED = """
[properties]
n = { type = "integer", default = "3" }

[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ job = "sums" }]

[jobs.sums]
type = "sql"
query = "SELECT {{ properties.n }} + 1 AS one"
targets = [{ table = "t.sums", path = "sums" }]
"""


def test_a_query_is_told_the_types_of_properties(project: Path, engine: RunningEngine) -> None:
    (project / "workflows" / "typed.toml").write_text(_TYPED)
    engine.start()
    engine.ask(lambda client: client.start_workflow_run("typed"))
    assert engine.finished(1).summary.outcome == "SUCCEEDED"
    assert engine.node(1, "sums").rows_out == 1
    assert glue_tui.open_catalog(project).table("t.sums").collect().to_dicts() == [{"one": 4}]
