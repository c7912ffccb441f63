"""`w`: what `client.why` has to say of the selected trigger and node, as lines of the screen. Pure."""

from __future__ import annotations

from glue_tui.client import why
from glue_tui.client.explained import Explanation, Line, Role, Verdict, margins
from glue_tui.client.why_node import node_in_run
from glue_tui.protocol.inbox_views import InboxView
from glue_tui.protocol.views import RunSummary, TriggerView
from glue_tui.tui.model import UiModel
from glue_tui.tui.paint import Spans
from glue_tui.tui.selection import Looked

Lines = tuple[Spans, ...]

_TONES = {
    Verdict.DONE: "good",
    Verdict.WAITS: "warn",
    Verdict.BLOCKED: "bad",
    Verdict.NEVER: "bad",
    Verdict.FAILED: "bad",
    Role.TRUE: "good",
    Role.NOT_YET: "warn",
    Role.NEVER: "bad",
    Role.FALSE: "bad",
    Role.TEXT: "text",
    Role.MUTED: "muted",
}


def why_lines(looked: Looked, now: float, inbox: InboxView | None = None) -> tuple[str, Lines]:
    """Return a title and the lines that explain the selected trigger, before it the selected node if there is one."""
    trigger = looked.trigger
    assert trigger is not None
    workflow = looked.model.workflow(trigger.workflow)
    assert workflow is not None
    run = looked.run if trigger.workflow == looked.selection.workflow else None
    around = why.surroundings(
        looked.model.engine if not looked.model.is_away else None,
        workflow,
        tuple(looked.model.runs.values()),
        now,
        last_started=_last_started(looked.model, trigger),
        inbox=inbox,
    )
    told = [why.of_trigger(around, trigger, run)]
    node = looked.node if looked.selection.pane != "triggers" else None
    if node is not None and run is not None:
        told.insert(0, node_in_run(run, node, now))
    lines: list[Spans] = []
    for one in told:
        lines += [(), *_lines_of(one)] if lines else _lines_of(one)
    return f"why {node.name if node is not None else trigger.name}", tuple(lines)


def explanation_lines(explanation: Explanation) -> Lines:
    """Return one explanation as lines."""
    return tuple(_lines_of(explanation))


def _lines_of(explanation: Explanation) -> list[Spans]:
    lines: list[Spans] = [
        ((explanation.subject, "strong"),),
        ((explanation.answer, _TONES[explanation.verdict]),),
    ]
    for (before, text), line in zip(margins(explanation.lines), explanation.lines, strict=True):
        lines.append(_line(before, text, line))
    return lines


def _line(before: str, text: str, line: Line) -> Spans:
    note = ((f"  {line.note}", "muted"),) if line.note else ()
    if line.role.is_judgement:
        return ((before, _TONES[line.role]), (text, "text"), *note)
    return ((before, ""), (text, _TONES[line.role]), *note)


def _last_started(model: UiModel, trigger: TriggerView) -> RunSummary | None:
    """Return the newest run that a trigger started, of those that the screen knows."""
    runs = [run.summary for run in model.runs.values()]
    mine = [one for one in runs if (one.workflow, one.trigger) == (trigger.workflow, trigger.name)]
    return max(mine, key=lambda one: one.number, default=None)
