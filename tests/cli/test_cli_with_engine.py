"""The command line and a real engine: start, run, look, retry, stop; nothing is left running."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.cli.shell import Shell
from tests.conftest import wait_for

GOOD = """\
[properties]
word = "hello"

[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ job = "first" }]

[triggers.first_done]
type = "CONDITIONAL"
conditions = [{ job = "first", state = "SUCCEEDED" }]
actions = [{ job = "second" }]

[jobs.first]
type = "command"
command = ["echo", "{{ properties.word }}"]

[jobs.second]
type = "command"
command = ["echo", "two"]
"""

FAILS = """\
[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ job = "before" }]

[triggers.go_on]
type = "CONDITIONAL"
conditions = [{ job = "before", state = "SUCCEEDED" }]
actions = [{ job = "breaks" }]

[jobs.before]
type = "command"
command = ["echo", "fine"]

[jobs.breaks]
type = "command"
command = ["sh", "-c", "echo the last words; test -e mended"]
"""

WAITS = """\
[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ job = "waits" }]

[jobs.waits]
type = "command"
command = ["sh", "-c", "echo waiting; while ! test -e go; do sleep 0.05; done; echo gone on"]
"""


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    (tmp_path / "workflows").mkdir()
    for name, text in (("good", GOOD), ("fails", FAILS), ("waits", WAITS)):
        (tmp_path / "workflows" / f"{name}.toml").write_text(text)
    shell = Shell(tmp_path)
    yield shell
    family = shell.engine_family()
    assert shell("engine", "stop").returncode == 0
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []


def test_a_run_starts_an_engine_says_what_happens_and_ends_with_its_tree(shell: Shell) -> None:
    done = shell.process("run", "good")
    assert done.returncode == 0, done.stderr
    assert "started an engine" in done.stderr
    # A node that is over within milliseconds is told of at its end only.
    assert re.search(r"first\s+✓ SUCCEEDED", done.stderr)
    assert re.search(r"second\s+✓ SUCCEEDED", done.stderr)
    assert "run 1 of good SUCCEEDED" in done.stderr
    assert done.stdout.splitlines()[0] == "good  run 1  ✓ SUCCEEDED"
    assert "└─ first  ✓ SUCCEEDED" in done.stdout

    again = shell.json("run", "good", "-p", "word=bonjour")
    assert again["summary"]["number"] == 2
    assert again["properties"] == {"word": "bonjour"}
    assert [(node["name"], node["state"], node["attempt"]) for node in again["nodes"]] == [
        ("first", "SUCCEEDED", 1),
        ("second", "SUCCEEDED", 1),
    ]
    assert all(node["started_at"] <= node["finished_at"] for node in again["nodes"])
    assert "bonjour" in shell("logs", "good", "first").stdout
    assert "hello" in shell("logs", "1", "first").stdout
    merged = shell("logs", "2").stdout
    assert re.search(r"^first  │ .*bonjour$", merged, re.MULTILINE)
    assert re.search(r"^second │ .*two$", merged, re.MULTILINE)
    assert [run["number"] for run in shell.json("runs")] == [2, 1]
    assert len(shell("runs", "--limit", "1").stdout.splitlines()) == 2
    assert "--limit shows more" in shell("runs", "--limit", "1").stderr
    told = shell.json("status", "good")
    assert {key: told[key] for key in again} == again
    assert told["critical_path"] == ["job:first", "job:second"]
    assert [one["attempts"] for one in told["usual"]] == [2, 2]
    assert "critical path: first → second (decided when it ended)" in shell("status", "good").stdout
    assert shell.json("events", "2")[-1]["kind"] == "RunFinished"
    assert shell.json("engine", "status")["pid"] == shell.engine_family()[0].pid
    assert shell.json("status")["engine"]["pid"] == shell.engine_family()[0].pid


def test_a_failed_run_exits_1_shows_last_words_and_is_retried_from_there(shell: Shell) -> None:
    failed = shell.process("run", "fails")
    assert failed.returncode == 1
    assert "the last words" in failed.stdout
    assert "FAILED" in failed.stderr
    assert "glue-tui retry 1" in failed.stderr
    assert "breaks" in shell("status").stdout
    assert "1 failed" in shell("status", "--line").stdout
    assert "the last words" in shell("logs").stdout
    assert "fine" not in shell("logs").stdout
    assert "fine" in shell("logs", "--all").stdout
    errors = shell("logs", "--all", "--level", "error").stdout
    assert "ERROR" in errors
    assert "fine" not in errors
    assert shell("logs", "fails", "breaks", "--attempt", "2").returncode == 2

    (shell.project_dir / "mended").touch()
    retried = shell("retry", "--json")
    assert retried.returncode == 0, retried.stderr
    run = json.loads(retried.stdout)
    assert run["summary"]["outcome"] == "SUCCEEDED"
    assert [bool(node["attempts"]) for node in run["nodes"]] == [False, True]
    nothing_left = shell("retry")
    assert nothing_left.returncode == 2
    one_node = shell("retry", "fails", "--node", "before", "--detach")
    assert one_node.returncode == 0
    assert shell("retry", "fails", "--node", "bfore").returncode == 2


def test_a_broken_file_is_not_run_although_its_last_good_version_is_in_force(shell: Shell) -> None:
    assert shell("engine", "start").returncode == 0
    path = shell.project_dir / "workflows" / "good.toml"
    path.write_text(GOOD.replace('job = "second"', 'job = "secnod"', 1))
    done = shell("run", "good")
    assert (done.returncode, done.stdout) == (2, "")
    assert "workflows/good.toml:11: " in done.stderr
    assert "its last good version serves schedules and files only" in done.stderr
    path.write_text(GOOD)
    assert shell("run", "good").returncode == 0


def test_detached_followed_stopped(shell: Shell) -> None:
    detached = shell.process("run", "waits", "--detach")
    assert (detached.returncode, detached.stdout) == (0, "waits run 1\n")
    following = shell.start("logs", "-f", "waits")
    wait_for(lambda: "waiting" in shell("logs", "waits").stdout)
    (shell.project_dir / "go").touch()
    out, err = following.communicate(timeout=30)
    assert following.returncode == 0
    assert out.index("waiting") < out.index("gone on")
    assert "run 1 of waits SUCCEEDED" in err
    assert shell("stop", "waits").returncode == 2

    (shell.project_dir / "go").unlink()
    running = shell.start("run", "waits")
    wait_for(lambda: shell.node_state("2") == "RUNNING")
    assert "1 running" in shell("status", "--line").stdout
    stopped = shell("stop", "2")
    assert stopped.returncode == 0
    told = "STOPPED after .*: stopped by hand; ended waits"
    assert re.search(f"run 2 of waits {told}", stopped.stderr)
    assert "glue-tui retry 2" in stopped.stderr
    out, err = running.communicate(timeout=30)
    assert running.returncode == 1
    assert "ended by the stop; what its program had written stays" in out
    assert re.search(told, err)

    shell("run", "waits", "--detach")
    assert re.search("run 3 of waits:? STOPP(ING|ED)", shell("stop", "waits", "--detach").stderr)
    shell("run", "waits", "--detach")
    assert shell.json("stop", "4")["summary"]["outcome"] == "STOPPED"


def test_an_engine_that_ends_names_the_runs_it_leaves_and_whoever_looks_at_them_learns_why_they_stand(
    shell: Shell,
) -> None:
    shell("run", "waits", "--detach")
    wait_for(lambda: shell.node_state("1") == "RUNNING")
    assert "stands still" not in shell("status", "1").stderr
    assert "the next engine goes on with them: run 1 of waits" in shell("engine", "stop").stderr
    told = "no engine runs, so run 1 of waits stands still: `glue-tui engine start`"
    assert told in shell("status", "1").stderr
    following = shell.start("logs", "-f", "1")
    assert following.stderr is not None
    assert told in following.stderr.readline()
    (shell.project_dir / "go").touch()
    shell("engine", "start")
    following.communicate(timeout=30)
    assert following.returncode == 0
    assert "not over" not in shell("engine", "stop").stderr


def test_ctrl_c_leaves_the_run_going_and_says_how_to_stop_it(shell: Shell) -> None:
    assert shell("engine", "start").returncode == 0
    running = shell.start("run", "waits")
    wait_for(lambda: shell.node_state("1") == "RUNNING")
    os.killpg(running.pid, signal.SIGINT)
    _, err = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "run 1 goes on" in err
    assert "glue-tui stop 1" in err
    assert "Traceback" not in err
    (shell.project_dir / "go").touch()
    wait_for(lambda: shell.json("runs")[0]["outcome"] == "SUCCEEDED")


def test_triggers_are_switched_and_fired(shell: Shell) -> None:
    assert shell("trigger", "disable", "good", "first_done").returncode == 0
    states = {(one["workflow"], one["name"]): one["state"] for one in shell.json("trigger", "list")}
    assert states["good", "first_done"] == "DEACTIVATED"
    assert shell("engine", "stop").returncode == 0
    states = {(one["workflow"], one["name"]): one["state"] for one in shell.json("trigger", "list")}
    assert states["good", "first_done"] == "DEACTIVATED"
    assert shell("trigger", "enable", "good", "first_done").returncode == 0
    fired = shell.json("trigger", "fire", "good", "by_hand", "--wait")
    assert fired["summary"]["outcome"] == "SUCCEEDED"
    wrong = shell("trigger", "fire", "good", "by_hnd")
    assert wrong.returncode == 2
    assert "by_hand" in wrong.stderr


def test_a_local_run_needs_no_engine_and_leaves_none(shell: Shell) -> None:
    done = shell.process("run", "good", "--local", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["summary"]["outcome"] == "SUCCEEDED"
    assert not (shell.project_dir / ".glue_tui" / "engine.json").exists()
    assert shell.process("run", "fails", "--local").returncode == 1
    assert [run["outcome"] for run in shell.json("runs")] == ["FAILED", "SUCCEEDED"]
    assert shell("run", "good", "--local", "--detach").returncode == 2


def test_ctrl_c_on_a_local_run_stops_it(shell: Shell) -> None:
    running = shell.start("run", "waits", "--local")
    wait_for(lambda: shell.node_state("1") == "RUNNING")
    os.killpg(running.pid, signal.SIGINT)
    _, err = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "run 1 was stopped" in err
    assert psutil.Process().children(recursive=True) == []


def test_an_engine_in_the_foreground_ends_by_ctrl_c_and_refuses_a_second_one(shell: Shell) -> None:
    engine = shell.start("engine", "run")
    wait_for(lambda: shell("engine", "status").returncode == 0)
    second = shell.process("engine", "run")
    assert second.returncode == 3
    assert "another engine" in second.stderr
    os.killpg(engine.pid, signal.SIGINT)
    engine.communicate(timeout=30)
    assert engine.returncode == 0
    assert shell("engine", "status").returncode == 3


def test_an_engine_that_hangs_is_ended_by_a_signal(shell: Shell) -> None:
    assert shell("engine", "start").returncode == 0
    family = shell.engine_family()
    pid = family[0].pid
    socket = json.loads((shell.project_dir / ".glue_tui" / "engine.json").read_text())["socket"]
    Path(socket).unlink()  # Nobody can ask it any more.
    done = shell("engine", "stop")
    assert done.returncode == 0, done.stderr
    assert "signal" in done.stderr
    assert not psutil.pid_exists(pid)


def test_a_terminal_gets_live_progress_that_is_gone_at_the_end(shell: Shell) -> None:
    assert shell("engine", "start").returncode == 0
    ours, theirs = pty.openpty()
    running = subprocess.Popen(
        shell.command("run", "waits"),
        cwd=shell.project_dir,
        env={**shell.environment, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "24"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen = _read_until(ours, "RUNNING")
    (shell.project_dir / "go").touch()
    seen += _read_until(ours, None)
    os.close(ours)
    assert running.wait(30) == 0
    assert "\x1b[" in seen
    assert "run 1 of waits SUCCEEDED" in seen


def _read_until(descriptor: int, text: str | None) -> str:
    """Return what comes until `text` is seen, or until the other side is closed."""
    seen = b""
    end = time.monotonic() + 30
    while time.monotonic() < end and (text is None or text.encode() not in seen):
        if select.select([descriptor], [], [], 0.2)[0]:
            try:
                seen += os.read(descriptor, 65536)
            except OSError:
                break
    return seen.decode(errors="replace")
