"""What stands below the graph: the selected node's state, attempts, time, memory, rows, error. Pure."""

from __future__ import annotations

from pathlib import PurePath

from glue_tui.client.words import counted, duration, figures, late_text, short_figures
from glue_tui.core.model import NodeId, node_name
from glue_tui.core.schedule import local_text
from glue_tui.protocol.views import NodeDefinition, NodeView, RunSummary, RunView, TriggerView, WorkflowView
from glue_tui.tui.failure import FAILED, failed_nodes, failure_lines
from glue_tui.tui.format import (
    node_look,
    node_seconds,
    run_look,
    run_seconds,
    trigger_glyph,
    trigger_note,
    whole_duration,
)
from glue_tui.tui.model import ended_nodes, is_over
from glue_tui.tui.paint import Span, Spans, width_of, wrap_spans
from glue_tui.tui.selection import Looked, WhatIf
from glue_tui.tui.theme import Look

Lines = tuple[Spans, ...]

ROWS_MAX = 99
"""As many rows as there are lines."""
_ANY_WIDTH = 999
ROWS_PER_LINE_MAX = 3
"""A longer message is cut here; the log has all of it."""


def detail_lines(looked: Looked, look: Look, now: float, width: int, rows: int = ROWS_MAX) -> Lines:
    """Return the lines for what the cursor is on: a node, a trigger, or the workflow.

    A failure comes first, with its place and its hint in the first two lines. `rows` is how many there is room for:
    where they are few, long lines are cut instead of broken.
    """
    if rows < ROWS_MAX:
        broken = list(_lines(looked, look, now, width))
    else:
        lines = _lines(looked, look, now)
        broken = [row for line in lines for row in wrap_spans(line, width)[:ROWS_PER_LINE_MAX]]
    failed = _failed(looked)
    if not failed:
        return tuple(broken)
    return (*failure_lines(failed[0], look, width, rows), *_others_failed(failed[1:]), *broken)


def _failed(looked: Looked) -> tuple[NodeView, ...]:
    """Return the failed nodes to begin with: the selected one, or the run's where no node is selected."""
    if looked.selection.pane == "triggers" or looked.workflow is None or looked.workflow.is_broken:
        return ()
    if looked.node is not None:
        return (looked.node,) if looked.node.state in FAILED else ()
    return failed_nodes(looked.run) if looked.definition is None else ()


def _others_failed(nodes: tuple[NodeView, ...]) -> Lines:
    return (((f"failed too: {', '.join(node.name for node in nodes)}", "bad"),),) if nodes else ()


def _lines(looked: Looked, look: Look, now: float, width: int = _ANY_WIDTH) -> Lines:
    if looked.workflow is None:
        return ()
    if looked.selection.pane != "triggers":
        if looked.node is not None:
            return (_node(looked.node, look, now, width), *_node_notes(looked.node, looked.definition))
        if looked.definition is not None:
            return _definition(looked.definition)
    if looked.trigger is not None:
        return _trigger(looked.trigger, looked, now)
    return _workflow(looked.workflow, looked.run, look)


def run_title(looked: Looked, look: Look, now: float, width: int = _ANY_WIDTH, left: str = "") -> Spans:
    """Return the title of the view: `daily_sales › run 41  ✗ FAILED 1 of 7 · 1m 12s · ◷ nightly`.

    Where that is too long, what matters least gives way; the file that started the run stays. `left` says how long it
    will go on.
    """
    if looked.workflow is None:
        return (("glue-tui", "muted"),)
    name: Span = (looked.workflow.name, "strong")
    if looked.what_if is not None:
        return (name, ("  ", ""), *_supposed(looked.what_if, look))
    if looked.run is None:
        return (name, ("  never run", "muted"))
    variants = [_title(looked.run, name, look, now, left if parts[1] else "", *parts) for parts in _TITLE_PARTS]
    return next((spans for spans in variants if width_of(spans) <= width), variants[-1])


def _supposed(what_if: WhatIf, look: Look) -> Spans:
    """Return what is supposed, and how the run would end: ` WHAT IF  clean_sales FAILED  → ✗ FAILED`."""
    said = ", ".join(f"{node_name(NodeId(node_id))} {state}" for node_id, state in what_if.outcomes.items())
    told = run_look(what_if.run.summary)
    end: Span = (f"{look.glyph(told.glyph)} {told.word}", told.tone)
    return ((" WHAT IF ", "supposed"), (f" {said}  ", "warn"), ("→ ", "muted"), end, ("  Esc leaves", "muted"))


_TITLE_PARTS = ((True, True, True), (False, True, True), (False, False, True), (False, False, False))
"""Duration, tally with what is left, the trigger's name where a file follows it: from roomy to narrow."""


