"""Why a trigger fired or did not inside a run, its predicate as true, not yet, never. Pure: views in, words out."""

from __future__ import annotations

from glue_tui.client.explained import Explanation, Line, Role, Verdict, listed, muted, text
from glue_tui.client.words import clock_text, counted, duration
from glue_tui.core.missed_runs import count_text
from glue_tui.core.model import NodeId, node_name, node_type
from glue_tui.core.states import ANY_TERMINAL, NodeState, state_word, word_holds
from glue_tui.protocol.views import ErrorView, NodeView, RunView, TriggerRunView, WorkflowView

ROOTS_MAX = 3
"""So many of the failures at the bottom of a chain are named."""
FILES_MAX = 10
"""So many files of a batch are listed."""
ERROR_MAX = 100
"""So much of an error is told; all of it is in the log."""
BEHIND = "behind it: "
JUDGED = "triggers judge the last attempt"

Condition = tuple[str, str]
"""Node id and the state listened for."""


def trigger_in_run(run: RunView, name: str, now: float, current: WorkflowView | None) -> Explanation:
    """Explain a trigger that the run has. `current` is its workflow as in force now, None if it is gone."""
    trigger = next(one for one in run.triggers if one.name == name)
    if trigger.type == "CONDITIONAL":
        verdict, answer = _conditional_answer(run, trigger, current)
        lines = [*_condition_lines(run, trigger, now), *_behind_it(run, trigger), *_action_lines(run, trigger)]
    else:
        verdict, answer = _start_answer(run, trigger, now)
        lines = [*_file_lines(run, trigger), *_action_lines(run, trigger)]
    return Explanation(
        subject=f"{name}  {trigger.type}  in run {run.summary.number} of {run.summary.workflow}",
        verdict=verdict,
        answer=answer,
        lines=(*lines, *_changed_since(run, trigger, current)),
        workflow=run.summary.workflow,
        trigger=name,
        run_id=run.summary.run_id,
        run_number=run.summary.number,
    )


def conditions_of(run: RunView | WorkflowView, trigger: str) -> tuple[Condition, ...]:
    """Return what a trigger listens for, as the run or the workflow has it."""
    return tuple((edge.source, edge.label) for edge in run.edges if edge.destination == f"trigger:{trigger}")


def actions_of(run: RunView | WorkflowView, trigger: str) -> tuple[str, ...]:
    """Return the ids of the nodes that a trigger starts."""
    return tuple(edge.destination for edge in run.edges if edge.source == f"trigger:{trigger}")


def starters_of(run: RunView, node_id: str) -> tuple[TriggerRunView, ...]:
    """Return the triggers that have a node among their actions."""
    names = {edge.source.partition(":")[2] for edge in run.edges if edge.destination == node_id}
    return tuple(trigger for trigger in run.triggers if trigger.name in names)


def into_run(run: RunView, at: float | None) -> str:
    """Return a moment as time of the run: `12s into the run`; nothing for one that it does not know."""
    began = run.summary.started_at
    if at is None or began is None:
        return ""
    return f"{duration(at - began)} into the run" if at > began else "as the run began"


def turn_text(run: RunView) -> str:
    """Return why a run has not begun; for which others it waits, only an engine knows."""
    why = run.summary.message
    return f"Run {run.summary.number} has not begun: {why if why.startswith('waits') else 'waits for its turn'}."


def clause(message: str) -> str:
    """Return a message as part of a sentence."""
    return message.rstrip(".")


def word_of(node: NodeView) -> str:
    """Return a node's state in the word that a condition would use."""
    return state_word(node_type(NodeId(node.node_id)), NodeState(node.state))


def has_ended(node: NodeView) -> bool:
    return node.finished_at is not None or bool(node.carried_from) or node.state == NodeState.SKIPPED


def condition_text(condition: Condition) -> str:
    return f"{node_name(NodeId(condition[0]))} {condition[1]}"


# Start triggers


