"""What must hold in every simulated world: after each step, at each start of a worker, and at the end.

The whole list; what stands elsewhere is called from here. After every step:

 1. The log is the truth: the fold of the stored events is the run in memory, inboxes and paused triggers are as stored.
 2. A commit that failed has changed nothing, in memory or in the file.
 3. A run that is over never changes again, and has an outcome: the one that a second judgement, made here, comes to.
 4. Nodes go only from state to state as `NODE_TRANSITIONS` allows; attempts count up, one at most is alive.
 5. A trigger fires once a run, while it waits, with its predicate true; it fires if that is true, and is ruled out if
    it can't become true. What fired has started its nodes; a node has started only by a trigger or a resume.
 6. Nothing is queued, started or tried again after a stop. Arguments that a job has fixed are kept.
 7. A node is tried `max_retries` times more, and lost with its worker no more often than `LOST_ATTEMPTS_MAX`.
 8. No more runs of a workflow go on than it allows, no more workers than slots, no node in more runs than its limit.
 9. A slot is free only if nobody may have it; it goes to the run with the fewest nodes at work, the older run first.
10. What waits says for whom: the slot, the other run, the delay, the turn. (8 to 10: `admission_checks`)
11. Timeouts, delays, graces and notices keep to a clock that nobody sets. (`clock_checks`)
12. A version of a file is taken once, by the run that says so, after it settled, while nobody has it open; or it was
    dropped, or is of a kind that is not selected. One request makes one run. (`file_checks`)
13. The loop does not sleep past anything that is due.
14. Every moment of a schedule has one run, stands behind one, or is left out as the trigger says; none has two. Those
    that wait, wait for room. (`schedule_checks`)

At each start of a worker:

15. It is in the log first, with its reason; there is one worker an attempt, and one a node.

At the end, when faults have ceased:

16. Every run is over, no trigger undecided, no file left behind in any version, no event lost from the log.
17. Each end and each notice that somebody is to be told of stands in the outbox, once, and nothing else does.

A single run's own rules stand in `glue_tui.core.invariants`, for the engine's use as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from admission_checks import Admission
from clock_checks import Stopwatch
from file_checks import FileChecks
from schedule_checks import ScheduleWatch
from violation import require

from glue_tui.core.attempt import AttemptKey
from glue_tui.core.codec import from_data
from glue_tui.core.decide import LOST_ATTEMPTS_MAX
from glue_tui.core.events import AttemptQueued, AttemptStarting, Event, NodeCarriedOver, PropertiesPut, TriggerFired
from glue_tui.core.invariants import check_run
from glue_tui.core.job import Job
from glue_tui.core.model import Condition, NodeId, RunId, Trigger
from glue_tui.core.run import NodeRun, WorkflowRun, apply
from glue_tui.core.states import (
    NODE_TRANSITIONS,
    Logical,
    NodeState,
    Outcome,
    TriggerRunState,
    TriggerType,
    WorkflowRunStatus,
)
from glue_tui.core.story import describe
from glue_tui.core.wanted import STOP_GRACE_S
from glue_tui.engine.kernel import Kernel, Step
from glue_tui.store import ledger
from glue_tui.store.event_log import EVENT_KINDS

if TYPE_CHECKING:
    from processes import SimSupervisor
    from world import World


class Checkers:
    """An observer of one world that knows its truth and remembers what it saw, across crashes."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.runs: dict[RunId, WorkflowRun] = {}
        """Every run as the fold of what the log says."""
        self._events_seen: dict[RunId, int] = {}
        self._workers_started: set[AttemptKey] = set()
        self._files = FileChecks(world)
        self.answers: dict[str, RunId] = {}
        self._has_unseen = False
        self.stopwatch = Stopwatch(world)
        self.schedules = ScheduleWatch(world)

    def engine_died(self) -> None:
        """Its last commit may not have been seen."""
        self._has_unseen = True

    # After every step

    def stepped(self, kernel: Kernel, step: Step) -> None:
        """Check the state after a committed step."""
        if self._has_unseen:
            for (run_id,) in self._world.conn.execute("SELECT run_id FROM runs ORDER BY number").fetchall():
                self._read_log(run_id)
            self._has_unseen = False
        for before, after in step.changed:
            self._read_log(after.run_id)
            require(self.runs[after.run_id] == after, f"run {after.number}: the fold of its log is not its state")
            check_run(after)
            if after.status is WorkflowRunStatus.COMPLETED:
                _check_rest(after)
                _check_outcome(after)
            if before is None or before.started_at is None:
                self._check_start(kernel, after)
        require(all(not run.status.is_over for run in kernel.runs.values()), "a finished run is kept as a going one")
        self._files.follow(kernel)
        for _, after in step.changed:
            self._files.check_deleted((after.workflow.name, after.cause.trigger), after)
        stopped = [key for key, reason in kernel.stop_reasons.items() if reason]
        require(not stopped or self._world.has_loops, f"{stopped} stopped, though no run makes files")
        self.schedules.stepped(kernel)
        Admission(kernel, self._world.wall_s).check(step, has_bugs=self._world.plan.decide_fails > 0)
        for key in step.touched_triggers:
            self._files.check(kernel, key, self.runs)

    def _read_log(self, run_id: RunId) -> None:
        rows = self._world.conn.execute(
            "SELECT at, kind, body FROM events WHERE run_id = ? AND seq > ? ORDER BY seq",
            (run_id, self._events_seen.get(run_id, 0)),
        ).fetchall()
        run = self.runs.get(run_id)
        require(run is None or not run.status.is_over or not rows, f"run {run_id} changes after its end")
        for at, kind, body in rows:
            event: Event = from_data(EVENT_KINDS[kind], msgspec.json.decode(body))
            after = apply(run, event, at)
            if run is not None:
                self._check_transitions(run, after, event)
                _check_event(run, event)
                self.stopwatch.saw(run, event, is_fresh=not self._has_unseen)
            else:
                self.schedules.opened(after)
            run = after
            if self._world.is_talkative:
                self._world.say(f"    run {run.number} of {run.workflow.name}: {describe(event)}")
        assert run is not None
        self.runs[run_id] = run
        self._events_seen[run_id] = self._events_seen.get(run_id, 0) + len(rows)

    def _check_transitions(self, before: WorkflowRun, after: WorkflowRun, event: Event) -> None:
        if isinstance(event, NodeCarriedOver):
            return
        node_id = getattr(event, "node_id", None)
        if node_id is not None:
            old, new = before.nodes[node_id].state, after.nodes[node_id].state
            legal = old is new or new in NODE_TRANSITIONS[old]
            require(legal, f"{node_id} goes from {old} to {new} by {type(event).__name__}")

    def _check_start(self, kernel: Kernel, run: WorkflowRun) -> None:
        """A run that has just begun found a place free under the limit in force."""
        if run.started_at is None or run.status.is_over:
            return
        name = run.workflow.name
        limit = kernel.workflows.get(name, run.workflow).max_concurrent_runs
        going = [one for one in kernel.runs.values() if one.workflow.name == name and one.started_at is not None]
        require(limit == 0 or len(going) <= limit, f"{len(going)} runs of {name} are going, {limit} allowed")

    def nothing_changed(self, before: dict[str, Any], after: dict[str, Any]) -> None:
        """A commit failed: the kernel is as it was."""
        for name, value in before.items():
            require(value == after[name], f"a failed commit changed Kernel.{name}: {value} -> {after[name]}")

    def may_sleep(self, kernel: Kernel, supervisor: SimSupervisor, wall_s: float) -> None:
        """The loop goes to sleep for long: nothing is due."""
        Admission(kernel, wall_s).check_nobody_idles()
        self.schedules.may_sleep(kernel, wall_s)
        for run in kernel.runs.values():
            for node_id in run.open_node_ids:
                last = run.nodes[node_id].last
                assert last is not None
                if last.state is NodeState.STOPPING:
                    worker = supervisor.workers.get(run.key(node_id))
                    is_due = (last.stop_requested_at or 0.0) + STOP_GRACE_S <= wall_s
                    waits = worker is not None and worker.pid is not None and not worker.was_killed
                    require(not (is_due and waits), f"the loop sleeps, though {node_id} is to be killed")

    # Workers

    def worker_starts(self, key: AttemptKey) -> None:
        """A process is about to be made for an attempt."""
        require(key not in self._workers_started, f"a second worker for attempt {key.attempt} of {key.node_id}")
        self._workers_started.add(key)
        same = [one for one in self._world.processes if (one.run_id, one.node_id) == (key.run_id, key.node_id)]
        require(not same, f"two workers at once for {key.node_id}")
        self._read_log(key.run_id)
        run = self.runs[key.run_id]
        attempt = run.nodes[key.node_id].attempts[-1]
        require(attempt.attempt == key.attempt and attempt.state.is_active, f"{key.node_id} is not in the log to start")
        require(_had_reason(run, key.node_id), f"{key.node_id} of run {run.number} starts without its trigger")

    # Requests

    def answered(self, request_id: str, run_id: RunId) -> None:
        """A request was granted."""
        known = self.answers.setdefault(request_id, run_id)
        require(known == run_id, f"request {request_id} made two runs: {known} and {run_id}")

    # The end

    def at_end(self, kernel: Kernel) -> None:
        """Check what must be true when the world has come to rest."""
        conn = self._world.conn
        counts = dict(conn.execute("SELECT run_id, count(*) FROM events GROUP BY run_id").fetchall())
        require(counts == self._events_seen, "a run has changed behind our back")
        require(all(run.status.is_over for run in self.runs.values()), "a run never ended")
        by_request = dict(conn.execute("SELECT request_id, run_id FROM requests").fetchall())
        asked = {run_id for run_id, run in self.runs.items() if run.cause.fired_by in ("hand", "resume")}
        require(
            set(by_request.values()) == asked and len(by_request) == len(asked), "a request made no run, or several"
        )
        self._check_outbox()
        require(kernel._settings == ledger.read_trigger_settings(conn), "paused triggers differ from what is stored")
        for workflow in kernel.workflows.values():
            for trigger in workflow.triggers:
                if trigger.type is TriggerType.EVENT and trigger.watch is not None:
                    key = (workflow.name, trigger.name)
                    self._files.check(kernel, key, self.runs)
                    self._files.check_nothing_left(kernel, key, trigger.watch.patterns)

    def _check_outbox(self) -> None:
        """Judge anew, by the definition that each run is pinned to, what is to be told."""
        told = self._world.conn.execute("SELECT run_id, position, occasion, node_id, attempt FROM outbox").fetchall()
        due = [
            (run.run_id, position, *what)
            for run in self.runs.values()
            for position, notification in enumerate(run.workflow.notifications)
            for what in _tellable(run)
            if notification.way != "terminal" and what[0] in notification.on
        ]
        require(sorted(told) == sorted(due), f"in the outbox is not what is to be told: {set(told) ^ set(due)}")


