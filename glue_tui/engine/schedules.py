"""The part of the kernel that knows when SCHEDULED triggers fire. No clock: the time is given.

What a step changes here is put back by the kernel where its commit fails: values are replaced, never changed in place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from glue_tui.core.events import StartCause
from glue_tui.core.missed_runs import COUNTED_MAX, MADE_UP_MAX, ScheduleMark, count_text, plan_due
from glue_tui.core.model import RunId, Trigger, Workflow
from glue_tui.core.schedule import local_text, newest_fires, next_fire, parse_schedule
from glue_tui.core.states import TriggerType
from glue_tui.engine import starts
from glue_tui.engine.batch import Batch, TriggerKey
from glue_tui.store import schedule_marks
from glue_tui.store.database import Connection

CLOCK_SET_BACK_S = 3 * 3600.0
"""Where the clock is set back by less, what a schedule has fired is not fired again, as cron does it."""

DUE_MAX = COUNTED_MAX + MADE_UP_MAX + 1
"""So many moments are looked at: those to be made up for, one that is met on time, enough of the others to count."""

Workflows = Mapping[str, Workflow]


@dataclass(slots=True)
class Schedules:
    marks: dict[TriggerKey, ScheduleMark] = field(default_factory=dict)
    """Of the triggers that are not paused, as stored."""
    next_fires: dict[TriggerKey, float | None] = field(default_factory=dict)
    """The first moment that has not been taken care of; it has passed where the engine is held, or where missed starts
    wait for room. None: paused, or there is none."""

    def open(self, conn: Connection) -> None:
        self.marks = schedule_marks.read_marks(conn)

    def rename(self, renamed: Mapping[str, str]) -> None:
        """Let workflows go on under their new names; the values are what they were called until now."""
        names = {before: name for name, before in renamed.items()}
        self.marks = {(names.get(key[0], key[0]), key[1]): mark for key, mark in self.marks.items()}
        self.next_fires = {(names.get(key[0], key[0]), key[1]): at for key, at in self.next_fires.items()}

    def load(self, batch: Batch, workflows: Workflows) -> None:
        """Put the schedules of other definitions into force.

        What is new, changed or no longer paused begins now: reading a file fires nothing (rule TR-3), what a trigger
        missed while it was paused stays missed (rule TR-2).
        """
        marks: dict[TriggerKey, ScheduleMark] = {}
        fires: dict[TriggerKey, float | None] = {}
        for workflow in workflows.values():
            for trigger in workflow.triggers:
                if trigger.schedule is None:
                    continue
                key = (workflow.name, trigger.name)
                fires[key] = None
                if trigger.enabled:
                    fresh = ScheduleMark(schedule=trigger.schedule, timezone=workflow.timezone, done_until=batch.now)
                    known = self.marks.get(key)
                    is_same = known and (known.schedule, known.timezone) == (fresh.schedule, fresh.timezone)
                    marks[key] = known if known and is_same else fresh
                    is_kept = is_same and key in self.next_fires
                    fires[key] = self.next_fires[key] if is_kept else _first_after(marks[key])
        changed = {key: mark for key, mark in marks.items() if self.marks.get(key) != mark}
        gone = self.marks.keys() - marks.keys()
        self.marks, self.next_fires = marks, fires
        if changed:
            batch.write(lambda conn: schedule_marks.write_marks(conn, changed))
        if gone:
            batch.write(lambda conn: schedule_marks.forget_marks(conn, gone))

    def fire_due(self, batch: Batch, workflows: Workflows, new_run_id: Callable[[], RunId], notes: list[str]) -> None:
        """Start a run for every moment that is due, by what each trigger says of missed ones."""
        changed: dict[TriggerKey, ScheduleMark] = {}
        for key, mark in self.marks.items():
            at = self.next_fires[key]
            if mark.done_until > batch.now + CLOCK_SET_BACK_S:
                # Otherwise a clock that had been far in the future would silence the schedule until then.
                changed[key] = replace(mark, done_until=batch.now)
            elif at is not None and at <= batch.now:
                workflow = workflows[key[0]]
                trigger = workflow.trigger(key[1])
                assert trigger is not None
                after = self._fire(batch, workflow, trigger, mark, new_run_id, notes)
                if after != mark:
                    changed[key] = after
        if changed:
            self.marks = {**self.marks, **changed}
            self.next_fires = {**self.next_fires, **{key: _first_after(mark) for key, mark in changed.items()}}
            batch.touched_triggers.update(changed)
            batch.write(lambda conn: schedule_marks.write_marks(conn, changed))

    def wake_times(self, stepped_at: float) -> list[float]:
        """Return when something is due. What was due at the last step waits for something else: for room, for a key."""
        return [at for key in self.next_fires if (at := self.coming_fire(key, stepped_at)) is not None]

    def passed(self, since: float, now: float) -> list[TriggerKey]:
        """Return the triggers whose next fire is another one than it was: their views are to be told anew."""
        return [key for key in self.next_fires if (at := self.coming_fire(key, since)) is not None and at <= now]

    def coming_fire(self, key: TriggerKey, now: float) -> float | None:
        """Return when a trigger fires next, whatever is still due."""
        at = self.next_fires.get(key)
        if at is None or at > now:
            return at
        mark = self.marks[key]
        return next_fire(parse_schedule(mark.schedule), now, mark.timezone)

    def notes(self, key: TriggerKey, now: float, *, is_held: bool) -> tuple[str, ...]:
        """Return what is out of the ordinary about a schedule, in words."""
        mark = self.marks.get(key)
        if mark is None:
            return ()
        said = [mark.note] if mark.note else []
        at = self.next_fires[key]
        if at is None:
            said.append("never fires any more")
        elif at <= now:
            count = len(_due(mark, now))
            what = "came due while the engine is held" if is_held else f"wait{'s' * (count == 1)} for room"
            said.append(f"{count_text(count, 'start')} {what}")
        return tuple(said)

    def _fire(
        self,
        batch: Batch,
        workflow: Workflow,
        trigger: Trigger,
        mark: ScheduleMark,
        new_run_id: Callable[[], RunId],
        notes: list[str],
    ) -> ScheduleMark:
        """Start what is due of one trigger and return its mark from now on."""
        plan = plan_due(trigger.missed_runs, _due(mark, batch.now), batch.now)
        told: list[str] = []
        has_started, made_up = False, 0
        if plan.left_out:
            told.append(f"{workflow.name}: {trigger.name} {_left_out_text(trigger, plan.left_out, workflow.timezone)}")
            mark = replace(mark, done_until=plan.left_out[-1])
        for start in plan.starts:
            if start.waits_for_room and not starts.has_room(batch, workflow):
                break
            cause = StartCause(
                trigger=trigger.name, trigger_type=TriggerType.SCHEDULED, scheduled_at=start.at, missed=start.missed
            )
            run = starts.start_by_itself(batch, workflow, cause, new_run_id(), told)
            has_started = has_started or run is not None
            made_up += start.missed if run is not None else 0
            mark = replace(mark, done_until=start.at)
        notes += told
        if made_up:
            notes.append(f"{workflow.name}: {trigger.name} makes up for {count_text(made_up)}")
        if told:
            return replace(mark, note=told[-1].removeprefix(f"{workflow.name}: {trigger.name} "))
        return replace(mark, note="") if has_started else mark


def _due(mark: ScheduleMark, now: float) -> tuple[float, ...]:
    """Return the moments that have not been taken care of, in order; the newest where there are too many to count."""
    return newest_fires(parse_schedule(mark.schedule), mark.done_until, now, mark.timezone, DUE_MAX)


def _first_after(mark: ScheduleMark) -> float | None:
    return next_fire(parse_schedule(mark.schedule), mark.done_until, mark.timezone)


def _left_out_text(trigger: Trigger, left_out: Sequence[float], timezone: str) -> str:
    missed = f"{count_text(len(left_out))}, the last due {local_text(left_out[-1], timezone)}"
    return f'left out {missed} (missed_runs = "{trigger.missed_runs}")'
