"""`w`: why a trigger fired or did not, its predicate as true, not yet, never, in words. Pure."""

from __future__ import annotations

from glue_tui.client.words import counted
from glue_tui.core.model import NodeId, node_name, node_type
from glue_tui.core.states import ANY_TERMINAL, NodeState, word_holds
from glue_tui.protocol.views import NodeView, RunView, TriggerRunView, TriggerView, WorkflowView
from glue_tui.tui.format import node_look, until, whole_duration
from glue_tui.tui.model import is_over, node_in
from glue_tui.tui.paint import Spans
from glue_tui.tui.selection import Looked

Lines = tuple[Spans, ...]


def why_lines(looked: Looked, now: float) -> tuple[str, Lines]:
    """Return a title and the lines that explain the selected trigger, and the selected node if there is one."""
    trigger = looked.trigger
    assert trigger is not None
    workflow = looked.model.workflow(trigger.workflow)
    assert workflow is not None
    run = looked.run if trigger.workflow == looked.selection.workflow else None
    lines: list[Spans] = []
    node = looked.node
    if node is not None and looked.selection.pane != "triggers":
        lines += [*_node_lines(node), ()]
    lines.append(((f"{trigger.name}", "strong"), (f"  {trigger.type}", "muted"), *_paused(trigger)))
    if trigger.description:
        lines.append(((trigger.description, "muted"),))
    lines.append(())
    if trigger.type == "CONDITIONAL":
        lines += _predicate_lines(trigger, workflow, run)
    else:
        lines += _start_lines(trigger, run, now)
    lines += [(), (("starts  ", "muted"), (", ".join(node_name(NodeId(one)) for one in trigger.actions), "text"))]
    return f"why {node.name if node is not None and looked.selection.pane != 'triggers' else trigger.name}", tuple(
        lines
    )


def _paused(trigger: TriggerView) -> Spans:
    if trigger.state != "DEACTIVATED":
        return ()
    when = " in runs that begin" if trigger.type == "CONDITIONAL" else ""
    return ((f"  paused: it won't fire{when} until space resumes it", "warn"),)


def _node_lines(node: NodeView) -> list[Spans]:
    look = node_look(node.state)
    lines: list[Spans] = [((node.name, "strong"), (f"  {look.word}", look.tone))]
    if node.reason:
        lines.append(((node.reason, "text"),))
    if node.started_by:
        lines.append(((f"started by {node.started_by}", "muted"),))
    return lines


def _start_lines(trigger: TriggerView, run: RunView | None, now: float) -> list[Spans]:
    lines: list[Spans] = []
    match trigger.type:
        case "SCHEDULED":
            lines.append(((trigger.schedule, "text"),))
            if trigger.next_fire_at is not None and trigger.state != "DEACTIVATED":
                lines.append((("fires next ", "muted"), (until(trigger.next_fire_at - now), "text")))
        case "EVENT":
            lines.append((("watches ", "muted"), (", ".join(trigger.watch), "text")))
            waiting = f"{trigger.batch_files} of {counted(trigger.batch_size, 'file')} here"
            lines.append(((waiting, "text"), (f", {trigger.settling_files} still settling", "muted")))
            if trigger.window_closes_at is not None:
                left = whole_duration(trigger.window_closes_at - now)
                lines.append(((f"fires with what it has in {left}", "muted"),))
        case _:
            lines.append((("waits for a hand: press f", "text"),))
    if run is not None:
        summary = run.summary
        did = summary.trigger == trigger.name
        said = f"started run {summary.number}" if did else f"run {summary.number} was started by {summary.trigger}"
        lines.append(((said, "good" if did else "muted"),))
    return lines


def _predicate_lines(trigger: TriggerView, workflow: WorkflowView, run: RunView | None) -> list[Spans]:
    word = "any of these" if trigger.logical == "ANY" else "all of these" if len(trigger.conditions) > 1 else "this"
    in_run = next((one for one in run.triggers if one.name == trigger.name), None) if run else None
    lines: list[Spans] = [
        ((f"fires once {word} holds:" if word != "all of these" else f"fires once {word} hold:", "text"),)
    ]
    edges = run.edges if run else workflow.edges
    sources = [edge.source for edge in edges if edge.destination == f"trigger:{trigger.name}"]
    for condition, source in zip(trigger.conditions, sources, strict=False):
        lines.append(_condition_line(condition, node_in(run, source), run))
    if any(condition.endswith(f" {ANY_TERMINAL}") for condition in trigger.conditions):
        lines.append(((f"  {ANY_TERMINAL}: it ended, no matter how; a skipped node has not run at all", "muted"),))
    lines.append(())
    lines.append(_verdict(trigger, in_run, run))
    return lines


def _condition_line(condition: str, node: NodeView | None, run: RunView | None) -> Spans:
    if run is None or node is None:
        return (("  not yet  ", "muted"), (condition, "text"))
    wanted = condition.rsplit(" ", 1)[1]
    name = condition.rsplit(" ", 1)[0]
    ended = node.finished_at is not None or bool(node.carried_from) or node.state == "SKIPPED"
    now_word = node_look(node.state).word
    if ended and word_holds(wanted, node_type(NodeId(node.node_id)), NodeState(node.state)):
        how: Spans = ((f"   {name} {now_word}", "muted"),) if wanted == ANY_TERMINAL else ()
        return (("  true     ", "good"), (condition, "text"), *how)
    if ended:
        return (("  never    ", "bad"), (condition, "text"), (f"   {name} {now_word}", "muted"))
    if is_over(run):
        return (("  never    ", "bad"), (condition, "text"), (f"   {name} did not run: the run is over", "muted"))
    return (("  not yet  ", "warn"), (condition, "text"), (f"   {name} is {now_word}", "muted"))


def _verdict(trigger: TriggerView, in_run: TriggerRunView | None, run: RunView | None) -> Spans:
    if run is None or in_run is None:
        return (("no run yet: press r", "muted"),)
    where = f" in run {run.summary.number}"
    match in_run.state:
        case "FIRED":
            return ((f"It fired{where}.", "good"), (f" {in_run.reason}" if in_run.reason else "", "muted"))
        case "NEVER":
            return ((f"It can't fire any more{where}: ", "bad"), (in_run.reason or "a condition is never", "text"))
        case "WAITING":
            if is_over(run):
                return ((f"It did not fire{where}: {in_run.reason or 'the run is over'}.", "muted"),)
            if in_run.reason:
                return ((f"It won't fire{where} even when they hold: {in_run.reason}.", "warn"),)
            if trigger.state == "DEACTIVATED":
                return ((f"It waits{where}, which began before it was paused.", "warn"),)
            return ((f"It waits{where}.", "warn"),)
        case _:
            raise AssertionError(in_run.state)
