"""Hints that a definition file may have changed, from the operating system. Looks say what is so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import watchfiles

from glue_tui.engine.file_signs import Folders

STEP_MS = 100
"""A hint comes once nothing more happened for so long …"""
DEBOUNCE_MS = 200
"""… or at the most after so long."""
RESTART_PAUSE_S = 1.0


class DefinitionHints:
    """Watches the folders of given files, and not what lies below: data may lie there."""

    def __init__(self, hint: Callable[[], None], note: Callable[[str], None]) -> None:
        self._hint = hint
        self._note = note
        self._folders: Folders = frozenset()
        self._moved = asyncio.Event()

    def watch(self, folders: Folders) -> None:
        """Watch these folders from now on, anew where one was replaced by another of its name."""
        if folders != self._folders:
            self._folders = folders
            self._moved.set()

    async def run(self) -> None:
        """Give hints until cancelled, also each time that other folders are watched: something may have slipped."""
        while True:
            self._moved.clear()
            try:
                await self._watch([folder for folder, _ in self._folders])
            except Exception as error:
                # Whatever the system's watching stumbles over: the engine looks from time to time by itself.
                self._note(f"watching the workflow files failed: {type(error).__name__}: {error}; trying again")
                await asyncio.sleep(RESTART_PAUSE_S)

    async def _watch(self, folders: list[Path]) -> None:
        changes = watchfiles.awatch(
            *folders,
            watch_filter=None,
            recursive=False,
            step=STEP_MS,
            debounce=DEBOUNCE_MS,
            stop_event=self._moved,
        )
        # The first step of the generator begins to watch: what happened before that is seen by the look hinted at.
        asyncio.get_running_loop().call_soon(self._hint)
        async for _ in changes:
            self._hint()
