"""A project whose engine or workers are killed over and over: how it is started, asked, killed and waited for."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import psutil

from glue_tui.client.find import engine_log, read_engine_file, state_db
from glue_tui.client.launch import connect
from glue_tui.client.socket import SocketClient
from glue_tui.core.decide import LOST_ATTEMPTS_MAX
from glue_tui.protocol.views import RunSummary
from glue_tui.store.event_log import read_run, unfinished_run_ids
from glue_tui.store.history import open_history

DEADLINE_S = 60.0


class KilledProject:
    """One project and the kills that it has to stand. The runs of `workflow` are numbered by their property `batch`."""

    workflow: str

    def __init__(self, folder: Path, seed: int, kills: int) -> None:
        self.folder = folder
        self.random = random.Random(seed)
        self.kills_left = kills
        self.batches = 0
        """Runs of `workflow` asked for so far; the batch is the number."""
        self.killed: Counter[str] = Counter()

    # The engine

    def _engine(self) -> psutil.Process | None:
        file = read_engine_file(self.folder)
        with suppress(psutil.NoSuchProcess):
            if file is not None and str(self.folder) in psutil.Process(file.pid).cmdline():
                return psutil.Process(file.pid)
        return None

    def _kill(self, engine: psutil.Process | None) -> None:
        if engine is not None:
            assert engine.is_running(), f"the engine ended by itself\n{engine_log(self.folder).read_text()[-5000:]}"
            engine.kill()
            engine.wait(DEADLINE_S)

    async def _connected(self) -> SocketClient:
        return await connect(self.folder, timeout_s=DEADLINE_S)

    async def _start_unless_it_runs(self) -> None:
        client = await self._connected()
        await client.close()

    async def _ask_for_a_run(self) -> None:
        self.batches += 1
        await self._ask(self.batches)

    async def _ask(self, batch: int) -> None:
        client = await self._connected()
        await self._start(client, batch)
        await client.close()

    async def _start(self, client: SocketClient, batch: int) -> RunSummary:
        properties, request_id = {"batch": str(batch)}, f"batch-{batch}"
        return await client.start_workflow_run(self.workflow, properties=properties, request_id=request_id)

    async def _come_to_rest(self) -> None:
        await self._until(lambda: not self._unfinished(), "the runs under way are over")
        await self._stop()

    async def _stop(self) -> None:
        client = await self._connected()
        engine = self._engine()
        await client.stop_engine()
        await client.close()
        if engine is not None:
            engine.wait(DEADLINE_S)

    # What the state says

    def _unfinished(self, workflow: str = "") -> list[RunSummary]:
        return [run for run in self.runs(workflow) if not run.outcome]

    def runs(self, workflow: str = "") -> tuple[RunSummary, ...]:
        with closing(open_history(state_db(self.folder))) as history:
            return history.runs(workflow, limit=10_000)

    def _batch_of(self, run: RunSummary) -> int:
        with closing(open_history(state_db(self.folder))) as history:
            return int(history.core_run(run.run_id).properties["batch"])

    async def _until_it_is_survivable(self, workers_lost: int) -> None:
        """A node whose worker vanishes too often is given up; one at work may have lost the engine that tells it."""

        def is_survivable() -> bool:
            with closing(sqlite3.connect(state_db(self.folder))) as conn:
                runs = [read_run(conn, run_id) for run_id in unfinished_run_ids(conn)]
            nodes = [run.nodes[node_id] for run in runs for node_id in run.open_node_ids]
            return all(
                sum(attempt.was_lost for attempt in node.attempts) + node.state.is_active + workers_lost
                <= LOST_ATTEMPTS_MAX
                for node in nodes
            )

        if not is_survivable():
            await self._until(is_survivable, "no node is near its last attempt")

    async def _until(self, what: Callable[[], bool], why: str) -> None:
        client = await self._connected()
        end = time.monotonic() + DEADLINE_S
        while not what():
            assert time.monotonic() < end, f"waited in vain until {why}\n{self.story()}"
            await asyncio.sleep(0.02)
        await client.close()

    def story(self) -> str:
        """Return what is needed to understand a failure: the runs that did not succeed, event by event."""
        with closing(open_history(state_db(self.folder))) as history:
            lines = [
                f"  {line.at:.3f} {line.text}" if line else f"#{run.number} {run.workflow} {run.outcome or run.status}"
                for run in history.runs(limit=10_000)
                if run.outcome != "SUCCEEDED"
                for line in (None, *history.story(run.run_id))
            ]
        return "\n".join(lines)


def compare(name: str, written: Counter[object], wanted: Counter[object]) -> None:
    """Raise AssertionError where rows are lost or doubled."""
    lost, doubled = wanted - written, written - wanted
    assert not lost, f"{name}: {lost.total()} of {wanted.total()} rows lost, such as {next(iter(lost))}"
    assert not doubled, f"{name}: {doubled.total()} rows too many, such as {next(iter(doubled))}"


def alive_in(folder: Path) -> list[psutil.Process]:
    """Return the processes that work in a folder."""
    return [process for process in psutil.process_iter() if _works_in(process, folder)]


def _works_in(process: psutil.Process, folder: Path) -> bool:
    with suppress(psutil.Error):
        return process.status() != psutil.STATUS_ZOMBIE and (
            str(folder) in process.cmdline() or Path(process.cwd()).is_relative_to(folder)
        )
    return False
