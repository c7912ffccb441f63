"""Folders outside the project are watched, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import RunningEngine, wait_for


def test_files_outside_the_project_are_named_by_their_absolute_paths(
    project: Path, engine: RunningEngine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    landing = tmp_path_factory.mktemp("landing")
    (project / "incoming").mkdir(exist_ok=True)
    (project / "workflows" / "outside.toml").write_text(
        f"""
[triggers.arrived]
type = "EVENT"
watch = ["{landing}/**/*.csv", "{project}/incoming/*.csv"]
batch_size = 2
actions = [{{ job = "show" }}]
[jobs.show]
type = "command"
command = ["true"]
"""
    )
    engine.start()
    (landing / "deep").mkdir()
    (landing / "deep" / "a.csv").write_text("1")
    (project / "incoming" / "b.csv").write_text("1")
    run = wait_for(lambda: engine.ask(lambda client: client.runs()))[0]
    assert sorted(run.event_files) == sorted([f"{landing}/deep/a.csv", "incoming/b.csv"])
    engine.stop()
    (landing / "c.csv").write_text("1")
    (landing / "d.csv").write_text("1")
    engine.start()
    run = wait_for(lambda: [one for one in engine.ask(lambda client: client.runs()) if one.number == 2])[0]
    assert sorted(run.event_files) == [f"{landing}/c.csv", f"{landing}/d.csv"]


def test_a_file_that_lands_when_the_engine_is_up_is_new_however_many_were_there(
    project: Path, engine: RunningEngine
) -> None:
    (project / "incoming").mkdir()
    for number in range(3_000):
        (project / "incoming" / f"{number}.csv").write_text("1")
    (project / "workflows" / "many.toml").write_text(
        """
[triggers.arrived]
type = "EVENT"
watch = ["incoming/*.csv"]
actions = [{ job = "show" }]
[jobs.show]
type = "command"
command = ["true"]
"""
    )
    engine.start()
    (project / "incoming" / "new.csv").write_text("1")
    run = wait_for(lambda: engine.ask(lambda client: client.runs()))[0]
    assert run.event_files == ("incoming/new.csv",)
