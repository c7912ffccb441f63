"""What the engine has told this screen, and the pure fold of its feed: `reduce`. Selection and layout are not here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import assert_never

import msgspec

from glue_tui.protocol.views import (
    DeliveryTold,
    EngineChanged,
    EngineView,
    FeedMessage,
    NodeProgress,
    NodeView,
    RunChanged,
    RunOpened,
    RunView,
    Snapshot,
    TriggersChanged,
    TriggerView,
    WorkflowsChanged,
    WorkflowView,
)

UNENDED = ("PENDING", "WAITING", "STARTING", "RUNNING", "STOPPING")
FINISHED_RUNS_KEPT = 40
"""Finished runs beyond each workflow's last that stay in memory; others are asked for again when looked at."""


class Connection(Enum):
    """How things stand between this screen and the engine."""

    CONNECTING = "connecting"
    LIVE = "live"
    LOST = "lost"
    STOPPED = "stopped"
    """Somebody stopped the engine: nothing is amiss, nothing moves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UiModel:
    """Everything known of the project. `runs` by run id."""

    connection: Connection = Connection.CONNECTING
    lost_because: str = ""
    lost_at: float | None = None
    """When the engine was last heard of; what ran then is shown as it was."""
    engine: EngineView | None = None
    workflows: tuple[WorkflowView, ...] = ()
    runs: dict[str, RunView] = field(default_factory=dict)
    inbox_news: int = 0
    """Counts what may have changed the files that wait at EVENT triggers: who shows them asks again."""

    @property
    def is_away(self) -> bool:
        """Return whether the engine was there and is not now."""
        return self.connection in (Connection.LOST, Connection.STOPPED)

    def workflow(self, name: str) -> WorkflowView | None:
        return next((workflow for workflow in self.workflows if workflow.name == name), None)

    def trigger(self, workflow: str, name: str) -> TriggerView | None:
        found = self.workflow(workflow)
        return next((one for one in found.triggers if one.name == name), None) if found else None

    def last_run(self, workflow: str) -> RunView | None:
        """Return the newest run of a workflow."""
        runs = [run for run in self.runs.values() if run.summary.workflow == workflow]
        return max(runs, key=lambda run: run.summary.number, default=None)

    def is_anything_running(self) -> bool:
        return any(not is_over(run) for run in self.runs.values())


def is_over(run: RunView) -> bool:
    """Return whether a run has ended."""
    return run.summary.finished_at is not None or run.summary.outcome != ""


def ended_nodes(run: RunView) -> int:
    """Return how many nodes of a run have ended, however they did."""
    return sum(1 for node in run.nodes if node.state not in UNENDED)


def node_in(run: RunView | None, node_id: str) -> NodeView | None:
    """Return a node of a run by its id."""
    return next((node for node in run.nodes if node.node_id == node_id), None) if run else None


def reduce(model: UiModel, message: FeedMessage) -> UiModel:
    """Return the model after one message of the feed."""
    match message:
        case Snapshot(project=project):
            runs = {run.summary.run_id: run for run in project.runs}
            return UiModel(
                connection=Connection.LIVE,
                engine=project.engine,
                workflows=project.workflows,
                runs=runs,
                inbox_news=model.inbox_news + 1,
            )
        case WorkflowsChanged(workflows=workflows):
            return replace(model, workflows=workflows, inbox_news=model.inbox_news + 1)
        case TriggersChanged(triggers=triggers):
            news = model.inbox_news + any(trigger.watch for trigger in triggers)
            return replace(model, workflows=_with_triggers(model.workflows, triggers), inbox_news=news)
        case RunOpened(run=run):
            others = {key: value for key, value in model.runs.items() if key != run.summary.run_id}
            return replace(model, runs=_pruned({**others, run.summary.run_id: run}))
        case RunChanged():
            return replace(model, runs=_with_change(model.runs, message))
        case NodeProgress(run_id=run_id, node_id=node_id, progress=progress):
            return replace(model, runs=_with_progress(model.runs, run_id, node_id, progress))
        case EngineChanged(engine=engine):
            return replace(model, engine=engine)
        case DeliveryTold():
            return model
        case _:
            assert_never(message)


def lost(model: UiModel, because: str, at: float, *, is_stopped: bool = False) -> UiModel:
    """Return the model after the connection ended: everything stays visible, as it last was."""
    return replace(
        model,
        connection=Connection.STOPPED if is_stopped else Connection.LOST,
        lost_because=because,
        lost_at=at if model.lost_at is None else model.lost_at,
    )


def _with_triggers(workflows: tuple[WorkflowView, ...], triggers: Iterable[TriggerView]) -> tuple[WorkflowView, ...]:
    changed = {(trigger.workflow, trigger.name): trigger for trigger in triggers}
    touched = {workflow for workflow, _ in changed}
    return tuple(
        workflow
        if workflow.name not in touched
        else msgspec.structs.replace(
            workflow, triggers=tuple(changed.get((one.workflow, one.name), one) for one in workflow.triggers)
        )
        for workflow in workflows
    )


def _with_change(runs: dict[str, RunView], change: RunChanged) -> dict[str, RunView]:
    run = runs.get(change.summary.run_id)
    if run is None:
        return runs
    nodes = {node.node_id: node for node in change.nodes}
    triggers = {trigger.name: trigger for trigger in change.triggers}
    changed = msgspec.structs.replace(
        run,
        summary=change.summary,
        nodes=tuple(nodes.get(node.node_id, node) for node in run.nodes),
        triggers=tuple(triggers.get(trigger.name, trigger) for trigger in run.triggers),
    )
    return _pruned({**runs, change.summary.run_id: changed})


def _with_progress(runs: dict[str, RunView], run_id: str, node_id: str, progress: float | None) -> dict[str, RunView]:
    run = runs.get(run_id)
    if run is None:
        return runs
    nodes = tuple(
        msgspec.structs.replace(node, progress=progress) if node.node_id == node_id else node for node in run.nodes
    )
    return {**runs, run_id: msgspec.structs.replace(run, nodes=nodes)}


def _pruned(runs: dict[str, RunView]) -> dict[str, RunView]:
    """Drop finished runs beyond the limit, those seen first first; a workflow's last run always stays."""
    if len(runs) <= FINISHED_RUNS_KEPT:
        return runs
    newest: dict[str, int] = {}
    for run in runs.values():
        newest[run.summary.workflow] = max(newest.get(run.summary.workflow, 0), run.summary.number)
    finished = [
        run_id for run_id, run in runs.items() if is_over(run) and newest[run.summary.workflow] != run.summary.number
    ]
    dropped = set(finished[: max(0, len(finished) - FINISHED_RUNS_KEPT)])
    return {run_id: run for run_id, run in runs.items() if run_id not in dropped}