def _start_answer(run: RunView, trigger: TriggerRunView, now: float) -> tuple[Verdict, str]:
    number, before = run.summary.number, run.summary.resumed
    if trigger.carried_over or (before is not None and trigger.name == run.summary.trigger):
        which = f"run {before.number}" if before else "an earlier run"
        return Verdict.DONE, f"It had started {which}, which run {number} resumes: there it fires no more."
    match trigger.state:
        case "FIRED":
            return Verdict.DONE, f"It started run {number}: {_cause(run, trigger, now)}."
        case "NEVER":
            by = run.summary.trigger
            others = "A run has one start trigger; what only others lead to is SKIPPED in it."
            return Verdict.NEVER, f"It did not start run {number}: {by} did. {others}"
        case _:
            if run.summary.outcome:
                return Verdict.NEVER, f"It made run {number}, which never began: {clause(run.summary.message)}."
            return Verdict.WAITS, f"It made run {number}. {turn_text(run)}"


def _file_lines(run: RunView, trigger: TriggerRunView) -> list[Line]:
    """Return the batch with which a trigger started the run."""
    if trigger.state != "FIRED" or trigger.name != run.summary.trigger:
        return []
    lines = [text(one) for one in run.summary.event_files]
    lines += [text(one, "deleted") for one in run.summary.deleted_files]
    more = [muted(f"and {counted(len(lines) - FILES_MAX, 'more file')}")] if len(lines) > FILES_MAX else []
    return lines[:FILES_MAX] + more


def _cause(run: RunView, trigger: TriggerRunView, now: float) -> str:
    files = len(run.summary.event_files) + len(run.summary.deleted_files)
    match trigger.fired_by:
        case "hand":
            return f"fired by hand, with {counted(files, 'file')}" if files else "fired by hand"
        case "size":
            return f"its batch was full with {counted(files, 'file')}"
        case "window":
            return f"the window of its batch was over, with {counted(files, 'file')} in it"
        case _:
            due = trigger.scheduled_at
            late = f", and stands for {count_text(trigger.missed)}" if trigger.missed else ""
            return f"it was due at {clock_text(due, now)}{late}" if due is not None else "it fired"


# CONDITIONAL triggers


def _conditional_answer(run: RunView, trigger: TriggerRunView, current: WorkflowView | None) -> tuple[Verdict, str]:
    number = run.summary.number
    match trigger.state:
        case "FIRED" if trigger.carried_over:
            return Verdict.DONE, "It had fired in the run that this one resumes, and fires no more."
        case "FIRED":
            return Verdict.DONE, f"It fired {into_run(run, trigger.fired_at)}: {_what_made_it_fire(run, trigger)}."
        case "NEVER" if trigger.was_paused:
            return Verdict.NEVER, f"It does not fire in run {number}: it was paused when the run began."
        case "NEVER":
            return Verdict.NEVER, f"It can't fire any more in run {number}: {trigger.reason}."
    if run.summary.outcome:
        return Verdict.NEVER, f"It did not fire in run {number}: {trigger.reason}."
    if trigger.was_paused:
        return Verdict.NEVER, f"It won't fire in run {number}: it was paused when the run was asked for."
    if run.summary.started_at is None:
        return Verdict.WAITS, turn_text(run)
    if run.summary.status == "STOPPING":
        return Verdict.NEVER, f"It won't fire: run {number} is being stopped."
    open_ones = [one for one in conditions_of(run, trigger.name) if not _node_has_ended(run, one[0])]
    waits = f"It waits for {listed((condition_text(one) for one in open_ones), _joint(trigger)) or 'its turn'}."
    if current is not None and _is_paused_now(current, trigger.name):
        return Verdict.WAITS, f"{waits} It is paused by now, but run {number} began before that and keeps it."
    return Verdict.WAITS, waits


def _what_made_it_fire(run: RunView, trigger: TriggerRunView) -> str:
    conditions = conditions_of(run, trigger.name)
    met = [one for one in conditions if one[0] in trigger.predecessors and _holds(run, one)]
    if not met:
        return "its conditions held"
    last = max(met, key=lambda one: _node(run, one[0]).finished_at or 0.0)
    if len(conditions) == 1:
        return condition_text(last)
    if trigger.logical == "ANY":
        return f"one of its {len(conditions)} conditions held, {condition_text(last)}"
    return f"the last of its {len(conditions)} conditions came true, {condition_text(last)}"


