"""The workflow tree as rows: workflow → triggers → the nodes they start, with the states of the run on show. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from glue_tui.client.words import duration as exact_duration
from glue_tui.protocol.views import NodeDefinition, NodeView, RunView, TriggerView, WorkflowView
from glue_tui.tui.format import (
    StateLook,
    age,
    node_look,
    node_seconds,
    trigger_glyph,
    whole_duration,
    workflow_look,
)
from glue_tui.tui.model import UiModel, ended_nodes, is_over
from glue_tui.tui.selection import Selection, run_for

NOT_RUN = StateLook("pending", "not run", "muted")


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeRow:
    """One line of the tree, with everything that is drawn."""

    key: str
    depth: int
    workflow: str
    trigger: str = ""
    node_id: str = ""
    name: str
    glyph: str
    tone: str
    note: str = ""
    note_tone: str = "muted"
    progress: float | None = None
    is_open: bool | None = None
    """None: nothing to open."""
    is_last: bool = False
    is_dim: bool = False


def tree_rows(model: UiModel, selection: Selection, now: float) -> tuple[TreeRow, ...]:
    """Return the visible rows of the tree."""
    rows: list[TreeRow] = []
    for workflow in model.workflows:
        run = run_for(model, selection, workflow.name)
        row = _workflow_row(workflow, run, selection, now)
        rows.append(row)
        if row.is_open or selection.tree_filter:
            for trigger in _in_order(workflow, run):
                rows.extend(_trigger_rows(workflow, trigger, run, selection, now))
    return _matching(rows, selection.tree_filter.casefold()) if selection.tree_filter else tuple(rows)


def _matching(rows: list[TreeRow], text: str) -> tuple[TreeRow, ...]:
    """Return of all rows those with `text` in their names, those above them, and what is open below them."""
    is_match = [text in row.name.casefold() for row in rows]
    leads: list[bool] = [False] * len(rows)
    """Whether a match stands below a row."""
    above: list[int] = []
    kept: list[TreeRow] = []
    parents: list[tuple[int, ...]] = []
    for at, row in enumerate(rows):
        above = above[: row.depth]
        parents.append(tuple(above))
        if is_match[at]:
            for parent in above:
                leads[parent] = True
        above.append(at)
    for at, row in enumerate(rows):
        is_below = any(is_match[one] for one in parents[at]) and all(
            rows[one].is_open or leads[one] for one in parents[at]
        )
        if is_match[at] or leads[at] or is_below:
            kept.append(replace(row, is_open=True) if leads[at] else row)
    return tuple(kept)


def row_index(rows: tuple[TreeRow, ...], selection: Selection) -> int:
    """Return the row that stands for the selection: the node, else its trigger, else its workflow, else the first."""
    wanted = (
        f"{selection.workflow}/{selection.trigger}/{selection.node_id}",
        f"{selection.workflow}/{selection.trigger}",
        selection.workflow,
    )
    places = {row.key: index for index, row in enumerate(rows)}
    return next((places[key] for key in wanted if key in places), 0)


def _is_open(key: str, by_itself: bool, selection: Selection) -> bool:
    return key in selection.opened or (by_itself and key not in selection.closed)


def _workflow_row(workflow: WorkflowView, run: RunView | None, selection: Selection, now: float) -> TreeRow:
    look = workflow_look(workflow, run.summary if run else None)
    note, tone, progress = "", "muted", None
    if workflow.is_broken:
        first = next((problem for problem in workflow.problems if not problem.is_warning), None)
        note, tone = (f"broken :{first.line}" if first else "broken"), "warn"
    elif run is None:
        note = "never run"
    elif selection.what_if is not None and run is selection.what_if.run:
        note, tone = "what if", "warn"
    elif is_over(run):
        ended = run.summary.finished_at if run.summary.finished_at is not None else run.summary.queued_at
        note = _ago(now - ended)
    elif run.summary.started_at is None:
        note, tone = "queued", "warn"
    else:
        note, tone = f"{ended_nodes(run)}/{len(run.nodes)} {whole_duration(now - run.summary.started_at)}", "running"
    opens_itself = run is not None and run.summary.outcome != "SUCCEEDED"
    return TreeRow(
        key=workflow.name,
        depth=0,
        workflow=workflow.name,
        name=workflow.name,
        glyph=look.glyph,
        tone=look.tone,
        note=note,
        note_tone=tone,
        progress=progress,
        is_open=_is_open(workflow.name, opens_itself, selection) if workflow.triggers else None,
    )


def _ago(seconds: float) -> str:
    text = age(seconds)
    return "just now" if text == "now" else f"{text} ago"


def _in_order(workflow: WorkflowView, run: RunView | None) -> list[TriggerView]:
    """Return the trigger that started the run first, then those that watch, then the other ways to start."""
    starter = run.summary.trigger if run else ""
    return sorted(
        workflow.triggers,
        key=lambda trigger: 0 if trigger.name == starter else 1 if trigger.type == "CONDITIONAL" else 2 if run else 0,
    )


def _trigger_rows(
    workflow: WorkflowView, trigger: TriggerView, run: RunView | None, selection: Selection, now: float
) -> list[TreeRow]:
    key = f"{workflow.name}/{trigger.name}"
    state = next((one.state for one in run.triggers if one.name == trigger.name), "NEVER") if run else ""
    by_itself = state in ("FIRED", "WAITING") or (run is None and _opens_without_run(workflow, trigger))
    is_open = _is_open(key, by_itself, selection)
    is_paused = trigger.state == "DEACTIVATED"
    row = TreeRow(
        key=key,
        depth=1,
        workflow=workflow.name,
        trigger=trigger.name,
        name=trigger.name,
        glyph="paused" if is_paused else trigger_glyph(trigger.type, trigger.logical),
        tone="muted" if state == "NEVER" or is_paused else "trigger",
        note="paused" if is_paused else "never" if state == "NEVER" and trigger.type == "CONDITIONAL" else "",
        is_open=is_open if trigger.actions else None,
        is_dim=state == "NEVER" or is_paused,
    )
    if not is_open and not selection.tree_filter:
        return [row]
    started = [node for node_id in trigger.actions for node in workflow.nodes if node.node_id == node_id]
    return [row, *(_node_row(workflow, trigger, node, run, now, node is started[-1]) for node in started)]


def _opens_without_run(workflow: WorkflowView, trigger: TriggerView) -> bool:
    first = next((one for one in workflow.triggers if one.type != "CONDITIONAL"), None)
    return trigger.type == "CONDITIONAL" or (first is not None and trigger.name == first.name)


def _node_row(
    workflow: WorkflowView,
    trigger: TriggerView,
    definition: NodeDefinition,
    run: RunView | None,
    now: float,
    is_last: bool,
) -> TreeRow:
    node = next((one for one in run.nodes if one.node_id == definition.node_id), None) if run else None
    look = node_look(node.state) if node else NOT_RUN
    note, tone = _node_note(node, now) if node else ("", "muted")
    return TreeRow(
        key=f"{workflow.name}/{trigger.name}/{definition.node_id}",
        depth=2,
        workflow=workflow.name,
        trigger=trigger.name,
        node_id=definition.node_id,
        name=definition.name,
        glyph=look.glyph,
        tone=look.tone,
        note=note,
        note_tone=tone,
        progress=node.progress if node and node.state == "RUNNING" else None,
        is_last=is_last,
        is_dim=node is not None and node.state in ("SKIPPED", "PENDING"),
    )


def _node_note(node: NodeView, now: float) -> tuple[str, str]:
    """Return the word or the time beside a node, and its tone."""
    look = node_look(node.state)
    seconds = node_seconds(node, now)
    if node.carried_from:
        return "kept", "muted"
    if node.state == "RUNNING" and seconds is not None:
        return whole_duration(seconds), "warn" if node.warning else "running"
    if node.state in ("SUCCEEDED", "FAILED", "TIMEOUT") and seconds is not None:
        tries = f"{node.attempt}/{node.max_attempts} " if node.max_attempts > 1 and node.state != "SUCCEEDED" else ""
        return tries + exact_duration(seconds), "bad" if node.state != "SUCCEEDED" else "muted"
    if node.state == "PENDING":
        return "", "muted"
    return look.word, look.tone if node.state != "SKIPPED" else "muted"
