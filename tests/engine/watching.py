"""Real watching without workers: a scout on real folders, and a kernel that makes runs of what it sees."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from glue_tui.core.events import StartCause
from glue_tui.core.job import Job, SqlWork
from glue_tui.core.model import Action, FileWatch, RunId, Trigger, Workflow, job_id
from glue_tui.core.states import TriggerType
from glue_tui.engine.inputs import DefinitionsLoaded, FolderScanned
from glue_tui.engine.kernel import Kernel
from glue_tui.engine.scout import Scout
from glue_tui.engine.watcher import Watcher
from glue_tui.store.database import migrate, open_database
from glue_tui.store.event_log import MIGRATIONS

DEADLINE_S = 20.0
KEY = ("w", "files")


class Watching:
    """One EVENT trigger that starts a run for every file."""

    def __init__(self, folder: Path, watch: FileWatch) -> None:
        self.folder = folder
        self.log: list[str] = []
        self.looks: list[FolderScanned] = []
        self.fired: list[StartCause] = []
        self._conn = open_database(folder / "state.db")
        migrate(self._conn, "runs", MIGRATIONS)
        ids = count()
        self.kernel = Kernel(conn=self._conn, slots=1, new_run_id=lambda: RunId(f"wr_{next(ids)}_{time.time_ns()}"))
        self.kernel.open()
        self.watcher = Watcher(self.log.append, is_deep=False)
        self.scout = Scout(
            folder, folder / "state.db", self.kernel, self.watcher, self._give, lambda _: None, self.log.append
        )
        self.load(watch)

    def load(self, watch: FileWatch) -> None:
        """Put a definition into force."""
        work = Job(name="work", work=SqlWork(query="SELECT 1"))
        trigger = Trigger(name="files", type=TriggerType.EVENT, actions=(Action(node_id=job_id("work")),), watch=watch)
        workflow = Workflow(name="w", source="workflows/w.toml", triggers=(trigger,), jobs=(work,))
        self.kernel.step([DefinitionsLoaded(workflows=(workflow,))], time.time())

    @property
    def files(self) -> list[str]:
        """The files of all batches so far, sorted."""
        return sorted(path for cause in self.fired for path in cause.files)

    @property
    def deleted(self) -> list[str]:
        return sorted(path for cause in self.fired for path in cause.deleted_files)

    @property
    def settling(self) -> int:
        inbox = self.kernel.inboxes.of(KEY)
        return inbox.settling_count if inbox is not None else 0

    @property
    def notes(self) -> tuple[str, ...]:
        return self.scout.notes(KEY)

    def is_open(self, path: str) -> bool:
        """Tell whether some look found a file open for writing."""
        return any(fact.is_open for look in self.looks for fact in look.files if fact.path == path)

    async def until(self, is_so: Callable[[], object], why: str = "") -> None:
        """Wait until something is true; fail after the deadline."""
        end = time.monotonic() + DEADLINE_S
        while not is_so():
            assert time.monotonic() < end, f"{why}: {len(self.files)}: {self.files[-20:]} {self.notes} {self.log}"
            await asyncio.sleep(0.005)

    async def sees(self, *files: str) -> None:
        """Wait until just these files have been in batches, each once."""
        await self.until(lambda: self.files == sorted(files), f"waited for {len(files)}: {files[:20]}")

    async def _give(self, scan: FolderScanned) -> None:
        self.looks.append(scan)
        step = self.kernel.step([scan], time.time())
        self.fired += [run.cause for before, run in step.changed if before is None]
        self.scout.schedule_looks()

    def close(self) -> None:
        self._conn.close()


def watch_files(
    folder: Path,
    patterns: tuple[str, ...],
    story: Callable[[Watching], Awaitable[None]],
    **how: Any,
) -> None:
    """Let a story happen in folders that are watched; `how` is what else stands in the trigger's FileWatch."""

    async def tell() -> None:
        watch = FileWatch(patterns=patterns, **{"settle_s": 0.1, **how})
        with _closing(Watching(folder, watch)) as watching:
            task = asyncio.gather(watching.watcher.run(), watching.scout.run())
            await watching.scout.look_now()
            try:
                async with asyncio.timeout(90):
                    await story(watching)
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            assert not any("could not look" in line for line in watching.log), watching.log

    asyncio.run(tell())


@contextmanager
def _closing(watching: Watching) -> Iterator[Watching]:
    try:
        yield watching
    finally:
        watching.close()
