"""What must hold of batches, judged by what the writers wrote and what the jobs found. Pure.

A path is a row of versions (and of times in which it was gone). Each time that it stands in a batch of a trigger must
be for another of them, in order: one that was complete when the batch was made, that stood for long enough to settle
(or was renamed into place), and that is not newer than what the job then found. The last version must be among them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tests.end_to_end.arrivals_project import Watching, is_known
from tests.end_to_end.arrivals_writers import Deed


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a job found at a path of its batch."""

    version: str
    """Empty: a mixture, half a file, or none."""
    mtime_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run that files have started."""

    number: int
    trigger: str
    at: float
    """When the batch was made, in seconds since the epoch."""
    fired_by: str
    files: tuple[str, ...]
    deleted_files: tuple[str, ...] = ()
    found: dict[str, Found] | None = None
    """By path, what its first attempt found; None if none came so far."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A path in a batch."""

    run: Run
    path: str
    is_deleted: bool

    def __str__(self) -> str:
        found = self.run.found.get(self.path) if self.run.found is not None else None
        was = (
            f"found {found.version or 'half or nothing'}"
            if found
            else "deleted"
            if self.is_deleted
            else "not looked at"
        )
        return f"run {self.run.number} of {self.run.trigger} at {self.run.at:.3f} ({was})"


def violations(deeds: Iterable[Deed], runs: Sequence[Run], triggers: Sequence[Watching]) -> Iterator[str]:
    """Yield in words what does not hold."""
    histories: dict[str, list[Deed]] = defaultdict(list)
    for deed in deeds:
        histories[deed.path].append(deed)
    for trigger in triggers:
        entries: dict[str, list[Entry]] = defaultdict(list)
        for run in sorted((run for run in runs if run.trigger == trigger.name), key=lambda run: run.number):
            for path, is_deleted in [*((one, False) for one in run.files), *((one, True) for one in run.deleted_files)]:
                entries[path].append(Entry(run=run, path=path, is_deleted=is_deleted))
        for path in sorted({*entries, *(path for path in histories if trigger.watches(path))}):
            yield from (f"{trigger.name}: {path}: {one}" for one in _of_path(trigger, histories[path], entries[path]))
        yield from _of_batches(trigger, histories, [run for run in runs if run.trigger == trigger.name])


def _of_path(trigger: Watching, deeds: Sequence[Deed], entries: Sequence[Entry]) -> Iterator[str]:
    """Give each entry, the last one first, the newest version that it can be for."""
    matched: set[int] = set()
    bound = len(deeds)
    for entry in reversed(entries):
        at = next((n for n in range(bound - 1, -1, -1) if _can_be(trigger, deeds, n, entry)), None)
        if at is None:
            yield f"in a batch twice, or too early, or for nothing: {entry}\n{_story(deeds, entries)}"
            continue
        matched.add(at)
        bound = at
    knows = bool(matched) or is_known(deeds[0].path) if deeds else False
    if deeds and not _is_in(matched, deeds) and _must_be(trigger, deeds[-1], knows):
        yield f"its last version is in no batch\n{_story(deeds, entries)}"


def _is_in(matched: set[int], deeds: Sequence[Deed]) -> bool:
    """Tell whether the last version is in a batch, be it from before its file was renamed away and back."""
    last = deeds[-1].version
    return len(deeds) - 1 in matched or (last != "" and any(deeds[at].version == last for at in matched))


def _can_be(trigger: Watching, deeds: Sequence[Deed], at: int, entry: Entry) -> bool:
    deed = deeds[at]
    if entry.is_deleted is not (deed.version == "") or (deed.event and deed.event not in trigger.events):
        return False
    if deed.complete_at > entry.run.at:
        return False
    stood_s = deeds[at + 1].touched_at - deed.complete_at if at + 1 < len(deeds) else float("inf")
    if stood_s < trigger.settle_s and not deed.is_whole_at_once:
        return False
    found = entry.run.found.get(entry.path) if entry.run.found is not None else None
    if found is None or not found.version or entry.is_deleted:
        return True
    newest = max((n for n, one in enumerate(deeds) if one.version == found.version), default=-1)
    return at <= newest


def _must_be(trigger: Watching, deed: Deed, knows: bool) -> bool:
    """Tell whether a version that stayed has to be in a batch. `knows`: the trigger has certainly seen one before."""
    if deed.event and ("created" in trigger.events or knows):
        return deed.event in trigger.events
    return bool(deed.version) and {"created", "modified"} <= trigger.events


def _of_batches(trigger: Watching, histories: dict[str, list[Deed]], runs: Iterable[Run]) -> Iterator[str]:
    for run in runs:
        paths = Counter((*run.files, *run.deleted_files))
        name = f"{trigger.name}: run {run.number}"
        if twice := [path for path, count in paths.items() if count > 1]:
            yield f"{name} has {twice} twice"
        match run.fired_by:
            case "size":
                if len(paths) != trigger.batch_size:
                    yield f"{name} fired by size with {len(paths)} files; batch_size is {trigger.batch_size}"
            case "window":
                if not 0 < len(paths) < trigger.batch_size:
                    yield f"{name} fired by window with {len(paths)} files; batch_size is {trigger.batch_size}"
                known = [deed.complete_at for path in paths for deed in histories[path] if deed.complete_at <= run.at]
                if known and run.at < min(known) + trigger.window_s:
                    waited_s = run.at - min(known)
                    yield f"{name} fired by window {waited_s:.3f} s after its first file; it is {trigger.window_s} s"
            case _:
                yield f"{name} was fired by {run.fired_by!r}"
        for path, found in (run.found or {}).items():
            yield from (f"{name}: {path}: {one}" for one in _of_found(histories[path], found))


def _of_found(deeds: Sequence[Deed], found: Found) -> Iterator[str]:
    """What a job reads is a version as it was logged, or else somebody wrote there meanwhile."""
    of_version = [deed for deed in deeds if deed.version == found.version]
    if found.version and of_version and found.mtime_ns not in [deed.mtime_ns for deed in of_version]:
        yield f"{found.version} with a time that it never had: {found.mtime_ns}"
    if not (found.version and of_version) and len(deeds) == 1 and deeds[0].is_whole_at_once:
        yield "a file that came whole and stayed was found torn"


def _story(deeds: Sequence[Deed], entries: Sequence[Entry]) -> str:
    """Return what was done and what was said of a path, in the order of time."""
    lines = [
        (deed.complete_at, f"{deed.version or 'gone'} complete ({deed.event or 'any event'}), {deed.mtime_ns}")
        for deed in deeds
    ]
    lines += [(deed.touched_at, f"{deed.version or 'gone'} begun") for deed in deeds]
    lines += [(entry.run.at, str(entry)) for entry in entries]
    return "\n".join(f"    {at:.3f} {text}" for at, text in sorted(lines))
