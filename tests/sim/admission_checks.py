"""What must hold of slots, of the limits of jobs and of the reasons for waiting after each step, judged anew."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter

from violation import require

from glue_tui.core.invariants import check_job_limits, check_slots
from glue_tui.core.model import Crawler, NodeId
from glue_tui.core.run import WorkflowRun
from glue_tui.core.states import NodeState
from glue_tui.core.waiting import NAMED_MAX, NEXT_MAX, waits
from glue_tui.engine.kernel import Kernel, Step

Place = tuple[WorkflowRun, NodeId]


class Admission:
    """Who is at work and who waits, after a step."""

    def __init__(self, kernel: Kernel, wall_s: float) -> None:
        self.slots = kernel.slots
        self.wall_s = wall_s
        self.runs = sorted(kernel.runs.values(), key=lambda run: run.number)
        places = [(run, node_id) for run in self.runs for node_id in sorted(run.open_node_ids)]
        self.at_work = [one for one in places if _state(one).is_active]
        self.waiting = [one for one in places if _state(one) is NodeState.WAITING]
        self.due = [one for one in self.waiting if self._is_due(one)]
        # There may be hundreds of runs in one line: who stands there is gathered once.
        self._at_work = _by_line(self.at_work)
        self._due = _by_line(self.due)
        self._limits: dict[tuple[int, NodeId], float] = {}
        self._held: dict[tuple[int, NodeId], bool] = {}
        counts = Counter(run.number for run, _ in self.at_work)
        self.counts = {run.number: counts[run.number] for run in self.runs}

    def _is_due(self, place: Place) -> bool:
        last = place[0].nodes[place[1]].last
        assert last is not None
        return last.is_due(self.wall_s)

    def ahead_of(self, place: Place) -> list[WorkflowRun]:
        """The other runs that have the node at work, or are older and wait for it, too."""
        run, node_id = place
        line = (run.workflow.name, node_id)
        due = self._due.get(line, [])
        older = due[: bisect_left(due, run.number, key=lambda one: one.number)]
        return [one for one in self._at_work.get(line, []) if one is not run] + older

    def is_held(self, place: Place) -> bool:
        """The node's job is at its limit, or older runs take what is left of it."""
        key = (place[0].number, place[1])
        if key not in self._held:
            ahead = self.ahead_of(place)
            here = (place[0], *ahead)
            self._held[key] = bool(ahead) and any(self._limit(one, place[1]) <= len(ahead) for one in here)
        return self._held[key]

    def _limit(self, run: WorkflowRun, node_id: NodeId) -> float:
        """Return how many runs may have a node at work, by the definition that this one is pinned to."""
        key = (id(run.workflow), node_id)
        if key not in self._limits:
            node = run.workflow.node(node_id)
            assert node is not None
            self._limits[key] = 1 if isinstance(node, Crawler) else node.max_concurrent_runs or 10**9
        return self._limits[key]

    # What must hold

    def check(self, step: Step, *, has_bugs: bool) -> None:
        """`has_bugs`: runs may have been parked in the middle of the step, which frees slots again."""
        check_slots(self.runs, self.slots)
        check_job_limits(self.runs)
        self.check_nobody_idles()
        if started := self._started(step):
            idle = [one for one in self.due if not self.is_held(one)]
            for place in started:
                self._check_older_first(place)
                if not has_bugs:
                    self._check_fewest_first(place, idle)
        self._check_reasons()

    def check_nobody_idles(self) -> None:
        """No slot is free while somebody may start."""
        if len(self.at_work) < self.slots:
            idle = [one for one in self.due if not self.is_held(one)]
            require(not idle, f"a slot is free, though {_told(idle)} may start")

    def _started(self, step: Step) -> list[Place]:
        befores = {after.run_id: before for before, after in step.changed}
        return [
            (run, node_id)
            for run, node_id in self.at_work
            if run.run_id in befores
            and run.nodes[node_id].state is NodeState.STARTING
            and not _was_at_work(befores[run.run_id], run, node_id)
        ]

    def _check_older_first(self, place: Place) -> None:
        """A later run may have a job only where room is left for the older ones that wait for it."""
        run, node_id = place
        same = [one for one, other in self.at_work if other == node_id and one.workflow.name == run.workflow.name]
        for older, other in self.due:
            if other == node_id and older.workflow.name == run.workflow.name and older.number < run.number:
                limit = min(self._limit(one, node_id) for one in (older, *same))
                require(len(same) < limit, f"{node_id} of run {run.number} starts before that of run {older.number}")

    def _check_fewest_first(self, place: Place, idle: list[Place]) -> None:
        number = place[0].number
        for run, _ in idle:
            most = self.counts[run.number] + (1 if number <= run.number else 0)
            require(self.counts[number] <= most, f"run {number} got a slot that was due to run {run.number}")

    def _check_reasons(self) -> None:
        told = waits(self.runs, self.wall_s)
        free = [run.number for run, node_id in self.waiting if not self.is_held((run, node_id))]
        first_free = sorted(set(free))[:NEXT_MAX]
        holders = [number for number, count in self.counts.items() if count]
        due = {(run.number, node_id) for run, node_id in self.due}
        for place in self.waiting:
            run, node_id = place
            why = told[run.run_id].nodes[node_id] if run.run_id in told else ""
            if (run.number, node_id) not in due:
                require(" before " in why, f"{_told([place])} waits for its delay, and says: {why}")
            elif self.is_held(place):
                ahead = [one.number for one in self.ahead_of(place)]
                require(_names(why, "waits for run", ahead), f"{_told([place])} waits for {ahead}, and says: {why}")
            else:
                is_said = _names(why, "slot", holders) if run.number in first_free else "slot" in why
                require(is_said, f"{_told([place])} waits for a slot, and says: {why}")
        for run in self.runs:
            turn = told[run.run_id].turn if run.run_id in told else ""
            require(bool(turn) == run.is_queued, f"run {run.number} waits for its turn or not, and says: {turn}")


def _by_line(places: list[Place]) -> dict[tuple[str, NodeId], list[WorkflowRun]]:
    """Return the runs, oldest first, of each node of each workflow."""
    found: dict[tuple[str, NodeId], list[WorkflowRun]] = {}
    for run, node_id in places:
        found.setdefault((run.workflow.name, node_id), []).append(run)
    return found


def _state(place: Place) -> NodeState:
    last = place[0].nodes[place[1]].last
    assert last is not None
    return last.state


def _was_at_work(before: WorkflowRun | None, after: WorkflowRun, node_id: NodeId) -> bool:
    return (
        before is not None
        and before.nodes[node_id].state.is_active
        and len(before.nodes[node_id].attempts) == len(after.nodes[node_id].attempts)
    )


def _names(text: str, word: str, numbers: list[int]) -> bool:
    """Tell whether a reason says what is waited for, and for whom: the first of many."""
    said = {int(part) for part in text.replace(",", " ").replace(":", " ").split() if part.isdigit()}
    return word in text and (len(numbers) > NAMED_MAX or not said.isdisjoint(numbers))


def _told(places: list[Place]) -> str:
    return ", ".join(f"{node_id} of run {run.number}" for run, node_id in places)
