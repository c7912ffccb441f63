"""A fork server under test, spoken to through its pipes as the engine does."""

from __future__ import annotations

import itertools
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import psutil

from glue_tui.core.attempt import AttemptKey, AttemptResult, AttemptSpec
from glue_tui.core.job import CommandWork, Job, PythonWork
from glue_tui.core.model import RunId, job_id
from glue_tui.protocol.worker import Answer, Exited, Finished, Progress, Ready, Started, decode_answer, encode_start

DEADLINE_S = 30.0
_runs = itertools.count(1)

KILLED_AT_A_STEP = """
import os, signal, sys

STEPS = ("open", "os.", "fcntl.", "shutil.", "ctypes.dlsym", "sqlite3.")

def count_steps(left):
    def step(event, arguments):
        nonlocal left
        if event.startswith(STEPS):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    if left:
        sys.addaudithook(step)
"""
"""The beginning of a script: `count_steps(n)` kills its attempt at its nth step from there; 0: never."""


def python_job(name: str, script: str = "") -> Job:
    return Job(name=name, work=PythonWork(script=script or f"{name}.py"))


def command_job(name: str, *command: str) -> Job:
    return Job(name=name, work=CommandWork(command=command))


def make_spec(folder: Path, job: Job, *, attempt: int = 1) -> AttemptSpec:
    """Return a spec with a key that no other attempt of this test run has."""
    run = f"wr_{next(_runs):016x}"
    stem = f"{folder}/state/runs/{run}/job.{job.name}.{attempt}"
    return AttemptSpec(
        key=AttemptKey(run_id=RunId(run), node_id=job_id(job.name), attempt=attempt),
        run_number=7,
        workflow="flow",
        node=job,
        connections=(),
        arguments=job.arguments,
        project_dir=str(folder),
        catalog_path=f"{folder}/state/state.db",
        log_path=f"{stem}.log",
        result_path=f"{stem}.result.json",
        max_attempts=2,
    )


def script(folder: Path, name: str, text: str) -> Job:
    (folder / f"{name}.py").write_text(text)
    return python_job(name)


def read_result(spec: AttemptSpec) -> AttemptResult:
    return msgspec.json.decode(Path(spec.result_path).read_bytes(), type=AttemptResult)


class ServerUnderTest:
    def __init__(self, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "glue_tui.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            env={**os.environ, "POLARS_MAX_THREADS": "1", **environment},
        )
        self._bytes = b""
        assert self.next() == Ready()

    def send(self, line: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line)
        self.process.stdin.flush()

    def next(self) -> Answer:
        """Return the next answer within the deadline."""
        assert self.process.stdout is not None
        fd = self.process.stdout.fileno()
        deadline = time.monotonic() + DEADLINE_S
        while b"\n" not in self._bytes:
            ready, _, _ = select.select([fd], [], [], max(deadline - time.monotonic(), 0))
            assert ready, "no answer from the fork server"
            data = os.read(fd, 65536)
            assert data, "the fork server is gone"
            self._bytes += data
        line, _, self._bytes = self._bytes.partition(b"\n")
        answer: Answer = decode_answer(line)
        return answer

    def start(self, spec: AttemptSpec) -> Started:
        """Start an attempt, and skip what is told of others until its own start is."""
        self.send(encode_start(spec))
        while True:
            match self.next():
                case Started(key=spec.key) as started:
                    return started
                case Exited(key=spec.key) as exited:
                    raise AssertionError(exited)

    def until_exit(self, spec: AttemptSpec) -> tuple[Exited, list[Answer]]:
        """Return how an attempt ended and what was told of it before; what is told of others is skipped."""
        before: list[Answer] = []
        while True:
            match self.next():
                case Exited(key=spec.key) as exited:
                    return exited, before
                case Started(key=spec.key) | Progress(key=spec.key) | Finished(key=spec.key) as answer:
                    before.append(answer)

    def until_refused(self) -> Exited:
        """Return the next answer about an attempt that never began."""
        while True:
            match self.next():
                case Exited(exit_code=None, signal=None) as exited:
                    return exited

    def until_all_exit(self, specs: list[AttemptSpec]) -> dict[AttemptKey, Exited]:
        """Return how each of several attempts ended."""
        ended: dict[AttemptKey, Exited] = {}
        while len(ended) < len(specs):
            answer = self.next()
            if isinstance(answer, Exited) and any(spec.key == answer.key for spec in specs):
                ended[answer.key] = answer
        return ended

    def run(self, spec: AttemptSpec) -> AttemptResult:
        """Run an attempt to its end."""
        self.start(spec)
        exited, _ = self.until_exit(spec)
        result = read_result(spec)
        assert exited.exit_code == (1 if result.state == "FAILED" else 0)
        return result

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(DEADLINE_S)
        self.process.stdout.close()


def wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.01)


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def pid_in(path: Path) -> int:
    wait_for(lambda: path.exists() and path.read_text().strip() != "", f"{path} holds a pid")
    return int(path.read_text())