def _tellable(run: WorkflowRun) -> list[tuple[str, str, int]]:
    """Return a run's end and each delay of a job in it."""
    assert run.outcome is not None
    delays = [
        ("DELAYED", str(node_id), attempt.attempt)
        for node_id, node in run.nodes.items()
        for attempt in node.attempts
        if attempt.delay_noticed_at is not None
    ]
    return [(run.outcome.value, "", 0), *delays]


def _had_reason(run: WorkflowRun, node_id: NodeId) -> bool:
    """Judge anew, without the rules' own code, whether something may start this node in this run."""
    if node_id in run.restart_node_ids:
        return True
    for trigger in run.workflow.triggers:
        starts = any(action.node_id == node_id for action in trigger.actions)
        state = run.triggers[trigger.name]
        if not starts or state.state is not TriggerRunState.FIRED or state.carried_over:
            continue
        if trigger.predicate is None:
            return trigger.name == run.cause.trigger
        held = [_holds(run, one) for one in trigger.predicate.conditions]
        if all(held) if trigger.predicate.logical is Logical.AND else any(held):
            return True
    return False


def _check_event(run: WorkflowRun, event: Event) -> None:
    """What may not be recorded of a run that is as it is."""
    where = f"run {run.number}:"
    match event:
        case TriggerFired(trigger=name):
            waits = run.triggers[name].state is TriggerRunState.WAITING
            require(waits, f"{where} {name} fires, though it is {run.triggers[name].state}")
        case AttemptQueued(node_id=node_id):
            node, attempts = run.workflow.node(node_id), run.nodes[node_id].attempts
            assert node is not None
            lost = sum(one.was_lost for one in attempts)
            require(len(attempts) - lost <= node.max_retries, f"{where} {node_id} is tried too often")
            require(lost <= LOST_ATTEMPTS_MAX, f"{where} {node_id} was lost too often")
            skipped = any(one.state is NodeState.SKIPPED for one in attempts)
            require(not skipped, f"{where} {node_id} is tried again, though it found nothing to do")
            require(run.status is WorkflowRunStatus.RUNNING, f"{where} {node_id} is queued after a stop")
            fixed = node.non_overridable_arguments if isinstance(node, Job) else {}
            require(fixed.items() <= event.arguments.items(), f"{where} {node_id} lost an argument of its own")
        case PropertiesPut(node_id=node_id):
            last = run.nodes[node_id].last
            well = last is not None and last.state is NodeState.SUCCEEDED
            require(well, f"{where} {node_id} sets properties, and has not succeeded")
        case AttemptStarting(node_id=node_id):
            require(run.status is WorkflowRunStatus.RUNNING, f"{where} {node_id} starts after a stop")
        case _:
            pass


