"""Why a node of a run did or did not run, and why a run came out as it did. Pure: views in, words out."""

from __future__ import annotations

from glue_tui.client.explained import Explanation, Line, Role, Verdict, listed, muted, text
from glue_tui.client.why_run import (
    BEHIND,
    clause,
    conditions_of,
    error_text,
    failure_line,
    has_ended,
    how_it_ended,
    into_run,
    roots,
    starters_of,
    turn_text,
    word_of,
)
from glue_tui.client.words import counted, duration
from glue_tui.core.model import NodeId, node_type
from glue_tui.core.states import ANY_TERMINAL, NodeState, word_holds
from glue_tui.protocol.views import AttemptView, NodeView, RunView, TriggerRunView

_OUTCOMES = {
    "SUCCEEDED": "every node that ran SUCCEEDED",
    "RECOVERED": "what failed was handled, as a trigger that listens for it fired",
    "STOPPED": "somebody stopped it",
}


def node_in_run(run: RunView, node: NodeView, now: float) -> Explanation:
    """Explain why a node ran, waits, or did not run."""
    verdict, answer = _node_answer(run, node, now)
    return Explanation(
        subject=f"{node.name}  {node.kind}  in run {run.summary.number} of {run.summary.workflow}",
        verdict=verdict,
        answer=answer,
        lines=(*_starter_lines(run, node), *_attempt_lines(run, node), *_bottom_lines(run, node)),
        workflow=run.summary.workflow,
        node_id=node.node_id,
        run_id=run.summary.run_id,
        run_number=run.summary.number,
    )


def run_outcome(run: RunView, now: float) -> Explanation:
    """Explain what a run has come to: Glue says COMPLETED whatever failed (rule WF-11)."""
    summary = run.summary
    failed = [node for node in run.nodes if NodeState(node.state).is_failure and node.state != NodeState.STOPPED]
    if summary.outcome:
        verdict = Verdict.DONE if summary.outcome in ("SUCCEEDED", "RECOVERED") else Verdict.FAILED
        answer = f"It is {summary.status}{_its_outcome(run)}: {_why_this_outcome(run)}."
    else:
        verdict, answer = Verdict.WAITS, _going_text(run, now)
    return Explanation(
        subject=f"run {summary.number} of {summary.workflow}",
        verdict=verdict,
        answer=answer,
        lines=(
            *(text(f"{node.name} {node.reason}") for node in run.nodes if node.state == NodeState.WAITING),
            *(line for node in failed for line in (failure_line(run, node), *_handler_lines(run, node))),
        ),
        workflow=summary.workflow,
        run_id=summary.run_id,
        run_number=summary.number,
    )


def _its_outcome(run: RunView) -> str:
    return "" if run.summary.status == run.summary.outcome else f", its outcome {run.summary.outcome}"


def _going_text(run: RunView, now: float) -> str:
    summary = run.summary
    if summary.started_at is None:
        return turn_text(run)
    going = [node.name for node in run.nodes if node.state in ("STARTING", "RUNNING", "STOPPING")]
    at_work = f", at work on {listed(going)}" if going else ""
    return f"It is {summary.status} for {duration(now - summary.started_at)}{at_work}."


# One node


def _node_answer(run: RunView, node: NodeView, now: float) -> tuple[Verdict, str]:
    if node.carried_from:
        return Verdict.DONE, f"It did not run again: {how_it_ended(run, node)}. A resume repeats what it is told to."
    match NodeState(node.state):
        case NodeState.SKIPPED if node.attempts:
            return Verdict.DONE, f"It ran{_by(node)}, found nothing to do and was skipped: {node.reason}."
        case NodeState.SKIPPED:
            return Verdict.NEVER, f"It did not run: {_why_skipped(run, node)}."
        case NodeState.PENDING:
            waiting = [one.name for one in starters_of(run, node.node_id) if one.state == "WAITING"]
            if run.summary.started_at is None:
                return Verdict.WAITS, turn_text(run)
            return Verdict.WAITS, f"It has not run yet: it waits for {listed(waiting, 'or')}." if waiting else (
                "It has not run, and nothing will start it."
            )
        case NodeState.WAITING:
            return Verdict.WAITS, f"It {node.reason or 'waits for a free slot'}."
    before = f" of run {run.summary.resumed.number}" if run.summary.resumed else ""
    how = f"started by {node.started_by}" if node.started_by else f"started again by the resume{before}"
    began = into_run(run, node.started_at)
    if not has_ended(node):
        return Verdict.WAITS, f"It is {node.state}: {how}, {began or 'just now'}."
    verdict = Verdict.FAILED if NodeState(node.state).is_failure else Verdict.DONE
    return verdict, f"It ran: {how}; {how_it_ended(run, node)}."


def _by(node: NodeView) -> str:
    return f", started by {node.started_by}" if node.started_by else ""


def _why_skipped(run: RunView, node: NodeView) -> str:
    """Return why a node was skipped; a start trigger that does not lead to it is told from those that do."""
    starters = starters_of(run, node.node_id)
    if not starters:
        return "no trigger starts it"
    if not node.reason.startswith("not reached from"):
        return node.reason
    ways = sorted(_start_triggers_above(run, node.node_id, frozenset()))
    by = f"run {run.summary.number} was started by {run.summary.trigger}, which does not lead to it"
    return f"{by}; {listed(ways)} {'does' if len(ways) == 1 else 'do'}" if ways else by


