"""What our own code can't take in costs the node that brought it, not the engine and not the other runs."""

from __future__ import annotations

import contextlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from glue_tui.client.socket import SocketClient
from glue_tui.core.problem import EntityNotFound, GlueTuiError, InvalidInput
from tests.conftest import RunningEngine, wait_for

FLOW = """
[triggers.go]
type = "ON_DEMAND"
actions = [{ job = "nonsense" }, { job = "fine" }]
[jobs.nonsense]
type = "python"
script = "jobs/nonsense.py"
[jobs.fine]
type = "command"
command = ["true"]
"""
# A result that no job of ours writes: a file with more rows than the catalog can count.
NONSENSE = """
import json, os, sys, time
from glue_tui.core.attempt import AttemptResult
from glue_tui.core.codec import to_data
from glue_tui.core.schema import ChangeKind, Column, DataFile, Table, TableChange
from glue_tui.core.states import NodeState

def run(glue):
    table = Table(database="raw", name="t", classification="csv", location="t", columns=(Column(name="a", type="int"),))
    file = DataFile(path="t/a.csv", size_bytes=1, mtime_ns=1, rows=2**70)
    change = TableChange(kind=ChangeKind.CREATED, table=table, written_by="job:nonsense", files=(file,))
    result = AttemptResult(state=NodeState.SUCCEEDED, table_changes=(change,))
    path = glue.project_dir / ".glue_tui" / "runs" / glue.run_id / f"job.nonsense.{glue.attempt}.result.json"
    path.write_text(json.dumps(to_data(result)))
    while os.path.exists("wait"):
        time.sleep(0.01)
    os._exit(0)
"""


def _write(project: Path) -> None:
    (project / "workflows" / "jobs").mkdir(parents=True, exist_ok=True)
    (project / "workflows" / "flow.toml").write_text(FLOW)
    (project / "workflows" / "jobs" / "nonsense.py").write_text(NONSENSE)


def test_a_result_that_the_catalog_refuses_ends_its_node_and_nothing_else(project: Path, engine: RunningEngine) -> None:
    _write(project)
    engine.start()
    engine.ask(lambda client: client.start_workflow_run("flow"))
    view = engine.finished("flow")
    assert view.summary.outcome == "ERROR"
    node = engine.node("flow", "nonsense")
    assert node.state == "ERROR"
    assert node.error is not None
    assert node.error.message.startswith("what it reported could not be taken in: OverflowError")
    assert engine.node("flow", "fine").state == "SUCCEEDED"
    assert "our own fault, please report" in engine.log()
    assert engine.process is not None
    assert engine.ask(lambda client: client.project()).engine.pid == engine.process.pid


def test_an_engine_starts_although_it_finds_such_a_result(project: Path, engine: RunningEngine) -> None:
    _write(project)
    (project / "wait").write_text("")
    engine.start()
    engine.ask(lambda client: client.start_workflow_run("flow"))
    results = project / ".glue_tui" / "runs"
    wait_for(lambda: any(results.glob("*/job.nonsense.1.result.json")), why="for the result")
    engine.kill()
    (project / "wait").unlink()
    engine.start()
    assert engine.finished("flow").summary.outcome == "ERROR"
    assert "could not be taken in" in str(engine.node("flow", "nonsense").attempts[0].error)


def test_a_question_that_can_not_be_answered_is_refused_and_others_on_the_same_line_are_answered(
    project: Path, engine: RunningEngine
) -> None:
    (project / "workflows" / "flow.toml").write_text(
        FLOW.replace('type = "python"', 'type = "command"').replace('script = "jobs/nonsense.py"', 'command = ["true"]')
    )
    engine.start()
    engine.ask(lambda client: client.start_workflow_run("flow"))
    engine.finished(1)
    with closing(sqlite3.connect(project / ".glue_tui" / "state.db")) as conn, conn:
        conn.execute("UPDATE events SET kind = 'Unheard' WHERE seq = 2")

    async def ask(client: SocketClient) -> int:
        with pytest.raises(GlueTuiError, match="our own fault"):
            await client.run("1")
        return len(await client.runs())

    assert engine.ask(ask) == 1
    assert "our own fault" in engine.log()


def test_a_stored_run_that_can_not_be_read_costs_no_other_run(project: Path, engine: RunningEngine) -> None:
    _write(project)
    (project / "wait").write_text("")
    engine.start()
    engine.ask(lambda client: client.start_workflow_run("flow"))
    wait_for(lambda: engine.node("flow", "fine").state == "SUCCEEDED", why="for the other job")
    engine.kill()
    with contextlib.closing(sqlite3.connect(project / ".glue_tui" / "state.db")) as conn:
        conn.execute("UPDATE events SET body = x'7b' WHERE seq = 2")
        conn.commit()
    (project / "workflows" / "flow.toml").write_text(FLOW.replace('{ job = "nonsense" }, ', ""))
    engine.start()
    assert "can't be read and is left as it is" in engine.log()
    engine.ask(lambda client: client.start_workflow_run("flow"))
    assert engine.finished(2).summary.outcome == "SUCCEEDED"


def test_a_workflow_that_never_was_good_is_told_with_its_first_mistake_not_as_unknown(
    project: Path, engine: RunningEngine
) -> None:
    (project / "workflows" / "typo.toml").write_text('[triggers.t]\ntype = "ON_DEMANT"\nactions = []\n')
    engine.start()
    with pytest.raises(InvalidInput, match=r"nothing of typo is in force: workflows/typo.toml:2: triggers.t.type"):
        engine.ask(lambda client: client.set_trigger_enabled("typo", "t", True))
    with pytest.raises(EntityNotFound, match='no workflow "typ"'):
        engine.ask(lambda client: client.set_trigger_enabled("typ", "t", True))
