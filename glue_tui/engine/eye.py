"""The eye of one EVENT trigger: when it looks, where, and what it says about what it can't see. One look at a time."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial

from glue_tui.core.problem import GlueTuiError, StoreFailed
from glue_tui.engine.folders import FILES_MAX, Places, file_name
from glue_tui.engine.inputs import FolderScanned
from glue_tui.engine.looks import Look, Watched, look_at, look_everywhere

RESCAN_S = 300.0
"""Everything is looked at so often, for changes of which no hint came …"""
RESCAN_SHARE = 0.001
"""… or less often, so that at most this part of the time goes into it: an engine at rest has to be quiet."""
POLL_S = 5.0
"""… and so often where the system tells of no changes."""
LOOKING_SHARE = 0.1
"""At most this part of the time goes into looks at everything."""
FRESH_S = 1.0
"""A folder that came is looked at once more after so long: the system tells of it a moment before it begins to tell of
what happens in it."""
LINKED_S = 5.0
"""Links to files, or to nothing, are looked at so often: what they lead to may lie, or come, where nobody watches."""
RETRY_S = 1.0
AGAIN_S = 0.02
"""Between two looks at what settles."""
LINES_MAX = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What an eye needs of those around it."""

    threads: Executor
    give: Callable[[FolderScanned], Awaitable[object]]
    """Hands a look to the kernel and returns after the commit."""
    settling: Callable[[tuple[str, str]], tuple[str, ...]]
    """The files of a trigger that may have settled by now."""
    settles_at: Callable[[tuple[str, str]], float | None]
    """When the next file of a trigger may have settled (seconds since the epoch); None: none settles."""
    is_watched: Callable[[], Awaitable[None]]
    """Returns when everything is watched that is to be watched now."""
    places_changed: Callable[[], None]
    regained: Callable[[], None]
    """A folder that could not be read now can."""
    notes_changed: Callable[[tuple[str, str]], None]
    note: Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _NotSeen:
    """What a trigger watches and its eye could not see."""

    missing: tuple[str, ...] = ()
    misnamed: frozenset[str] = frozenset()
    unreadable: frozenset[str] = frozenset()
    unnamed: tuple[str, ...] = ()
    is_too_much: bool = False


