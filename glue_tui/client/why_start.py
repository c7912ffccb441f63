"""Why a trigger that starts runs does not fire now: its conditions as true, not yet, false. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from msgspec import structs

from glue_tui.client.explained import Explanation, Line, Role, Verdict, listed, muted, text
from glue_tui.client.words import clock_text, counted, duration, problem_text, size, waiting_text
from glue_tui.core.schedule import exact_text, fires, local_text, newest_fires, parse_schedule
from glue_tui.protocol.inbox_views import DOUBTED, STOPPED, InboxFile, InboxView
from glue_tui.protocol.views import EngineView, RunSummary, TriggerView, WorkflowView

FILES_MAX = 20
"""So many waiting files are listed."""
LOOK_BACK_S = 40 * 86400.0
"""So far back the last moment of a schedule is looked for."""
COMING_MAX = 4
"""So many fires of a schedule are told after the next one."""
_MISSED = {
    "run_once": 'missed_runs = "run_once": one run makes up for all that comes due while no engine runs',
    "run_all": 'missed_runs = "run_all": each moment that comes due while no engine runs gets its run later',
    "skip": 'missed_runs = "skip": what comes due while no engine runs is left out',
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a trigger's firing depends on besides itself."""

    now: float
    engine: EngineView | None
    """None, or one with pid 0: no engine runs."""
    workflow: WorkflowView
    unfinished: tuple[RunSummary, ...] = ()
    """Runs of the workflow that are not over."""
    last_started: RunSummary | None = None
    """The newest run that the trigger started."""
    inbox: InboxView | None = None
    """Of an EVENT trigger, where somebody could be asked."""

    @property
    def has_engine(self) -> bool:
        return self.engine is not None and self.engine.pid > 0

    @property
    def is_held(self) -> bool:
        return self.engine is not None and self.engine.is_held


def trigger_now(around: Surroundings, trigger: TriggerView) -> Explanation:
    """Explain why a trigger of type SCHEDULED, EVENT or ON_DEMAND does not start a run at this moment."""
    verdict, answer = _answer(around, trigger)
    notes = [text(note) for note in trigger.notes if note != DOUBTED and not note.startswith(STOPPED)]
    lines = [*notes, *_conditions(around, trigger), *_waiting_files(around), *_facts(around, trigger)]
    return Explanation(
        subject=f"{trigger.name}  {trigger.type}  of {trigger.workflow}",
        verdict=verdict,
        answer=answer,
        lines=tuple(lines),
        workflow=trigger.workflow,
        trigger=trigger.name,
    )


def is_paused(trigger: TriggerView) -> bool:
    return trigger.state == "DEACTIVATED"


def enable_command(trigger: TriggerView) -> str:
    return f"`glue-tui trigger enable {trigger.workflow} {trigger.name}`"


def going_text(runs: tuple[RunSummary, ...]) -> str:
    """Return `run 4 is going`, `runs 4 and 5 are going`."""
    if len(runs) == 1:
        return f"run {runs[0].number} is going"
    return f"runs {listed(str(run.number) for run in runs)} are going"


# The answer


def _answer(around: Surroundings, trigger: TriggerView) -> tuple[Verdict, str]:
    if trigger.type == "ON_DEMAND":
        return _by_hand_answer(around, trigger)
    waiting = f" {_files_wait(trigger)}" if trigger.type == "EVENT" and trigger.batch_files else ""
    stopped = next((note for note in trigger.notes if note.startswith(STOPPED)), "")
    if is_paused(trigger) and stopped:
        why = stopped.removeprefix(STOPPED)
        go_on = f"{enable_command(trigger)} lets it go on"
        return Verdict.BLOCKED, f"The engine has stopped it, as it {why}. {go_on}.{waiting}"
    if is_paused(trigger):
        return Verdict.BLOCKED, f"It is paused, so it does not fire: {enable_command(trigger)} lets it.{waiting}"
    if not around.has_engine:
        return Verdict.BLOCKED, f"No engine runs, so nothing fires: `glue-tui engine start`.{waiting}"
    if around.is_held:
        held = "The engine is held after repeated crashes: schedules and files start nothing"
        return Verdict.BLOCKED, f"{held} until `glue-tui engine release`.{waiting}"
    if trigger.type == "SCHEDULED":
        if trigger.next_fire_at is None:
            return Verdict.NEVER, "It never fires again: no time is left that its schedule names."
        return Verdict.WAITS, f"It is not due: it fires next {_due_text(around, trigger.next_fire_at)}."
    return _event_answer(around, trigger)


