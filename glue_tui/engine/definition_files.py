"""Definition files on disk, and what of them is in force: follows every way of saving them, and puts a new state into
force whole. Nothing here decides what a file means.

A file that changed counts once it has held still. One that now says less than before is half written more often than
meant: it has to hold for longer, so that no trigger goes for a moment only. Watching gives hints; looks say what is so.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from glue_tui.core.problem import EngineUnavailable, GlueTuiError
from glue_tui.definitions.project import WORKFLOWS_FOLDER, DefinitionSet, listed_files
from glue_tui.engine.file_signs import Sign, age_s, folders_of, sign_of
from glue_tui.engine.open_files import is_open_for_writing
from glue_tui.engine.watcher import Hints, Watcher

HOLD_S = 0.1
"""A file that changed counts once nothing of it has changed for so long …"""
HOLD_LESS_S = 0.3
"""… and for so long if it says less than before: gone, with mistakes, or short of a trigger."""
WAIT_MAX_S = 1.0
"""Files that never hold still, or that somebody has open for writing, are waited for so long; one that says less while
it changes stays as it was."""
LOOK_EVERY_S = 5.0
"""For changes of which no hint came, as in a network's folders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The files as they were at one moment."""

    signs: dict[Path, Sign]
    fresh: DefinitionSet
    is_torn: bool
    """Something changed while they were read."""
    ages_s: dict[Path, float] = field(default_factory=dict)
    """Of files that differ from what is in force: how long ago they changed."""
    being_written: frozenset[Path] = frozenset()
    """Files that changed and that somebody has open for writing, as far as the system tells."""


class DefinitionFiles:
    def __init__(
        self,
        project_dir: Path,
        in_force: DefinitionSet,
        watcher: Watcher,
        put_into_force: Callable[[DefinitionSet, DefinitionSet], Awaitable[None]],
        note: Callable[[str], None],
    ) -> None:
        self.in_force = in_force
        self._project_dir = project_dir.resolve()
        self._put_into_force = put_into_force
        """Is given what was in force and what is to be."""
        self._note = note
        self._known: dict[Path, Sign] = {}
        """The signs of the files as they are in force."""
        self._held_since: dict[Path, tuple[Sign | None, float]] = {}
        """What was last seen of files that differ from that, and since when they are so."""
        self._asked: list[asyncio.Future[None]] = []
        self._hinted = asyncio.Event()
        self._watched = watcher.share(self._take_hints)

    async def caught_up(self) -> None:
        """Return once what is on disk now is in force, or its problems are shown.

        Raises GlueTuiError where it can't be put into force.
        """
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asked.append(future)
        self._hinted.set()
        await future

    async def follow(self) -> None:
        """Keep what is in force as it is on disk, until cancelled."""
        try:
            while True:
                await self._next()
        finally:
            self._answer(len(self._asked), EngineUnavailable("the engine has ended"))

    async def _next(self) -> None:
        """Wait for a hint, or for the time of a look without one, and catch up."""
        folder = self._project_dir / WORKFLOWS_FOLDER
        paths = [*self._known, folder, folder / "any file"]
        self._watched.watch(map(str, await asyncio.to_thread(folders_of, paths)))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_EVERY_S):
                await self._hinted.wait()
        self._hinted.clear()
        asked = len(self._asked)
        self._answer(asked, await self._catch_up())

    def _take_hints(self, hints: Hints) -> None:
        """Look if something happened in a folder of these files; of what lies below them data may be."""
        folders = self._watched.folders
        if hints.is_all or any(path in folders or path.rpartition("/")[0] in folders for path in hints.paths):
            self._hinted.set()

    def _answer(self, count: int, refusal: GlueTuiError | None) -> None:
        """Tell those who asked first: it is in force, or why not."""
        asked, self._asked = self._asked[:count], self._asked[count:]
        for future in asked:
            if future.done():
                continue
            if refusal is None:
                future.set_result(None)
            else:
                future.set_exception(refusal)

    async def _catch_up(self) -> GlueTuiError | None:
        """Put what is on disk into force once it has held still; return why that was refused."""
        late_at = time.monotonic() + WAIT_MAX_S
        while True:
            try:
                look = await asyncio.to_thread(_look, self._project_dir, self.in_force, self._known)
            except Exception as error:
                # Our own fault, and no reason to end runs in flight: what is in force stays in force.
                self._note(f"the definitions could not be read again: {type(error).__name__}: {error}")
                return None
            if look.fresh is self.in_force and not look.is_torn:
                self._known = look.signs
                return None
            now = time.monotonic()
            less = look.fresh.lost_since(self.in_force)
            self._note_changes(look, now)
            wait_s = min(self._ready_at(look, HOLD_LESS_S if less else HOLD_S, now), late_at) - now
            if wait_s > 0:
                # Nobody tells when a file is closed that was open for writing.
                await asyncio.sleep(min(wait_s, HOLD_S) if look.being_written else wait_s)
                continue
            return await self._adopt(look, less, now)

    def _note_changes(self, look: Look, now: float) -> None:
        """Remember since when each file that differs from what is in force is as it is.

        Of the time before it was seen so the shorter hold is counted at most: clocks of a network differ.
        """
        held: dict[Path, tuple[Sign | None, float]] = {}
        for path in look.signs.keys() | self._known.keys():
            sign = look.signs.get(path)
            if sign != self._known.get(path):
                before = self._held_since.get(path)
                if before is None or before[0] != sign:
                    before = (sign, now - min(max(look.ages_s.get(path, 0.0), 0.0), HOLD_S))
                held[path] = before
        self._held_since = held

    def _ready_at(self, look: Look, hold_s: float, now: float) -> float:
        """Return when everything that differs from what is in force will have held still for `hold_s`."""
        ready = [at + self._hold_s(path, look, hold_s) for path, (_, at) in self._held_since.items()]
        return max([*ready, now + HOLD_S if look.is_torn else now])

    def _hold_s(self, path: Path, look: Look, hold_s: float) -> float:
        return WAIT_MAX_S if path in look.being_written else hold_s

    async def _adopt(self, look: Look, less: frozenset[str], now: float) -> GlueTuiError | None:
        """Put a look into force; files that say less and have not held stay as they were, and are looked at again."""
        before, fresh, signs = self.in_force, look.fresh, look.signs
        held = self._held_since.items()
        moving = {path for path, (_, at) in held if now < at + self._hold_s(path, look, HOLD_LESS_S)}
        kept = {source: paths for source in less if (paths := self._paths_of(source, fresh)) & moving}
        if kept:
            fresh = await asyncio.to_thread(before.reloaded, self._project_dir, kept=frozenset(kept))
            unknown = {path for paths in kept.values() for path in paths}
            signs = {path: sign for path, sign in signs.items() if path not in unknown}
            self._hinted.set()
        try:
            if fresh is not before:
                await self._put_into_force(before, fresh)
        except GlueTuiError as error:
            return error
        finally:
            self._known = signs
        self.in_force = fresh
        return None

    def _paths_of(self, source: str, fresh: DefinitionSet) -> set[Path]:
        """Return the files that a definition rests on, as it is in force and as it would be."""
        paths = {self._project_dir / source}
        for item in (*self.in_force.definitions, *fresh.definitions):
            if item.source == source:
                paths.update(one.path for one in item.loaded.inputs)
        return paths