def _is_carried(run: WorkflowRun, trigger: Trigger) -> bool:
    """What it watches was all taken over from the run before: so was the decision, be it for a pause of that time."""
    assert trigger.predicate is not None
    return all(run.nodes[one.node_id].carried_from for one in trigger.predicate.conditions)


def _check_rest(run: WorkflowRun) -> None:
    """A run that came to rest has forgotten no trigger, and no node of a trigger that fired."""
    for node in run.nodes.values():
        if node.state is NodeState.SKIPPED and node.attempts:
            require(node.skip_reason == "exit code 99", f"run {run.number}: {node.node_id} says not why it skipped")
    for trigger in run.workflow.triggers:
        state = run.triggers[trigger.name].state
        where = f"run {run.number}: {trigger.name}"
        require(state is not TriggerRunState.WAITING, f"{where} is left undecided")
        if state is TriggerRunState.FIRED:
            nodes = [run.nodes[one.node_id] for one in trigger.actions]
            left = [one.node_id for one in nodes if one.state is NodeState.SKIPPED and not one.skip_reason]
            require(not left, f"{where} fired, yet {left} never ran")
        elif trigger.predicate is not None and trigger.enabled and not _is_carried(run, trigger):
            held = [_holds(run, one) for one in trigger.predicate.conditions]
            is_due = all(held) if trigger.predicate.logical is Logical.AND else any(held)
            require(not is_due, f"{where} did not fire, though its predicate holds")


