"""A world in virtual time around the real kernel on a real database: one engine process after another, each with its
workers, folders and clients. `SimEngine` carries inputs in and commands out as `engine.host` and `engine.scout` do.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

from checkers import Checkers, Violation
from faults import Crashed, FaultPlan, FaultyConnection
from folders import Folders
from processes import Process, Report, SimSupervisor, result_of

from glue_tui.catalog.write import MIGRATIONS as CATALOG_MIGRATIONS
from glue_tui.core.attempt import AttemptKey, AttemptResult
from glue_tui.core.model import RunId, Workflow
from glue_tui.core.problem import GlueTuiError, StoreFailed
from glue_tui.core.stimuli import WorkerExited, WorkerLost
from glue_tui.core.wanted import WakeAt
from glue_tui.engine import batch as kernel_batch
from glue_tui.engine.batch import TriggerKey
from glue_tui.engine.host import LONGEST_SLEEP_S, SAVE_RETRY_S
from glue_tui.engine.inputs import DefinitionsLoaded, FolderScanned, Input, Ticked, WorkerReported
from glue_tui.engine.kernel import Kernel
from glue_tui.engine.recovery import note_start
from glue_tui.engine.scout import RESCAN_S
from glue_tui.store import ledger
from glue_tui.store.database import migrate, transaction
from glue_tui.store.event_log import MIGRATIONS as RUN_MIGRATIONS

EPOCH_S = 1_795_000_000.0
"""Wall clock at the beginning of every world: 18 November 2026."""
LIVENESS_S = 1200.0
"""After the last fault, every run ends and every file is taken within this time, and what the clock was set back."""
SPINS_MAX = 50
"""Turns of the loop without any time passing."""

Answer = RunId | GlueTuiError | None
_template: list[bytes] = []


def connect(path: Path | None = None, content: bytes | None = None) -> FaultyConnection:
    """Open a database of the newest form: in memory, with some content or none, or a file."""
    conn = sqlite3.connect(path or ":memory:", isolation_level=None, factory=FaultyConnection)
    if path is None:
        content = content or (_template[0] if _template else None)
        if content is not None:
            conn.deserialize(content)
    conn.execute("PRAGMA foreign_keys=ON")
    conn.execute("PRAGMA synchronous=OFF")
    if content is None:
        migrate(conn, "runs", RUN_MIGRATIONS)
        migrate(conn, "catalog", CATALOG_MIGRATIONS)
        if path is None:
            _template.append(conn.serialize())
    return conn


class World:
    def __init__(
        self,
        random: Random,
        plan: FaultPlan,
        definitions: Sequence[Workflow],
        *,
        slots: int = 2,
        database: Path | None = None,
        say: Callable[[str], None] | None = None,
    ) -> None:
        self.random = random
        self.plan = plan
        self.definitions = {one.name: one for one in definitions}
        self.slots = slots
        self.true_s = 0.0
        self.offset_s = 0.0
        self.clock_steps = 0
        self.set_back_s = 0.0
        self.is_calm = False
        self.folders = Folders()
        self.processes: dict[AttemptKey, Process] = {}
        self.results: dict[AttemptKey, AttemptResult] = {}
        self.behave: Callable[[AttemptKey], tuple[str, float]] = self._random_behaviour
        """How the worker of an attempt behaves, and how long it takes."""
        self.checkers = Checkers(self)
        self.engine: SimEngine | None = None
        self.crashes = 0
        self.steps = 0
        self._database = database
        self._say = say
        self._agenda: list[tuple[float, int, Callable[[], None], SimEngine | None]] = []
        self._count = 0
        self._engines = 0
        self._parked: set[str] = set()
        self.conn = connect(database)

    # Time

    @property
    def wall_s(self) -> float:
        return EPOCH_S + self.true_s + self.offset_s

    def after(self, delay_s: float, act: Callable[[], None], *, engine: SimEngine | None = None) -> None:
        """Do something later; dropped if it belongs to an engine that is dead by then."""
        self._count += 1
        heapq.heappush(self._agenda, (self.true_s + delay_s, self._count, act, engine))

    def chance(self, probability: float) -> bool:
        """Tell whether a fault happens; none does once the world is calm."""
        return not self.is_calm and probability > 0 and self.random.random() < probability

    def set_clock(self, by_s: float) -> None:
        self.say(f"the clock is set by {by_s:+g} s")
        self.offset_s += by_s
        self.clock_steps += 1
        self.set_back_s += max(-by_s, 0.0)

    def say(self, text: str) -> None:
        if self._say is not None:
            self._say(f"{self.true_s:9.2f}  {text}")

    @property
    def is_talkative(self) -> bool:
        return self._say is not None

    @property
    def has_plans(self) -> bool:
        """Something outside the engine is still to happen."""
        return any(engine is None for _, _, _, engine in self._agenda)

    # The loop

    def run(self, is_done: Callable[[], bool]) -> None:
        """Let time pass until `is_done`. Raises Violation where something can't be."""
        if self.engine is None:
            self.after(0.0, self.start_engine)
        spins = 0
        while not is_done():
            times = [self._agenda[0][0]] if self._agenda else []
            if self.engine is not None:
                times.append(self.engine.pump_at)
            if not times:
                raise Violation("nothing will ever happen again")
            spins = spins + 1 if min(times) <= self.true_s else 0
            if spins > SPINS_MAX:
                raise Violation("the engine's loop spins: it wakes again and again for something that never happens")
            self.true_s = max(self.true_s, min(times))
            try:
                self._act()
            except Crashed as crash:
                self._crash(str(crash))

    def _act(self) -> None:
        while self._agenda and self._agenda[0][0] <= self.true_s:
            _, _, act, engine = heapq.heappop(self._agenda)
            if engine is None or engine is self.engine:
                act()
        if self.engine is not None and self.engine.pump_at <= self.true_s:
            self.engine.pump()

    # The engine's life

    def start_engine(self) -> None:
        """Start an engine as `engine.assemble` does."""
        self._engines += 1
        try:
            self.arm_commit(may_crash=True)
            self.engine = SimEngine(self, self._engines)
        except StoreFailed as error:
            self.say(f"the engine could not start: {error}")
            self.after(1.0, self.start_engine)

    def new_run_id(self) -> RunId:
        self._count += 1
        return RunId(f"wr_{self._count:016x}")

    def maybe_crash(self, probability: float, where: str) -> None:
        if self.chance(probability):
            raise Crashed(where)

    def arm_commit(self, *, may_crash: bool) -> None:
        """Decide whether the coming commit fails, or is the engine's end."""
        self.conn.disarm()
        statement = self.random.choice((0, 0, 1, 2, 3, 5))
        if may_crash and self.chance(self.plan.crash_in_commit):
            self.conn.arm(statement, Crashed("in a commit"))
        elif self.chance(self.plan.commit_fails):
            self.conn.arm(statement, sqlite3.OperationalError("database or disk is full"))

    def crash_engine(self) -> None:
        """End the engine now, whatever it was doing."""
        self._crash("killed")

    def _crash(self, where: str) -> None:
        self.crashes += 1
        self.say(f"the engine dies {where}")
        self.engine = None
        self.checkers.engine_died()
        if self.conn.in_transaction:
            self.conn.execute("ROLLBACK")
        content = None if self._database else self.conn.serialize()
        self.conn.close()
        for process in [*self.processes.values()]:
            # Its lifeline is cut; some have done their last act before they notice.
            if self.random.random() < 0.3 and process.behaviour in ("obeys", "fails", "dies"):
                self.results[process.key] = result_of(process, process.behaviour == "fails")
            self.end_process(process, signal=9)
        self.conn = connect(self._database, content)
        self.after(self.random.choice((0.1, 2.0, 30.0)), self.start_engine)

    # Workers

    def _random_behaviour(self, key: AttemptKey) -> tuple[str, float]:
        seconds = self.random.choice((0.1, 1.0, 3.0, 12.0))
        if self.chance(self.plan.worker_disobeys):
            return self.random.choice(("hangs", "deaf", "vanishes", "dies", "lingers", "exits")), seconds
        return ("fails" if self.chance(self.plan.job_fails) else "obeys"), seconds

    def start_process(self, key: AttemptKey, begins_after_s: float) -> Process:
        behaviour, seconds = self.behave(key)
        self._count += 1
        process = Process(key=key, pid=self._count, behaviour=behaviour, engine_number=self._engines)
        self.checkers.worker_starts(key)
        self.processes[key] = process
        self.say(f"worker {process.pid} of {key.node_id} attempt {key.attempt} ({behaviour}, {seconds:g} s)")
        if behaviour not in ("hangs", "deaf"):
            self.after(begins_after_s + seconds, lambda: self._finish(process))
        return process

    def _finish(self, process: Process) -> None:
        if process.is_over:
            return
        match process.behaviour:
            case "vanishes":
                self.end_process(process)
            case "exits":
                self.end_process(process, exit_code=3)
            case "dies":
                self.results[process.key] = result_of(process, is_failure=False)
                self.end_process(process, signal=9)
            case behaviour:
                self.results[process.key] = result_of(process, is_failure=behaviour == "fails")
                self.end_process(process, exit_code=1 if behaviour == "fails" else 0)

    def end_process(self, process: Process, *, exit_code: int | None = None, signal: int | None = None) -> None:
        """A process ends, by itself or by a signal; its engine, if that still lives, hears of it."""
        if process.is_over:
            return
        process.is_over = True
        self.processes.pop(process.key, None)
        if self.engine is not None and process.engine_number == self.engine.number:
            self.engine.supervisor.exited(process, exit_code, signal)

    # A bug of our own, in the middle of one run

    def decide(self, run: Any, stimulus: Any, now: float) -> Any:
        """Decide as the rules do, or fail as a bug in them would: then always for this run."""
        if run.run_id in self._parked or self.chance(self.plan.decide_fails * 0.1):
            self._parked.add(run.run_id)
            raise AssertionError("a planted bug")
        return _decide(run, stimulus, now)