def _condition_lines(run: RunView, trigger: TriggerRunView, now: float) -> list[Line]:
    conditions = conditions_of(run, trigger.name)
    lines = [_condition_line(run, trigger, one, now) for one in conditions]
    if len(conditions) > 1:
        one_is_enough = trigger.logical == "ANY"
        lines.insert(0, muted("ANY: one of these is enough" if one_is_enough else "AND: all of these are needed"))
    if any(wanted == ANY_TERMINAL for _, wanted in conditions):
        lines.append(muted(f"{ANY_TERMINAL}: it ended, no matter how; a skipped node has done nothing"))
    for node in dict.fromkeys(source for source, wanted in conditions if wanted == NodeState.FAILED):
        ended = _node(run, node)
        if ended.state in (NodeState.TIMEOUT, NodeState.STOPPED) and trigger.state == "NEVER":
            lines.append(muted(f"a {word_of(ended)} is no FAILED: listen for it too, or for {ANY_TERMINAL}"))
    return lines


def _condition_line(run: RunView, trigger: TriggerRunView, condition: Condition, now: float) -> Line:
    node, wanted = _node(run, condition[0]), condition[1]
    said = condition_text(condition)
    if not has_ended(node):
        if run.summary.outcome:
            return Line(role=Role.NEVER, text=said, note="the run was over before it ran")
        return Line(role=Role.NOT_YET, text=said, note=_so_far(run, node, now))
    if not _holds(run, condition):
        return Line(role=Role.NEVER, text=said, note=how_it_ended(run, node, wanted))
    note = how_it_ended(run, node, wanted)
    fired_before = trigger.state == "FIRED" and not trigger.carried_over and node.node_id not in trigger.predecessors
    return Line(
        role=Role.TRUE,
        text=said,
        note=f"{note}; the trigger had fired by then, and fires once a run" if fired_before else note,
    )


def how_it_ended(run: RunView, node: NodeView, wanted: str = "") -> str:
    """Return how a node ended, when, and which attempt counted, seen from a condition that wanted a state."""
    word = word_of(node)
    if node.carried_from:
        before = run.summary.resumed
        return f"{word} in run {before.number}, kept from there" if before else f"{word} in an earlier run, kept"
    if node.state == NodeState.SKIPPED:
        return f"SKIPPED: {node.reason}"
    parts = [word if word != wanted else "", into_run(run, node.finished_at)]
    told = " ".join(part for part in parts if part)
    tries = len(node.attempts)
    if tries > 1 and node.state == NodeState.SUCCEEDED:
        times = "once" if tries == 2 else f"{tries - 1} times"
        return f"{told}, at attempt {tries}; it had failed {times}" + (f", but {JUDGED}" if wanted else "")
    if tries > 1:
        told += f", after {tries} attempts"
    if node.state == NodeState.ERROR:
        return f"{told}: not its work failed but its worker" + (
            f"; only {ANY_TERMINAL} holds for that" if wanted else ""
        )
    return f"{told}; {JUDGED}" if tries > 1 and wanted else told


def _so_far(run: RunView, node: NodeView, now: float) -> str:
    """Return what a node that has not ended is at."""
    match NodeState(node.state):
        case NodeState.PENDING:
            names = [trigger.name for trigger in starters_of(run, node.node_id) if trigger.state == "WAITING"]
            return f"it waits for {listed(names, 'or')}" if names else "nothing has started it"
        case NodeState.WAITING:
            why = node.reason or "waits for a free slot"
            return f"attempt {node.attempt - 1} FAILED; {why}; {JUDGED}" if node.attempt > 1 else why
        case state:
            began = node.started_at if node.started_at is not None else node.queued_at
            so_long = f" for {duration(now - began)}" if began is not None else ""
            tries = f", attempt {node.attempt} of {node.max_attempts}" if node.max_attempts > 1 else ""
            judged = f"; {JUDGED}" if node.attempt > 1 else ""
            return f"{state}{so_long}{tries}{judged}"


def _behind_it(run: RunView, trigger: TriggerRunView) -> list[Line]:
    """Return what failed, where it keeps a trigger from firing: at the bottom of all that was skipped on the way."""
    if trigger.state != "NEVER" or trigger.was_paused:
        return []
    found = roots(run, trigger.name)
    kept_it = [one for one in found if NodeState(one.state).is_failure or one.state == NodeState.SKIPPED]
    return [failure_line(run, node, BEHIND) for node in kept_it[:ROOTS_MAX]]


