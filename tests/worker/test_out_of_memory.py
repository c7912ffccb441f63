"""A worker or program that the system kills for want of memory, for real: in a control group with little of it."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from forking import ServerUnderTest, command_job, make_spec, pid_in, script, wait_for

from glue_tui.core.attempt import AttemptKey
from glue_tui.core.model import NodeId, RunId
from glue_tui.core.run import Attempt
from glue_tui.core.states import NodeState
from glue_tui.core.stimuli import WorkerExited
from glue_tui.core.verdict import verdict
from glue_tui.jobs.out_of_memory import kills_so_far

_LIMIT_BYTES = 300_000_000
_GREEDY = "held = []\n    while True: held.append(bytearray(10_000_000))"


@pytest.fixture
def server() -> Iterator[ServerUnderTest]:
    server = ServerUnderTest()
    yield server
    server.close()


@pytest.fixture
def confine(server: ServerUnderTest) -> Iterator[Callable[[], None]]:
    """Put the fork server into a control group with little memory, where we may make one."""
    v1, v2 = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")
    root, limit = (v1, "memory.limit_in_bytes") if v1.is_dir() else (v2, "memory.max")
    group = root / f"glue-tui-test-{os.getpid()}"
    try:
        group.mkdir()
        (group / limit).write_text(str(_LIMIT_BYTES))
    except OSError:
        with contextlib.suppress(OSError):
            group.rmdir()
        pytest.skip("no control group with a memory limit can be made here")
    yield lambda: _join(group, server.process.pid)
    server.process.kill()
    server.process.wait()
    wait_for(lambda: not (group / "cgroup.procs").read_text(), "the group is empty")
    group.rmdir()


def test_a_worker_killed_for_want_of_memory_is_told_so(
    server: ServerUnderTest, confine: Callable[[], None], tmp_path: Path
) -> None:
    confine()
    # The children that wait already were made outside the group.
    for number in range(3):
        server.run(make_spec(tmp_path, script(tmp_path, f"before{number}", "def run(glue): pass\n")))
    spec = make_spec(tmp_path, script(tmp_path, "greedy", f"def run(glue):\n    {_GREEDY}\n"))
    server.start(spec)
    exited, _ = server.until_exit(spec)
    assert (exited.signal, exited.out_of_memory) == (signal.SIGKILL, True)
    report = WorkerExited(
        key=spec.key, result=None, signal=9, out_of_memory=True, peak_memory_bytes=exited.peak_memory_bytes
    )
    state, error = verdict(_attempt(), report)
    assert state is NodeState.FAILED
    assert error is not None
    assert error.type == "OutOfMemory"
    assert error.message == "the system was out of memory and killed the worker, which held 0.3 GB"


def test_a_program_killed_for_want_of_memory_is_told_so(
    server: ServerUnderTest, confine: Callable[[], None], tmp_path: Path
) -> None:
    confine()
    for number in range(3):
        server.run(make_spec(tmp_path, script(tmp_path, f"before{number}", "def run(glue): pass\n")))
    (tmp_path / "greedy.py").write_text(f"if True:\n    {_GREEDY}\n")
    spec = make_spec(tmp_path, command_job("greedy", "python3", "greedy.py"))
    error = server.run(spec).error
    assert error is not None
    assert (error.type, error.message.splitlines()[0]) == (
        "OutOfMemory",
        "the system was out of memory and killed the program",
    )


@pytest.mark.skipif(kills_so_far() is None, reason="this system does not count such kills")
def test_a_worker_killed_by_hand_is_not_taken_for_one_without_memory(server: ServerUnderTest, tmp_path: Path) -> None:
    text = "import os, time\ndef run(glue):\n    open('own.pid', 'w').write(str(os.getpid()))\n    time.sleep(600)\n"
    spec = make_spec(tmp_path, script(tmp_path, "sleeper", text))
    server.start(spec)
    os.kill(pid_in(tmp_path / "own.pid"), signal.SIGKILL)
    exited, _ = server.until_exit(spec)
    assert (exited.signal, exited.out_of_memory) == (signal.SIGKILL, False)
    assert not Path(spec.result_path).exists()
    _, error = verdict(_attempt(), WorkerExited(key=spec.key, result=None, signal=9, out_of_memory=False))
    assert error is not None
    assert error.hint == "by hand or by a program: the system has memory left"


def test_where_nobody_counts_the_worker_is_said_to_have_been_killed() -> None:
    key = AttemptKey(run_id=RunId("wr_1"), node_id=NodeId("job:x"), attempt=1)
    _, error = verdict(_attempt(), WorkerExited(key=key, result=None, signal=9))
    assert error is not None
    assert (error.message, error.hint) == ("the worker was killed (signal 9)", "most often the system lacks memory")


def _attempt() -> Attempt:
    return Attempt(attempt=1, state=NodeState.RUNNING, queued_at=0.0)


def _join(group: Path, pid: int) -> None:
    (group / "cgroup.procs").write_text(str(pid))
