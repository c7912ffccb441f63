"""Kills the engine of a working project at random moments, over and over, and looks at what became of the data.

`python -m tests.end_to_end.kill --kills 50 --seed 7` hunts; `test_engine_killed.py` does the same in the suite. The
seed gives the moments that are drawn, not the machine's own timing: a second go with it is like, not equal.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from glue_tui.catalog.read import Catalog
from glue_tui.client.find import state_db
from glue_tui.client.launch import connect, start_engine
from glue_tui.core.problem import EngineUnavailable
from tests.end_to_end.kill_project import deliver, make_project, rows_written
from tests.end_to_end.killed_project import KilledProject, alive_in, compare

STARTUP_S = 0.45
"""About how long an engine takes until it answers, here."""
WORK_S = 0.9
"""Most of a run."""
PUBLICATION_S = 0.05
PUBLICATION_POLLS_MAX = 450
CALM_KILLS = 8
"""After so many kills one engine ends as asked: until then a crash loop is held, and files wait (see README)."""


class Ordeal(KilledProject):
    """One project and the kills that it has to stand."""

    workflow = "nightly"

    def __init__(self, folder: Path, seed: int, kills: int) -> None:
        super().__init__(folder, seed, kills)
        self.files: list[str] = []

    async def live_through(self) -> None:
        """Kill until no kill is left, let everything come to its end, and stop the engine as a user does."""
        make_project(self.folder)
        await self._ask_for_a_run()
        while self.kills_left:
            moment = self.random.choice(self._moments())
            await self._until_it_is_survivable(workers_lost=2 if moment == self.after_its_workers else 1)
            if self.kills_left % CALM_KILLS == 0:
                await self._come_to_rest()
            if not self._unfinished("nightly"):
                await self._ask_for_a_run()
            if self.random.random() < 0.4:
                self.files.append(deliver(self.folder, len(self.files)))
            await moment()
            self.killed[moment.__name__] += 1
            self.kills_left -= 1
        await self._come_to_rest()  # What was held goes on.
        await self._ask_for_a_run()  # It clears away what kills have left beside the tables.
        await self._until(lambda: not self._unfinished() and self._has_taken_all(), "all runs are over")
        await self._stop()

    # Moments

    def _moments(self) -> list[Callable[[], object]]:
        return [
            self.while_it_starts,
            self.while_it_works,
            self.while_it_publishes,
            self.while_it_publishes,
            self.while_it_is_asked,
            self.after_its_workers,
        ]

    async def while_it_starts(self) -> None:
        """At any time between its first instruction and its first workers."""
        if self._engine() is not None:
            self._kill(self._engine())
        engine = start_engine(self.folder)
        await asyncio.sleep(self.random.uniform(0, STARTUP_S))
        self._kill(psutil.Process(engine.pid) if engine.poll() is None else None)

    async def while_it_works(self) -> None:
        await self._start_unless_it_runs()
        await asyncio.sleep(self.random.uniform(0, WORK_S))
        self._kill(self._engine())

    async def while_it_publishes(self) -> None:
        """Within moments after a job has begun to stage files."""
        await self._start_unless_it_runs()
        known = self._staged()
        for _ in range(PUBLICATION_POLLS_MAX):
            if self._staged() - known:
                break
            await asyncio.sleep(0.002)
        await asyncio.sleep(self.random.uniform(0, PUBLICATION_S))
        self._kill(self._engine())

    async def while_it_is_asked(self) -> None:
        """While a request to start a run is on its way; it is sent again to the next engine under the same id."""
        self.batches += 1
        client = await self._connected()
        asking = asyncio.create_task(self._start(client, self.batches))
        await asyncio.sleep(self.random.uniform(0, 0.02))
        self._kill(self._engine())
        with suppress(EngineUnavailable):
            await asking
        await client.close()
        await self._ask(self.batches)

    async def after_its_workers(self) -> None:
        """A worker or the process that starts them is killed first, and the engine a moment later."""
        await self._start_unless_it_runs()
        await asyncio.sleep(self.random.uniform(0, WORK_S / 2))
        engine = self._engine()
        victims = engine.children(recursive=True) if engine is not None else []
        if victims:
            with suppress(psutil.NoSuchProcess):
                self.random.choice(victims).kill()
        await asyncio.sleep(self.random.uniform(0, WORK_S / 2))
        self._kill(engine)

    def _staged(self) -> set[Path]:
        return set((self.folder / "out").glob(".*"))

    # What the state says

    def _has_taken_all(self) -> bool:
        return set(self.files) <= {file for run in self.runs("arrivals") for file in run.event_files}

    # What must hold afterwards

    def check(self, undisturbed: Path) -> None:
        """Compare with a project on which the same was done in peace. Raises AssertionError."""
        runs = self.runs()
        assert {run.outcome for run in runs} == {"SUCCEEDED"}, self.story()
        assert len({run.number for run in runs}) == len({run.run_id for run in runs}) == len(runs)
        asked = sorted(self._batch_of(run) for run in self.runs("nightly"))
        assert asked == list(range(1, self.batches + 1)), asked
        taken = Counter(file for run in self.runs("arrivals") for file in run.event_files)
        assert taken == Counter(self.files)
        assert not (self.folder / "alarm").exists()

        written, wanted = rows_written(self.folder), rows_written(undisturbed)
        for name, rows in wanted.items():
            compare(name, Counter(written[name]), Counter(rows))
        self._check_catalog()
        left = [path for path in self.folder.rglob("*") if ".tmp" in path.name or path.name.startswith(".glue_tui_")]
        assert not left, left
        alive = alive_in(self.folder)
        assert not alive, alive

    def _check_catalog(self) -> None:
        catalog = Catalog.open(state_db(self.folder))
        for entry, files in (catalog.contents(one.full_name) for one in catalog.tables()):
            location = self.folder / entry.table.location
            on_disk = {str(path.relative_to(self.folder)) for path in location.rglob("*") if path.is_file()}
            assert {file.path for file in files} == on_disk, entry.full_name


async def in_peace(folder: Path, batches: int, files: int) -> None:
    """Do the same work with an engine that nobody disturbs."""
    calm = Ordeal(folder, seed=0, kills=0)
    make_project(folder)
    client = await connect(folder)
    for batch in range(1, batches + 1):
        await calm._start(client, batch)
    calm.files = [deliver(folder, number) for number in range(files)]
    await client.close()
    await calm._until(lambda: not calm._unfinished() and calm._has_taken_all(), "the undisturbed runs are over")
    await calm._stop()


def live_through(folder: Path, seed: int, kills: int) -> Ordeal:
    """Kill, do the same in peace, compare. Raises AssertionError that names the seed."""
    (folder / "killed").mkdir(parents=True)
    ordeal = Ordeal(folder / "killed", seed, kills)
    try:
        asyncio.run(ordeal.live_through())
        asyncio.run(in_peace(folder / "calm", ordeal.batches, len(ordeal.files)))
        ordeal.check(folder / "calm")
    except BaseException as error:
        again = f"python -m tests.end_to_end.kill --kills {kills} --seed {seed}"
        raise AssertionError(f"{error}\nmoments drawn again by: {again}") from error
    return ordeal


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.end_to_end.kill", description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="how often the engine of one project is killed")
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--seeds", type=int, default=1, help="how many, each with a project of its own")
    options = parser.parse_args()
    for seed in range(options.seed, options.seed + options.seeds):
        begun = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            ordeal = live_through(Path(folder), seed, options.kills)
        kinds = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in sorted(ordeal.killed.items()))
        held = f"{ordeal.batches} runs by hand, {len(ordeal.files)} files"
        print(f"seed {seed}: {options.kills} kills ({kinds}), {held}, {time.monotonic() - begun:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
