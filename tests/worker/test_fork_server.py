from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from forking import (
    DEADLINE_S,
    ServerUnderTest,
    command_job,
    is_gone,
    make_spec,
    pid_in,
    python_job,
    read_result,
    script,
    wait_for,
)

from glue_tui.core.states import NodeState
from glue_tui.protocol.worker import Finished, Progress, encode_start

_FAMILY = """
import os, subprocess, sys, time
def run(glue):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    (glue.project_dir / "child.pid").write_text(str(child.pid))
    (glue.project_dir / "own.pid").write_text(str(os.getpid()))
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def server() -> Iterator[ServerUnderTest]:
    server = ServerUnderTest()
    yield server
    server.close()


def test_an_attempt_is_told_of_when_it_starts_and_when_it_ends(server: ServerUnderTest, tmp_path: Path) -> None:
    spec = make_spec(tmp_path, script(tmp_path, "wait", "import sys\ndef run(glue): open('go').read()\n"))
    os.mkfifo(tmp_path / "go")
    started = server.start(spec)
    process = psutil.Process(started.pid)
    assert started.key == spec.key
    assert started.process_started_at == pytest.approx(process.create_time(), abs=1.0)
    assert os.getpgid(started.pid) == os.getsid(started.pid) == started.pid
    (tmp_path / "go").write_text("")
    exited, _ = server.until_exit(spec)
    assert (exited.key, exited.exit_code, exited.signal) == (spec.key, 0, None)
    assert exited.peak_memory_bytes > 1_000_000
    assert read_result(spec).state is NodeState.SUCCEEDED


def test_an_attempt_tells_of_its_result_before_its_process_has_ended(server: ServerUnderTest, tmp_path: Path) -> None:
    for number, (text, exit_code) in enumerate((("pass", 0), ("1 / 0", 1)), start=1):
        spec = make_spec(tmp_path, script(tmp_path, "brief", f"def run(glue): {text}\n"), attempt=number)
        server.send(encode_start(spec))  # It may even tell of it before the fork server tells of its start.
        exited, before = server.until_exit(spec)
        told = [answer for answer in before if isinstance(answer, Finished)]
        assert [(answer.key, answer.exit_code) for answer in told] == [(spec.key, exit_code)]
        assert 1_000_000 < told[0].peak_memory_bytes <= exited.peak_memory_bytes
        assert read_result(spec).state is (NodeState.FAILED if exit_code else NodeState.SUCCEEDED)


def test_every_child_can_query_with_polars(server: ServerUnderTest, tmp_path: Path) -> None:
    text = """
import polars as pl
def run(glue):
    print(pl.LazyFrame({"a": [1, 2]}).sum().collect(engine="streaming").item())
"""
    job = script(tmp_path, "query", text)
    for number in range(1, 21):
        spec = make_spec(tmp_path, job, attempt=number)
        assert server.run(spec).state is NodeState.SUCCEEDED
        assert "INFO  3\n" in Path(spec.log_path).read_text()


def test_attempts_run_side_by_side_and_do_not_meet(server: ServerUnderTest, tmp_path: Path) -> None:
    job = script(
        tmp_path, "side", "import os, sys\ndef run(glue):\n    assert 'mark' not in dir(sys)\n    sys.mark = 1\n"
    )
    specs = [make_spec(tmp_path, job, attempt=number) for number in range(1, 11)]
    for spec in specs:
        server.send(encode_start(spec))
    ended = server.until_all_exit(specs)
    assert set(ended) == {spec.key for spec in specs}
    assert all(answer.exit_code == 0 for answer in ended.values())


def test_what_can_not_start_ends_with_a_reason_and_the_server_goes_on(server: ServerUnderTest, tmp_path: Path) -> None:
    job = script(tmp_path, "fine", "def run(glue): pass\n")
    (tmp_path / "file").write_text("")
    blocked = make_spec(tmp_path / "file", job)
    wrong = [
        (b"nonsense\n", "malformed"),
        (b'{"kind": "dance"}\n', "dance"),
        (b'{"kind": "start", "spec": {"key": {"run_id": "r", "node_id": "job:x", "attempt": 3}}}\n', "does not fit"),
        (encode_start(blocked), "log can't be written"),
    ]
    for line, reason in wrong:
        server.send(line)
        assert reason in server.until_refused().reason
    assert server.run(make_spec(tmp_path, job)).state is NodeState.SUCCEEDED


def test_progress_is_told_but_not_at_every_call(server: ServerUnderTest, tmp_path: Path) -> None:
    steps = """
def run(glue):
    for n in range(1_000_000_000):
        glue.progress(n, 1_000_000_000)
        if n % 1000 == 999 and (glue.project_dir / "enough").exists():
            break
    (glue.project_dir / "calls").write_text(str(n + 1))
