"""`glue-tui notify`, and where else the command line tells of notifications."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.shell import Shell
from tests.conftest import RunningEngine, wait_for

WORKFLOW = """
[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ job = "load" }]

[jobs.load]
type = "command"
command = ["sh", "-c", "echo the disk is full; exit 3"]

[[notifications]]
on = ["FAILED", "RECOVERED"]
command = ["sh", "-c", "cat >told.json"]

[[notifications]]
on = ["FAILED"]
command = ["./sender", "{{ message }}"]

[[notifications]]
on = ["FAILED"]
terminal = true
"""


@pytest.fixture
def shell(project: Path, engine: RunningEngine) -> Shell:
    """A shell on a project with an engine, and one run that failed and was told of."""
    (project / "workflows" / "daily.toml").write_text(WORKFLOW)
    engine.start()
    engine.ask(lambda client: client.start_workflow_run("daily"))
    engine.finished(1)
    shell = Shell(project)
    wait_for(lambda: all(one["state"] != "PENDING" for one in shell.json("notify", "list")))
    return shell


def test_what_was_sent_and_what_could_not_be_is_listed(shell: Shell) -> None:
    failed, sent = shell.json("notify", "list")
    assert (sent["state"], sent["way"], sent["target"], sent["occasion"]) == ("SENT", "command", "sh", "FAILED")
    assert (failed["state"], failed["tries"], failed["notification"]) == ("FAILED", 1, 2)
    table = shell("notify", "list", "1").stdout
    assert "notification 2: command: no program ./sender (is it installed and on PATH?)" in table
    assert [line.split()[2] for line in table.splitlines()] == ["N", "2", "1"]
    assert [one["notification"] for one in shell.json("notify", "list", "--state", "sent")] == [1]
    assert shell("notify", "list", "2").returncode == 2
    assert "the 1 newest" in shell("notify", "list", "--limit", "1").stderr


def test_a_failed_notification_stands_in_the_status_and_the_story_of_its_run(
    shell: Shell, engine: RunningEngine
) -> None:
    status = shell("status", "1").stdout
    assert "notification 1 (command) on FAILED sent" in status
    assert "notification 2 (command) on FAILED given up: notification 2: command: no program" in status
    told = [line.kind for line in engine.ask(lambda client: client.story("1")) if line.kind.startswith("Notif")]
    assert sorted(told) == ["NotificationFailed", "NotificationSent"]


def test_a_sample_says_whether_it_arrives(shell: Shell, project: Path) -> None:
    (project / "told.json").unlink()
    done = shell("notify", "test", "daily", "1")
    assert (done.returncode, done.stderr) == (0, "notification 1 of daily, by command to sh: sent\n")
    assert '"title":"TEST: daily FAILED (run 0)"' in (project / "told.json").read_text()
    every = shell("notify", "test", "daily")
    assert every.returncode == 1
    assert "notification 2 of daily, by command to ./sender: not sent: " in every.stderr
    assert "notification 3 of daily, by terminal: not sent: this is no terminal" in every.stderr
    assert len(shell.json("notify", "list")) == 2  # A sample is about no run.
    assert "daily has 3 notifications" in shell("notify", "test", "daily", "4").stderr


def test_a_sample_is_of_the_file_as_it_is_now(shell: Shell, project: Path) -> None:
    path = project / "workflows" / "daily.toml"
    path.write_text(WORKFLOW.replace("./sender", "true"))
    assert shell("notify", "test", "daily", "2").returncode == 0
    path.write_text(WORKFLOW.replace("FAILED", "FAILD"))
    broken = shell("notify", "test", "daily", "2")
    assert (broken.returncode, "daily.toml has errors" in broken.stderr) == (2, True)


def test_what_failed_is_sent_again_when_somebody_says_so(shell: Shell, project: Path) -> None:
    (project / "told.json").unlink()
    (project / "sender").write_text('#!/bin/sh\necho "$1" >sent.txt\n')
    (project / "sender").chmod(0o755)
    assert "1 notification to be sent again" in shell("notify", "retry", "1").stderr
    wait_for(lambda: [one["state"] for one in shell.json("notify", "list")] == ["SENT", "SENT"])
    assert "  the disk is full\n" in (project / "sent.txt").read_text()
    assert not (project / "told.json").exists()  # What was sent is not sent again.
    assert "nothing has failed" in shell("notify", "retry").stderr


def test_a_removed_run_takes_its_notifications_with_it(shell: Shell, engine: RunningEngine) -> None:
    engine.ask(lambda client: client.start_workflow_run("daily"))
    engine.finished(2)
    wait_for(lambda: all(one["state"] != "PENDING" for one in shell.json("notify", "list")))
    assert shell("prune", "--keep", "1").returncode == 0
    assert {one["number"] for one in shell.json("notify", "list")} == {2}
