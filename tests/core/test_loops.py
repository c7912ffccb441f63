"""Runs that make the files that start the next ones are stopped; a source that is only fast is not."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from glue_tui.core.events import (
    AttemptFinished,
    AttemptQueued,
    AttemptRunning,
    AttemptStarting,
    RunFinished,
    RunQueued,
    RunStarted,
    StartCause,
)
from glue_tui.core.job import CommandWork, Job
from glue_tui.core.loops import (
    GENERATIONS_MAX,
    GRACE_S,
    PROBES_MAX,
    QUIET_S,
    RUNS_MAX,
    Arrival,
    IsLoop,
    Key,
    Loops,
    MayFire,
    MustWait,
)
from glue_tui.core.model import Action, FileWatch, RunId, Trigger, Workflow, job_id
from glue_tui.core.run import WorkflowRun, apply
from glue_tui.core.states import NodeState, Outcome, TriggerType, WorkflowRunStatus

TICK_S = 0.1
TOOK_S = st.sampled_from([0.1, 0.4, 2.0, 5.0])
EVERY_S = st.sampled_from([0.1, 0.5, 2.1, 6.0])


def workflow_of(name: str, *, allow_loop: bool = False) -> Workflow:
    watch = FileWatch(patterns=("in/*",), allow_loop=allow_loop)
    trigger = Trigger(name="files", type=TriggerType.EVENT, actions=(Action(node_id=job_id("work")),), watch=watch)
    job = Job(name="work", work=CommandWork(command=("true",)))
    return Workflow(name=name, source=f"workflows/{name}.toml", jobs=(job,), triggers=(trigger,))


@dataclass(kw_only=True)
class Source:
    """One workflow: how long its runs take, and for whom each of them makes a file, `after_s` it began."""

    took_s: float = 1.0
    makes_for: tuple[str, ...] = ()
    after_s: float = 0.5
    outside_every_s: float | None = None
    outside_until_s: float = 60.0
    allow_loop: bool = False
    at_once: int = 1_000
    """So many runs are at work at a time."""
    keeps_mtime: bool = False
    """What it makes is moved there, and was written long ago."""


@dataclass(kw_only=True)
class World:
    """Files that arrive and runs that they start, in steps of TICK_S."""

    sources: dict[str, Source]
    loops: Loops = field(default_factory=Loops)
    now: float = 1000.0
    runs: list[tuple[str, int]] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    waited_s: dict[str, float] = field(default_factory=dict)
    """The longest time that a file of each workflow waited."""

    @property
    def slowest_s(self) -> float:
        return max(self.waited_s.values())

    def live(self, seconds: float) -> World:
        begin = self.now
        waiting: dict[str, list[Arrival]] = {name: [] for name in self.sources}
        going: list[tuple[str, WorkflowRun, float]] = []
        waiting_runs: list[tuple[str, WorkflowRun]] = []
        for tick in range(round(seconds / TICK_S)):
            self.now = round(begin + tick * TICK_S, 3)
            for name, source in self.sources.items():
                every_s = source.outside_every_s
                is_on = tick == 0 or (every_s and tick % max(round(every_s / TICK_S), 1) == 0)
                if is_on and tick * TICK_S < source.outside_until_s:
                    waiting[name].append(Arrival(written_at=self.now, noticed_at=self.now))
            for name, run, started_at in list(going):
                source = self.sources[name]
                if round(self.now - started_at - source.after_s, 3) == 0:
                    written_at = 1.0 if source.keeps_mtime else self.now
                    for other in source.makes_for:
                        waiting[other].append(Arrival(written_at=written_at, noticed_at=self.now))
                if self.now - started_at >= source.took_s - 0.001:
                    going.remove((name, run, started_at))
                    over = RunFinished(status=WorkflowRunStatus.COMPLETED, outcome=Outcome.SUCCEEDED)
                    self.loops = self.loops.saw(apply(run, over, self.now))
            for name, files in waiting.items():
                while files and name not in self.stopped:
                    run = self.fire(name, files[0], files[-1])
                    if run is None:
                        break
                    waited_s = self.now - files.pop(0).noticed_at
                    self.waited_s[name] = max(waited_s, self.waited_s.get(name, 0.0))
                    waiting_runs.append((name, run))
            for name, run in list(waiting_runs):
                if sum(1 for other, _, _ in going if other == name) < self.sources[name].at_once:
                    waiting_runs.remove((name, run))
                    run = apply(run, RunStarted(), self.now)
                    going.append((name, run, self.now))
                    if not self.sources[name].allow_loop:
                        self.loops = self.loops.saw(run)
        self.left = sum(len(files) for files in waiting.values())
        return self

    def fire(self, name: str, file: Arrival, newest: Arrival) -> WorkflowRun | None:
        key: Key = (name, "files")
        verdict = MayFire()
        if not self.sources[name].allow_loop:
            match self.loops.judge(key, [file], newest, self.now):
                case MayFire() as may:
                    verdict = may
                case IsLoop():
                    self.stopped.append(name)
                    return None
                case MustWait():
                    return None
        self.runs.append((name, verdict.origin.generation))
        workflow = workflow_of(name, allow_loop=self.sources[name].allow_loop)
        cause = StartCause(trigger="files", trigger_type=TriggerType.EVENT, generation=verdict.origin.generation)
        queued = RunQueued(run_id=RunId(f"wr_{len(self.runs)}"), number=len(self.runs), workflow=workflow, cause=cause)
        run = apply(None, queued, self.now)
        if not self.sources[name].allow_loop:
            self.loops = self.loops.fired(key, run.run_id, verdict).saw(run)
        return run


@settings(deadline=None, max_examples=12)
@given(took_s=st.sampled_from([0.2, 1.0, 7.0]), after=st.sampled_from([0.5, 1.0]), keeps_mtime=st.booleans())
def test_a_run_that_makes_the_next_one_s_file_is_stopped_after_three_tries_of_its_own(
    took_s: float, after: float, keeps_mtime: bool
) -> None:
    source = Source(
        took_s=took_s, makes_for=("w",), after_s=round(took_s * after, 1), outside_until_s=0.1, keeps_mtime=keeps_mtime
    )
    world = World(sources={"w": source}).live(400)
    assert world.stopped == ["w"]
    assert len(world.runs) <= 2 * GENERATIONS_MAX + PROBES_MAX


@settings(deadline=None)
@given(st.sampled_from([0.2, 1.0, 3.0]))
def test_a_loop_through_two_workflows_is_stopped(took_s: float) -> None:
    a = Source(took_s=took_s, makes_for=("b",), after_s=0.1, outside_until_s=0.1)
    b = Source(took_s=took_s, makes_for=("a",), after_s=0.1, outside_until_s=0.0)
    world = World(sources={"a": a, "b": b}).live(300)
    assert len(world.stopped) == 1
    assert len(world.runs) <= 3 * (GENERATIONS_MAX + 2 * PROBES_MAX)


def test_runs_that_multiply_are_stopped_also_where_they_take_turns() -> None:
    """Their generations grow slowly then: there are a thousand runs before the tenth."""
    one_by_one = Source(took_s=1.0, makes_for=("w", "w"), after_s=0.5, outside_until_s=0.1, at_once=1)
    world = World(sources={"w": one_by_one}).live(200)
    assert world.stopped == ["w"]
    assert len(world.runs) <= RUNS_MAX + PROBES_MAX
    world = World(sources={"w": Source(took_s=0.3, makes_for=("w", "w"), after_s=0.2, outside_until_s=0.1)}).live(60)
    assert world.stopped == ["w"]


@settings(deadline=None, max_examples=20)
@given(st.lists(st.tuples(TOOK_S, EVERY_S), min_size=1, max_size=3))
def test_a_source_that_is_only_faster_than_its_runs_is_never_stopped_and_waits_for_moments_only(
    sources: list[tuple[float, float]],
) -> None:
    """Several of them, too: each might be taken for what makes the files of the others."""
    world = World(
        sources={f"w{n}": Source(took_s=took, outside_every_s=every) for n, (took, every) in enumerate(sources)}
    ).live(150)
    assert world.stopped == []
    assert world.left == 0
    longest_s = max(took for took, _ in sources)
    assert world.slowest_s <= len(sources) * (6 * longest_s + 2 * (QUIET_S + GRACE_S))


def test_a_burst_while_its_first_runs_last_waits_for_nothing() -> None:
    burst = Source(took_s=20.0, outside_every_s=0.1, outside_until_s=5.0)
    world = World(sources={"w": burst}).live(30)
    assert len(world.runs) == 50
    assert world.slowest_s == 0


def test_files_that_wait_for_a_quiet_moment_do_not_wait_for_what_others_begin_meanwhile() -> None:
    sources = {
        "w": Source(took_s=0.6, outside_every_s=0.5, outside_until_s=10.6),
        "busy": Source(took_s=30.0, outside_every_s=1.0, outside_until_s=90.0),
    }
    world = World(sources=sources).live(160)
    assert world.stopped == []
    assert ("w", GENERATIONS_MAX) in world.runs
    assert world.left == 0
    assert QUIET_S < world.waited_s["w"] < 30 + 2 * QUIET_S


def test_a_file_that_came_while_a_run_of_few_generations_was_at_work_does_not_prove_an_outside_source() -> None:
    """A loop through two files has two such chains: each would clear the other for ever."""
    key: Key = ("w", "files")
    loops = Loops()
    for number, generation, begins_at, ends_at in ((1, GENERATIONS_MAX - 1, 1000, 1002), (2, 2, 1001, 1010)):
        cause = StartCause(trigger="files", trigger_type=TriggerType.EVENT, generation=generation)
        run_id = RunId(f"wr_{number}")
        run = apply(None, RunQueued(run_id=run_id, number=number, workflow=workflow_of("w"), cause=cause), begins_at)
        run = apply(run, RunStarted(), begins_at)
        over = RunFinished(status=WorkflowRunStatus.COMPLETED, outcome=Outcome.SUCCEEDED)
        loops = loops.saw(apply(run, over, ends_at))
    waits = Arrival(written_at=1000.5, noticed_at=1000.5)
    newest = Arrival(written_at=1009, noticed_at=1009)
    took_s = 1010 - 1001
    assert loops.judge(key, [waits], newest, 1010) == MustWait(until=1010 + 2 * took_s)
    from_outside = Arrival(written_at=1015, noticed_at=1015)
    assert loops.judge(key, [waits], from_outside, 1015) == MayFire(cleared_until=1015)


def test_the_quiet_time_is_no_longer_for_a_run_that_waited_for_a_slot() -> None:
    key: Key = ("w", "files")
    cause = StartCause(trigger="files", trigger_type=TriggerType.EVENT, generation=GENERATIONS_MAX)
    run = apply(None, RunQueued(run_id=RunId("wr_1"), number=1, workflow=workflow_of("w"), cause=cause), 1000)
    work = job_id("work")
    for at, event in (
        (1000, RunStarted()),
        (1000, AttemptQueued(node_id=work, attempt=1)),
        (1060, AttemptStarting(node_id=work, attempt=1)),
        (1060, AttemptRunning(node_id=work, attempt=1, pid=1, process_started_at=1060)),
        (1061, AttemptFinished(node_id=work, attempt=1, state=NodeState.SUCCEEDED)),
        (1061, RunFinished(status=WorkflowRunStatus.COMPLETED, outcome=Outcome.SUCCEEDED)),
    ):
        run = apply(run, event, at)
    arrival = Arrival(written_at=1030, noticed_at=1030)
    assert Loops().saw(run).judge(key, [arrival], arrival, 1062) == MustWait(until=1061 + QUIET_S)


def test_one_long_run_makes_no_chain_of_what_comes_while_it_lasts() -> None:
    """It may have begun with a high generation itself."""
    sources = {
        "fast": Source(took_s=0.5, outside_every_s=0.3),
        "long": Source(took_s=100.0, outside_until_s=0.1),
        "late": Source(took_s=60.0, outside_every_s=4.0, outside_until_s=5.0),
    }
    world = World(sources=sources).live(110)
    assert world.stopped == []
    assert world.slowest_s < 10


def test_a_loop_that_is_meant_goes_on_and_makes_nobody_else_suspicious() -> None:
    sources = {
        "meant": Source(took_s=0.5, makes_for=("meant",), after_s=0.3, outside_until_s=0.1, allow_loop=True),
        "other": Source(took_s=0.2, outside_every_s=3.0),
    }
    world = World(sources=sources).live(60)
    assert world.stopped == []
    assert world.slowest_s == 0
    assert len(world.runs) > 100


def test_a_trigger_that_a_person_lets_go_on_begins_anew() -> None:
    source = Source(took_s=0.5, makes_for=("w",), after_s=0.3, outside_until_s=0.1)
    world = World(sources={"w": source}).live(60)
    assert world.stopped == ["w"]
    arrival = Arrival(written_at=world.now, noticed_at=world.now)
    judged = world.loops.forgiven().judge(("w", "files"), [arrival], arrival, world.now)
    assert isinstance(judged, MayFire)
    assert not judged.is_probe
