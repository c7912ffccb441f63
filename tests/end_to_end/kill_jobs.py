"""Kills a job's worker, or the engine with it, at random moments, while readers look at every target it writes to.

`python -m tests.end_to_end.kill_jobs --kills 50 --seed 7` hunts; `test_jobs_killed.py` does a few in the suite. The
targets are folders, S3, Delta, Iceberg, SQLite and PostgreSQL, each overwritten and added to. The seed gives the
moments that are drawn, not the machine's own timing.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psutil

from glue_tui.client.find import state_db
from glue_tui.store.event_log import read_run, unfinished_run_ids
from tests.end_to_end.kill_jobs_project import Reader, Servers, Way, make_project, servers
from tests.end_to_end.killed_project import DEADLINE_S, KilledProject, alive_in

STAGED_POLL_S, STAGED_POLLS_MAX = 0.002, 1000
LOOK_EVERY_S = 0.1
RUNS_BETWEEN_RESTS = 8
"""After so many kills one engine ends as asked: until then a crash loop is held (see README)."""


class JobOrdeal(KilledProject):
    """A job that writes to targets of every kind, and the kills that it has to stand."""

    workflow = "load"

    def __init__(self, folder: Path, seed: int, kills: int, servers: Servers) -> None:
        super().__init__(folder, seed, kills)
        self.servers = servers
        self.attempt_s = 1.0
        """How long an attempt takes that nobody disturbs."""

    async def live_through(self, reader: Reader) -> None:
        """Kill until no kill is left, let everything come to its end, and stop the engine as a user does."""
        make_project(self.folder, self.servers)
        began = time.monotonic()
        await self._ask_for_a_run()
        await self._until(lambda: not self._unfinished(), "the first run is over")
        self.attempt_s = time.monotonic() - began
        with looking(reader) as check_reader:
            while self.kills_left:
                check_reader()
                await self._until_it_is_survivable(workers_lost=2)
                if self.kills_left % RUNS_BETWEEN_RESTS == 0:
                    await self._come_to_rest()
                if not self._unfinished():
                    await self._ask_for_a_run()
                moment = self.random.choice([self.at_any_time, self.while_it_publishes, self.with_the_engine])
                if await moment():
                    self.killed[moment.__name__] += 1
                    self.kills_left -= 1
            await self._come_to_rest()
            await self._ask_for_a_run()  # It clears away what kills have left.
            await self._come_to_rest()

    async def at_any_time(self) -> bool:
        """The worker, at some time between its start and its end."""
        worker = await self._worker()
        await asyncio.sleep(self.random.uniform(0, self.attempt_s))
        return _killed(worker)

    async def while_it_publishes(self) -> bool:
        """The worker, some time after all its files are staged."""
        worker = await self._worker()
        for _ in range(STAGED_POLLS_MAX):
            if list((self.folder / "out").glob(".added.*")):
                break
            await asyncio.sleep(STAGED_POLL_S)
        await asyncio.sleep(self.random.uniform(0, self.attempt_s / 2))
        return _killed(worker)

    async def with_the_engine(self) -> bool:
        """The worker and the engine, in this order or the other."""
        worker = await self._worker()
        await asyncio.sleep(self.random.uniform(0, self.attempt_s))
        engine = self._engine()
        if self.random.random() < 0.5:
            self._kill(engine)
            _killed(worker)
        else:
            _killed(worker)
            self._kill(engine)
        return engine is not None

    async def _worker(self) -> psutil.Process | None:
        """Wait for the attempt's process; None if the run was over first."""
        await self._start_unless_it_runs()
        end = time.monotonic() + DEADLINE_S
        while self._unfinished():
            assert time.monotonic() < end, f"no worker came\n{self.story()}"
            with suppress(psutil.NoSuchProcess):
                for pid in self._pids_at_work():
                    return psutil.Process(pid)
            await asyncio.sleep(STAGED_POLL_S)
        return None

    def _pids_at_work(self) -> list[int]:
        with closing(sqlite3.connect(state_db(self.folder))) as conn:
            runs = [read_run(conn, run_id) for run_id in unfinished_run_ids(conn)]
        last = [node.attempts[-1] for run in runs for node in run.nodes.values() if node.attempts]
        return [attempt.pid for attempt in last if attempt.state.is_active and attempt.pid is not None]


def _killed(worker: psutil.Process | None) -> bool:
    """Kill a process, and say whether it was still there."""
    with suppress(psutil.NoSuchProcess):
        if worker is not None and worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE:
            worker.kill()
            return True
    return False


@contextmanager
def looking(reader: Reader) -> Iterator[Callable[[], None]]:
    """Let a reader look all the time, in each way in a thread of its own.

    What is yielded raises what one of them came upon, as does the end.
    """
    is_over = threading.Event()
    found: list[BaseException] = []

    def look(way: Way) -> None:
        while not is_over.is_set() and not found:
            try:
                reader.look(way)
            except BaseException as error:
                found.append(error)
            is_over.wait(LOOK_EVERY_S)

    def check() -> None:
        if found:
            raise AssertionError(f"a reader: {found[0]!r}") from found[0]

    threads = [threading.Thread(target=look, args=(way,)) for way in reader.ways()]
    for thread in threads:
        thread.start()
    try:
        yield check
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    check()


def live_through(folder: Path, seed: int, kills: int) -> tuple[JobOrdeal, Reader]:
    """Kill, read, compare. Raises AssertionError that names the seed."""
    folder.mkdir(exist_ok=True)
    with servers() as found:
        ordeal, reader = JobOrdeal(folder, seed, kills, found), Reader(folder, found)
        try:
            asyncio.run(ordeal.live_through(reader))
            assert {run.outcome for run in ordeal.runs()} == {"SUCCEEDED"}, ordeal.story()
            reader.check(ordeal.batches)
            assert not alive_in(folder), alive_in(folder)
        except BaseException as error:
            again = f"python -m tests.end_to_end.kill_jobs --kills {kills} --seed {seed}"
            raise AssertionError(f"{error}\nmoments drawn again by: {again}") from error
    return ordeal, reader


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.end_to_end.kill_jobs", description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="how often the job of one project is killed")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        ordeal, reader = live_through(Path(folder), options.seed, options.kills)
    kinds = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in sorted(ordeal.killed.items()))
    print(
        f"seed {options.seed}: {options.kills} kills ({kinds}), {ordeal.batches} runs, {time.monotonic() - begun:.1f} s"
    )
    print(f"seen whole: {dict(reader.looks)}; replaced while they were read: {dict(reader.missed)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