def _check_outcome(run: WorkflowRun) -> None:
    """RECOVERED: for every node that failed a trigger fired that listens for just this; nothing less, nothing else."""
    failed = [node for node in run.nodes.values() if node.state.is_failure]
    heard = {
        (condition.node_id, condition.state)
        for trigger in run.workflow.triggers
        if trigger.predicate is not None and run.triggers[trigger.name].state is TriggerRunState.FIRED
        for condition in trigger.predicate.conditions
    }
    is_recovered = bool(failed) and all((node.node_id, _end(node)) in heard for node in failed)
    if all(node.state is not NodeState.ERROR for node in failed):
        outcome = Outcome.RECOVERED if is_recovered else Outcome.FAILED if failed else Outcome.SUCCEEDED
        require(run.outcome is outcome, f"run {run.number} is told {run.outcome}, and is {outcome}")


def _holds(run: WorkflowRun, condition: Condition) -> bool:
    node = run.nodes[condition.node_id]
    ended = node.finished_at is not None or node.carried_from != ""
    if condition.state is None:
        return ended and node.state is not NodeState.SKIPPED
    return ended and _end(node) is condition.state


def _end(node: NodeRun) -> NodeState:
    """Return the end of a node as Glue would name it: it knows no crawl that timed out."""
    is_slow_crawl = node.node_id.startswith("crawler:") and node.state is NodeState.TIMEOUT
    return NodeState.FAILED if is_slow_crawl else node.state
