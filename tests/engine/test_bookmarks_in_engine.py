"""A job with a bookmark on a real engine: killed after it has published, followed by other runs, under another name."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import polars as pl
from unsaid import KILLED_BEFORE_ITS_RESULT

from glue_tui.core.bookmarks import BookmarkEdit, BookmarkEditKind
from tests.conftest import RunningEngine

WORKFLOW = """
[connections.ware]
url = "sqlite:///ware.db"

[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ crawler = "landing" }]

[triggers.crawled]
type = "CONDITIONAL"
conditions = [{ crawler = "landing", state = "SUCCEEDED" }]
actions = [{ job = "load" }]

[crawlers.landing]
database = "raw"
targets = [{ path = "in" }]

[jobs.load]
type = "python"
script = "jobs/load.py"
bookmark = "enable"
"""

SCRIPT = f"""{KILLED_BEFORE_ITS_RESULT}
def run(glue):
    rows = glue.table("raw.in")
    glue.write_database(rows, connection="ware", table="added", mode="append")
    glue.write(rows, "marts.added", path="out/added", mode="append")
    die_unless_mended(glue)
"""


class Landing:
    """What lands in a project, and what its job has made of it."""

    def __init__(self, project: Path, engine: RunningEngine) -> None:
        self.project = project
        self.engine = engine
        self.runs = 0
        (project / "in").mkdir()

    def file(self, number: int) -> None:
        (self.project / "in" / f"{number}.csv").write_text(f"n,one\n{number},1\n")

    def run(self, workflow: str = "load", *, resume: str = "") -> str:
        if resume:
            self.engine.ask(lambda client: client.resume_workflow_run(resume))
        else:
            self.engine.ask(lambda client: client.start_workflow_run(workflow))
        self.runs += 1
        return self.engine.finished(self.runs).summary.outcome

    def rows(self) -> list[int]:
        """Return what is in the database; the folder must hold the same."""
        with closing(sqlite3.connect(self.project / "ware.db")) as conn:
            stored = sorted(row[0] for row in conn.execute("SELECT n FROM added"))
        assert sorted(pl.read_parquet(self.project / "out" / "added")["n"].to_list()) == stored
        return stored


def test_a_slice_that_was_published_by_a_killed_attempt_is_taken_again_by_whoever_comes_next(
    project: Path, engine: RunningEngine
) -> None:
    (project / "workflows" / "load.toml").write_text(WORKFLOW)
    (project / "workflows" / "jobs" / "load.py").write_text(SCRIPT)
    landing = Landing(project, engine)
    mended = project / "mended"
    engine.start()
    landing.file(1)
    assert (landing.run(), landing.rows()) == ("FAILED", [1])
    landing.file(2)
    assert (landing.run(), landing.rows()) == ("FAILED", [1]), "a run that knows nothing of the one before"
    mended.touch()
    assert (landing.run(resume="2"), landing.rows()) == ("SUCCEEDED", [1])
    assert (landing.run(), landing.rows()) == ("SUCCEEDED", [1, 2])

    landing.file(3)
    mended.unlink()
    assert (landing.run(), landing.rows()) == ("FAILED", [1, 2, 3])
    (project / "workflows" / "load.toml").rename(project / "workflows" / "bring.toml")
    engine.ask(lambda client: client.reload())
    landing.file(4)
    mended.touch()
    assert (landing.run("bring"), landing.rows()) == ("SUCCEEDED", [1, 2, 3])
    assert (landing.run("bring"), landing.rows()) == ("SUCCEEDED", [1, 2, 3, 4])

    edit = BookmarkEdit(kind=BookmarkEditKind.REWIND, workflow="bring", job="load", run="6")
    assert engine.ask(lambda client: client.edit_bookmark(edit)) == (
        "rewound to run 6: the next run reads again what later runs have read",
    )
    assert (landing.run("bring"), landing.rows()) == ("SUCCEEDED", [1, 2, 3, 4, 4])