_decide = kernel_batch.decide


class SimEngine:
    """One engine process: the kernel and what surrounds it, without asyncio. Dropped as a whole when it dies."""

    def __init__(self, world: World, number: int) -> None:
        self.world = world
        self.number = number
        self._queue: list[tuple[Input, Callable[[Answer], None] | None]] = []
        self.pump_at = world.true_s
        self._scanning: set[TriggerKey] = set()
        self._scan_again: set[TriggerKey] = set()
        self._looks: set[TriggerKey] = set()
        self._last_tick_s = world.true_s
        now = world.wall_s
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
        world.arm_commit(may_crash=True)
        before = _state_of(self.kernel) if world.conn.error is not None else {}
        try:
            step = self._step([one for one, _ in taken] or [Ticked()], now)
        except StoreFailed as error:
            world.say(f"commit failed: {error.message}")
            world.checkers.nothing_changed(before, _state_of(self.kernel))
            self._queue = [(one, None) for one, answer in taken if answer is None] + self._queue
            self._is_saving, self.pump_at = True, world.true_s + SAVE_RETRY_S
            for _, answer in taken:
                if answer is not None:
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

    def _loaded(self, answer: Answer) -> None:
        if isinstance(answer, GlueTuiError):
            self.world.after(1.0, self.load, engine=self)
            return
        self._look_everywhere()

    # As in engine.scout

    def hint(self, path: str) -> None:
        """A watcher saw something about a path."""
        for key, patterns in self.patterns().items():
            if any(path.startswith(one.rsplit("/", 1)[0]) for one in patterns):
                self._scan_soon(key)

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
        self._scan_soon(key)

    def _scan_soon(self, key: TriggerKey) -> None:
        if key in self._scanning:
            self._scan_again.add(key)
            return
        patterns = self.patterns().get(key)
        if patterns is None:
            return
        self._scanning.add(key)
        files, seen_at = self.world.folders.scan(patterns), self.world.wall_s
        took_s = self.world.random.choice((0.0, 0.01, 0.3))
        self.world.after(took_s, lambda: self._scanned(key, patterns, files, seen_at), engine=self)

    def _scanned(self, key: TriggerKey, patterns: tuple[str, ...], files: Any, seen_at: float) -> None:
        self.put(FolderScanned(workflow=key[0], trigger=key[1], patterns=patterns, files=files, at=seen_at))
        self._scanning.discard(key)
        if key in self._scan_again:
            self._scan_again.discard(key)
            self._scan_soon(key)

    def close(self) -> None:
        """End as asked: such an end is no part of a crash loop."""
        with transaction(self.world.conn):
            ledger.forget_engine_starts(self.world.conn)


def _state_of(kernel: Kernel) -> dict[str, Any]:
    """Return the kernel's fields, copied one level deep: what lies in them is frozen or replaced as a whole."""
    values = {one.name: getattr(kernel, one.name) for one in fields(kernel)}
    return {name: dict(value) if isinstance(value, dict) else value for name, value in values.items()}