def _title(
    run: RunView, name: Span, look: Look, now: float, left: str, has_duration: bool, has_tally: bool, has_trigger: bool
) -> Spans:
    summary = run.summary
    told = run_look(summary)
    crumb = f" {look.glyph('crumb')} "
    dot = f" {look.glyph('dot')} "
    spans: list[Span] = [name, (f"{crumb}run {summary.number}", "text"), ("  ", "")]
    spans.append((f"{look.glyph(told.glyph)} {told.word}", "bad_strong" if told.tone == "bad" else told.tone))
    if has_tally:
        spans.append((_tally(run), "muted"))
    seconds = run_seconds(summary, now)
    if seconds is not None and has_duration:
        spans.append((dot + (duration(seconds) if is_over(run) else whole_duration(seconds)), "muted"))
    if left:
        spans += [(dot, "muted"), (left, "running")]
    if summary.trigger:
        spans += [(dot, "muted"), *_cause(summary, look, has_trigger)]
    return tuple(spans)


def _cause(summary: RunSummary, look: Look, has_trigger: bool = True) -> Spans:
    """Return which trigger started a run, and the file: `≋ landed: delivery_0001.csv`."""
    files = _event_files(summary.event_files or summary.deleted_files)
    said = f"{summary.trigger}{files}" if has_trigger or not files else files.removeprefix(": ")
    return ((f"{look.glyph(trigger_glyph(summary.trigger_type))} ", "trigger"), (said, "muted"))


def _event_files(files: tuple[str, ...]) -> str:
    """Name the first of the files that started a run, and how many more there were."""
    if not files:
        return ""
    return f": {PurePath(files[0]).name}" + (f" +{len(files) - 1}" if len(files) > 1 else "")


def _tally(run: RunView) -> str:
    """Return how many nodes have ended, of all; where another number tells more, with its word."""
    statistics = run.summary.statistics
    total = len(run.nodes)
    bad = statistics.failed + statistics.timeout + statistics.errored
    if is_over(run) and bad:
        return f" {bad} of {total} failed"
    if is_over(run) and run.summary.outcome == "STOPPED":
        return f" {statistics.succeeded} of {total} succeeded"
    return f" {ended_nodes(run)} of {total}"


def _node(node: NodeView, look: Look, now: float, width: int) -> Spans:
    """Return a node's state and facts; where that is too long, its kind gives way, then digits and bytes."""
    told = node_look(node.state)
    facts: list[str] = []
    if node.max_attempts > 1 and node.attempt:
        facts.append(f"attempt {node.attempt} of {node.max_attempts}")
    seconds = node_seconds(node, now)
    if seconds is not None:
        facts.append(duration(seconds) if node.finished_at is not None else whole_duration(seconds))
    if node.progress is not None and node.state == "RUNNING":
        facts.append(f"{node.progress:.0%}")
    ended = [f"exit {node.exit_code}"] if node.exit_code not in (None, 0) and node.state != "SKIPPED" else []
    variants = [
        [*facts, *figures(node), *ended, node.kind],
        [*facts, *figures(node), *ended],
        [*facts, *short_figures(node), *ended],
    ]
    dot = f" {look.glyph('dot')} "
    tone = "bad_strong" if told.tone == "bad" else told.tone
    heads: list[Spans] = [
        ((node.name, "strong"), ("  ", ""), (told.word, tone), ("".join(dot + one for one in said), "muted"))
        for said in variants
    ]
    return next((head for head in heads if width_of(head) <= width), heads[-1])


def _node_notes(node: NodeView, definition: NodeDefinition | None) -> list[Spans]:
    lines: list[Spans] = []
    error = node.error
    if error is not None and node.state != "SUCCEEDED" and node.state not in FAILED:
        spans: list[Span] = [(error.type, "bad_strong"), ("  " + error.message.split("\n")[0], "text")]
        if error.location:
            spans += [("   ", ""), (error.location, "link")]
        lines.append(tuple(spans))
        if error.hint:
            lines.append(((error.hint, "warn"),))
    if node.warning:
        lines.append(((node.warning, "warn"),))
    lines += [((told, "warn"),) for told in node.checks]
    if node.left_out:
        lines.append(((f"{node.left_out} left out, as its log says", "warn"),))
    if node.reason and (node.error is not None or node.state not in FAILED):
        lines.append(((node.reason, "warn" if node.state == "WAITING" else "muted"),))
    if node.carried_from:
        lines.append((("taken over from the run before", "muted"),))
    if node.outputs:
        lines.append((("wrote ", "muted"), (", ".join(node.outputs), "text")))
    if definition is not None and (definition.description or definition.source):
        said = "   ".join(part for part in (definition.description, definition.source) if part)
        lines.append(((said, "muted"),))
    return lines


