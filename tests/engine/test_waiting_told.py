"""What a waiting node waits for is told by a real engine: to who asks, and to who listens when it changes."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from glue_tui.client.socket import SocketClient
from glue_tui.protocol.views import RunChanged, RunOpened, Snapshot
from tests.conftest import DEADLINE_S, RunningEngine

HOLD = """
[triggers.by_hand]
type = "ON_DEMAND"
actions = [{{ job = "hold" }}]
[jobs.hold]
type = "command"
command = ["cat", "{name}.gate"]
"""


@pytest.fixture
def gates(project: Path) -> Path:
    """Four workflows, each with a job that is at work until somebody opens its gate."""
    for name in ("one", "two", "three", "four"):
        (project / "workflows" / f"{name}.toml").write_text(HOLD.format(name=name))
        os.mkfifo(project / f"{name}.gate")
    return project


def open_gate(project: Path, name: str) -> None:
    (project / f"{name}.gate").write_text("go")


def start(engine: RunningEngine, *workflows: str) -> None:
    for name in workflows:
        engine.ask(lambda client, name=name: client.start_workflow_run(name))


def test_a_second_run_says_for_whom_its_job_waits(gates: Path, engine: RunningEngine) -> None:
    """JR-4."""
    engine.start()
    start(engine, "one", "one")
    assert engine.node(2, "hold").reason == "waits for run 1: hold runs once at a time"
    command = [sys.executable, "-m", "glue_tui", "--project", str(gates), "status", "2", "--json"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert json.loads(shown)["nodes"][0]["reason"] == "waits for run 1: hold runs once at a time"
    open_gate(gates, "one")
    engine.finished(1)
    open_gate(gates, "one")
    assert engine.finished(2).summary.outcome == "SUCCEEDED"


def test_who_listens_hears_that_a_run_now_waits_for_others(gates: Path, engine: RunningEngine) -> None:
    """The run itself did not change: other runs have the slots now."""
    engine.start()
    start(engine, "one", "two", "three")

    async def reasons(client: SocketClient) -> list[str]:
        """Return what the node of run 4 says, from its first word to the one after the first gate was opened."""
        told: list[str] = []
        async for message in client.subscribe():
            match message:
                case Snapshot():
                    await asyncio.to_thread(start, engine, "four")
                case RunOpened(run=run) if run.summary.number == 4:
                    nodes = run.nodes
                    told += [node.reason for node in nodes]
                    await asyncio.to_thread(open_gate, gates, "one")
                case RunChanged(summary=summary, nodes=nodes) if summary.number == 4:
                    told += [node.reason for node in nodes]
                    return told
                case _:
                    pass
        return told

    async def within_deadline(client: SocketClient) -> list[str]:
        return await asyncio.wait_for(reasons(client), DEADLINE_S)

    assert engine.ask(within_deadline) == [
        "waits for one of 2 slots, taken by runs 1, 2",
        "waits for one of 2 slots, taken by runs 2, 3",
    ]
    for name in ("two", "three", "four"):
        open_gate(gates, name)
    assert engine.finished(4).summary.outcome == "SUCCEEDED"
