"""Looks after files: an eye for each EVENT trigger, and the watchers that tell the eyes where to look."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from glue_tui.core.model import FileWatch
from glue_tui.engine.batch import TriggerKey
from glue_tui.engine.eye import Eye, World
from glue_tui.engine.folders import Area, file_name
from glue_tui.engine.inputs import FolderScanned
from glue_tui.engine.kernel import Kernel
from glue_tui.engine.looks import Watched
from glue_tui.engine.watcher import Hints, Watcher

THREADS = 8
"""Looks at a time: one that hangs in a network's folder keeps no other from looking."""

FIRST_LOOKS_S = 10.0
"""An engine that starts waits for its first looks no longer: a network's folder may answer never, and whoever has
started the engine waits for that."""


@dataclass(slots=True)
class _Following:
    watch: FileWatch
    eye: Eye
    task: asyncio.Task[None]


class Scout:
    def __init__(
        self,
        project_dir: Path,
        state_db: Path,
        kernel: Kernel,
        flat: Watcher,
        give: Callable[[FolderScanned], Awaitable[object]],
        notes_changed: Callable[[TriggerKey], None],
        note: Callable[[str], None],
    ) -> None:
        self._project_dir = str(project_dir)
        self._state_db = state_db
        self._kernel = kernel
        self._note = note
        self._following: dict[TriggerKey, _Following] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._is_running = asyncio.Event()
        self._deep = Watcher(note, is_deep=True)
        self._flat = flat
        """For folders below which nothing is of interest, however much lies there."""
        self._deep_share = self._deep.share(self._hinted, self._watching_changed)
        self._flat_share = self._flat.share(self._hinted, self._watching_changed)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="look")
        self._world = World(
            threads=self._threads,
            give=give,
            settling=self._settling,
            settles_at=self._settles_at,
            is_watched=self._is_watched,
            places_changed=self._watch,
            regained=self._deep.begin_anew,
            notes_changed=notes_changed,
            note=note,
        )

    async def run(self) -> None:
        """Watch until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                tasks.create_task(self._deep.run())
                self.follow()
                self._is_running.set()
                await asyncio.Event().wait()
        finally:
            self._tasks = None
            self._threads.shutdown(wait=False, cancel_futures=True)

    def follow(self) -> None:
        """Watch what the triggers in force watch, and nothing else, from now on."""
        if self._tasks is None:
            return
        wanted = {
            (workflow.name, trigger.name): trigger.watch
            for workflow in self._kernel.workflows.values()
            for trigger in workflow.triggers
            if trigger.watch is not None
        }
        for key, one in list(self._following.items()):
            if _how(wanted.get(key)) != _how(one.watch):
                one.task.cancel()
                del self._following[key]
        for key, watch in wanted.items():
            if key not in self._following:
                area = Area(self._project_dir, watch.patterns)
                watched = Watched(key=key, area=area, settle_s=watch.settle_s, state_db=self._state_db)
                eye = Eye(watched, watch.poll_s, self._world)
                self._following[key] = _Following(watch=watch, eye=eye, task=self._tasks.create_task(eye.run()))
        self._watch()

    async def look_now(self) -> None:
        """Let everything be looked at before returning: what lands from here on is new, not part of what was there."""
        await self._is_running.wait()
        try:
            async with asyncio.timeout(FIRST_LOOKS_S):
                for one in list(self._following.values()):
                    await one.eye.has_looked.wait()
        except TimeoutError:
            late = [" ".join(key) for key, one in self._following.items() if not one.eye.has_looked.is_set()]
            self._note(f"{', '.join(late)}: the first look at the files takes longer than {FIRST_LOOKS_S:g} s")

    def schedule_looks(self) -> None:
        """Look again when a file that is settling may have settled."""
        for key, at in self._kernel.scans_due(time.time()):
            inbox = self._kernel.inboxes.of(key)
            # One that has not looked at everything yet is about to: its eye begins with that.
            if key in self._following and inbox is not None and not inbox.must_look:
                self._following[key].eye.look_again_at(at)

    def notes(self, key: TriggerKey) -> tuple[str, ...]:
        """Return what keeps a trigger from seeing its files as usual, in words."""
        return self._following[key].eye.notes if key in self._following else ()

    def _settling(self, key: TriggerKey) -> tuple[str, ...]:
        inbox = self._kernel.inboxes.of(key)
        return inbox.to_look_at(time.time()) if inbox is not None else ()

    def _settles_at(self, key: TriggerKey) -> float | None:
        inbox = self._kernel.inboxes.of(key)
        return inbox.look_again_at if inbox is not None and not inbox.must_look else None

    async def _is_watched(self) -> None:
        await self._deep.caught_up()
        await self._flat.caught_up()

    def _watch(self) -> None:
        """Let the watchers watch the folders that the eyes look at."""
        deep: set[str] = set()
        flat: set[str] = set()
        for one in self._following.values():
            for folder, is_deep in one.eye.folders():
                (deep if is_deep else flat).add(folder)
        self._deep_share.watch(deep)
        self._flat_share.watch(flat)

    def _hinted(self, hints: Hints) -> None:
        by_folder: dict[str, list[str]] = {}
        for path in hints.paths:
            folder, _, name = path.rpartition("/")
            by_folder.setdefault(folder, []).append(name)
        # Where a folder really lies is asked once, whatever happens in it.
        really = {folder: os.path.realpath(folder) for folder in by_folder}
        for one in self._following.values():
            if hints.is_all or any(one.eye.places.starts_at(path) for path in hints.paths):
                one.eye.look_everywhere(is_urgent=not hints.is_lost)
            paths: set[str] = set()
            renamed: set[str] = set()
            for folder, names in by_folder.items():
                for shown in one.eye.places.names_of(really[folder]):
                    paths.update(file_name(shown, name) for name in names)
                    renamed.update(file_name(shown, name) for name in names if f"{folder}/{name}" in hints.renamed)
            if paths:
                one.eye.hinted(paths, renamed)

    def _watching_changed(self) -> None:
        """A watcher has begun anew: say to the eyes what it can't watch."""
        for one in self._following.values():
            watchers = ((self._deep if is_deep else self._flat, folder) for folder, is_deep in one.eye.folders())
            reasons = (watcher.unwatched.get(folder, "") for watcher, folder in watchers)
            one.eye.polls_because(next(filter(None, reasons), ""))


def _how(watch: FileWatch | None) -> tuple[object, ...] | None:
    """Return what of a watch concerns its eye."""
    return None if watch is None else (watch.patterns, watch.settle_s, watch.poll_s)