def _definition(definition: NodeDefinition) -> Lines:
    head: Spans = ((definition.name, "strong"), (f"  {definition.kind}", "muted"), ("  not run yet", "muted"))
    said = "   ".join(part for part in (definition.description, definition.source) if part)
    return (head, ((said, "muted"),)) if said else (head,)


def _trigger(trigger: TriggerView, looked: Looked, now: float) -> Lines:
    head: list[Span] = [(trigger.name, "strong"), (f"  {trigger.type}", "muted")]
    if trigger.workflow != looked.selection.workflow:
        head.append((f"  of {trigger.workflow}", "muted"))
    if looked.trigger_run is not None:
        state = looked.trigger_run
        tone = {"FIRED": "good", "NEVER": "bad", "WAITING": "muted"}[state.state]
        waits = "did not fire" if looked.run is not None and is_over(looked.run) else "waits"
        word = {"FIRED": "fired", "NEVER": "did not start this run", "WAITING": waits}[state.state]
        if trigger.type == "CONDITIONAL" and state.state == "NEVER":
            word = "can't fire any more"
        head.append((f"  {word}", tone))
        if state.reason:
            head.append((f"  {state.reason}", "muted"))
    elif trigger.type != "CONDITIONAL":
        head.append(("  " + trigger_note(trigger, now), "text"))
    said = {
        "SCHEDULED": _schedule(trigger, looked),
        "EVENT": "watches " + ", ".join(trigger.watch),
        "CONDITIONAL": f" {'or' if trigger.logical == 'ANY' else 'and'} ".join(trigger.conditions),
        "ON_DEMAND": "waits for a hand: press f",
    }[trigger.type]
    has_note = looked.trigger_run is not None and trigger.type in ("SCHEDULED", "EVENT")
    note: Spans = (("   " + trigger_note(trigger, now), "muted"),) if has_note else ()
    # What is out of the ordinary goes first: a small terminal shows two lines.
    lines: list[Spans] = [tuple(head), *(((one, "warn"),) for one in trigger.notes), ((said, "text"), *note)]
    if trigger.description:
        lines.append(((trigger.description, "muted"),))
    return tuple(lines)


def _schedule(trigger: TriggerView, looked: Looked) -> str:
    """Return a schedule and the moment that it means next, in its time zone."""
    workflow = looked.model.workflow(trigger.workflow)
    if workflow is None or trigger.next_fire_at is None:
        return trigger.schedule
    return f"{trigger.schedule}   next {local_text(trigger.next_fire_at, workflow.timezone)}"


def _workflow(workflow: WorkflowView, run: RunView | None, look: Look) -> Lines:
    if workflow.is_broken:
        shown = workflow.problems[:3]
        force = "; the last good version stays in force" if workflow.is_loaded else ""
        head: Spans = (
            (workflow.source, "strong"),
            (f"  {counted(len(workflow.problems), 'problem')}{force}", "warn"),
        )
        told = [
            (
                (f"line {one.line} ", "warn"),
                (f"{one.key}: " if one.key else "", "muted"),
                (_problem(one.message, one.hint), "text"),
            )
            for one in shown
        ]
        return (head, *told)
    parts = [counted(len(workflow.nodes), "node"), counted(len(workflow.triggers), "trigger"), workflow.source]
    lines: list[Spans] = [((workflow.name, "strong"), ("  " + ", ".join(parts), "muted"))]
    late = late_text(run.summary) if run is not None else ""
    if run is not None and (run.summary.event_files or run.summary.deleted_files or late):
        lines.insert(0, (*_cause(run.summary, look), (f"  {late}", "warn")) if late else _cause(run.summary, look))
    if workflow.description:
        lines.append(((workflow.description, "text"),))
    if run is not None:
        summary = run.summary
        if summary.message:
            lines.append(((summary.message, "text"),))
        for word, files in (("files ", summary.event_files), ("deleted ", summary.deleted_files)):
            if len(files) > 1 or (files and word == "deleted "):
                lines.append(((word, "muted"), (", ".join(PurePath(file).name for file in files), "text")))
        if run.properties:
            said = "  ".join(f"{key}={value}" for key, value in run.properties.items())
            lines.append(((said, "muted"),))
    elif not lines[1:]:
        lines.append((("press r to run it", "muted"),))
    return tuple(lines)


def _problem(message: str, hint: str) -> str:
    return f"{message} ({hint})" if hint else message
