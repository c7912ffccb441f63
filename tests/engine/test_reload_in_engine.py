"""What an engine does when workflow files are saved: one piece of news, and what triggers remember is kept."""

from __future__ import annotations

import asyncio
from pathlib import Path

from click.testing import CliRunner

from glue_tui.cli.app import cli
from glue_tui.client.launch import connect
from glue_tui.protocol.views import TriggerView, WorkflowsChanged
from tests.conftest import RunningEngine, wait_for

WATCH = """
[triggers.arrived]
type = "EVENT"
watch = ["incoming/**/*.csv"]
batch_size = 2
actions = [{ job = "show" }]

[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ job = "show" }]

[jobs.show]
type = "command"
command = ["true"]
"""


def write(project: Path, name: str, text: str) -> Path:
    path = project / "workflows" / f"{name}.toml"
    path.write_text(text)
    return path


def arrived(engine: RunningEngine) -> TriggerView:
    return engine.ask(lambda client: client.project()).workflows[0].triggers[0]


def test_files_saved_together_are_one_piece_of_news(project: Path, engine: RunningEngine) -> None:
    for name in ("one", "two", "three"):
        write(project, name, WATCH)
    engine.start()

    async def save_and_listen() -> list[WorkflowsChanged]:
        client = await connect(project, start=False)
        try:
            feed = aiter(client.subscribe())
            await anext(feed)
            write(project, "one", 'description = "better"\n' + WATCH)
            write(project, "two", "nonsense")
            (project / "workflows" / "three.toml").unlink()
            news: list[WorkflowsChanged] = []
            while not news:
                message = await asyncio.wait_for(anext(feed), 10)
                news += [message] if isinstance(message, WorkflowsChanged) else []
            await client.reload()
            return news
        finally:
            await client.close()

    (news,) = asyncio.run(save_and_listen())
    assert news.changed == ("one",)
    assert [(one.name, one.is_broken, one.is_loaded) for one in news.workflows] == [
        ("one", False, True),
        ("two", True, True),
    ]
    log = engine.log()
    assert "in force as saved: one\n" in log
    assert "workflows/two.toml:1: " in log
    assert "its last good version stays in force\n" in log
    assert "workflows/three.toml is gone, and three with it\n" in log


def test_a_file_deleted_and_written_anew_loses_no_waiting_file_and_no_pause(
    project: Path, engine: RunningEngine
) -> None:
    (project / "incoming").mkdir()
    path = write(project, "watch", WATCH)
    engine.start()
    engine.ask(lambda client: client.set_trigger_enabled("watch", "arrived", False))
    (project / "incoming" / "a.csv").write_text("a\n")
    wait_for(lambda: arrived(engine).batch_files == 1)
    path.unlink()
    engine.ask(lambda client: client.reload())
    assert engine.ask(lambda client: client.project()).workflows == (), "gone for good, as far as one can tell"
    write(project, "watch", 'description = "anew"\n' + WATCH)
    engine.ask(lambda client: client.reload())
    assert (arrived(engine).state, arrived(engine).batch_files) == ("DEACTIVATED", 1)
    engine.ask(lambda client: client.set_trigger_enabled("watch", "arrived", True))
    (project / "incoming" / "b.csv").write_text("b\n")
    wait_for(lambda: engine.ask(lambda client: client.runs()))
    assert engine.finished(1).summary.event_files == ("incoming/a.csv", "incoming/b.csv")


def test_a_renamed_file_takes_along_what_waits_and_what_is_paused(project: Path, engine: RunningEngine) -> None:
    (project / "incoming").mkdir()
    path = write(project, "watch", WATCH)
    engine.start()
    engine.ask(lambda client: client.set_trigger_enabled("watch", "arrived", False))
    (project / "incoming" / "a.csv").write_text("a\n")
    wait_for(lambda: arrived(engine).batch_files == 1)
    path.rename(path.with_name("look.toml"))
    engine.ask(lambda client: client.reload())
    trigger = arrived(engine)
    assert (trigger.workflow, trigger.state, trigger.batch_files) == ("look", "DEACTIVATED", 1)
    assert engine.log().count("watch is called look now") == 1
    assert "gone" not in engine.log()


def test_reload_on_the_command_line_waits_and_tells_what_is_wrong(project: Path, engine: RunningEngine) -> None:
    path = write(project, "watch", WATCH)
    engine.start()
    path.write_text('description = "better"\n' + WATCH)
    result = CliRunner().invoke(cli, ["--project", str(project), "engine", "reload"])
    assert (result.exit_code, result.stderr) == (0, "1 workflow file in force as saved\n")
    assert engine.ask(lambda client: client.project()).workflows[0].description == "better"
    path.write_text(WATCH.replace('"show"', '"shwo"', 1))
    result = CliRunner().invoke(cli, ["--project", str(project), "engine", "reload"])
    assert result.exit_code == 2
    assert result.stdout.startswith('workflows/watch.toml:6: triggers.arrived.actions[0].job: no job named "shwo"')
    assert result.stderr.splitlines() == [
        "workflows/watch.toml can't be used: its last good version stays in force",
        "0 workflow files in force as saved",
    ]