def _by_hand_answer(around: Surroundings, trigger: TriggerView) -> tuple[Verdict, str]:
    workflow = around.workflow
    if workflow.is_broken:
        return (
            Verdict.BLOCKED,
            f"It can't be fired by hand while {workflow.source} has errors: {_first_problem(workflow)}.",
        )
    fire = f"`glue-tui trigger fire {trigger.workflow} {trigger.name}`"
    paused = " That it is paused keeps nobody from doing so." if is_paused(trigger) else ""
    return Verdict.WAITS, f"It waits for a hand, always: {fire}. Reading or saving its file fires nothing.{paused}"


def _event_answer(around: Surroundings, trigger: TriggerView) -> tuple[Verdict, str]:
    closes = trigger.window_closes_at
    is_full = trigger.batch_files >= trigger.batch_size
    is_due = is_full or (closes is not None and closes <= around.now)
    if trigger.batch_files and is_due and (limit := _limit(around)):
        return Verdict.WAITS, f"Its batch is complete, but {limit}. It fires when there is room; the files wait."
    if trigger.batch_files and is_due and DOUBTED in trigger.notes:
        return Verdict.WAITS, f"Its batch is complete, but it {DOUBTED}. If they make what starts them, it is stopped."
    if trigger.batch_files and is_due:
        return Verdict.WAITS, "Its batch is complete: it fires just now."
    if trigger.batch_files and closes is not None:
        more = counted(max(trigger.batch_size - trigger.batch_files, 0), "more file")
        return Verdict.WAITS, f"It waits for {more}, or until {_then(closes, around.now)}, when the window closes."
    if trigger.settling_files:
        return Verdict.WAITS, f"It waits for {counted(trigger.settling_files, 'file')} to settle."
    return Verdict.WAITS, (
        "No file waits. One that was there when the trigger first looked counts once it changes;"
        f" `glue-tui why {trigger.workflow} {trigger.name} --file PATH` tells of a single one."
    )


def _files_wait(trigger: TriggerView) -> str:
    return f"{waiting_text(trigger.batch_files)} in its batch meanwhile."


def _then(at: float, now: float) -> str:
    return f"{clock_text(at, now)}, in {duration(at - now)}"


# What must hold


def _conditions(around: Surroundings, trigger: TriggerView) -> Iterator[Line]:
    if trigger.type == "ON_DEMAND":
        yield Line(role=Role.NOT_YET, text="somebody fires it")
        return
    if around.has_engine:
        yield Line(role=Role.TRUE, text="an engine runs")
    else:
        yield Line(role=Role.FALSE, text="an engine runs", note=around.engine.message if around.engine else "")
    if around.is_held:
        yield Line(role=Role.FALSE, text="the engine is not held", note="it crashed three times within a minute")
    yield Line(role=Role.FALSE if is_paused(trigger) else Role.TRUE, text="it is enabled")
    if around.workflow.max_concurrent_runs:
        yield _limit_line(around)
    if trigger.type == "SCHEDULED":
        at = trigger.next_fire_at
        yield Line(role=Role.NOT_YET, text="it is due", note=_due_text(around, at) if at is not None else "")
    else:
        yield _batch_line(around, trigger)


def _limit_line(around: Surroundings) -> Line:
    limit, runs = around.workflow.max_concurrent_runs, around.unfinished
    text_of = f"fewer than {counted(limit, 'run')}" if limit > 1 else "no run is going"
    if len(runs) < limit:
        return Line(role=Role.TRUE, text=text_of, note=going_text(runs) if runs else "")
    then = {
        "queue": 'a start waits for its turn (on_overlap = "queue")',
        "skip": 'a start is skipped (on_overlap = "skip")',
        "cancel_previous": 'a start stops the oldest (on_overlap = "cancel_previous")',
        "error": 'a start ends in ERROR at once (on_overlap = "error")',
    }[around.workflow.on_overlap]
    return Line(role=Role.FALSE, text=text_of, note=f"{going_text(runs)}; {then}")


def _limit(around: Surroundings) -> str:
    """Return why a complete batch starts nothing just now; empty where that does not keep it."""
    limit = around.workflow.max_concurrent_runs
    if around.workflow.on_overlap != "skip" or not limit or len(around.unfinished) < limit:
        return ""
    return f"{going_text(around.unfinished)}, max_concurrent_runs is {limit} and on_overlap is skip"


