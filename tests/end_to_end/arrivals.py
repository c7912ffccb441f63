"""Files arrive in every way there is while the engine is killed and stopped; then every batch is judged.

`python -m tests.end_to_end.arrivals --seeds 10` hunts, `--long` with bursts of 10,000 files within a second;
`test_arrivals_survive.py` does a short one in the suite. The seed gives what the writers do and the moments that are
drawn, not the machine's own timing: a second go with it is like, not equal.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psutil

from glue_tui.client.find import engine_log, is_lock_held, read_engine_file, state_db
from glue_tui.client.launch import connect, start_engine
from glue_tui.client.socket import SocketClient
from glue_tui.store.history import open_history
from tests.end_to_end.arrivals_check import Found, Run, violations
from tests.end_to_end.arrivals_project import SEEN, TRIGGERS, make_project
from tests.end_to_end.arrivals_writers import WAYS, WROTE, Deed

ROOT = Path(__file__).parents[2]
DEADLINE_S = 90.0
RUNS_MAX = 1_000_000
STARTUP_S = 0.5
"""About how long an engine takes until it answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How much of it."""

    span_s: float
    """So long the writers begin new files."""
    writers: int
    """Of each kind."""
    burst_files: int
    kills: int
    """Ends of the engine, spread over the span; a quarter of them as asked."""
    drain_s: float = DEADLINE_S
    """After the last writer's end everything must have come to its batch within so long."""


SHORT = Trial(span_s=5, writers=1, burst_files=200, kills=4)
MIDDLE = Trial(span_s=20, writers=2, burst_files=1_000, kills=16)
LONG = Trial(span_s=60, writers=3, burst_files=10_000, kills=30, drain_s=600)


class Ordeal:
    """One project, its writers, and the ends of its engines."""

    def __init__(self, folder: Path, seed: int, trial: Trial) -> None:
        self.folder = folder
        self.seed = seed
        self.trial = trial
        self.random = random.Random(seed)
        self.ended: Counter[str] = Counter()

    async def live_through(self) -> None:
        """Let writers write and engines end until the writers are done; then wait for everything, and stop."""
        make_project(self.folder)
        (self.folder / WROTE).mkdir()
        await (await self._connected()).close()
        writers = self._writers()
        try:
            await self._end_engines(writers)
            for one in writers:
                await self._until(lambda one=one: one.poll() is not None, "a writer ends", self.trial.drain_s * 2)
        finally:
            for writer in writers:
                writer.kill()
                writer.wait()
        assert not any(writer.returncode for writer in writers), self._errors()
        client = await self._connected()
        await self._until(self._is_done, "all has come to its batch", self.trial.drain_s)
        await client.close()
        await self._stop()

    def _writers(self) -> list[subprocess.Popen[bytes]]:
        """Start them. They are ended by their ids where anything goes wrong."""
        writers = []
        for kind in (*WAYS, "burst"):
            for number in range(self.trial.writers if kind != "burst" else 1):
                size = self.trial.span_s, self.trial.burst_files, self.trial.drain_s
                words = (self.folder, kind, self.seed, number, *size)
                command = [sys.executable, "-m", "tests.end_to_end.arrivals_writers", *map(str, words)]
                with open(self.folder / WROTE / f"{kind}-{number}.err", "wb") as err:
                    writers.append(subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stderr=err))
        return writers

    def _errors(self) -> str:
        return "\n".join(path.read_text() for path in sorted((self.folder / WROTE).glob("*.err")))

    # The engine

    async def _end_engines(self, writers: list[subprocess.Popen[bytes]]) -> None:
        gap_s = 2 * self.trial.span_s / self.trial.kills
        while sum(self.ended.values()) < self.trial.kills and any(writer.poll() is None for writer in writers):
            moment = self.random.choice((self._kill_at_work, self._kill_at_work, self._kill_at_start, self._stop))
            await asyncio.sleep(self.random.uniform(0, gap_s))
            await moment()
            self.ended[moment.__name__.strip("_")] += 1
            await asyncio.sleep(self.random.choice((0.0, self.random.uniform(0, gap_s / 2))))
            await (await self._connected()).close()

    async def _kill_at_work(self) -> None:
        self._kill(self._engine())

    async def _kill_at_start(self) -> None:
        """While it looks for what came meanwhile."""
        self._kill(self._engine())
        engine = start_engine(self.folder)
        await asyncio.sleep(self.random.uniform(0, STARTUP_S))
        self._kill(psutil.Process(engine.pid))

    async def _stop(self) -> None:
        client = await self._connected()
        engine = self._engine()
        await client.stop_engine()
        await client.close()
        if engine is not None:
            engine.wait(DEADLINE_S)

    def _engine(self) -> psutil.Process:
        file = read_engine_file(self.folder)
        assert file is not None
        return psutil.Process(file.pid)

    def leave_nothing(self) -> None:
        """End an engine that a failure has left behind."""
        if is_lock_held(self.folder):
            self._kill(self._engine())

    def _kill(self, engine: psutil.Process) -> None:
        assert engine.is_running(), f"the engine ended by itself\n{engine_log(self.folder).read_text()[-5000:]}"
        engine.kill()
        engine.wait(DEADLINE_S)

    async def _connected(self) -> SocketClient:
        """Return a client of the engine; one that holds files back after its crashes is told to go on."""
        client = await connect(self.folder, timeout_s=DEADLINE_S)
        if (await client.project()).engine.is_held:
            await client.release_engine()
        return client

    async def _until(self, what: Callable[[], bool], why: str, deadline_s: float) -> None:
        end = time.monotonic() + deadline_s
        while not what():
            assert time.monotonic() < end, f"waited {deadline_s} s in vain until {why}\n{self.report()}"
            await asyncio.sleep(0.1)

    # What came of it

    def runs(self) -> list[Run]:
        seen: dict[str, Path] = {}
        for path in sorted((self.folder / SEEN).iterdir()):
            seen.setdefault(path.name.partition(".")[0], path)  # What the first attempt found.
        with closing(open_history(state_db(self.folder))) as history:
            return [
                Run(
                    number=one.number,
                    trigger=one.trigger,
                    at=one.queued_at,
                    fired_by=(cause := history.core_run(one.run_id).cause).fired_by,
                    files=cause.files,
                    deleted_files=cause.deleted_files,
                    found=_found(seen.get(one.run_id)),
                )
                for one in history.runs(limit=RUNS_MAX)
            ]

    def deeds(self) -> list[Deed]:
        logs = sorted((self.folder / WROTE).glob("*.jsonl"))
        return [Deed(**json.loads(one)) for log in logs for one in log.read_text().splitlines()]

    def violations(self) -> list[str]:
        return list(violations(self.deeds(), self.runs(), TRIGGERS))

    def report(self) -> str:
        broken = self.violations()
        return "\n".join([f"{len(broken)} violations", *broken[:20]])

    def _is_done(self) -> bool:
        with closing(open_history(state_db(self.folder))) as history:
            if any(not run.outcome for run in history.runs(limit=RUNS_MAX)):
                return False
        return not any("is in no batch" in one for one in self.violations())

    def check(self) -> None:
        """Raises AssertionError with what does not hold."""
        broken = self.violations()
        assert not broken, self.report()
        assert not is_lock_held(self.folder), "an engine still runs"


