"""A real engine for measurements, asked and watched through the client that the terminal uses."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType

import psutil

from glue_tui.client.find import read_engine_file
from glue_tui.client.launch import connect
from glue_tui.client.socket import SocketClient
from glue_tui.protocol.views import FeedMessage, RunChanged, RunOpened, RunSummary, WorkflowsChanged

GLUE_TUI = str(Path(sys.executable).parent / "glue-tui")
END_DEADLINE_S = 20.0


class EngineUp:
    """An engine and a client of it; a context manager that ends both and all their processes.

    `follows`: the client is subscribed to the feed, as `run` and `next_end` need it. One that only stands by must not
    be: it would read nothing of what the engine tells it.
    """

    def __init__(self, project_dir: Path, *, follows: bool = True) -> None:
        self.project_dir = project_dir
        self._follows = follows
        self._runner = asyncio.Runner()
        self.start_s = 0.0
        """From its start until its hello."""
        self._client: SocketClient
        self._feed: AsyncIterator[FeedMessage]

    def __enter__(self) -> EngineUp:
        began = time.perf_counter()
        self._client = self._runner.run(connect(self.project_dir))
        self.start_s = time.perf_counter() - began
        if self._follows:
            self._runner.run(self._subscribe())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._runner.run(self._client.close())
        self._runner.close()
        stop_engine(self.project_dir)

    @property
    def pid(self) -> int:
        return self._client.hello.pid

    def run(self, workflow: str) -> tuple[float, RunSummary]:
        """Start a run; return the seconds until the news that it is over, and its summary. It must succeed."""
        return self._runner.run(self._run(workflow))

    def next_end(self) -> RunSummary:
        """Wait for the end of the next run, whoever starts it."""
        return self._runner.run(self._end_of(""))

    def described(self, workflow: str, description: str) -> None:
        """Wait for the news that a workflow of this description is in force."""
        self._runner.run(self._described(workflow, description))

    def broken(self, workflow: str, message: str) -> None:
        """Wait for the news that the file of a workflow can't be used, and that its first problem says `message`."""
        self._runner.run(self._broken(workflow, message))

    async def _subscribe(self) -> None:
        self._feed = self._client.subscribe()
        await anext(self._feed)

    async def _run(self, workflow: str) -> tuple[float, RunSummary]:
        began = time.perf_counter()
        started = await self._client.start_workflow_run(workflow)
        summary = await self._end_of(started.run_id)
        took_s = time.perf_counter() - began
        return took_s, summary

    async def _described(self, name: str, description: str) -> None:
        async for message in self._feed:
            if isinstance(message, WorkflowsChanged) and any(
                (one.name, one.description) == (name, description) for one in message.workflows
            ):
                return

    async def _broken(self, name: str, message: str) -> None:
        async for news in self._feed:
            if isinstance(news, WorkflowsChanged) and any(
                one.name == name and one.is_broken and message in one.problems[0].message for one in news.workflows
            ):
                return

    async def _end_of(self, run_id: str) -> RunSummary:
        while True:
            match await anext(self._feed):
                case RunOpened(run=run):
                    summary = run.summary
                case RunChanged(summary=summary):
                    pass
                case _:
                    continue
            if summary.outcome and run_id in ("", summary.run_id):
                assert summary.outcome == "SUCCEEDED", summary
                return summary


def stop_engine(project_dir: Path) -> None:
    """End the engine of a project, if there is one, and wait until all its processes are gone."""
    file = read_engine_file(project_dir)
    if file is None:
        return
    with contextlib.suppress(psutil.NoSuchProcess):
        engine = psutil.Process(file.pid)
        family = [engine, *engine.children(recursive=True)]
        engine.terminate()
        _, alive = psutil.wait_procs(family, timeout=END_DEADLINE_S)
        assert not alive, f"left running: {alive}"


def command_s(project_dir: Path, *words: str) -> float:
    """Return the seconds from exec to exit of a `glue-tui` command, which must succeed."""
    return exec_to_exit_s([GLUE_TUI, *words], cwd=project_dir)


def exec_to_exit_s(command: list[str], *, cwd: Path) -> float:
    """Return the seconds from exec to exit of a program, which must succeed."""
    began = time.perf_counter()
    done = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    took_s = time.perf_counter() - began
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
    return took_s
