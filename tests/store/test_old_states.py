"""States that released versions left behind: each must open, read, go on and resume with the present version."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from glue_tui.catalog.read import Catalog
from glue_tui.catalog.write import MIGRATIONS as CATALOG_MIGRATIONS
from glue_tui.core.arrivals import Stage
from glue_tui.core.problem import StoreFailed
from glue_tui.engine.assemble import assembled
from glue_tui.engine.fork_servers import ForkServers
from glue_tui.store import event_log, ledger, seen_files
from glue_tui.store.database import migrate, open_database, open_readonly
from glue_tui.store.history import History, open_history
from tests.conftest import RunningEngine, wait_for
from tests.store.make_state import FILE_TIME_NS

STATES = sorted((Path(__file__).parents[1] / "data" / "states").iterdir())
OUTCOMES = {
    1: "SUCCEEDED",
    2: "FAILED",
    3: "SUCCEEDED",
    4: "RECOVERED",
    5: "STOPPED",
    6: "SUCCEEDED",
    7: "ERROR",
    8: "",
}
"""By run number, as `make_state` makes them; run 3 resumes run 2, run 8 was going when its engine was killed."""


@pytest.fixture(params=STATES, ids=lambda path: path.name)
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A project as the released version left it, its files as old as they were."""
    state: Path = request.param
    shutil.copytree(state / "project", tmp_path, dirs_exist_ok=True)
    shutil.copytree(state / "state", tmp_path / ".glue_tui")
    for path in (*tmp_path.glob("incoming/*"), *tmp_path.glob("landing/**/*.csv")):
        os.utime(path, ns=(FILE_TIME_NS, FILE_TIME_NS))
    return tmp_path


@pytest.fixture
def history(project: Path) -> Iterator[History]:
    with contextlib.closing(open_history(project / ".glue_tui" / "state.db")) as history:
        yield history


def test_a_state_is_read_as_it_is_before_any_engine_has_opened_it(project: Path, history: History) -> None:
    runs = history.runs()
    assert {run.number: run.outcome for run in runs} == OUTCOMES
    assert runs[5].previous_run_id == runs[6].run_id
    for summary in runs:
        view = history.run(summary.run_id)
        # Before 0.5.0 no list of runs told properties; the run itself has always had them.
        told = view.summary if summary.properties else msgspec.structs.replace(view.summary, properties={})
        assert told == summary
        assert set(view.summary.properties) <= set(view.properties)
        assert view.nodes
        assert [line.text for line in history.story(summary.run_id)]
    assert history.trigger_settings() == {("etl", "nightly"): False}
    attempts = [one for node in history.run("2").nodes for one in node.attempts]
    assert all(Path(one.log_path).is_file() for one in attempts if one.started_at is not None)


def test_what_waits_is_read_as_it_is_before_any_engine_has_opened_it(history: History) -> None:
    waiting = {Path(one.path).stem: one.stage for one in history.inbox_files("inbox", "files")}
    assert waiting == {"pending": "PENDING", "settling": "SETTLING"}
    (taken,) = history.inbox_files("inbox", "files", "incoming/a.csv")
    assert (taken.stage, taken.change, history.run(taken.run_id).summary.number) == ("TAKEN", "created", 6)
    assert (history.stop_reasons(), history.schedule_marks()) == ({}, {})
    assert "workflows/etl.toml" in history.good_definitions()


def test_a_catalog_is_read_as_it_is_before_any_engine_has_opened_it(project: Path) -> None:
    catalog = Catalog.open(project / ".glue_tui" / "state.db")
    before = catalog.tables()
    assert {one.full_name: (one.files, one.rows) for one in before}["clean.orders"] == (1, 2)
    with contextlib.closing(open_database(catalog.path)) as conn:
        migrate(conn, "catalog", CATALOG_MIGRATIONS)
    assert catalog.tables() == before


