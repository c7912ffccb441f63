"""Hints that files changed, from the operating system. A hint only says where to look; scans say what is there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import watchfiles

STEP_MS = 40
"""Changes are gathered until nothing more comes for so long …"""
DEBOUNCE_MS = 200
"""… or at the most for so long."""
RESTART_PAUSE_S = 1.0


class Watcher:
    """Watches folders for the engine; which ones may change while it runs."""

    def __init__(self, hint: Callable[[frozenset[Path]], None], note: Callable[[str], None]) -> None:
        self._hint = hint
        self._note = note
        self._folders: frozenset[Path] = frozenset()
        self._changed = asyncio.Event()

    def watch(self, folders: frozenset[Path]) -> None:
        """Watch exactly these folders from now on. One that does not exist yet is waited for above it."""
        if folders != self._folders:
            self._folders = folders
            self._changed.set()

    async def run(self) -> None:
        """Give hints until cancelled. After a restart every folder is hinted at: something may have slipped."""
        while True:
            self._changed.clear()
            folders = self._folders
            try:
                if folders:
                    await self._watch(folders)
                else:
                    await self._changed.wait()
            except Exception as error:
                # Whatever the system's watching stumbles over (a name that is no UTF-8 ends it): scans find the files.
                self._note(f"watching {', '.join(map(str, sorted(folders)))} failed: {_cause(error)}; trying again")
                await asyncio.sleep(RESTART_PAUSE_S)
            self._hint(self._folders)

    async def _watch(self, folders: frozenset[Path]) -> None:
        roots = {nearest_existing(folder) for folder in folders}
        prefixes = tuple(str(folder) for folder in folders)

        def concerns(_: watchfiles.Change, path: str) -> bool:
            return any(path.startswith(prefix) or prefix.startswith(path) for prefix in prefixes)

        async for changes in watchfiles.awatch(
            *roots, watch_filter=concerns, step=STEP_MS, debounce=DEBOUNCE_MS, stop_event=self._changed
        ):
            self._hint(frozenset(Path(path) for _, path in changes))
            if any(nearest_existing(folder) not in roots for folder in folders):
                return  # A folder has come or gone: watch it itself, or what is above it.


def nearest_existing(folder: Path) -> Path:
    """Return the folder itself, or the first one above it that exists."""
    while not folder.is_dir():
        folder = folder.parent
    return folder


def _cause(error: BaseException) -> str:
    """Return what is at the bottom of a group of errors."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"
