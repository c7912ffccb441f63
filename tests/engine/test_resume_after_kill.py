"""A node that was killed after it had committed its rows, was given up and resumed by a person: they are there once."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import polars as pl
from unsaid import KILLED_BEFORE_ITS_RESULT

from tests.conftest import RunningEngine

WORKFLOW = """
[connections.ware]
url = "sqlite:///ware.db"

[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ job = "load" }]

[jobs.load]
type = "python"
script = "jobs/load.py"
"""

SCRIPT = f"""{KILLED_BEFORE_ITS_RESULT}
import polars as pl

def run(glue):
    rows = pl.DataFrame({{"n": [1, 2]}})
    glue.write_database(rows, connection="ware", table="added", mode="append")
    glue.write(rows, "marts.added", path="out/added", mode="append")
    die_unless_mended(glue)
"""


def test_rows_of_a_node_that_was_killed_after_its_commit_are_not_added_by_a_resume(
    project: Path, engine: RunningEngine
) -> None:
    (project / "workflows" / "load.toml").write_text(WORKFLOW)
    (project / "workflows" / "jobs" / "load.py").write_text(SCRIPT)

    def rows() -> tuple[int, int]:
        with closing(sqlite3.connect(project / "ware.db")) as conn:
            in_database = conn.execute("SELECT count(*) FROM added").fetchone()[0]
        return in_database, pl.read_parquet(project / "out" / "added").height

    engine.start()
    engine.ask(lambda client: client.start_workflow_run("load"))
    assert engine.finished(1).summary.outcome == "FAILED"
    assert rows() == (2, 2)
    engine.ask(lambda client: client.resume_workflow_run("1"))
    assert engine.finished(2).summary.outcome == "FAILED"
    (project / "mended").touch()
    engine.ask(lambda client: client.resume_workflow_run("2"))
    assert engine.finished(3).summary.outcome == "SUCCEEDED"
    assert rows() == (2, 2)
    engine.ask(lambda client: client.resume_workflow_run("3", nodes=("load",)))
    assert engine.finished(4).summary.outcome == "SUCCEEDED"
    assert rows() == (4, 4), "one that had succeeded, and is chosen to run again, appends again"