def test_every_row_of_a_state_is_understood_after_the_migration(project: Path) -> None:
    conn = open_database(project / ".glue_tui" / "state.db")
    with contextlib.closing(conn):
        migrate(conn, "runs", event_log.MIGRATIONS)
        migrate(conn, "catalog", CATALOG_MIGRATIONS)
        assert conn.execute("PRAGMA foreign_key_check").fetchall() == []
        assert event_log.last_number(conn) == max(OUTCOMES)
        assert len(event_log.unfinished_run_ids(conn)) == 1
        assert seen_files.read_patterns(conn, "inbox", "files") == ("incoming/*.csv",)
        files = seen_files.read_files(conn, "inbox", "files")
        assert {Path(seen.path).stem: seen.stage for seen in files} == {
            "there_before": Stage.BASELINE,
            **dict.fromkeys("abcd", Stage.TAKEN),
            "pending": Stage.PENDING,
            "settling": Stage.SETTLING,
        }
        assert set(ledger.read_good_definitions(conn)) == {
            f"workflows/{name}.toml" for name in ("broken", "etl", "inbox", "long", "repair")
        }
        assert ledger.answered_run_id(conn, "request 3") is not None
    catalog = Catalog.open(project / ".glue_tui" / "state.db")
    assert [one.version for one in catalog.versions("raw.orders")] == [2, 1]
    assert catalog.table("clean.orders").rows == 2


def test_an_engine_finishes_what_was_going_and_takes_up_what_was_waiting(project: Path, engine: RunningEngine) -> None:
    (project / "go").touch()
    engine.start()
    run = engine.finished(8)
    assert run.summary.outcome == "SUCCEEDED"
    assert [one.state for one in engine.node(8, "wait").attempts] == ["ERROR", "SUCCEEDED"]
    wait_for(lambda: len(engine.ask(lambda client: client.runs("inbox"))) == 3)
    taken = engine.finished("inbox").summary.event_files
    assert taken[0] == "incoming/pending.csv"
    # Once the window of the batch is over, it goes without the file that only now has settled.
    if taken[1:] != ("incoming/settling.csv",):
        wait_for(lambda: stage_of(project, "incoming/settling.csv") is Stage.PENDING)
    view = engine.ask(lambda client: client.project())
    workflows = {one.name: one for one in view.workflows}
    nightly = next(one for one in workflows["etl"].triggers if one.name == "nightly")
    assert nightly.state == "DEACTIVATED"
    assert workflows["broken"].is_broken
    assert workflows["broken"].is_loaded
    again = engine.ask(lambda client: client.start_workflow_run("etl", request_id="request 1"))
    assert again.number == 1


def stage_of(project: Path, path: str) -> Stage:
    conn = open_readonly(project / ".glue_tui" / "state.db")
    assert conn is not None
    with contextlib.closing(conn):
        seen = seen_files.read_file(conn, "inbox", "files", path)
        assert seen is not None
        return seen.stage


def test_a_finished_run_of_an_old_version_is_resumed(project: Path, engine: RunningEngine) -> None:
    (project / "go").touch()
    (project / "mended").touch()
    engine.start()
    for as_it_ran in (False, True):
        resumed = engine.ask(lambda client: client.resume_workflow_run("2", as_it_ran=as_it_ran))  # noqa: B023
        run = engine.finished(resumed.number)
        assert run.summary.outcome == "SUCCEEDED"
        assert {node.name: bool(node.carried_from) for node in run.nodes} == {
            "landing": True,
            "clean": True,
            "count": True,
            "check": False,
        }


def test_a_state_of_a_newer_version_is_refused_and_left_as_it_is(project: Path) -> None:
    state_db = project / ".glue_tui" / "state.db"
    with contextlib.closing(sqlite3.connect(state_db, isolation_level=None)) as conn:
        conn.execute("UPDATE schema_versions SET version = 99 WHERE area = 'runs'")
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = state_db.read_bytes()
    with (
        pytest.raises(StoreFailed, match=r"newer version of glue-tui .*install the newer version"),
        assembled(project, print, ForkServers(project)),
    ):
        pass
    assert state_db.read_bytes() == before


def test_a_damaged_state_is_refused_and_left_as_it_is(project: Path) -> None:
    state_db = project / ".glue_tui" / "state.db"
    body = bytearray(state_db.read_bytes())
    body[4096:] = b"\xff" * (len(body) - 4096)
    state_db.write_bytes(body)
    engine = assembled(project, print, ForkServers(project))
    with pytest.raises(StoreFailed, match=r"state\.db.*move the file aside"), engine:
        pass
    assert state_db.read_bytes() == bytes(body)
