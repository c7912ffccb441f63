"""The command line's words for what a key does, with the names that are selected now."""

from __future__ import annotations

import shlex
from collections.abc import Mapping

from glue_tui.core.model import NodeId, node_name
from glue_tui.tui.selection import Looked


def run(workflow: str, properties: Mapping[str, str] | None) -> str:
    """Return the command that starts a run."""
    return _join("run", workflow, *_properties(properties))


def fire(workflow: str, trigger: str, properties: Mapping[str, str] | None) -> str:
    """Return the command that fires a trigger."""
    return _join("trigger", "fire", workflow, trigger, *_properties(properties))


def retry(number: int, node_ids: tuple[str, ...] = (), as_it_ran: bool = False) -> str:
    """Return the command that repeats a run's nodes."""
    nodes = [word for node_id in node_ids for word in ("--node", node_name(NodeId(node_id)))]
    return _join("retry", str(number), *nodes, *(["--as-it-ran"] if as_it_ran else []))


def stop(number: int) -> str:
    """Return the command that stops a run."""
    return _join("stop", str(number))


def pause(workflow: str, trigger: str, enable: bool) -> str:
    """Return the command that pauses or resumes a trigger."""
    return _join("trigger", "enable" if enable else "disable", workflow, trigger)


def status(of: str) -> str:
    """Return the command that shows a run."""
    return _join("status", of)


def compare(number: int, other: int) -> str:
    """Return the command that compares two runs."""
    return _join("compare", str(number), str(other))


def compare_of(looked: Looked) -> str:
    """Return the command that compares the run on show with the last one before it that succeeded."""
    return _join("compare", str(looked.run.summary.number) if looked.run else looked.selection.workflow)


def what_if(workflow: str, trigger: str, outcomes: Mapping[str, str]) -> str:
    """Return the command that prints what would come of these outcomes; success goes without saying."""
    told = [f"{node_name(NodeId(node_id))}={state}" for node_id, state in outcomes.items() if state != "SUCCEEDED"]
    begun = ["--trigger", trigger] if trigger else []
    return _join("graph", workflow, *(word for one in told for word in ("--if", one)), *begun)


def retry_of(looked: Looked) -> str:
    """Return the retry of the run on show; of the selected node where nothing failed."""
    if looked.run is None:
        return _join("retry", looked.selection.workflow)
    has_failed = bool(looked.run.summary.failed_nodes)
    nodes = () if has_failed or not looked.selection.node_id else (looked.selection.node_id,)
    return retry(looked.run.summary.number, nodes)


def stop_of(looked: Looked) -> str:
    """Return the command that stops the run on show."""
    return stop(looked.run.summary.number) if looked.run else _join("stop", looked.selection.workflow)


def logs_of(looked: Looked) -> str:
    """Return the command that follows the selected node's log."""
    run_name = str(looked.run.summary.number) if looked.run else looked.selection.workflow
    node = [node_name(NodeId(looked.selection.node_id))] if looked.selection.node_id else []
    return _join("logs", run_name, *node, "-f")


def charts_of(looked: Looked) -> str:
    """Return the command that prints the charts of the run on show: they are in the log of their job."""
    run = looked.run
    drawn = next((node for node in run.nodes if node.kind == "dashboard"), None) if run is not None else None
    if run is None or drawn is None:
        return _join("logs", looked.selection.workflow)
    return _join("logs", str(run.summary.number), drawn.name)


def why_of(looked: Looked) -> str:
    """Return the command that explains the same."""
    trigger, run = looked.trigger, looked.run
    if trigger is None:
        return _join("why", looked.selection.workflow)
    if looked.node is not None and looked.selection.pane != "triggers" and run is not None:
        return _join("why", str(run.summary.number), "--node", looked.node.name)
    is_in_run = run is not None and trigger.type == "CONDITIONAL" and trigger.workflow == looked.selection.workflow
    return _join("why", str(run.summary.number) if is_in_run and run else trigger.workflow, trigger.name)


def pause_of(looked: Looked) -> str:
    """Return the command that pauses the selected trigger, or lets it fire again."""
    if looked.trigger is None:
        return _join("trigger", "list")
    return pause(looked.trigger.workflow, looked.trigger.name, looked.trigger.state == "DEACTIVATED")


def fire_of(looked: Looked) -> str:
    """Return the command that fires the selected trigger."""
    if looked.trigger is None:
        return _join("trigger", "list")
    return fire(looked.trigger.workflow, looked.trigger.name, None)


def drop(workflow: str, trigger: str, paths: tuple[str, ...]) -> str:
    """Return the command that drops files of a trigger; all where none is named."""
    return _join("inbox", "drop", workflow, trigger, *(paths or ("--all",)))


def fire_batch_of(looked: Looked) -> str:
    """Return the command that fires what waits at the workflow's first trigger that watches files."""
    return _join("inbox", "fire", *_watching(looked))


def drop_all_of(looked: Looked) -> str:
    """Return the command that drops what waits there."""
    return _join("inbox", "drop", *_watching(looked), "--all")


def events_of(looked: Looked) -> str:
    """Return the command that prints the story of the run on show; of the selected node alone, where there is one."""
    run_name = str(looked.run.summary.number) if looked.run else looked.selection.workflow
    node = ["--node", node_name(NodeId(looked.selection.node_id))] if looked.selection.node_id else []
    return _join("events", run_name, *node)


def _watching(looked: Looked) -> tuple[str, str]:
    triggers = looked.workflow.triggers if looked.workflow is not None else ()
    return looked.selection.workflow, next((one.name for one in triggers if one.watch), "")


def _properties(properties: Mapping[str, str] | None) -> list[str]:
    return [word for name, value in (properties or {}).items() for word in ("--property", f"{name}={value}")]


def _join(*words: str) -> str:
    return " ".join(["glue-tui", *(shlex.quote(word) for word in words)])