def load_settled(project_dir: Path, good: DefinitionSet) -> DefinitionSet:
    """Return the files as an engine that starts finds them; `good` is what was in force before.

    One that says less than before and was changed this very moment is waited for.
    """
    late_at = time.monotonic() + WAIT_MAX_S
    while True:
        fresh = good.reloaded(project_dir)
        if not fresh.lost_since(good) or time.monotonic() > late_at:
            return fresh
        held_s = min(age_s(path) for path in (project_dir / WORKFLOWS_FOLDER, *_signs(project_dir.resolve(), fresh)))
        if not 0 <= held_s < HOLD_LESS_S:
            return fresh
        time.sleep(HOLD_LESS_S - held_s)


def _look(project_dir: Path, in_force: DefinitionSet, known: dict[Path, Sign]) -> Look:
    """Read what has changed. Runs in a thread."""
    signs = _signs(project_dir, in_force)
    if signs == known:
        return Look(signs=signs, fresh=in_force, is_torn=False)
    fresh = in_force.reloaded(project_dir)
    is_torn = _signs(project_dir, in_force) != signs
    if fresh is in_force:
        return Look(signs=signs, fresh=fresh, is_torn=is_torn)
    changed = [path for path in signs.keys() | known.keys() if signs.get(path) != known.get(path)]
    return Look(
        signs=signs,
        fresh=fresh,
        is_torn=is_torn,
        ages_s={path: age_s(path) for path in changed},
        being_written=frozenset(path for path in changed if is_open_for_writing(str(path))),
    )


def _signs(project_dir: Path, definitions: DefinitionSet) -> dict[Path, Sign]:
    """Return what is to be seen of every file that a definition rests on; of a script only whether it is there."""
    listed = listed_files(project_dir, [item.source for item in definitions.definitions])
    inputs = {one for item in definitions.definitions for one in item.loaded.inputs}
    return {
        **{one.path: sign_of(one.path) if one.is_read else str(one.look()) for one in inputs},
        **{path: sign_of(path) for path in listed},
    }
