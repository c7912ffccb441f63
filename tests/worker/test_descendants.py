"""Processes that leave the group of their attempt end with it all the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from forking import (
    DEADLINE_S,
    ServerUnderTest,
    command_job,
    is_gone,
    make_spec,
    pid_in,
    read_result,
    script,
    wait_for,
)

from glue_tui.core.job import Job
from glue_tui.protocol.worker import encode_start

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives orphans to somebody else")

_DAEMON = """
LIFE_S = 600
import os, sys, time
def run(glue):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            (glue.project_dir / "away.pid").write_text(str(os.getpid()))
            for fd in range(3):
                os.close(fd)
            time.sleep(600)
        os._exit(0)
    os.wait()
    while not (glue.project_dir / "away.pid").exists():
        time.sleep(0.01)
    (glue.project_dir / "own.pid").write_text(str(os.getpid()))
    time.sleep(LIFE_S)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[ServerUnderTest]:
    server = ServerUnderTest()
    yield server
    server.close()


_LEAVER = """
echo $$ > own.pid
sh -c "setsid sh away.sh & sleep 600"
"""
_AWAY = """
echo $$ > away.pid
sleep 600
"""


def leaver(folder: Path) -> Job:
    """Return a job one of whose processes leaves the session."""
    (folder / "leaver.sh").write_text(_LEAVER)
    (folder / "away.sh").write_text(_AWAY)
    return command_job("leaver", "sh", "leaver.sh")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_what_left_the_group_ends_when_the_attempt_is_stopped_or_killed(
    server: ServerUnderTest, tmp_path: Path, number: signal.Signals
) -> None:
    spec = make_spec(tmp_path, leaver(tmp_path))
    started = server.start(spec)
    pids = [pid_in(tmp_path / "own.pid"), pid_in(tmp_path / "away.pid")]
    os.killpg(started.pid, number)
    server.until_exit(spec)
    wait_for(lambda: all(map(is_gone, pids)), "all of the attempt is gone")


def test_a_daemon_left_by_a_job_that_ends_well_is_killed_and_told(server: ServerUnderTest, tmp_path: Path) -> None:
    job = script(tmp_path, "daemon", _DAEMON.replace("LIFE_S = 600", "LIFE_S = 0"))
    spec = make_spec(tmp_path, job)
    assert server.run(spec).state == "SUCCEEDED"
    away = pid_in(tmp_path / "away.pid")
    wait_for(lambda: is_gone(away), "the daemon is gone")
    log = Path(spec.log_path).read_text()
    assert "WARN  left running, killed with the attempt: " in log
    assert f"({away})" in log


def test_a_daemon_of_a_script_that_is_killed_comes_to_the_server_and_ends(
    server: ServerUnderTest, tmp_path: Path
) -> None:
    spec = make_spec(tmp_path, script(tmp_path, "daemon", _DAEMON))
    started = server.start(spec)
    away = pid_in(tmp_path / "away.pid")
    pid_in(tmp_path / "own.pid")
    os.kill(started.pid, signal.SIGKILL)
    server.until_exit(spec)
    wait_for(lambda: is_gone(away), "the daemon is gone")
    assert server.run(make_spec(tmp_path, script(tmp_path, "next", "def run(glue): pass\n"))).state == "SUCCEEDED"


@pytest.mark.parametrize("dies", ["engine", "server", "pipe"])
def test_what_left_the_group_does_not_outlive_those_it_works_for(tmp_path: Path, dies: str) -> None:
    specs = [make_spec(tmp_path, leaver(tmp_path)), make_spec(tmp_path, script(tmp_path, "daemon", _DAEMON))]
    for number, spec in enumerate(specs):
        folder = tmp_path / str(number)
        folder.mkdir()
        (tmp_path / "away.pid").unlink(missing_ok=True)
        (tmp_path / "own.pid").unlink(missing_ok=True)
        (folder / "start.json").write_bytes(encode_start(spec))
        engine = subprocess.Popen([sys.executable, "-c", _ENGINE, str(folder)], stdin=subprocess.PIPE)
        server_pid = pid_in(folder / "server.pid")
        pids = [server_pid, pid_in(tmp_path / "own.pid"), pid_in(tmp_path / "away.pid")]
        assert engine.stdin is not None
        match dies:
            case "engine":
                engine.kill()
            case "server":
                os.kill(server_pid, signal.SIGKILL)
        engine.stdin.close()
        wait_for(lambda pids=pids: all(map(is_gone, pids)), "all of the attempt is gone")
        assert not Path(spec.result_path).exists(), "nobody reports the death of a program that was killed with all"
        engine.kill()
        engine.wait(DEADLINE_S)


def test_what_a_program_orphans_does_not_pile_up_as_zombies(server: ServerUnderTest, tmp_path: Path) -> None:
    orphans = "for n in 1 2 3 4 5 6 7 8 9; do (sleep 0.01 &); done; sleep 0.2"
    count = "ps -o stat= --ppid $PPID | grep -c Z; true"
    spec = make_spec(tmp_path, command_job("many", "sh", "-c", f"{orphans}; {count}"))
    assert server.run(spec).state == "SUCCEEDED"
    assert "INFO  0\n" in Path(spec.log_path).read_text()
    assert read_result(spec).error is None


_ENGINE = """
import pathlib, subprocess, sys, time
folder = pathlib.Path(sys.argv[1])
server = subprocess.Popen([sys.executable, "-m", "glue_tui.worker"], stdin=subprocess.PIPE, start_new_session=True)
(folder / "server.pid").write_text(str(server.pid))
server.stdin.write((folder / "start.json").read_bytes())
server.stdin.flush()
sys.stdin.read()
server.stdin.close()
server.wait()
"""