def _start_triggers_above(run: RunView, node_id: str, seen: frozenset[str]) -> set[str]:
    found: set[str] = set()
    for trigger in starters_of(run, node_id):
        if trigger.type != "CONDITIONAL":
            found.add(trigger.name)
            continue
        for above, _ in conditions_of(run, trigger.name):
            if above not in seen:
                found |= _start_triggers_above(run, above, seen | {node_id})
    return found


def _starter_lines(run: RunView, node: NodeView) -> list[Line]:
    """Return what each trigger that could start the node did."""
    if node.carried_from:
        return []
    return [_starter_line(run, node, trigger) for trigger in starters_of(run, node.node_id)]


def _starter_line(run: RunView, node: NodeView, trigger: TriggerRunView) -> Line:
    match trigger.state:
        case "FIRED" if trigger.carried_over:
            return Line(role=Role.TRUE, text=trigger.name, note="had fired in the run before")
        case "FIRED" if node.started_by not in ("", trigger.name):
            late = f"fired {into_run(run, trigger.fired_at)}, when {node.started_by} had started it: once a run"
            return Line(role=Role.TRUE, text=trigger.name, note=late)
        case "FIRED":
            return Line(role=Role.TRUE, text=trigger.name, note=f"fired {into_run(run, trigger.fired_at)}")
        case "NEVER":
            return Line(role=Role.NEVER, text=trigger.name, note=trigger.reason)
        case _ if run.summary.outcome:
            return Line(role=Role.NEVER, text=trigger.name, note=trigger.reason)
        case _:
            of = f"{trigger.met} of {counted(trigger.total, 'condition')} held so far" if trigger.total else "waits"
            return Line(role=Role.NOT_YET, text=trigger.name, note=of)


def _attempt_lines(run: RunView, node: NodeView) -> list[Line]:
    """Return the attempts, where there was more than one or the one went wrong."""
    if len(node.attempts) < 2 and node.error is None:
        return []
    return [_attempt_line(run, one) for one in node.attempts]


def _attempt_line(run: RunView, attempt: AttemptView) -> Line:
    error = attempt.error
    note = error_text(error) if error else ""
    when = into_run(run, attempt.finished_at)
    return text(f"attempt {attempt.attempt}  {attempt.state}", ", ".join(part for part in (when, note) if part))


def _bottom_lines(run: RunView, node: NodeView) -> list[Line]:
    """Return what failed at the bottom of it, for a node that was skipped."""
    if node.state != NodeState.SKIPPED or node.attempts:
        return []
    found = {
        root.node_id: root
        for trigger in starters_of(run, node.node_id)
        if trigger.state == "NEVER" and not trigger.was_paused
        for root in roots(run, trigger.name)
        if NodeState(root.state).is_failure or root.state == NodeState.SKIPPED
    }
    return [failure_line(run, root, BEHIND) for root in found.values()]


# The run as a whole


def _why_this_outcome(run: RunView) -> str:
    summary = run.summary
    if summary.outcome in ("STOPPED", "ERROR") and summary.message:
        return clause(summary.message)
    if summary.outcome == "FAILED":
        failed = [node for node in run.nodes if NodeState(node.state).is_failure and not _handlers(run, node)]
        ends = listed(f"{node.name} {word_of(node)}" for node in failed)
        return f"{ends}, and no trigger that listens for that fired"
    if summary.outcome == "ERROR":
        names = [node.name for node in run.nodes if node.state == NodeState.ERROR]
        return f"not the work of {listed(names)} failed, but what carries it out"
    skipped = any(node.state == NodeState.SKIPPED and node.attempts for node in run.nodes)
    found_nothing = " or found nothing to do" if summary.outcome == "SUCCEEDED" and skipped else ""
    return _OUTCOMES[summary.outcome] + found_nothing


def _listeners(run: RunView, node: NodeView) -> list[tuple[TriggerRunView, str]]:
    """Return the triggers with a condition that the end of a node fulfils, each with the state it listens for."""
    return [
        (trigger, wanted)
        for trigger in run.triggers
        for source, wanted in conditions_of(run, trigger.name)
        if source == node.node_id and word_holds(wanted, node_type(NodeId(source)), NodeState(node.state))
    ]


def _handlers(run: RunView, node: NodeView) -> list[TriggerRunView]:
    """Return the triggers that listened for just this failure, and fired."""
    return [trigger for trigger, wanted in _listeners(run, node) if trigger.state == "FIRED" and wanted != ANY_TERMINAL]


def _handler_lines(run: RunView, node: NodeView) -> list[Line]:
    """Return which triggers listened for the failure of a node, and what they did."""
    if handlers := _handlers(run, node):
        return [
            Line(role=Role.TRUE, text=one.name, note=f"listens for it, fired {into_run(run, one.fired_at)}")
            for one in handlers
        ]
    if listeners := _listeners(run, node):
        return [_in_vain_line(run, trigger, wanted) for trigger, wanted in listeners]
    if node.state == NodeState.ERROR:
        return [muted(f'nobody can listen for ERROR; `state = "{ANY_TERMINAL}"` holds for it too')]
    return [muted(f"no trigger listens for {node.name} {word_of(node)}")]


def _in_vain_line(run: RunView, trigger: TriggerRunView, wanted: str) -> Line:
    """Return what a trigger did that holds after the failure, and yet does not handle it."""
    if trigger.state == "FIRED":
        return muted(f"{trigger.name} fired, but {wanted} is no handling: it would have fired after a success too")
    if trigger.state == "NEVER" or run.summary.outcome:
        return Line(role=Role.NEVER, text=trigger.name, note=f"listens for it, but did not fire: {trigger.reason}")
    return Line(role=Role.NOT_YET, text=trigger.name, note="listens for it, and waits for more")
