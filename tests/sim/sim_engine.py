"""One engine process in virtual time: the real kernel, with inputs carried in and commands out as `engine.host` and
`engine.scout` do it, but without asyncio. Dropped as a whole when it dies.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from processes import Report, SimSupervisor

from glue_tui.core.arrivals import FileFact, SeenFile, Stage
from glue_tui.core.globs import glob_pattern
from glue_tui.core.problem import GlueTuiError, StoreFailed
from glue_tui.core.stimuli import ClockStepped, WorkerExited, WorkerLost
from glue_tui.core.wanted import WakeAt
from glue_tui.engine import batch as kernel_batch
from glue_tui.engine.batch import TriggerKey
from glue_tui.engine.clock import ClockWatch
from glue_tui.engine.eye import RESCAN_S
from glue_tui.engine.host import LONGEST_SLEEP_S, SAVE_RETRY_S
from glue_tui.engine.inputs import Answer as Granted
from glue_tui.engine.inputs import DefinitionsLoaded, FolderScanned, Input, Ticked, WorkerReported
from glue_tui.engine.kernel import Kernel
from glue_tui.engine.recovery import note_start
from glue_tui.store import ledger, seen_files
from glue_tui.store.database import transaction

if TYPE_CHECKING:
    from world import World

Answer = Granted | GlueTuiError


class SimEngine:
    """One engine process: the kernel and what surrounds it, without asyncio. Dropped as a whole when it dies."""

    def __init__(self, world: World, number: int) -> None:
        self.world = world
        self.number = number
        self._queue: list[tuple[Input, Callable[[Answer], None] | None]] = []
        self.pump_at = world.true_s
        self._scanning: set[TriggerKey] = set()
        self._to_scan: set[TriggerKey] = set()
        self._to_look: dict[TriggerKey, dict[str, None]] = {}
        self._looks: set[TriggerKey] = set()
        self._last_tick_s = world.true_s
        now = world.wall_s
        self._clock = ClockWatch(now, world.true_s)
        is_held = note_start(world.conn, now)
        self.kernel = Kernel(conn=world.conn, slots=world.slots, new_run_id=world.new_run_id, is_held=is_held)
        self.kernel.open()
        self.supervisor = SimSupervisor(world, self)
        lost = self._leftovers()
        world.say(f"engine {number} starts{' held' if is_held else ''}, {len(lost)} attempts left over")
        definitions = DefinitionsLoaded(workflows=tuple(world.definitions.values()))
        world.engine = self
        step = self._step((definitions, *lost), now)
        world.checkers.stepped(self.kernel, step)
        self.load()
        world.after(RESCAN_S, self._rescan, engine=self)

    def _leftovers(self) -> tuple[WorkerReported, ...]:
        """What `engine.recovery.leftovers` finds, with results kept in memory."""
        found: list[WorkerReported] = []
        for run in self.kernel.runs.values():
            for node_id in run.graph.node_ids:
                if node_id not in run.open_node_ids or not run.nodes[node_id].state.is_active:
                    continue
                key = run.key(node_id)
                if (result := self.world.results.get(key)) is not None:
                    found.append(WorkerReported(report=WorkerExited(key=key, result=result)))
                else:
                    found.append(WorkerReported(report=WorkerLost(key=key, reason="the engine ended while it ran")))
        return tuple(found)

    # As in engine.host

    def put(self, one: Input, answer: Callable[[Answer], None] | None = None) -> None:
        """Queue an input and wake the loop, which may be busy for a while."""
        self._queue.append((one, answer))
        late_s = self.world.random.uniform(0.0, 3.0) if self.world.chance(self.world.plan.latency) else 0.0
        self.pump_at = min(self.pump_at, self.world.true_s + late_s) if not self._is_saving else self.pump_at

    _is_saving = False

    def report(self, report: Report) -> None:
        self.put(WorkerReported(report=report))

    def pump(self) -> None:
        """One turn of the host's loop: step, answer, act, sleep."""
        world = self.world
        world.steps += 1
        taken, self._queue, self._is_saving = self._queue, [], False
        now = world.wall_s
        if by_s := self._clock.stepped_by(now, world.true_s):
            taken.insert(0, (ClockStepped(by_s=by_s), None))
        world.arm_commit(may_crash=True)
        before = _state_of(self.kernel) if world.conn.error is not None else {}
        try:
            step = self._step([one for one, _ in taken] or [Ticked()], now)
        except StoreFailed as error:
            world.say(f"commit failed: {error.message}")
            world.checkers.nothing_changed(before, _state_of(self.kernel))
            kept = [(one, told) for one, told in taken if told is None or isinstance(one, DefinitionsLoaded)]
            self._queue = kept + self._queue
            self._is_saving, self.pump_at = True, world.true_s + SAVE_RETRY_S
            for one, answer in taken:
                if answer is not None and not isinstance(one, DefinitionsLoaded):
                    answer(error)
            return
        world.conn.disarm()
        world.maybe_crash(world.plan.crash_after_commit, "after a commit")
        world.checkers.stepped(self.kernel, step)
        for (_, answer), value in zip(taken, step.answers, strict=False):
            if answer is not None:
                answer(value)
        for one, _ in taken:
            if isinstance(one, WorkerReported) and isinstance(one.report, WorkerExited):
                world.results.pop(one.report.key, None)
        self._pass_time()
        self.supervisor.reconcile(self.kernel.wanted())
        self._schedule_looks()
        world.maybe_crash(world.plan.crash_while_acting, "after acting")
        self._sleep()

    def _step(self, inputs: Sequence[Input], now: float) -> Any:
        self.world.checkers.schedules.begins(inputs, now)
        if not self.world.plan.decide_fails:
            return self.kernel.step(inputs, now)
        with patch.object(kernel_batch, "decide", self.world.decide):
            return self.kernel.step(inputs, now)

    def _pass_time(self) -> None:
        """Commits and system calls take time."""
        self.world.true_s += self.world.random.choice((0.0, 0.001, 0.05))

    def _sleep(self) -> None:
        world = self.world
        self._pass_time()
        wall = world.wall_s
        times = [one.at for one in self.kernel.wanted() if isinstance(one, WakeAt)]
        delay_s = min(max(min(times, default=wall + LONGEST_SLEEP_S) - wall, 0.0), LONGEST_SLEEP_S)
        if self._queue:
            delay_s = 0.0
        elif delay_s > 1.0:
            world.checkers.may_sleep(self.kernel, self.supervisor, wall)
        self.pump_at = world.true_s + delay_s

    @property
    def has_work(self) -> bool:
        return bool(self._queue or self._scanning)

    def load(self) -> None:
        """Put the definitions that stand in the folder into force."""
        definitions = tuple(self.world.definitions.values())
        self.put(DefinitionsLoaded(workflows=definitions), self._loaded)

    def _loaded(self, _: Answer) -> None:
        self._look_everywhere()

    # As in engine.scout

    def hint(self, path: str) -> None:
        """A watcher saw something about a path."""
        for key, patterns in self.patterns().items():
            if any(glob_pattern(one).match(path) for one in patterns):
                self._look_soon(key, path)

    def patterns(self) -> dict[TriggerKey, tuple[str, ...]]:
        return {
            (workflow.name, trigger.name): trigger.watch.patterns
            for workflow in self.kernel.workflows.values()
            for trigger in workflow.triggers
            if trigger.watch is not None
        }

    def _rescan(self) -> None:
        self._look_everywhere()
        self.world.after(RESCAN_S, self._rescan, engine=self)

    def _look_everywhere(self) -> None:
        for key in self.patterns():
            self._scan_soon(key)

    def _schedule_looks(self) -> None:
        wall = self.world.wall_s
        for key, at in self.kernel.scans_due(wall):
            if key not in self._looks and key not in self._scanning:
                self._looks.add(key)
                self.world.after(max(at - wall, 0.0), lambda key=key: self._look(key), engine=self)

    def _look(self, key: TriggerKey) -> None:
        self._looks.discard(key)
        inbox = self.kernel.inboxes.of(key)
        if inbox is None or inbox.must_look:
            self._scan_soon(key)
        else:
            self._look_soon(key, *inbox.to_look_at(self.world.wall_s))

    def _scan_soon(self, key: TriggerKey) -> None:
        """Look at everything that a trigger watches."""
        self._to_scan.add(key)
        self._begin_look(key)

    def _look_soon(self, key: TriggerKey, *paths: str) -> None:
        """Look at some files alone; now and then at others, for no reason."""
        asked = self._to_look.setdefault(key, {})
        asked.update(dict.fromkeys(paths))
        if self.world.chance(self.world.plan.hint_doubled):
            asked.update(dict.fromkeys(self.world.folders.files))
        self._begin_look(key)

    def _begin_look(self, key: TriggerKey) -> None:
        """Look, or once more if a look is under way: it may have passed the place already."""
        patterns = self.patterns().get(key)
        if key in self._scanning or patterns is None:
            return
        is_whole, paths = key in self._to_scan, self._to_look.pop(key, {})
        if not is_whole and not paths:
            return
        self._to_scan.discard(key)
        self._scanning.add(key)
        folders, conn = self.world.folders, self.world.conn
        if is_whole:
            files = folders.scan(patterns)
            found = {one.path for one in files}
            gone = tuple(path for path in seen_files.read_paths_there(conn, *key) if path not in found)
            if seen_files.read_patterns(conn, *key) is not None:
                files = tuple(one for one in files if _is_news(one, seen_files.read_file(conn, *key, one.path)))
        else:
            matching = [path for path in paths if any(glob_pattern(one).match(path) for one in patterns)]
            files = tuple(folders.look(path) for path in matching if path in folders.files)
            gone = tuple(path for path in matching if path not in folders.files)
        scan = FolderScanned(
            workflow=key[0],
            trigger=key[1],
            patterns=patterns,
            files=files,
            gone=gone,
            is_whole=is_whole,
            at=self.world.wall_s,
        )
        took_s = self.world.random.choice((0.0, 0.01, 0.3))
        self.world.after(took_s, lambda: self._looked(key, scan), engine=self)

    def _looked(self, key: TriggerKey, scan: FolderScanned) -> None:
        self.put(scan)
        self._scanning.discard(key)
        self._begin_look(key)

    def close(self) -> None:
        """End as asked: such an end is no part of a crash loop."""
        self.world.conn.disarm()
        with transaction(self.world.conn):
            ledger.forget_engine_starts(self.world.conn)


def _is_news(fact: FileFact, known: SeenFile | None) -> bool:
    """Tell whether a fact differs from what is stored, or is of a file that is still settling."""
    return known is None or known.stage is Stage.SETTLING or known.is_deleted or not known.is_version(fact)


def _state_of(kernel: Kernel) -> dict[str, Any]:
    """Return the kernel's fields, copied as deep as they are changed in place: what lies below is frozen."""
    values = {one.name: getattr(kernel, one.name) for one in fields(kernel)}
    values["schedules"] = {one.name: getattr(kernel.schedules, one.name) for one in fields(kernel.schedules)}
    inboxes = {key: kernel.inboxes.of(key) for key in kernel.inboxes.keys}
    values["inboxes"] = {key: (box.looked_at, tuple(box.open_files())) for key, box in inboxes.items() if box}
    return {name: dict(value) if isinstance(value, dict) else value for name, value in values.items()}
