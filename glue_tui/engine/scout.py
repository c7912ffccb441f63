"""Looks after files: turns hints into scans of watched folders, and looks again in time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from glue_tui.core.globs import fixed_folder
from glue_tui.definitions.project import STATE_FOLDER
from glue_tui.engine.batch import TriggerKey
from glue_tui.engine.folders import FILES_MAX, Scan, scan
from glue_tui.engine.inputs import FolderScanned
from glue_tui.engine.kernel import Kernel
from glue_tui.engine.watcher import Watcher
from glue_tui.store.database import open_readonly
from glue_tui.store.seen_files import missing

RESCAN_S = 300.0
"""Watched folders are scanned at least so often, for changes of which no hint came."""


class Scout:
    def __init__(
        self,
        project_dir: Path,
        kernel: Kernel,
        put: Callable[[FolderScanned], None],
        note: Callable[[str], None],
    ) -> None:
        self._project_dir = project_dir
        self._kernel = kernel
        self._put = put
        self._note = note
        self._watcher = Watcher(self._hinted, note)
        self._tasks: asyncio.TaskGroup | None = None
        self._scanning: set[TriggerKey] = set()
        self._scan_again: set[TriggerKey] = set()
        self._looks: dict[TriggerKey, asyncio.TimerHandle] = {}

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            tasks.create_task(self._watcher.run())
            while True:
                self.look_everywhere()
                await asyncio.sleep(RESCAN_S)

    def look_everywhere(self) -> None:
        """Scan every watched folder, and watch just those from now on."""
        folders = self._watched_folders()
        every = {folder for some in folders.values() for folder in some}
        self._watcher.watch(frozenset(every))
        for key in folders:
            self._scan_soon(key)

    async def look_now(self) -> None:
        """Scan every watched folder before returning: what lands from here on is new, not part of what was there."""
        for key in self._watched_folders():
            await self._scan(key)

    def schedule_looks(self) -> None:
        """Look again when a file that is settling may have settled."""
        now = time.time()
        loop = asyncio.get_running_loop()
        for key, at in self._kernel.scans_due(now):
            if key not in self._looks and key not in self._scanning:
                self._looks[key] = loop.call_later(max(at - now, 0.0), self._look, key)

    def _look(self, key: TriggerKey) -> None:
        self._looks.pop(key, None)
        self._scan_soon(key)

    def _hinted(self, paths: frozenset[Path]) -> None:
        for key, folders in self._watched_folders().items():
            if any(_touches(path, folder) for path in paths for folder in folders):
                self._scan_soon(key)

    def _watched_folders(self) -> dict[TriggerKey, frozenset[Path]]:
        return {
            (workflow.name, trigger.name): frozenset(
                self._project_dir / fixed_folder(pattern) for pattern in trigger.watch.patterns
            )
            for workflow in self._kernel.workflows.values()
            for trigger in workflow.triggers
            if trigger.watch is not None
        }

    def _scan_soon(self, key: TriggerKey) -> None:
        """Scan a trigger's folders now, or once more if a scan is under way: it may have passed the place already."""
        if self._tasks is None:
            return
        if key in self._scanning:
            self._scan_again.add(key)
            return
        self._scanning.add(key)
        self._tasks.create_task(self._scan(key))

    async def _scan(self, key: TriggerKey) -> None:
        workflow = self._kernel.workflows.get(key[0])
        trigger = workflow.trigger(key[1]) if workflow else None
        if trigger is not None and trigger.watch is not None:
            patterns, at = trigger.watch.patterns, time.time()
            seen = await asyncio.to_thread(scan, self._project_dir, patterns)
            gone = await asyncio.to_thread(self._missing, key, seen)
            for folder in seen.unreadable:
                why = f" whole, there are more than {FILES_MAX:,} files" if seen.is_full else ""
                self._note(f"{key[0]}: {key[1]} can't look into {folder}{why}; what it knew of its files stays")
            self._put(
                FolderScanned(
                    workflow=key[0],
                    trigger=key[1],
                    patterns=patterns,
                    files=seen.files,
                    gone=gone,
                    is_whole=True,
                    unreadable=seen.unreadable,
                    at=at,
                )
            )
        self._scanning.discard(key)
        if key in self._scan_again:
            self._scan_again.discard(key)
            self._scan_soon(key)

    def _missing(self, key: TriggerKey, seen: Scan) -> tuple[str, ...]:
        conn = open_readonly(self._project_dir / STATE_FOLDER / "state.db")
        if conn is None:
            return ()
        with closing(conn):
            return missing(conn, *key, {one.path for one in seen.files}, seen.unreadable)


def _touches(path: Path, folder: Path) -> bool:
    """Tell whether a change of `path` may be one of or below `folder`."""
    return path == folder or folder in path.parents or path in folder.parents
