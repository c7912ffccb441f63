"""The comparison of two runs as lines of four columns, on the screen and on the command line alike. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from glue_tui.client.compare import Comparison, DefinitionChanges, Figure, NodePair
from glue_tui.client.resume_words import change_text
from glue_tui.client.words import count, counted, duration, size
from glue_tui.protocol.plan_views import ScriptView
from glue_tui.protocol.views import RunSummary

_NAMES = {
    "attempts": "attempts",
    "rows_in": "rows in",
    "rows_out": "rows out",
    "bytes_in": "bytes in",
    "bytes_out": "bytes out",
    "peak_memory_bytes": "peak memory",
    "cpu_s": "cpu",
}
NONE = "-"
"""Stands where a run has no such figure."""
TIMES_FROM = 2.0
"""From this factor on a growth is told as `2.0x`, below as `+40 %`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonLine:
    """One line; the states are those that its columns tell, if they tell one."""

    label: str
    before: str
    after: str
    difference: str = ""
    state_before: str = ""
    state_after: str = ""
    is_notable: bool = False
    is_part: bool = False
    """It belongs to the node above."""


def comparison_lines(found: Comparison) -> tuple[ComparisonLine, ...]:
    """Return the whole runs, what properties differ, then the nodes, each with its figures that are not the same."""
    before, after = _run_state(found.before), _run_state(found.after)
    whole = ComparisonLine(
        label="whole run",
        before=_state_text(before, found.took.before),
        after=_state_text(after, found.took.after),
        difference=difference_text(found.took),
        state_before=before,
        state_after=after,
        is_notable=before != after or found.took.is_notable,
    )
    properties = [
        ComparisonLine(
            label=f"property {one.name}",
            before=NONE if one.before is None else one.before,
            after=NONE if one.after is None else one.after,
            is_notable=True,
        )
        for one in found.properties
    ]
    return (whole, *properties, *(line for pair in found.nodes for line in _node_lines(pair)))


def note_lines(found: Comparison) -> tuple[str, ...]:
    """Return what the columns have no place for: errors, changes of the definition, scripts that were saved."""
    notes = [
        f"{pair.name} in run {run.number}: {error}"
        for pair in found.nodes
        for run, error in ((found.before, pair.error_before), (found.after, pair.error_after))
        if error and pair.error_before != pair.error_after
    ]
    if found.definition is None:
        return (*notes, "what changed in the workflow's file can't be told: the history has not both runs whole")
    return (*notes, *_definition_lines(found.definition, found.before, found.after))


def difference_text(figure: Figure) -> str:
    """Return how a figure went on: `+45s, 15x`, `-17s, -18 %`; nothing where it did not, or where one is missing."""
    before, after = figure.before, figure.after
    if before is None or after is None or before == after:
        return ""
    sign = "+" if after > before else "-"
    apart = f"{sign}{figure_text(figure.name, abs(after - before))}"
    if figure.name == "attempts" or before <= 0:
        return apart
    if after / before >= TIMES_FROM:
        return f"{apart}, {after / before:.1f}x" if after / before < 10 else f"{apart}, {after / before:.0f}x"
    percent = round(100 * (after - before) / before)
    return f"{apart}, {percent:+d} %" if percent else apart


def figure_text(name: str, value: float | None) -> str:
    """Return a figure as people read it."""
    if value is None:
        return NONE
    if name.endswith("_s"):
        return duration(value)
    if name.startswith("rows") or name == "attempts":
        return count(round(value))
    return size(value)


def _node_lines(pair: NodePair) -> list[ComparisonLine]:
    took = next((figure for figure in pair.figures if figure.name == "took_s"), None)
    head = ComparisonLine(
        label=pair.name,
        before=_node_text(pair.before, pair.before_carried, took.before if took else None),
        after=_node_text(pair.after, pair.after_carried, took.after if took else None),
        difference=difference_text(took) if took else "",
        state_before=pair.before,
        state_after=pair.after,
        is_notable=pair.before != pair.after or bool(took and took.is_notable),
    )
    have_run = any(figure.name == "attempts" and None not in (figure.before, figure.after) for figure in pair.figures)
    parts = [
        ComparisonLine(
            label=_NAMES[figure.name],
            before=figure_text(figure.name, figure.before),
            after=figure_text(figure.name, figure.after),
            difference=difference_text(figure),
            is_notable=figure.is_notable,
            is_part=True,
        )
        for figure in pair.figures
        if have_run
        and figure.name != "took_s"
        and figure_text(figure.name, figure.before) != figure_text(figure.name, figure.after)
    ]
    return [head, *parts]


def _node_text(state: str, is_carried: bool, took_s: float | None) -> str:
    if not state:
        return "not in it"
    return "carried over" if is_carried else _state_text(state, took_s)


def _state_text(state: str, took_s: float | None) -> str:
    word = "timed out" if state == "TIMEOUT" else state.lower()
    return word if took_s is None else f"{word} {duration(took_s)}"


def _run_state(run: RunSummary) -> str:
    return run.outcome or run.status


def _definition_lines(found: DefinitionChanges, before: RunSummary, after: RunSummary) -> list[str]:
    if not found.changes_total and not found.scripts:
        return ["the workflow's file and its scripts are the same in both"]
    changes = counted(found.changes_total, "change") if found.changes_total else "no change"
    lines = [f"{changes} of the workflow's file between the two"]
    lines += [f"  {line}" for change in found.changes for line in (change_text(change), *change.lines)]
    if (more := found.changes_total - len(found.changes)) > 0:
        lines.append(f"  … {counted(more, 'more change')}")
    return lines + [_script_text(script, before, after) for script in found.scripts]


def _script_text(script: ScriptView, before: RunSummary, after: RunSummary) -> str:
    if script.saved_at is None:
        return f"{script.path} is gone"
    began = after.started_at if after.started_at is not None else after.queued_at
    if script.saved_at <= began:
        return f"{script.path} was saved between runs {before.number} and {after.number}"
    return f"{script.path} was saved after run {after.number} began: what it was before, no run keeps"
