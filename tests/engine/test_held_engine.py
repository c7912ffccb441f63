"""An engine that was killed again and again: it holds schedules and files until a person releases it."""

from __future__ import annotations

from pathlib import Path

import pytest

from glue_tui.protocol.views import EngineChanged
from tests.cli.shell import Shell
from tests.conftest import RunningEngine, wait_for

WATCHING = """
[triggers.files]
type = "EVENT"
watch = ["incoming/*"]
settle = "10ms"
actions = [{ job = "take" }]

[jobs.take]
type = "command"
command = ["true"]
"""


@pytest.fixture
def held(project: Path, engine: RunningEngine) -> RunningEngine:
    """An engine that was killed three times within a minute, started a fourth time, with a file waiting."""
    (project / "incoming").mkdir()
    (project / "workflows" / "watching.toml").write_text(WATCHING)
    for _ in range(3):
        engine.start()
        engine.kill()
    engine.start()
    (project / "incoming" / "a").write_text("x")
    wait_for(lambda: engine.ask(lambda client: client.project()).workflows[0].triggers[0].batch_files == 1)
    assert engine.ask(lambda client: client.runs()) == ()
    return engine


def test_a_held_engine_says_why_and_the_way_out_and_goes_on_when_released(project: Path, held: RunningEngine) -> None:
    shell = Shell(project)
    assert "held after repeated crashes" in shell("engine", "status").stdout
    assert "glue-tui engine release" in shell("status").stdout
    assert shell.json("engine", "status")["is_held"]
    done = shell("engine", "release")
    assert (done.returncode, "released" in done.stderr) == (0, True)
    wait_for(lambda: held.ask(lambda client: client.runs()))
    assert held.finished(1).summary.event_files == ("incoming/a",)
    status = shell.json("engine", "status")
    assert not status["is_held"]
    assert status["history_bytes"] > status["logs_bytes"] > 0
    assert "was not held" in shell("engine", "release").stderr


def test_a_release_is_told_to_whoever_watches_and_crashes_count_anew(project: Path, held: RunningEngine) -> None:
    async def watch_release(client) -> list[bool]:  # type: ignore[no-untyped-def]
        told: list[bool] = []
        async for message in client.subscribe():
            if not told:
                told.append(message.project.engine.is_held)
                await client.release_engine()
            elif isinstance(message, EngineChanged):
                told.append(message.engine.is_held)
                return told
        raise AssertionError("the engine ended")

    assert held.ask(watch_release) == [True, False]
    held.kill()
    held.start()
    assert not held.ask(lambda client: client.project()).engine.is_held


def test_without_an_engine_there_is_nothing_to_release(project: Path) -> None:
    (project / "workflows" / "watching.toml").write_text(WATCHING)
    done = Shell(project)("engine", "release")
    assert (done.returncode, "no engine runs" in done.stderr) == (3, True)
