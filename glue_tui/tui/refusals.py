"""Why an action is not possible on what is selected now, in words for the person who pressed its key. Pure."""

from __future__ import annotations

from glue_tui.tui.model import Connection, is_over
from glue_tui.tui.navigation import failed_after
from glue_tui.tui.selection import Looked


def never(looked: Looked) -> str:
    """Nothing stands in the way, ever."""
    return ""


def engine(looked: Looked) -> str:
    """The engine must answer."""
    match looked.model.connection:
        case Connection.LIVE:
            return ""
        case Connection.CONNECTING:
            return "the engine is still starting"
        case Connection.LOST:
            return "the engine is lost; reconnecting"
        case Connection.STOPPED:
            return "the engine is stopped: glue-tui engine start"


def release(looked: Looked) -> str:
    """Return why the engine need not be released."""
    if looked.model.engine is not None and not looked.model.engine.is_held:
        return "the engine is not held: schedules and files start runs"
    return engine(looked)


def run(looked: Looked) -> str:
    """Return why no run of the workflow can start."""
    if looked.workflow is None:
        return "no workflow is selected"
    if looked.workflow.is_broken:
        return f"{looked.workflow.source} has errors: press e to mend it"
    return engine(looked)


def what_if(looked: Looked) -> str:
    """Return why nothing can be supposed of a node."""
    if looked.definition is None or looked.selection.pane == "triggers":
        return "put the cursor on a node: W supposes that it ends otherwise"
    return engine(looked)


def supposed(looked: Looked) -> str:
    """Return why the run on show can not be acted upon."""
    return "this run never was: Esc leaves the what-if" if looked.what_if is not None else ""


def retry(looked: Looked) -> str:
    """Return why nothing of the run on show can run again."""
    if why_not := supposed(looked):
        return why_not
    if looked.run is None:
        return "no run yet: press r"
    summary = looked.run.summary
    if not is_over(looked.run):
        return f"run {summary.number} is still going: press s to stop it first"
    has_run_node = looked.node is not None and looked.node.attempt > 0
    if not summary.failed_nodes and not has_run_node and summary.outcome != "STOPPED":
        return f"nothing failed in run {summary.number}; put the cursor on a node to run it again"
    return engine(looked)


def stop(looked: Looked) -> str:
    """Return why the run on show can not be stopped."""
    if why_not := supposed(looked):
        return why_not
    if looked.run is None:
        return "no run yet"
    if is_over(looked.run):
        return f"run {looked.run.summary.number} is over"
    if looked.run.summary.status == "STOPPING":
        return f"run {looked.run.summary.number} is stopping already"
    return engine(looked)


def no_run(looked: Looked) -> str:
    """Return why there is no run to pick."""
    return "no run yet: press r" if looked.run is None else ""


def compare(looked: Looked) -> str:
    """Return why no runs can be compared."""
    return supposed(looked) or no_run(looked) or engine(looked)


def last_run(looked: Looked) -> str:
    """Return why there is no other run to go back to."""
    chosen = looked.selection.run_ids.get(looked.selection.workflow, "")
    last = looked.model.last_run(looked.selection.workflow)
    if last is None:
        return "no run yet"
    return "the last run is on show already" if chosen in ("", last.summary.run_id) else ""


def why(looked: Looked) -> str:
    """Return why there is nothing to explain."""
    if why_not := supposed(looked):
        return why_not
    if looked.trigger is None:
        return "put the cursor on a trigger or a node"
    return ""


def pause(looked: Looked) -> str:
    """Return why no trigger can be paused or resumed."""
    if looked.trigger is None or (looked.selection.pane == "workflows" and looked.selection.node_id):
        return "put the cursor on a trigger"
    return engine(looked)


def fire(looked: Looked) -> str:
    """Return why no trigger can be fired."""
    if looked.trigger is None or (looked.selection.pane == "workflows" and looked.selection.node_id):
        return "put the cursor on a trigger"
    if looked.trigger.type == "CONDITIONAL":
        return f"{looked.trigger.name} fires by itself once its conditions hold (w tells which)"
    return engine(looked)


def inbox(looked: Looked) -> str:
    """Return why no files can be fired or dropped."""
    if looked.workflow is None:
        return "no workflow is selected"
    if not any(trigger.watch for trigger in looked.workflow.triggers):
        return f"no trigger of {looked.workflow.name} watches files"
    return engine(looked)


def next_failed(looked: Looked) -> str:
    """Return why there is no failed node to go to."""
    return "" if failed_after(looked.model, looked.selection) is not None else "nothing has failed in the runs on show"


def edit(looked: Looked) -> str:
    """Return why there is nothing to edit."""
    return "" if looked.workflow is not None else "no workflow is selected"
