"""What must hold of files that triggers watch: each settled version is in one batch, was dropped or was not wanted."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from violation import require

from glue_tui.core.arrivals import SeenFile, Stage
from glue_tui.core.globs import glob_pattern
from glue_tui.core.model import RunId
from glue_tui.core.run import WorkflowRun
from glue_tui.core.states import FileChange
from glue_tui.engine.inbox import Inbox
from glue_tui.engine.kernel import Kernel
from glue_tui.store import seen_files

if TYPE_CHECKING:
    from world import World

Key = tuple[str, str]


class FileChecks:
    """Knows the truth about every version of every file, and remembers what became of it, across crashes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._ended: dict[Key, dict[tuple[str, int], tuple[Stage, str]]] = {}
        """What became of a version, and by which run, by trigger, path and modification time."""
        self._told_gone: dict[Key, set[tuple[str, float]]] = {}
        """The absences of which a run was told, by path and begin."""
        self._looked_first: dict[Key, dict[str, float]] = {}
        """When each trigger began to look at each of its patterns."""
        self._settle_s: dict[Key, float] = {}
        """The shortest that ever held for a trigger: what has settled stays so when a longer one is saved."""
        self._runs_seen: set[RunId] = set()
        self._events: dict[Key, set[tuple[FileChange, ...]]] = {}
        """The kinds of changes that a trigger has ever selected."""

    def follow(self, kernel: Kernel) -> None:
        """Note which patterns were looked at for the first time, and which workflows go on under another name."""
        for key in kernel.inboxes.keys:
            if inbox := kernel.inboxes.of(key):
                self._events.setdefault(key, set()).add(inbox.watch.events)
        rows = self._world.conn.execute("SELECT workflow, trigger, patterns FROM watches").fetchall()
        now = {(workflow, trigger): patterns.split("\n") for workflow, trigger, patterns in rows}
        fresh = {key for key in now if key not in self._looked_first}
        for old in [key for key in self._looked_first if key not in now]:
            for new in [key for key in fresh if key[1] == old[1] and now[key] == list(self._looked_first[old])]:
                fresh.discard(new)
                for known in (self._ended, self._told_gone, self._looked_first, self._settle_s, self._events):
                    if old in known:
                        known[new] = known.pop(old)  # type: ignore[index]
                break
        for key, patterns in now.items():
            known_since = self._looked_first.get(key, {})
            self._looked_first[key] = {one: known_since.get(one, self._world.true_s) for one in patterns}

    def check(self, kernel: Kernel, key: Key, runs: dict[RunId, WorkflowRun]) -> None:
        """Check what a trigger remembers after a step that touched it."""
        inbox = kernel.inboxes.of(key)
        if inbox is None:
            return
        conn = self._world.conn
        require(inbox.looked_at == seen_files.read_patterns(conn, *key), f"{key}: it is not stored at what it looked")
        stored = {seen.path: seen for seen in seen_files.read_files(conn, *key)}
        kept = {seen.path: seen for seen in inbox.open_files()}
        open_ones = {path: seen for path, seen in stored.items() if seen.stage.is_open}
        require(kept == open_ones, f"files of {key}: {_difference(kept, open_ones)}")
        self._settle_s[key] = min(inbox.watch.settle_s, self._settle_s.get(key, math.inf))
        for seen in stored.values():
            if not seen.stage.is_open and seen.stage is not Stage.BASELINE:
                self._check_end(key, inbox, seen, runs)
            elif seen.stage is Stage.PENDING:
                require(seen.change in inbox.watch.events, f"{seen.path} waits at {key}, though it is {seen.change}")
            if seen.stage.is_open and not seen.is_deleted:
                known = self._ended.get(key, {}).get((seen.path, seen.mtime_ns))
                require(known is None, f"{seen.path} waits at {key} again: it was {known}")

    def check_deleted(self, key: Key, run: WorkflowRun) -> None:
        """A run that was told of deleted files: each had been away for long enough, and nobody was told before."""
        if run.run_id in self._runs_seen or run.cause.fired_by == "resume":
            return
        self._runs_seen.add(run.run_id)
        told = self._told_gone.setdefault(key, set())
        for path in run.cause.deleted_files:
            away = [
                one
                for one in self._world.folders.absences.get(path, ())
                if (path, one.gone_s) not in told
                and (
                    one.clock_steps != self._world.clock_steps
                    or (one.back_s or self._world.true_s) - one.gone_s >= self._settle_s.get(key, 0.0) - 0.001
                )
            ]
            require(bool(away), f"run {run.number} is told that {path} was deleted")
            told.add((path, away[-1].gone_s))

    def _check_end(self, key: Key, inbox: Inbox, seen: SeenFile, runs: dict[RunId, WorkflowRun]) -> None:
        """One version of a file belongs to one batch, and it had settled; or it was dropped, or is not wanted."""
        ended = self._ended.setdefault(key, {})
        known = ended.get((seen.path, seen.mtime_ns))
        require(known in (None, (seen.stage, seen.run_id)), f"{seen.path} of {key} was {known}, and is {seen}")
        if known is not None:
            return
        ended[seen.path, seen.mtime_ns] = (seen.stage, seen.run_id)
        version = self._world.folders.versions[seen.path, seen.mtime_ns]
        if seen.stage is Stage.DROPPED:
            return
        if seen.stage is Stage.TAKEN:
            run = runs[RunId(seen.run_id)]
            require(seen.path in run.cause.files, f"{seen.path} is marked as taken by run {run.number}")
            # By the definition of then: it may have been edited before anybody saw what an engine did that died.
            trigger = run.workflow.trigger(run.cause.trigger)
            wanted = trigger is not None and trigger.watch is not None and seen.change in trigger.watch.events
            require(wanted, f"{seen.path} of {key} is {seen.change}, which {run.cause.trigger} does not select")
        else:
            unwanted = any(seen.change not in events for events in self._events.get(key, ()))
            require(unwanted, f"{seen.path} of {key} is {seen.change}, and left out as if nobody selected that")
        require(version.closed_s is not None, f"{seen.path} counts at {key} while its writer has it open")
        held_s = (self._world.true_s if version.gone_s is None else version.gone_s) - version.born_s
        was_quiet = version.clock_steps == self._world.clock_steps and not version.fact.is_renamed
        settle_s = self._settle_s[key]
        require(not was_quiet or held_s >= settle_s - 0.001, f"{seen.path} counts at {key} after {held_s:.3f} s")

    def check_nothing_left(self, kernel: Kernel, key: Key, patterns: tuple[str, ...]) -> None:
        """Every file that is there now was taken, dropped or not wanted, or was there before the trigger looked."""
        inbox = kernel.inboxes.of(key)
        assert inbox is not None
        require(not inbox.must_look, f"{key} has never looked")
        for fact in self._world.folders.scan(patterns):
            seen = inbox.known(self._world.conn, fact.path)
            require(seen is not None, f"{fact.path} was never seen by {key}")
            assert seen is not None
            require(seen.mtime_ns == fact.mtime_ns, f"the last version of {fact.path} was never seen by {key}")
            if seen.stage is Stage.BASELINE:
                version = self._world.folders.versions[fact.path, fact.mtime_ns]
                first = self._looked_first[key]
                looked_s = min(at for one, at in first.items() if glob_pattern(one).match(fact.path))
                require(version.born_s <= looked_s, f"{fact.path} was left behind by {key}")
            is_stopped = bool(kernel.stop_reasons.get(key))
            require(is_stopped or not seen.stage.is_open, f"{fact.path} was left behind by {key}: {seen.stage}")


def _difference(one: dict[str, SeenFile], other: dict[str, SeenFile]) -> str:
    paths = [path for path in {**one, **other} if one.get(path) != other.get(path)]
    return "; ".join(f"{path}: in memory {one.get(path)}, stored {other.get(path)}" for path in paths)