"""
    spec = make_spec(tmp_path, script(tmp_path, "steps", steps))
    server.start(spec)
    first = server.next()
    while not isinstance(first, Progress):
        first = server.next()
    (Path(spec.project_dir) / "enough").touch()
    _, after = server.until_exit(spec)
    progress = [first.fraction, *(answer.fraction for answer in after if isinstance(answer, Progress))]
    assert first.fraction < 1
    assert progress == sorted(progress)
    assert len(progress) < int((Path(spec.project_dir) / "calls").read_text())


def test_an_engine_that_does_not_read_holds_up_no_job(server: ServerUnderTest, tmp_path: Path) -> None:
    job = script(tmp_path, "chatter", "def run(glue):\n    pass\n")
    specs = [make_spec(tmp_path, job, attempt=number) for number in range(1, 221)]
    for spec in specs:
        server.send(encode_start(spec))
    wait_for(lambda: all(Path(spec.result_path).exists() for spec in specs[-1:]), "the last attempt is through")
    assert len(server.until_all_exit(specs)) == len(specs)


def test_a_killed_attempt_is_told_with_its_signal_and_leaves_no_result(server: ServerUnderTest, tmp_path: Path) -> None:
    spec = make_spec(tmp_path, script(tmp_path, "family", _FAMILY))
    started = server.start(spec)
    child = pid_in(tmp_path / "child.pid")
    pid_in(tmp_path / "own.pid")
    os.killpg(started.pid, signal.SIGKILL)
    exited, before = server.until_exit(spec)
    assert (exited.exit_code, exited.signal) == (None, signal.SIGKILL)
    assert not any(isinstance(answer, Finished) for answer in before)
    assert not Path(spec.result_path).exists()
    wait_for(lambda: is_gone(child), "the grandchild is gone")


def test_children_that_are_killed_while_they_wait_cost_no_attempt(server: ServerUnderTest, tmp_path: Path) -> None:
    job = script(tmp_path, "fine", "def run(glue): pass\n")
    assert server.run(make_spec(tmp_path, job)).state is NodeState.SUCCEEDED
    process = psutil.Process(server.process.pid)
    wait_for(lambda: len(process.children()) == 2, "two children wait")
    waiting = process.children()
    for child in waiting:
        child.kill()
    wait_for(lambda: not set(waiting) & set(process.children()), "they are gone")
    for number in range(2, 5):
        assert server.run(make_spec(tmp_path, job, attempt=number)).state is NodeState.SUCCEEDED


def test_what_an_attempt_leaves_running_ends_with_it(server: ServerUnderTest, tmp_path: Path) -> None:
    job = command_job("leaver", "sh", "-c", "sleep 600 >/dev/null 2>&1 & echo $! > left.pid")
    assert server.run(make_spec(tmp_path, job)).state is NodeState.SUCCEEDED
    left = pid_in(tmp_path / "left.pid")
    wait_for(lambda: is_gone(left), "what was left behind is gone")


def test_when_the_engine_closes_the_pipe_the_server_ends_with_all_its_attempts(tmp_path: Path) -> None:
    server = ServerUnderTest()
    server.start(make_spec(tmp_path, script(tmp_path, "family", _FAMILY)))
    pids = [pid_in(tmp_path / "own.pid"), pid_in(tmp_path / "child.pid")]
    server.close()
    assert server.process.returncode == 0
    wait_for(lambda: all(map(is_gone, pids)), "all of the attempt is gone")


def test_no_attempt_survives_a_killed_fork_server(tmp_path: Path) -> None:
    server = ServerUnderTest()
    server.start(make_spec(tmp_path, script(tmp_path, "family", _FAMILY)))
    pids = [pid_in(tmp_path / "own.pid"), pid_in(tmp_path / "child.pid")]
    server.process.kill()
    server.close()
    wait_for(lambda: all(map(is_gone, pids)), "all of the attempt is gone")


def test_no_attempt_survives_a_killed_engine(tmp_path: Path) -> None:
    spec = make_spec(tmp_path, script(tmp_path, "family", _FAMILY))
    (tmp_path / "start.json").write_bytes(encode_start(spec))
    engine = subprocess.Popen([sys.executable, "-c", _ENGINE, str(tmp_path)])
    pids = [pid_in(tmp_path / name) for name in ("server.pid", "own.pid", "child.pid")]
    engine.kill()
    engine.wait(DEADLINE_S)
    wait_for(lambda: all(map(is_gone, pids)), "fork server and attempt are gone")


def test_an_attempt_dies_with_its_engine_even_if_the_fork_server_is_stuck(tmp_path: Path) -> None:
    server = ServerUnderTest()
    server.start(make_spec(tmp_path, script(tmp_path, "family", _FAMILY)))
    pids = [pid_in(tmp_path / "own.pid"), pid_in(tmp_path / "child.pid")]
    os.kill(server.process.pid, signal.SIGSTOP)
    assert server.process.stdin is not None
    server.process.stdin.close()
    wait_for(lambda: all(map(is_gone, pids)), "all of the attempt is gone")
    os.kill(server.process.pid, signal.SIGCONT)
    server.close()


def test_a_job_that_holds_polars_busy_dies_with_the_fork_server(tmp_path: Path) -> None:
    text = """
import os, polars as pl
def run(glue):
    (glue.project_dir / "own.pid").write_text(str(os.getpid()))
    n = pl.LazyFrame({"a": range(100_000)})
    n.join(n, how="cross").select((pl.col("a") * pl.col("a_right")).sum()).collect(engine="streaming")
"""
    server = ServerUnderTest()
    server.start(make_spec(tmp_path, script(tmp_path, "busy", text)))
    pid = pid_in(tmp_path / "own.pid")
    server.process.kill()
    server.close()
    wait_for(lambda: is_gone(pid), "the busy job is gone")


def test_a_missing_script_is_named_with_the_nearest_one(server: ServerUnderTest, tmp_path: Path) -> None:
    script(tmp_path, "clean_sales", "")
    error = server.run(make_spec(tmp_path, python_job("x", "clean_saels.py"))).error
    assert error is not None
    assert (error.type, error.hint) == ("EntityNotFound", 'did you mean "clean_sales.py"?')


_ENGINE = """
import pathlib, subprocess, sys, time
folder = pathlib.Path(sys.argv[1])
server = subprocess.Popen([sys.executable, "-m", "glue_tui.worker"], stdin=subprocess.PIPE, start_new_session=True)
(folder / "server.pid").write_text(str(server.pid))
server.stdin.write((folder / "start.json").read_bytes())
server.stdin.flush()
time.sleep(600)
"""