def _batch_line(around: Surroundings, trigger: TriggerView) -> Line:
    wanted = f"{counted(trigger.batch_size, 'settled file')}"
    notes = [f"{trigger.batch_files} so far"]
    is_free = around.has_engine and not around.is_held and not is_paused(trigger)
    if trigger.window_closes_at is not None and is_free and trigger.batch_files < trigger.batch_size:
        notes.append(f"the window closes at {_then(trigger.window_closes_at, around.now)}")
    if trigger.settling_files:
        notes.append(f"{trigger.settling_files} settling")
    is_full = trigger.batch_files >= trigger.batch_size > 0
    return Line(role=Role.TRUE if is_full else Role.NOT_YET, text=wanted, note=", ".join(notes))


# What is known besides


def _waiting_files(around: Surroundings) -> Iterator[Line]:
    files = around.inbox.files if around.inbox is not None else ()
    for file in files[:FILES_MAX]:
        yield file_line(file, around.now)
    if len(files) > FILES_MAX:
        yield muted(f"and {counted(len(files) - FILES_MAX, 'more file')}: `glue-tui inbox` lists them")


def file_line(file: InboxFile, now: float) -> Line:
    """Return one waiting file: how large it is, since when it waits, and for what."""
    facts = [size(file.size_bytes)] if file.change != "deleted" else ["deleted"]
    at = clock_text(file.since, now)
    if file.stage == "SETTLING":
        facts.append(file.note or f"last changed {at}, settling")
    else:
        facts.append(f"settled {at}")
    return text(file.path, ", ".join(facts))


def _facts(around: Surroundings, trigger: TriggerView) -> Iterator[Line]:
    if trigger.schedule:
        yield muted(f"{trigger.schedule}, time zone {around.workflow.timezone}")
        yield from _coming_lines(around, trigger)
        yield from _last_due_lines(around, trigger)
        if is_paused(trigger):
            yield muted("what comes due while it is paused stays missed")
        elif trigger.missed_runs:
            yield muted(_MISSED[trigger.missed_runs])
    if trigger.watch:
        kinds = f" for {listed(trigger.events)} files" if trigger.events else ""
        yield muted(f"watches {listed(trigger.watch)}{kinds}")
    last = around.last_started
    if last is not None:
        came = last.outcome or ("QUEUED" if last.started_at is None else last.status)
        yield muted(f"last started run {last.number}, {clock_text(last.queued_at, around.now)}: {came}")
    if around.workflow.is_broken and trigger.type != "ON_DEMAND":
        problem = _first_problem(around.workflow)
        yield muted(f"{around.workflow.source} has errors ({problem}): its last good version is in force")


def _coming_lines(around: Surroundings, trigger: TriggerView) -> Iterator[Line]:
    """Return the fires after the next one."""
    if trigger.next_fire_at is not None and not is_paused(trigger):
        zone = around.workflow.timezone
        coming = islice(fires(parse_schedule(trigger.schedule), trigger.next_fire_at, zone), COMING_MAX)
        if later := [local_text(at, zone) for at in coming]:
            yield muted(f"then {', '.join(later)}")


def _last_due_lines(around: Surroundings, trigger: TriggerView) -> Iterator[Line]:
    """Return why the last moment of the schedule started nothing, where its notes don't say."""
    zone, started = around.workflow.timezone, around.last_started
    due = newest_fires(parse_schedule(trigger.schedule), around.now - LOOK_BACK_S, around.now, zone, 1)
    if not due or trigger.notes or (started is not None and started.queued_at >= due[-1]):
        return
    last, since = f"last due {local_text(due[-1], zone)}, which started nothing", trigger.done_until
    if is_paused(trigger):
        yield muted(f"{last} (it is paused now)")
    elif since is not None and since > due[-1]:
        counts = f"the schedule counts only since {exact_text(since, zone)}, when it was read, changed or enabled"
        yield muted(f"{last}: {counts}")


def _due_text(around: Surroundings, at: float) -> str:
    return f"{local_text(at, around.workflow.timezone)}, in {duration(at - around.now)}"


def _first_problem(workflow: WorkflowView) -> str:
    problem = next(one for one in workflow.problems if not one.is_warning)
    return problem_text(structs.replace(problem, hint=""))
