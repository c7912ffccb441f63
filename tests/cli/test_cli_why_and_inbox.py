"""`why`, `inbox` and switched triggers on the command line, with a real engine and without one."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.cli.shell import Shell
from tests.conftest import wait_for

FILES = """\
[triggers.files]
type = "EVENT"
watch = ["in/*.csv"]
batch_size = 3
batch_window = "15m"
actions = [{ job = "work" }]

[jobs.work]
type = "command"
command = ["echo", "{{ event.files }}"]
"""

EVERY_TYPE = """\
timezone = "Europe/Paris"

[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ job = "first" }]

[triggers.nightly]
type = "SCHEDULED"
schedule = "cron(0 22 * * ? *)"
actions = [{ job = "first" }]

[triggers.files]
type = "EVENT"
watch = ["landing/*"]
actions = [{ job = "first" }]

[triggers.failed]
type = "CONDITIONAL"
conditions = [{ job = "first", state = "FAILED" }]
actions = [{ job = "second" }]

[jobs.first]
type = "command"
command = ["sh", "-c", "test -e mended"]

[jobs.second]
type = "command"
command = ["true"]
"""


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    (tmp_path / "workflows").mkdir()
    (tmp_path / "in").mkdir()
    for name, text in (("batches", FILES), ("night", EVERY_TYPE)):
        (tmp_path / "workflows" / f"{name}.toml").write_text(text)
    shell = Shell(tmp_path)
    yield shell
    family = shell.engine_family()
    shell("engine", "stop")
    for process in family:
        if process.is_running():
            process.kill()
    psutil.wait_procs(family, timeout=10)


def land(shell: Shell, *names: str) -> None:
    """Let files arrive by a rename, and wait until they have settled."""
    for name in names:
        (shell.project_dir / f"{name}.new").write_text(name)
        (shell.project_dir / f"{name}.new").rename(shell.project_dir / "in" / name)
    wait_for(lambda: set(names) <= {Path(one["path"]).name for one in waiting(shell) if one["stage"] == "PENDING"})


def waiting(shell: Shell) -> list[Any]:
    (inbox,) = shell.json("inbox", "batches")
    found: list[Any] = inbox["files"]
    return found


def kill_engine(shell: Shell) -> None:
    family = shell.engine_family()
    os.kill(family[0].pid, signal.SIGKILL)
    psutil.wait_procs(family, timeout=30)


def test_waiting_files_are_listed_fired_dropped_and_explained_also_after_a_kill(shell: Shell) -> None:
    (shell.project_dir / "in" / "before.csv").write_text("before")
    assert shell("engine", "start").returncode == 0
    land(shell, "a.csv", "b.csv")
    listed = shell("inbox", "batches", "files").stdout
    assert "2 of 3 files settled; it fires with what it has at " in listed
    assert "in/a.csv" in listed
    why = shell("why", "batches", "files").stdout
    assert "It waits for 1 more file, or until " in why
    assert "  not yet  3 settled files  2 so far, the window closes at " in why
    kill_engine(shell)
    assert [one["path"] for one in waiting(shell)] == ["in/a.csv", "in/b.csv"]
    done = shell("why", "batches", "--file", "in/a.csv")
    assert "waits. No engine runs, so nothing fires: `glue-tui engine start`." in done.stdout
    told = shell("why", "batches", "files", "--file", str(shell.project_dir / "in" / "before.csv")).stdout
    assert "It was there when the trigger first looked, " in told

    dropped = shell("inbox", "drop", "batches", "files", "in/a.csv")
    assert "dropped 1 file of files of batches: in/a.csv" in dropped.stderr
    assert "It was dropped by hand, " in shell("why", "batches", "files", "--file", "in/a.csv").stdout
    fired = shell("inbox", "fire", "batches", "files", "--wait")
    assert fired.returncode == 0, fired.stderr
    assert shell.json("why", "1", "files")[0]["answer"] == "It started run 1: fired by hand, with 1 file."
    assert "It came and started run 1 (SUCCEEDED), " in shell("why", "batches", "files", "--file", "in/b.csv").stdout
    assert waiting(shell) == []
    (inbox,) = shell.json("inbox", "batches", "files", "--ended")
    assert [(one["path"], one["stage"], one["run_number"]) for one in inbox["ended"]] == [
        ("in/b.csv", "TAKEN", 1),
        ("in/a.csv", "DROPPED", 0),
    ]
    assert "taken by run 1" in shell("inbox", "batches", "--ended").stdout
    (shell.project_dir / "in" / "b.csv").unlink()
    gone = "It is gone by now. It started run 1 (SUCCEEDED)."
    wait_for(lambda: gone in shell("why", "batches", "files", "--file", "in/b.csv").stdout)


def test_what_waits_is_told_without_an_engine_also_while_the_file_has_mistakes(shell: Shell) -> None:
    assert shell("engine", "start").returncode == 0
    land(shell, "a.csv")
    kill_engine(shell)
    (shell.project_dir / "workflows" / "batches.toml").write_text(f"{FILES}\noops = 1\n")
    assert [one["path"] for one in waiting(shell)] == ["in/a.csv"]
    assert "in/a.csv  at files of batches\nIt settled " in shell("why", "batches", "--file", "in/a.csv").stdout


def test_an_inbox_refuses_what_it_does_not_have_and_says_the_way_out(shell: Shell) -> None:
    for words, said in (
        (("inbox", "drop", "batches", "files"), "name the files to drop, or say --all"),
        (("inbox", "drop", "batches", "files", "in/x.csv"), "in/x.csv does not wait at files of batches"),
        (("inbox", "fire", "batches", "files"), "no settled file waits at files of batches"),
        (("inbox", "night", "nightly"), "nightly of night is SCHEDULED: only EVENT triggers watch files"),
        (("inbox", "night", "filse"), 'did you mean "files"?'),
        (("why", "night", "--file", "landing/x"), "There is no such file, and none is remembered."),
        (("why", "night", "--file", "x"), "It is not watched: it does not match landing/*."),
        (("why", "night", "filse"), 'no trigger "filse" in night'),
        (("why", "7", "files"), 'no run "7"'),
        (("why", "night", "--node", "first"), "night has not run yet"),
        (("why", "night", "--node", "first", "--file", "x"), "--node and --file exclude each other"),
        (("why", "night", "nightly", "--node", "first"), "TRIGGER and --node exclude each other"),
    ):
        done = shell(*words)
        assert said in done.stdout + done.stderr, words
        assert done.returncode == (0 if "--file" in words and "--node" not in words else 2), words
    assert "nothing waits at files of batches" in shell("inbox", "drop", "batches", "files", "--all").stderr


def test_why_tells_of_a_run_its_triggers_and_its_nodes_also_without_an_engine(shell: Shell) -> None:
    assert shell("run", "night").returncode == 1
    kill_engine(shell)
    answers = {one["subject"]: one["answer"] for one in shell.json("why", "1")}
    assert answers["run 1 of night"].startswith("It is COMPLETED, its outcome RECOVERED: ")
    assert answers["by_hand  ON_DEMAND  in run 1 of night"] == "It started run 1: fired by hand."
    assert answers["failed  CONDITIONAL  in run 1 of night"].endswith(" into the run: first FAILED.")
    assert list(answers)[:2] == ["run 1 of night", "by_hand  ON_DEMAND  in run 1 of night"]
    (node,) = shell.json("why", "night", "--node", "second")
    assert (node["node_id"], node["verdict"], node["run_number"]) == ("job:second", "done", 1)
    now = shell("why", "night").stdout
    assert "files  EVENT  of night\nNo engine runs, so nothing fires: `glue-tui engine start`." in now
    assert "failed  CONDITIONAL  in run 1 of night" in now


def test_why_tells_of_a_trigger_that_only_the_broken_file_has(shell: Shell) -> None:
    assert shell("engine", "start").returncode == 0
    source = shell.project_dir / "workflows" / "night.toml"
    source.write_text(EVERY_TYPE + '[triggers.late]\ntype = "SCHEDULED"\n')
    assert shell("engine", "reload").returncode == 2
    for has_engine in (True, False):
        told = shell("why", "night", "late").stdout
        assert (
            "It is not in force: workflows/night.toml has errors, and its last good version, which has no late" in told
        )
        assert "  workflows/night.toml:29: triggers.late.schedule: missing" in told
        assert "its last good version is in force" in shell("why", "night", "nightly").stdout
        if has_engine:
            kill_engine(shell)


SWITCHED = {
    "nightly": ("what comes due meanwhile stays missed", "it fires next "),
    "files": ("files wait meanwhile, none in its batch", "it watches landing/*, none in its batch"),
    "failed": ("it fires in no run that begins from here on", "it may fire in runs that begin from here on"),
    "by_hand": ("that keeps nobody from firing it by hand", "it waits for a hand"),
}
"""What is said when a trigger of each type is paused, and when it may fire again."""


def test_triggers_of_every_type_stay_paused_over_a_kill_until_they_are_enabled(shell: Shell) -> None:
    for trigger, (paused, _) in SWITCHED.items():
        assert f"night: {trigger} is disabled: {paused}" in shell("trigger", "disable", "night", trigger).stderr
    kill_engine(shell)
    assert set(states(shell).values()) == {"DEACTIVATED"}
    assert shell("engine", "start").returncode == 0
    assert set(states(shell).values()) == {"DEACTIVATED"}
    for trigger, (_, resumed) in SWITCHED.items():
        assert f"night: {trigger} is enabled: {resumed}" in shell("trigger", "enable", "night", trigger).stderr
    kill_engine(shell)
    assert states(shell) == {
        "by_hand": "CREATED",
        "nightly": "ACTIVATED",
        "files": "ACTIVATED",
        "failed": "ACTIVATED",
    }


def states(shell: Shell) -> dict[str, str]:
    return {one["name"]: one["state"] for one in shell.json("trigger", "list", "night")}
