"""One run carried through the pure rules by hand, without kernel, clock or database. For the tests of this folder."""

from __future__ import annotations

from collections.abc import Sequence

from glue_tui.core.attempt import AttemptKey, AttemptResult, NodeError
from glue_tui.core.decide import decide
from glue_tui.core.events import Event, RunQueued, StartCause
from glue_tui.core.graph import start_trigger
from glue_tui.core.invariants import check_run
from glue_tui.core.job import CommandWork, Job
from glue_tui.core.model import (
    Action,
    Condition,
    Crawler,
    FolderTarget,
    NodeId,
    Predicate,
    RunId,
    Trigger,
    Workflow,
    crawler_id,
    job_id,
)
from glue_tui.core.resume import plan_resume, resume_events
from glue_tui.core.run import WorkflowRun, apply, fold
from glue_tui.core.states import Logical, NodeState, TriggerType
from glue_tui.core.stimuli import (
    ClockTicked,
    RunStopRequested,
    SlotGranted,
    Stimulus,
    TurnCame,
    WorkerExited,
    WorkerLost,
    WorkerStarted,
)

OK, FAILED = NodeState.SUCCEEDED, NodeState.FAILED


def node(name: str) -> NodeId:
    """Names beginning with `crawl` are crawlers."""
    return crawler_id(name) if name.startswith("crawl") else job_id(name)


def job(name: str, **changes: object) -> Job:
    return Job(name=name, work=CommandWork(command=("true",)), **changes)  # type: ignore[arg-type]


def crawler(name: str, **changes: object) -> Crawler:
    return Crawler(name=name, database="raw", targets=(FolderTarget(path="in"),), **changes)  # type: ignore[arg-type]


def by_hand(*starts: str, name: str = "by_hand", **changes: object) -> Trigger:
    actions = tuple(Action(node_id=node(one)) for one in starts)
    return Trigger(name=name, type=TriggerType.ON_DEMAND, actions=actions, **changes)  # type: ignore[arg-type]


def when(
    name: str,
    watched: dict[str, NodeState] | Sequence[tuple[str, NodeState]],
    *starts: str,
    logical: Logical = Logical.AND,
    **changes: object,
) -> Trigger:
    """A CONDITIONAL trigger."""
    pairs = watched.items() if isinstance(watched, dict) else watched
    conditions = tuple(Condition(node_id=node(one), state=state) for one, state in pairs)
    actions = tuple(Action(node_id=node(one)) for one in starts)
    predicate = Predicate(logical=logical, conditions=conditions)
    kind = TriggerType.CONDITIONAL
    return Trigger(name=name, type=kind, actions=actions, predicate=predicate, **changes)  # type: ignore[arg-type]


def workflow(nodes: Sequence[Job | Crawler | str], *triggers: Trigger, **changes: object) -> Workflow:
    """Return a workflow; a node given by name is a plain one."""
    made = [(crawler(one) if one.startswith("crawl") else job(one)) if isinstance(one, str) else one for one in nodes]
    return Workflow(
        name="w",
        source="workflows/w.toml",
        jobs=tuple(one for one in made if isinstance(one, Job)),
        crawlers=tuple(one for one in made if isinstance(one, Crawler)),
        triggers=triggers,
        **changes,  # type: ignore[arg-type]
    )


class OneRun:
    """A run and its log. `now` moves by hand; slots are unlimited unless `grant` is False."""

    def __init__(
        self,
        flow: Workflow,
        trigger: str = "",
        *,
        first: Sequence[Event] = (),
        grant: bool = True,
        properties: dict[str, str] | None = None,
        has_turn: bool = True,
    ) -> None:
        self.now = 1000.0
        self.grant = grant
        self.log: list[tuple[float, Event]] = []
        self.run: WorkflowRun | None = None
        if not first:
            starter = start_trigger(flow, trigger)
            assert starter is not None
            cause = StartCause(trigger=starter.name, trigger_type=starter.type)
            queued = RunQueued(run_id=RunId("wr_1"), number=1, workflow=flow, cause=cause, properties=properties or {})
            first = (queued,)
        self._record(first)
        if has_turn:
            self.feed(TurnCame())

    def _record(self, events: Sequence[Event]) -> None:
        for event in events:
            self.run = apply(self.run, event, self.now)
            self.log.append((self.now, event))

    @property
    def it(self) -> WorkflowRun:
        assert self.run is not None
        return self.run

    def feed(self, stimulus: Stimulus) -> tuple[Event, ...]:
        """Give the rules a stimulus, check what came of it, and grant slots to whoever waits."""
        events = decide(self.it, stimulus, self.now)
        self._record(events)
        check_run(self.it)
        assert fold(self.log) == self.it
        if self.grant:
            for node_id in self.it.graph.node_ids:
                last = self.it.nodes[node_id].last
                if last is not None and last.state is NodeState.WAITING and last.is_due(self.now):
                    self.feed(SlotGranted(key=self.it.key(node_id)))
        return events

    def key(self, name: str) -> AttemptKey:
        return self.it.key(node(name))

    def begins(self, name: str) -> None:
        self.feed(WorkerStarted(key=self.key(name), pid=1, process_started_at=self.now))

    def ends(self, name: str, state: NodeState = OK, properties: dict[str, str] | None = None) -> tuple[Event, ...]:
        """The worker of the node's last attempt ends: SUCCEEDED, FAILED, SKIPPED, or as its stop says."""
        key = self.key(name)
        if state is OK:
            result = AttemptResult(state=OK, rows_out=1, properties=properties or {})
            return self.feed(WorkerExited(key=key, result=result, exit_code=0))
        if state is FAILED:
            error = NodeError(type="ValueError", message="no good")
            return self.feed(WorkerExited(key=key, result=AttemptResult(state=FAILED, error=error), exit_code=1))
        if state is NodeState.SKIPPED:
            result = AttemptResult(state=state, reason="nothing to do")
            return self.feed(WorkerExited(key=key, result=result, exit_code=0))
        return self.feed(WorkerExited(key=key, result=None, signal=15))

    def lost(self, name: str, *, is_charged: bool = True) -> tuple[Event, ...]:
        return self.feed(WorkerLost(key=self.key(name), reason="the engine ended while it ran", is_charged=is_charged))

    def stop(self) -> tuple[Event, ...]:
        return self.feed(RunStopRequested(reason="stopped by hand"))

    def tick(self, seconds: float) -> tuple[Event, ...]:
        self.now += seconds
        return self.feed(ClockTicked())

    def state(self, name: str) -> NodeState:
        return self.it.nodes[node(name)].state

    def states(self) -> dict[str, str]:
        return {node_id.split(":")[1]: one.state.value for node_id, one in self.it.nodes.items()}

    def resumed(self, *nodes: str, flow: Workflow | None = None) -> OneRun:
        """Return the run that resumes this one."""
        flow = flow or self.it.workflow
        plan = plan_resume(self.it, flow, nodes)
        return OneRun(flow, first=resume_events(self.it, flow, plan, run_id=RunId("wr_2"), number=2))
