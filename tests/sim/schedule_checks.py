"""What must become of every moment of a schedule, judged anew after each step: met on time, missed, or begun anew.

All schedules of the simulated workflows fire at whole multiples of an interval since 1970, so that what was due can be
said here without the code that is on trial.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from violation import require

from glue_tui.core import missed_runs
from glue_tui.core.model import Trigger, Workflow
from glue_tui.core.run import WorkflowRun
from glue_tui.core.states import MissedRuns, OnOverlap, TriggerType
from glue_tui.core.wanted import WakeAt
from glue_tui.engine.batch import TriggerKey
from glue_tui.engine.inputs import DefinitionsLoaded, Input, TriggerSwitched
from glue_tui.engine.kernel import Kernel
from glue_tui.store import schedule_marks

if TYPE_CHECKING:
    from world import World

INTERVALS_S = {"rate(1 minute)": 60, "rate(2 minutes)": 120, "cron(0/3 * * * ? *)": 180}
"""Every schedule there is in the simulator."""
ON_TIME_S = 60
CLOCK_SET_BACK_S = 3 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """A schedule as it was at the last look."""

    workflow: Workflow
    trigger: Trigger
    done_until: float

    @property
    def rules(self) -> tuple[object, ...]:
        """Everything that decides when it fires and what becomes of a moment."""
        return _rules(self.workflow, self.trigger)


class ScheduleWatch:
    """Remembers until when each schedule had been taken care of, across crashes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._known: dict[TriggerKey, _Known] = {}
        self._runs: dict[TriggerKey, list[WorkflowRun]] = {}
        """Runs that schedules have started since the last look."""
        self._inputs: list[Input] = []
        """Of the steps since the last look, also of one that an engine did not outlive."""
        self._steps_at: list[float] = []

    def begins(self, inputs: Sequence[Input], now: float) -> None:
        """A step is about to be made; nobody may live to see its end."""
        self._inputs += inputs
        self._steps_at.append(now)

    def opened(self, run: WorkflowRun) -> None:
        """A run was made."""
        cause = run.cause
        if cause.trigger_type is TriggerType.SCHEDULED and cause.scheduled_at is not None and not run.previous_run_id:
            late_s = run.queued_at - cause.scheduled_at
            require(late_s >= 0, f"run {run.number} starts {-late_s} s before its time")
            require((late_s >= ON_TIME_S) == (cause.missed > 0), f"run {run.number}, {late_s} s late: {cause.missed}")
            self._runs.setdefault((run.workflow.name, cause.trigger), []).append(run)

    def stepped(self, kernel: Kernel) -> None:
        """Check what the steps since the last look have made of every schedule."""
        stored = schedule_marks.read_marks(self._world.conn)
        require(kernel.schedules.marks == stored, f"schedules: {kernel.schedules.marks} kept, {stored} stored")
        scheduled = {
            (workflow.name, trigger.name): (workflow, trigger)
            for workflow in kernel.workflows.values()
            for trigger in workflow.triggers
            if trigger.schedule is not None and trigger.enabled
        }
        require(scheduled.keys() == stored.keys(), f"{scheduled.keys()} are at work, {stored.keys()} are kept")
        runs, self._runs = self._runs, {}
        for key, (workflow, trigger) in scheduled.items():
            before = self._known.get(key)
            known = _Known(workflow=workflow, trigger=trigger, done_until=stored[key].done_until)
            self._known[key] = known
            if before is not None and before.rules == known.rules and not self._was_touched(key, known):
                self._check(kernel, before, known, runs.get(key, []))
        for key in self._known.keys() - scheduled.keys():
            del self._known[key]
        self._inputs, self._steps_at = [], []

    def may_sleep(self, kernel: Kernel, wall_s: float) -> None:
        """The loop goes to sleep: it wakes for the next moment of every schedule."""
        wakes = min((one.at for one in kernel.wanted() if isinstance(one, WakeAt)), default=math.inf)
        for key, mark in kernel.schedules.marks.items():
            interval_s = INTERVALS_S[mark.schedule]
            at = (max(mark.done_until, wall_s) // interval_s + 1) * interval_s
            require(wakes <= at, f"nothing wakes the loop at {at}, when {key} is due")

    def _was_touched(self, key: TriggerKey, known: _Known) -> bool:
        """Tell whether a trigger may have begun anew: it was switched, edited, or away for a while."""
        for one in self._inputs:
            match one:
                case TriggerSwitched():
                    if (one.workflow, one.trigger) == key:
                        return True
                case DefinitionsLoaded(workflows=workflows):
                    workflow = next((one for one in workflows if one.name == key[0]), None)
                    found = workflow.trigger(key[1]) if workflow else None
                    if workflow is None or found is None or _rules(workflow, found) != known.rules:
                        return True
                case _:
                    pass
        return False

    def _check(self, kernel: Kernel, before: _Known, after: _Known, runs: list[WorkflowRun]) -> None:
        """Every moment between the two looks has its run, or a reason for none; and nothing is left that could go."""
        workflow = after.workflow
        where = f"{workflow.name}.{after.trigger.name} ({after.trigger.missed_runs})"
        if after.done_until < before.done_until:
            set_back_s = before.done_until - min(self._steps_at)
            require(set_back_s > CLOCK_SET_BACK_S, f"{where} goes back by {before.done_until - after.done_until} s")
            return
        done = self._moments(after.trigger, before.done_until, after.done_until)
        times = [run.cause.scheduled_at for run in runs]
        require(times == sorted(set(times)), f"{where} fires twice, or out of order: {times}")
        require(set(times) <= set(done), f"{where} fires at {times}, of {done}")
        most = (missed_runs.MADE_UP_MAX + 1) * len(self._steps_at)
        require(len(runs) <= most, f"{where} starts {len(runs)} runs at once")
        due = [self._moments(after.trigger, before.done_until, now) for now in self._steps_at]
        may_refuse = workflow.on_overlap is OnOverlap.SKIP
        match after.trigger.missed_runs:
            case MissedRuns.RUN_ONCE:
                stood_for = sum(run.cause.missed or 1 for run in runs)
                is_right = stood_for == len(done) or (may_refuse and stood_for <= len(done))
            case MissedRuns.SKIP:
                late_only = all(any(now - at >= ON_TIME_S for now in self._steps_at) for at in done if at not in times)
                is_right = not any(run.cause.missed for run in runs) and (late_only or may_refuse)
            case MissedRuns.RUN_ALL:
                beyond = max(max(len(moments) for moments in due) - missed_runs.MADE_UP_MAX, 0)
                left_out = [at for at in done if at not in times]
                is_right = len(left_out) <= beyond or may_refuse
                is_right = is_right and all(run.cause.missed <= 1 for run in runs)
        require(is_right, f"{where}: of {done} there are runs for {[(run.cause) for run in runs]}")
        # A run that a bug of ours ends late in a step makes room that the next step finds.
        if not kernel.is_held and not self._world.plan.decide_fails:
            self._check_nothing_waits(kernel, after, where)

    def _check_nothing_waits(self, kernel: Kernel, known: _Known, where: str) -> None:
        workflow = known.workflow
        ahead_s = known.done_until - self._steps_at[-1]
        require(ahead_s <= CLOCK_SET_BACK_S, f"{where}: silent for {ahead_s} s, since the clock was set back")
        left = self._moments(known.trigger, known.done_until, self._steps_at[-1])
        if not left:
            return
        going = [run for run in kernel.runs.values() if run.workflow.name == workflow.name]
        is_full = bool(workflow.max_concurrent_runs) and len(going) >= workflow.max_concurrent_runs
        may_wait = known.trigger.missed_runs is MissedRuns.RUN_ALL and workflow.on_overlap is not OnOverlap.QUEUE
        require(may_wait and is_full, f"{where}: {left} wait for nothing")

    def _moments(self, trigger: Trigger, after: float, until: float) -> list[float]:
        assert trigger.schedule is not None
        interval_s = INTERVALS_S[trigger.schedule]
        first = math.floor(after / interval_s) + 1
        return [float(n * interval_s) for n in range(first, math.floor(until / interval_s) + 1)]


def _rules(workflow: Workflow, trigger: Trigger) -> tuple[object, ...]:
    return (
        (trigger.schedule, trigger.enabled, trigger.missed_runs),
        (workflow.timezone, workflow.max_concurrent_runs, workflow.on_overlap),
    )
