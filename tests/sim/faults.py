"""What goes wrong in a simulated world, and when: all of it follows from one seed, and all of it ends."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from random import Random
from typing import Any


class Crashed(BaseException):
    """The engine's process is gone, at whatever place this was raised."""


class FaultyConnection(sqlite3.Connection):
    """A real connection that fails at the n-th statement from now, when told to."""

    statements_until: int | None = None
    """None: never; 1: at the next one; 0: at the COMMIT."""
    error: BaseException | None = None

    def arm(self, statements_until: int, error: BaseException) -> None:
        """Fail the n-th statement from now, or the next COMMIT (0)."""
        self.statements_until, self.error = statements_until, error

    def disarm(self) -> None:
        self.statements_until, self.error = None, None

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        self._count(sql)
        return super().execute(sql, *parameters)

    def executemany(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        self._count(sql)
        return super().executemany(sql, *parameters)

    def _count(self, sql: str) -> None:
        if self.error is None or self.statements_until is None or sql == "ROLLBACK":
            return
        if self.statements_until > 0:
            self.statements_until -= 1
            is_now = self.statements_until == 0
            if is_now:
                self.statements_until = None
        else:
            is_now = sql == "COMMIT"
        if is_now:
            error = self.error
            self.disarm()
            raise error


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultPlan:
    """How likely each fault is at each chance for it, until `until_s` of the simulated time."""

    until_s: float
    crash_in_commit: float = 0.0
    crash_after_commit: float = 0.0
    crash_while_acting: float = 0.0
    commit_fails: float = 0.0
    decide_fails: float = 0.0
    """A bug of our own in the middle of one run."""
    report_doubled: float = 0.0
    report_late: float = 0.0
    """Reports overtake each other."""
    hint_lost: float = 0.0
    hint_doubled: float = 0.0
    clock_step: float = 0.0
    latency: float = 0.0
    """The engine is busy for a while, so that its inputs come in heaps."""
    worker_disobeys: float = 0.0
    job_fails: float = 0.0
    job_skips: float = 0.0
    """It finds nothing to do."""


def plan_faults(random: Random) -> FaultPlan:
    """Return a plan: some worlds are calm, some have one kind of trouble, some have all of it."""
    mood = random.random()
    share = 0.0 if mood < 0.1 else 0.35 if mood < 0.7 else 1.0

    def chance(most: float) -> float:
        return random.random() * most if random.random() < share else 0.0

    return FaultPlan(
        until_s=random.choice((60.0, 120.0, 200.0)),
        crash_in_commit=chance(0.1),
        crash_after_commit=chance(0.1),
        crash_while_acting=chance(0.1),
        commit_fails=chance(0.25),
        decide_fails=chance(0.02),
        report_doubled=chance(0.4),
        report_late=chance(0.4),
        hint_lost=chance(0.5),
        hint_doubled=chance(0.5),
        clock_step=chance(1.0),
        latency=chance(0.5),
        worker_disobeys=chance(0.5),
        job_fails=random.choice((0.0, 0.1, 0.3, 0.6)),
        job_skips=random.choice((0.0, 0.0, 0.1, 0.3)),
    )