def failure_line(run: RunView, node: NodeView, first: str = "") -> Line:
    """Return what a node failed of, or why it was skipped, and where to read on."""
    said = f"{first}{node.name} {word_of(node)}"
    if node.state == NodeState.SKIPPED and node.attempts:
        said += f": {node.reason}"
    if node.error is not None:
        where = f" ({node.error.location})" if node.error.location else ""
        said += f": {error_text(node.error)}{where}"
    return text(said, f"`glue-tui logs {run.summary.number} {node.name}`" if node.attempts else "")


def error_text(error: ErrorView) -> str:
    """Return the type of an error and the beginning of its message."""
    first = error.message.strip().partition("\n")[0]
    return f"{error.type}: {first if len(first) <= ERROR_MAX else first[: ERROR_MAX - 1] + '…'}"


def roots(run: RunView, trigger: str, seen: frozenset[str] = frozenset()) -> list[NodeView]:
    """Return the nodes that ran and whose end keeps a trigger from firing, through all that was skipped on the way."""
    found: dict[str, NodeView] = {}
    for condition in conditions_of(run, trigger):
        node = _node(run, condition[0])
        if not has_ended(node) or _holds(run, condition):
            continue
        if node.state != NodeState.SKIPPED or node.attempts:
            found[node.node_id] = node
            continue
        for one in starters_of(run, node.node_id):
            if one.name not in seen and one.state == "NEVER" and not one.was_paused:
                found.update({root.node_id: root for root in roots(run, one.name, seen | {trigger})})
    return list(found.values())


def _action_lines(run: RunView, trigger: TriggerRunView) -> list[Line]:
    return [_action_line(run, trigger, _node(run, node_id)) for node_id in actions_of(run, trigger.name)]


def _action_line(run: RunView, trigger: TriggerRunView, node: NodeView) -> Line:
    """Return what became of one node that the trigger starts."""
    by_other = node.started_by not in ("", trigger.name)
    if trigger.state == "FIRED" and by_other:
        return text(f"did not start {node.name}", f"{node.started_by} had: a node runs once in a run")
    if trigger.state == "FIRED":
        return text(f"started {node.name}", word_of(node))
    if trigger.state == "WAITING" and not run.summary.outcome:
        return text(f"would start {node.name}", f"{node.started_by} did already" if by_other else "")
    ended = word_of(node) if has_ended(node) else ""
    return text(f"does not start {node.name}", f"{node.started_by} did" if by_other else ended)


def _changed_since(run: RunView, trigger: TriggerRunView, current: WorkflowView | None) -> list[Line]:
    """Return what the file says of the trigger by now, where the run was begun with something else."""
    keeps = f"run {run.summary.number} keeps what it began with"
    if current is None:
        return [muted(f"{run.summary.workflow} has no file any more; {keeps}")]
    now = next((one for one in current.triggers if one.name == trigger.name), None)
    if run.summary.crawler:
        return []  # It is the command that started it, and stood in no file.
    if now is None:
        return [muted(f"{current.source} has no {trigger.name} any more; {keeps}")]
    conditions = conditions_of(run, trigger.name)
    same = (conditions, actions_of(run, trigger.name), trigger.type) == (
        conditions_of(current, trigger.name),
        actions_of(current, trigger.name),
        now.type,
    ) and (len(conditions) < 2 or trigger.logical == now.logical)
    lines = [] if same else [muted(f"{current.source} says otherwise of {trigger.name} by now; {keeps}")]
    if trigger.type == "CONDITIONAL" and trigger.was_paused and now.state != "DEACTIVATED":
        lines.append(muted("it is active by now: it may fire in runs that begin from here on"))
    elif trigger.type == "CONDITIONAL" and trigger.was_paused:
        enable = f"`glue-tui trigger enable {current.name} {trigger.name}`"
        lines.append(muted(f"{enable} lets it fire in runs that begin later"))
    return lines


def _joint(trigger: TriggerRunView) -> str:
    return "or" if trigger.logical == "ANY" else "and"


def _node(run: RunView, node_id: str) -> NodeView:
    return next(node for node in run.nodes if node.node_id == node_id)


def _node_has_ended(run: RunView, node_id: str) -> bool:
    return has_ended(_node(run, node_id))


def _holds(run: RunView, condition: Condition) -> bool:
    node = _node(run, condition[0])
    return has_ended(node) and word_holds(condition[1], node_type(NodeId(node.node_id)), NodeState(node.state))


def _is_paused_now(workflow: WorkflowView, trigger: str) -> bool:
    return any(one.name == trigger and one.state == "DEACTIVATED" for one in workflow.triggers)