def live_through(folder: Path, seed: int, trial: Trial) -> Ordeal:
    """Write, end engines, judge. Raises AssertionError that names the seed."""
    ordeal = Ordeal(folder, seed, trial)
    try:
        asyncio.run(ordeal.live_through())
        ordeal.check()
    except BaseException as error:
        raise AssertionError(f"{error}\ndrawn again by: python -m tests.end_to_end.arrivals --seed {seed}") from error
    finally:
        ordeal.leave_nothing()
    return ordeal


def _found(path: Path | None) -> dict[str, Found] | None:
    if path is None:
        return None
    found = json.loads(path.read_text())
    return {one["path"]: Found(version=one["version"], mtime_ns=one["mtime_ns"]) for one in found}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.end_to_end.arrivals", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--seeds", type=int, default=1, help="how many, each with a project of its own")
    parser.add_argument("--short", action="store_const", const=SHORT, dest="trial", help="as in the suite")
    parser.add_argument("--long", action="store_const", const=LONG, dest="trial", help="a minute each, large bursts")
    parser.add_argument("--keep", type=Path, help="leave the projects there")
    parser.set_defaults(trial=MIDDLE)
    options = parser.parse_args()
    failed = 0
    for seed in range(options.seed, options.seed + options.seeds):
        begun = time.monotonic()
        with tempfile.TemporaryDirectory() as passing:
            try:
                ordeal = live_through((options.keep or Path(passing)) / f"seed-{seed}", seed, options.trial)
            except AssertionError as error:
                failed += 1
                print(f"seed {seed}: {error}", flush=True)
                continue
            ended = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in sorted(ordeal.ended.items()))
            runs, deeds = ordeal.runs(), ordeal.deeds()
            batches = ", ".join(
                f"{name} {count}" for name, count in sorted(Counter(run.trigger for run in runs).items())
            )
        print(f"seed {seed}: {len(deeds)} deeds; {ended}; {batches}; {time.monotonic() - begun:.1f} s", flush=True)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
