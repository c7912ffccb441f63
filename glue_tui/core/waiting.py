"""Why a run or a node does not start yet, in words. Derived from the unfinished runs, never stored. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from glue_tui.core.admission import Line, Lines, is_waiting
from glue_tui.core.model import NodeId, RunId, node_name
from glue_tui.core.run import Attempt, NodeRun, WorkflowRun
from glue_tui.core.states import NodeState

NAMED_MAX = 3
"""So many runs are named; of more only the number is told."""
NEXT_MAX = 20
"""So many runs that wait for a slot are told who has them; to later ones it does not matter yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunWaits:
    """What one run waits for."""

    turn: str = ""
    """Why it has not begun; empty once it has."""
    nodes: dict[NodeId, str] = field(default_factory=dict)
    """Why each of its WAITING nodes does not start."""


NOTHING = RunWaits()


def waits(runs: Iterable[WorkflowRun], now: float) -> dict[RunId, RunWaits]:
    """Return what each unfinished run waits for; `runs` must be all of them. Nodes in the same line share one text.

    However many runs wait, few of these texts change when one of them ends: each that changes is told to every screen.
    """
    ordered = sorted((run for run in runs if not run.status.is_over), key=lambda one: one.number)
    going = [run for run in ordered if run.open_node_ids]
    lines = Lines(going, now)
    slots = sum(run.at_work for run in going)
    slot = _slot_text(slots, [run.number for run in going if run.at_work])
    turns = _turn_texts(ordered)
    last_in_line: dict[tuple[str, NodeId], int] = {}
    told_of_slots = 0
    found: dict[RunId, RunWaits] = {}
    for run in ordered:
        nodes: dict[NodeId, str] = {}
        if told_of_slots == NEXT_MAX:
            slot = _slot_text(slots, [])
        for node_id in run.open_node_ids if run.at_work < len(run.open_node_ids) else ():
            node = run.nodes[node_id]
            if node.state is not NodeState.WAITING:
                continue
            before = lines.before(run, node_id)
            why = slot
            if before is not None and is_waiting(run, node_id, now):
                place = (run.workflow.name, node_id)
                why = _line_text(node_id, before, last_in_line.get(place))
                last_in_line[place] = run.number
            nodes[node_id] = _node_text(node, why, now)
        turn = turns.get(run.run_id, "")
        if nodes or turn:
            told_of_slots += slot in nodes.values()
            found[run.run_id] = RunWaits(turn=turn, nodes=nodes)
    return found


def _node_text(node: NodeRun, why: str, now: float) -> str:
    last = node.last
    assert last is not None
    if not last.is_due(now):
        return f"waits {_delay_text(last)} before {node.reason or 'it is tried again'}"
    return f"{why} ({node.reason})" if node.reason else why


def _delay_text(attempt: Attempt) -> str:
    delay_s = (attempt.not_before or attempt.queued_at) - attempt.queued_at
    return f"{round(delay_s, 1):g} s"


def _line_text(node_id: NodeId, before: Line, last: int | None) -> str:
    """Return for whom a node waits: the first behind those at work for these, a later one for the `last` before it."""
    runs = before.run_numbers if last is None else (last,)
    often = "once at a time" if before.at_once_max == 1 else f"at most {before.at_once_max} times at once"
    return f"waits for {_runs_text(runs)}: {node_name(node_id)} runs {often}"


def _slot_text(slots: int, run_numbers: Sequence[int]) -> str:
    """Return why nodes wait that nothing else holds back: then every slot is taken, by the runs that are named."""
    if not slots:
        return "waits for a free slot"
    which = "the one slot" if slots == 1 else f"one of {slots} slots"
    return f"waits for {which}, taken by {_runs_text(run_numbers)}" if run_numbers else f"waits for {which}"


def _turn_texts(ordered: Sequence[WorkflowRun]) -> dict[RunId, str]:
    """Return why queued runs have not begun: the first of a line waits for those that go, others for the one before.

    So the end of a run changes two texts, however long the line is.
    """
    texts: dict[RunId, str] = {}
    going: dict[str, list[int]] = {}
    before: dict[str, int] = {}
    for run in ordered:
        if not run.is_queued and not run.cause.crawler:
            going.setdefault(run.workflow.name, []).append(run.number)
    for run in ordered:
        if run.is_queued:
            name = run.workflow.name
            ahead = [before[name]] if name in before else going.get(name, [])
            texts[run.run_id] = f"waits for its turn after {_runs_text(ahead)}" if ahead else "waits for its turn"
            before[name] = run.number
    return texts


def _runs_text(numbers: Sequence[int]) -> str:
    if len(numbers) == 1:
        return f"run {numbers[0]}"
    named = ", ".join(str(number) for number in numbers[:NAMED_MAX])
    more = len(numbers) - NAMED_MAX
    return f"runs {named}" + (f" and {more} more" if more > 0 else "")
