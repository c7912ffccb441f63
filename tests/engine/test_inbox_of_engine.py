"""What waits at EVENT triggers of a real engine: told, fired by hand, dropped; and runs that make their own files."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

from glue_tui.client.socket import SocketClient
from glue_tui.protocol.inbox_views import InboxView
from glue_tui.protocol.views import FeedMessage, TriggersChanged, TriggerView
from tests.conftest import RunningEngine, wait_for

WATCHING = """
[triggers.files]
type = "EVENT"
watch = ["incoming/*"]
settle = "20ms"
batch_size = {batch_size}
events = ["created", "modified", "deleted"]
actions = [{{ job = "take" }}]

[jobs.take]
type = "command"
command = ["sh", "-c", '''{script}''']
max_concurrent_runs = 0
"""


def watch(project: Path, *, batch_size: int = 9, script: str = "true") -> Path:
    folder = project / "incoming"
    folder.mkdir(exist_ok=True)
    (project / "workflows" / "chain.toml").unlink(missing_ok=True)
    (project / "workflows" / "taking.toml").write_text(WATCHING.format(batch_size=batch_size, script=script))
    return folder


def inbox(engine: RunningEngine, path: str = "") -> InboxView:
    (found,) = engine.ask(lambda client: client.inboxes("taking", "files", path))
    return found


def trigger(engine: RunningEngine) -> TriggerView:
    (workflow,) = [one for one in engine.ask(lambda client: client.project()).workflows if one.name == "taking"]
    return workflow.triggers[0]


def test_a_run_by_hand_takes_along_what_waits_once_though_the_engine_is_killed_and_asked_again(
    project: Path, engine: RunningEngine
) -> None:
    folder = watch(project, script="echo {{ event.files }} gone {{ event.deleted_files }}")
    (folder / "old").write_text("x")
    engine.start()
    (folder / "a").write_text("x")
    (folder / "b").write_text("x")
    (folder / "old").unlink()
    wait_for(lambda: len([one for one in inbox(engine).files if one.stage == "PENDING"]) == 3)
    assert {one.path: one.change for one in inbox(engine).files} == {
        "incoming/a": "created",
        "incoming/b": "created",
        "incoming/old": "deleted",
    }
    asked = engine.ask(lambda client: client.start_workflow_run("taking", trigger="files", request_id="r"))
    engine.kill()
    engine.start()
    again = engine.ask(lambda client: client.start_workflow_run("taking", trigger="files", request_id="r"))
    assert again.run_id == asked.run_id
    run = engine.finished(1)
    assert (run.summary.outcome, run.summary.event_files) == ("SUCCEEDED", ("incoming/a", "incoming/b"))
    assert run.summary.deleted_files == ("incoming/old",)
    said = Path(engine.node(1, "take").attempts[-1].log_path).read_text()
    assert "incoming/a,incoming/b gone incoming/old" in said
    assert inbox(engine).files == ()
    (taken,) = inbox(engine, "incoming/a").files
    assert (taken.stage, taken.run_id) == ("TAKEN", run.summary.run_id)


def test_dropped_files_start_nothing_also_after_a_kill(project: Path, engine: RunningEngine) -> None:
    folder = watch(project)
    engine.start()
    for name in "abc":
        (folder / name).write_text("x")
    wait_for(lambda: len([one for one in inbox(engine).files if one.stage == "PENDING"]) == 3)
    assert engine.ask(lambda client: client.drop_files("taking", "files", ("incoming/a",))) == 1
    assert engine.ask(lambda client: client.drop_files("taking", "files")) == 2
    engine.kill()
    engine.start()
    assert [one.stage for one in inbox(engine, "incoming/b").files] == ["DROPPED"]
    run = engine.ask(lambda client: client.start_workflow_run("taking", trigger="files"))
    assert run.event_files == ()


def test_a_file_that_is_open_says_so_and_counts_once_it_is_closed(project: Path, engine: RunningEngine) -> None:
    folder = watch(project, batch_size=1)
    engine.start()
    with open(folder / "slow", "w") as writer:
        writer.write("half")
        writer.flush()
        wait_for(lambda: [one.note for one in inbox(engine).files] == ["open for writing"])
        assert engine.ask(lambda client: client.runs()) == ()
    wait_for(lambda: engine.ask(lambda client: client.runs()))
    assert engine.finished(1).summary.event_files == ("incoming/slow",)


def test_that_a_file_which_settles_was_opened_is_told_though_nothing_of_it_has_changed(
    project: Path, engine: RunningEngine
) -> None:
    folder = watch(project, batch_size=1)
    file = project / "workflows" / "taking.toml"
    file.write_text(file.read_text().replace('"20ms"', '"500ms"'))
    engine.start()

    async def told(client: SocketClient) -> None:
        feed = client.subscribe()
        (folder / "slow").write_text("half")
        await until_note(client, feed, "")
        with (folder / "slow").open("a"):
            await until_note(client, feed, "open for writing")

    async def until_note(client: SocketClient, feed: AsyncIterator[FeedMessage], note: str) -> None:
        async for message in feed:
            if isinstance(message, TriggersChanged):
                (waiting,) = await client.inboxes()
                if [one.note for one in waiting.files] == [note]:
                    return

    engine.ask(lambda client: asyncio.wait_for(told(client), 10))


def hurried(engine: RunningEngine) -> None:
    """Let the engine find loops in tenths of seconds."""
    code = "import runpy; from glue_tui.core import loops; loops.QUIET_S, loops.GRACE_S = 0.4, 0.3"
    engine.command = [sys.executable, "-P", "-c", f"{code}; runpy.run_module('glue_tui.engine', run_name='__main__')"]


def test_a_command_that_writes_what_it_is_watched_for_is_stopped_with_the_reason(
    project: Path, engine: RunningEngine
) -> None:
    folder = watch(project, batch_size=1, script="echo x > .made && mv .made incoming/$$")
    hurried(engine)
    engine.start()
    (folder / "first").write_text("x")
    wait_for(lambda: trigger(engine).state == "DEACTIVATED")
    (note,) = trigger(engine).notes
    assert note.startswith("stopped: looks like a loop: its runs make the files that start it (23 runs in a row")
    assert "taking: files stopped: looks like a loop" in engine.log()
    assert len(engine.ask(lambda client: client.runs())) == 23
    assert len(inbox(engine).files) == 1


def test_a_source_that_is_faster_than_its_runs_is_not_stopped(project: Path, engine: RunningEngine) -> None:
    folder = watch(project, batch_size=1, script="sleep 0.2")
    hurried(engine)
    engine.start()
    written: list[str] = []
    is_enough = threading.Event()

    def write() -> None:
        while not is_enough.wait(0.05):
            written.append(f"incoming/{len(written)}")
            (project / written[-1]).write_text("x")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        wait_for(lambda: len(engine.ask(lambda client: client.runs(limit=1000))) > 40)
    finally:
        is_enough.set()
        writer.join()
    wait_for(lambda: all(run.outcome for run in engine.ask(lambda client: client.runs(limit=1000))))
    wait_for(lambda: not inbox(engine).files)
    taken = [file for run in engine.ask(lambda client: client.runs(limit=1000)) for file in run.event_files]
    assert sorted(taken) == sorted(written)
    assert trigger(engine).state == "ACTIVATED"
    assert trigger(engine).notes == ()
    assert {path.name for path in folder.iterdir()} == {Path(one).name for one in written}
