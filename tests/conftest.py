"""Fixtures of several rooms: a project folder, and a real engine working on it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import psutil
import pytest
from hypothesis import HealthCheck, settings

from glue_tui.client.launch import connect
from glue_tui.client.socket import SocketClient
from glue_tui.protocol.views import NodeView, RunView

if TYPE_CHECKING:
    from tests.crawlers.postgres_server import PostgresServer

T = TypeVar("T")
DEADLINE_S = 30.0

# Engines, their fork servers and commands are started hundreds of times, and so is pytest by its workers: each would
# compile every module anew where the environment forbids to keep them compiled, which no installed package does.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# How fast examples are made says nothing on a machine that is busy with other tests.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


def wait_for(what: Callable[[], T | None], *, deadline_s: float = DEADLINE_S, why: str = "") -> T:
    """Return the first value of `what` that is true; fail after the deadline."""
    end = time.monotonic() + deadline_s
    while time.monotonic() < end:
        value = what()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"waited {deadline_s} s in vain {why}")


LONGEST = (
    "test_spark_jobs.py",
    "test_engine_killed.py",
    "test_simulation.py",
    "test_benchmarks.py",
    "test_arrivals_survive.py",
    "test_jobs_killed.py",
    "test_jobs_stopped.py",
    "test_killed_while_publishing.py",
    "test_terminal_sessions.py",
    "test_notifications.py",
)
"""The files that take longest, in this order, go first: begun last, one would keep a single worker busy at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.name, len(order)))


class RunningEngine:
    """A real engine process and questions to it, each over a connection of its own."""

    def __init__(self, project_dir: Path) -> None:
        self.project_dir = project_dir
        self.state_dir = project_dir / ".glue_tui"
        self.process: subprocess.Popen[bytes] | None = None
        self.command = [sys.executable, "-P", "-m", "glue_tui.engine"]

    def start(self) -> None:
        self.state_dir.mkdir(exist_ok=True)
        with open(self.state_dir / "engine.log", "ab") as log:
            self.process = subprocess.Popen(
                [*self.command, "--project", str(self.project_dir)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, "GLUE_TUI_SLOTS": "2"},
            )
        self.ask(lambda client: client.project())

    def ask(self, question: Callable[[SocketClient], Awaitable[T]]) -> T:
        async def talk() -> T:
            client = await connect(self.project_dir, start=False)
            try:
                return await question(client)
            finally:
                await client.close()

        end = time.monotonic() + DEADLINE_S
        while True:
            try:
                return asyncio.run(talk())
            except Exception as error:
                if type(error).__name__ != "EngineUnavailable" or time.monotonic() > end:
                    raise
                time.sleep(0.02)

    def run(self, ref: str | int) -> RunView:
        return self.ask(lambda client: client.run(str(ref)))

    def node(self, ref: str | int, name: str) -> NodeView:
        return next(node for node in self.run(ref).nodes if node.name == name)

    def finished(self, ref: str | int, *, deadline_s: float = DEADLINE_S) -> RunView:
        """Wait for a run's end and return it."""

        def over() -> RunView | None:
            run = self.run(ref)
            return run if run.summary.outcome else None

        return wait_for(over, deadline_s=deadline_s, why=f"for run {ref}; log:\n{self.log()}")

    def log(self) -> str:
        return (self.state_dir / "engine.log").read_text()

    def processes(self) -> list[psutil.Process]:
        """The engine and all its descendants."""
        if self.process is None:
            return []
        with contextlib.suppress(psutil.NoSuchProcess):
            engine = psutil.Process(self.process.pid)
            return [engine, *engine.children(recursive=True)]
        return []

    def kill(self) -> None:
        """End the engine as a crash does."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """End the engine as asked."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=DEADLINE_S)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty project folder."""
    (tmp_path / "workflows" / "jobs").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def engine(project: Path) -> Iterator[RunningEngine]:
    """An engine for `project`; start it when the definitions are written. Nothing of it is left afterwards."""
    running = RunningEngine(project)
    try:
        yield running
    finally:
        left = running.processes()
        running.stop()
        _, alive = psutil.wait_procs(left, timeout=10)
        assert not alive, f"left running: {alive}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL server; whoever uses it leaves its schemas as they were."""
    from tests.crawlers.postgres_server import postgres_server

    with postgres_server() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> Iterator[str]:
    """A URL of a real PostgreSQL server, in an empty schema of its own: where tables go that name none."""
    schema = f"test_{next(_numbers)}"
    postgres.execute(f"CREATE SCHEMA {schema}")
    yield f"{postgres.url()}&options=-csearch_path%3D{schema}"
    postgres.execute(f"DROP SCHEMA {schema} CASCADE")


_numbers = itertools.count(1)
