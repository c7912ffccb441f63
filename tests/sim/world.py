"""A world in virtual time around the real kernel on a real database: one engine process after another, each with its
workers, and what outlives them: files, the database, the clock.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

from checkers import Checkers
from faults import Crashed, FaultPlan, FaultyConnection
from folders import Folders
from processes import Process, result_of
from sim_engine import SimEngine
from violation import Violation

from glue_tui.catalog.write import MIGRATIONS as CATALOG_MIGRATIONS
from glue_tui.core.attempt import AttemptKey, AttemptResult
from glue_tui.core.model import RunId, Workflow
from glue_tui.core.problem import StoreFailed
from glue_tui.engine import batch as kernel_batch
from glue_tui.store.database import migrate
from glue_tui.store.event_log import MIGRATIONS as RUN_MIGRATIONS

EPOCH_S = 1_795_000_000.0
"""Wall clock at the beginning of every world: 18 November 2026."""
LIVENESS_S = 1200.0
"""After the last fault, every run ends and every file is taken within this time, even if the clock was set back."""
LOOP_LIVENESS_S = 12_000.0
"""The same where runs make files that start runs: it takes many of them until that is stopped."""
SPINS_MAX = 50
"""Turns of the loop without any time passing."""

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
        self.is_calm = False
        self.makes_file: Callable[[AttemptKey], None] = lambda _: None
        """What a worker that has done its work leaves where a trigger watches."""
        self.has_loops = False
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

    def stop_engine(self) -> None:
        """End the engine as somebody asked; its workers end with it."""
        if self.engine is not None:
            self.engine.close()
            self._crash("as it was asked to")

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
            if self.random.random() < 0.3 and process.behaviour in ("obeys", "fails", "skips", "dies"):
                self.results[process.key] = result_of(process)
            self.end_process(process, signal=9)
        self.conn = connect(self._database, content)
        self.after(self.random.choice((0.1, 2.0, 30.0, 30.0, 400.0)), self.start_engine)

    # Workers

    def _random_behaviour(self, key: AttemptKey) -> tuple[str, float]:
        seconds = self.random.choice((0.1, 1.0, 3.0, 12.0))
        if self.chance(self.plan.worker_disobeys):
            return self.random.choice(("hangs", "deaf", "vanishes", "dies", "lingers", "exits")), seconds
        if self.chance(self.plan.job_skips):
            return "skips", seconds
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
                self.results[process.key] = result_of(process)
                self.end_process(process, signal=9)
            case behaviour:
                self.results[process.key] = result_of(process)
                self.makes_file(process.key)
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