class Eye:
    def __init__(self, watched: Watched, poll_s: float | None, world: World) -> None:
        self.watched = watched
        self.poll_s = poll_s
        """As the definition says."""
        self.places = Places(watched.area)
        self.notes: tuple[str, ...] = ()
        """What keeps it from seeing as usual, in words."""
        self.has_looked = asyncio.Event()
        self._world = world
        self._bell = asyncio.Event()
        self._paths: set[str] = set()
        self._renamed: set[str] = set()
        self._fresh: dict[str, float] = {}
        """Folders that came, and when to look at them again. All times here are of the monotonic clock."""
        self._second: set[str] = set()
        """Folders that are looked at for the second time."""
        self._everything_at = 0.0
        self._not_before = 0.0
        """Until then looks at everything that are not urgent have to wait: they have had their share of the time."""
        self._settling_at = math.inf
        self._linked_at = math.inf
        self._linked: frozenset[str] = frozenset()
        self._not_seen = _NotSeen()
        self._unwatched = ""

    # What it is told

    def hinted(self, paths: set[str], renamed: set[str]) -> None:
        """Something may have happened here."""
        self._paths |= paths
        self._renamed |= renamed
        self._bell.set()

    def look_everywhere(self, *, is_urgent: bool) -> None:
        """Something may have happened anywhere."""
        self._everything_at = min(self._everything_at, time.monotonic() if is_urgent else self._not_before)
        self._bell.set()

    def look_again_at(self, at: float) -> None:
        """A file may have settled at this time (seconds since the epoch)."""
        self._settling_at = time.monotonic() + at - time.time()
        self._bell.set()

    def polls_because(self, reason: str) -> None:
        """The system does not tell of changes where this eye looks; nothing: it does."""
        if reason != self._unwatched:
            self._unwatched = reason
            self.look_everywhere(is_urgent=False)
            self._say()

    def folders(self) -> Iterator[tuple[str, bool]]:
        """Yield the folders (absolute) where changes concern it, and whether those further below do."""
        area = self.watched.area
        for root in area.roots:
            yield area.at(root), area.goes_into(root, file_name(root, "any"))
        for place in self.places:
            if not place.is_root:
                yield area.at(place.shown), area.goes_into(place.root, file_name(place.shown, "any"))

    # What it does

    async def run(self) -> None:
        """Look whenever there is a reason to, until cancelled."""
        await self._world.is_watched()
        while True:
            await self._wait()
            try:
                look = await self._look()
                self._taken_in(look, await self._gave(look))
            except Exception as error:
                # Our own fault, or the state can't be read: no reason to end anything else.
                self._world.note(f"{' '.join(self.watched.key)} could not look at its files: {error!r}")
                self._everything_at = min(self._everything_at, time.monotonic() + POLL_S)
            self.has_looked.set()

    async def _wait(self) -> None:
        while True:
            self._bell.clear()
            times = (self._everything_at, self._settling_at, self._linked_at, *self._fresh.values())
            wait_s = 0.0 if self._paths else min(times) - time.monotonic()
            if wait_s <= 0:
                return
            try:
                async with asyncio.timeout(None if wait_s == math.inf else wait_s):
                    await self._bell.wait()
            except TimeoutError:
                return

    async def _look(self) -> Look:
        now = time.monotonic()
        renamed, self._renamed = frozenset(self._renamed), set()
        if now >= self._everything_at or not self.has_looked.is_set():
            self._everything_at = math.inf
            self._paths.clear()
            look = partial(look_everywhere, self.watched, renamed)
        else:
            look = partial(look_at, self.watched, self.places, self._due_paths(now), renamed)
        if now >= self._settling_at:
            self._settling_at = math.inf  # The step that takes in the look says when to look next.
        return await asyncio.get_running_loop().run_in_executor(self._world.threads, look)

    def _due_paths(self, now: float) -> set[str]:
        paths, self._paths = self._paths, set()
        self._second = {path for path, at in self._fresh.items() if at <= now}
        self._fresh = {path: at for path, at in self._fresh.items() if at > now}
        if now >= self._linked_at:
            paths |= self._linked
            self._linked_at = now + LINKED_S
        if now >= self._settling_at:
            paths |= set(self._world.settling(self.watched.key))
        return paths | self._second

    async def _gave(self, look: Look) -> bool:
        """Hand a look to the kernel and return whether it took it in."""
        scan = FolderScanned(
            workflow=self.watched.key[0],
            trigger=self.watched.key[1],
            patterns=self.watched.area.patterns,
            files=look.files,
            gone=look.gone,
            is_whole=look.is_whole,
            unreadable=look.unreadable,
            mounts=look.mounts,
            at=look.at,
        )
        if scan == replace(scan, files=(), gone=(), unreadable=(), is_whole=False):
            return True
        try:
            await self._world.give(scan)
        except StoreFailed:
            return False
        except GlueTuiError as error:
            self._world.note(f"{' '.join(self.watched.key)}: {error}")
        return True

    def _taken_in(self, look: Look, is_taken: bool) -> None:
        now = time.monotonic()
        if look.is_whole:
            self._not_before = now + look.took_s * (1 / LOOKING_SHARE - 1)
            self._everything_at = min(self._everything_at, max(now + self._pause_s(look), self._not_before))
            self._linked = look.linked
            is_moved = set(self.places) != set(look.places)
            self.places = look.places
            if is_moved:
                self._world.places_changed()
        else:
            self._linked |= look.linked
            self._fresh |= dict.fromkeys(set(look.folders) - self._second, now + FRESH_S)
        self._linked_at = min(self._linked_at, now + LINKED_S) if self._linked else math.inf
        if look.must_look_everywhere:
            self._everything_at = now
        if not is_taken:
            self._everything_at = min(self._everything_at, now + RETRY_S)
        settles_at = self._world.settles_at(self.watched.key)
        if settles_at is not None:
            # The two clocks differ by a hair: a look that came too early for a file is not the last one at it.
            self.look_again_at(max(settles_at, time.time() + AGAIN_S))
        self._remember_not_seen(look)

    def _remember_not_seen(self, look: Look) -> None:
        before = self._not_seen.unreadable
        still = frozenset() if look.is_whole else frozenset(one for one in before if one not in look.folders)
        self._not_seen = replace(self._not_seen, unreadable=still | frozenset(look.unreadable) - set(look.missing))
        # A pattern that was a folder may have become a file, or name nothing now.
        was_misnamed = (
            frozenset()
            if look.is_whole
            else self._not_seen.misnamed.difference(look.gone, (file.path for file in look.files))
        )
        self._not_seen = replace(self._not_seen, misnamed=was_misnamed | look.misnamed)
        if look.is_whole:
            missing = tuple(f"{root} {why}" for root, why in look.missing.items())
            self._not_seen = replace(self._not_seen, missing=missing, unnamed=look.unnamed, is_too_much=look.is_full)
        if before - self._not_seen.unreadable:
            self._world.regained()
        self._say()

    # What it says

    def _pause_s(self, look: Look) -> float:
        if self.poll_s is not None:
            return self.poll_s
        return POLL_S if self._unwatched else max(RESCAN_S, look.took_s / RESCAN_SHARE)

    def _say(self) -> None:
        notes = tuple(self._notes())
        if notes != self.notes:
            for line in notes:
                if line not in self.notes:
                    self._world.note(f"{' '.join(self.watched.key)}: {line}")
            self.notes = notes
            self._world.notes_changed(self.watched.key)

    def _notes(self) -> Iterator[str]:
        not_seen = self._not_seen
        if self.poll_s is not None:
            yield f"polled every {self.poll_s:g} s, as `poll` says"
        elif self._unwatched:
            yield f"polled every {POLL_S:g} s: {self._unwatched}"
        yield from (f"{one}: what is known of its files stays" for one in not_seen.missing)
        yield from (f"{one} is a folder: write {one}/** for the files in it" for one in sorted(not_seen.misnamed))
        if not_seen.is_too_much:
            yield f"there are more than {FILES_MAX:,} files: the others are not seen"
        else:
            yield from _some("can't be looked into: what is known of its files stays", sorted(not_seen.unreadable))
        yield from _some("is not seen: its name is no UTF-8", not_seen.unnamed)


def _some(what: str, names: Sequence[str]) -> Iterator[str]:
    yield from (f"{name} {what}" for name in names[:LINES_MAX])
    if len(names) > LINES_MAX:
        yield f"so it is with {len(names) - LINES_MAX} more"
