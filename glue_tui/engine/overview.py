"""The project as clients see it: definitions, triggers and runs of the moment as views, changes as feed messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from glue_tui.core.graph import build_graph
from glue_tui.core.model import Action, NodeId, RunId, Trigger, Workflow
from glue_tui.core.problem import Problem
from glue_tui.core.run import WorkflowRun
from glue_tui.core.waiting import NOTHING, RunWaits
from glue_tui.definitions.project import DefinitionSet
from glue_tui.engine.kernel import Kernel
from glue_tui.protocol.inbox_views import STOPPED
from glue_tui.protocol.present import (
    condition_texts,
    edges,
    node_definitions,
    node_view,
    notification_views,
    property_definitions,
    run_summary,
    run_view,
    trigger_run_view,
)
from glue_tui.protocol.views import (
    ProblemView,
    RunChanged,
    RunOpened,
    TriggerView,
    WorkflowView,
)

Progress = Mapping[tuple[RunId, NodeId], float]
Notes = Callable[[tuple[str, str]], tuple[str, ...]]
"""What keeps the files of a trigger, given by workflow and name, from being seen as usual."""


def nothing_said(_: tuple[str, str]) -> tuple[str, ...]:
    """Notes where nobody looks at files."""
    return ()


def workflow_views(
    kernel: Kernel, definitions: DefinitionSet, last_run_ids: Mapping[str, str], notes: Notes = nothing_said
) -> tuple[WorkflowView, ...]:
    """Return every workflow file of the project, also those that never were good."""
    views: list[WorkflowView] = []
    for entry in definitions.definitions:
        workflow = kernel.workflows.get(entry.name)
        problems = tuple(_problem_view(one) for one in entry.problems)
        if workflow is None:
            views.append(
                WorkflowView(name=entry.name, source=entry.source, is_broken=True, is_loaded=False, problems=problems)
            )
            continue
        views.append(
            WorkflowView(
                name=workflow.name,
                source=workflow.source,
                description=workflow.description,
                is_broken=entry.is_broken,
                problems=problems,
                triggers=tuple(trigger_view(kernel, workflow, trigger, notes) for trigger in workflow.triggers),
                nodes=node_definitions(workflow, build_graph(workflow).node_ids),
                edges=edges(workflow),
                properties=property_definitions(workflow),
                notifications=notification_views(workflow),
                max_concurrent_runs=workflow.max_concurrent_runs,
                on_overlap=workflow.on_overlap.value,
                timezone=workflow.timezone,
                last_run_id=last_run_ids.get(workflow.name, ""),
            )
        )
    return tuple(views)


def trigger_view(kernel: Kernel, workflow: Workflow, trigger: Trigger, notes: Notes = nothing_said) -> TriggerView:
    """Return a trigger outside any run: when it fires next, what its batch holds."""
    key = (workflow.name, trigger.name)
    inbox = kernel.inboxes.of(key)
    watch = trigger.watch
    mark = kernel.schedules.marks.get(key)
    return TriggerView(
        workflow=workflow.name,
        name=trigger.name,
        type=trigger.type.value,
        state=kernel.trigger_state(workflow, trigger).value,
        description=trigger.description,
        schedule=trigger.schedule or "",
        missed_runs=trigger.missed_runs.value if trigger.schedule else "",
        done_until=mark.done_until if mark is not None else None,
        next_fire_at=kernel.schedules.coming_fire(key, kernel.stepped_at),
        watch=watch.patterns if watch else (),
        events=tuple(one.value for one in watch.events) if watch else (),
        batch_size=watch.batch_size if watch else 0,
        batch_files=len(inbox.waiting) if inbox else 0,
        settling_files=inbox.settling_count if inbox else 0,
        window_closes_at=inbox.closes_at if inbox else None,
        logical=trigger.predicate.logical.value if trigger.predicate else "",
        conditions=condition_texts(trigger),
        actions=tuple(_action_id(action) for action in trigger.actions),
        notes=(
            *kernel.schedules.notes(key, kernel.stepped_at, is_held=kernel.is_held),
            *_inbox_notes(kernel, key),
            *notes(key),
        ),
    )


def _inbox_notes(kernel: Kernel, key: tuple[str, str]) -> tuple[str, ...]:
    reason = kernel.stop_reasons.get(key)
    return (f"{STOPPED}{reason}",) if reason else kernel.inboxes.notes(key)


def trigger_views(
    kernel: Kernel, keys: Iterable[tuple[str, str]], notes: Notes = nothing_said
) -> tuple[TriggerView, ...]:
    """Return the triggers of these keys that still exist."""
    views: list[TriggerView] = []
    for workflow_name, trigger_name in sorted(keys):
        workflow = kernel.workflows.get(workflow_name)
        trigger = workflow.trigger(trigger_name) if workflow else None
        if workflow is not None and trigger is not None:
            views.append(trigger_view(kernel, workflow, trigger, notes))
    return tuple(views)


def run_message(
    before: WorkflowRun | None,
    after: WorkflowRun,
    state_dir: str,
    progress: Progress,
    waits: tuple[RunWaits, RunWaits] = (NOTHING, NOTHING),
) -> RunOpened | RunChanged:
    """Return what tells a client of a change: the run whole if it is new, else its head and what differs.

    `waits` is what the run was last said to wait for, and what it waits for now.
    """
    told, now = waits
    if before is None:
        return RunOpened(run=run_view(after, state_dir, waits=now))
    # Both have the same nodes in the same order: of a thousand nodes one or two differ.
    pairs = zip(after.nodes.items(), before.nodes.values(), strict=False)
    changed = [node_id for (node_id, node), old in pairs if node is not old]
    if told.nodes != now.nodes:
        others = dict.fromkeys((*told.nodes, *now.nodes))
        changed += [one for one in others if told.nodes.get(one) != now.nodes.get(one) and one not in changed]
    # A trigger's view counts the conditions that hold: it changes with the nodes that the trigger watches.
    watching = {name for node_id in changed for name in after.graph.triggers_watching.get(node_id, ())}
    return RunChanged(
        summary=run_summary(after, now),
        nodes=tuple(
            node_view(after, node_id, state_dir, progress.get((after.run_id, node_id)), now) for node_id in changed
        ),
        triggers=tuple(
            trigger_run_view(after, name)
            for name, trigger in after.triggers.items()
            if before.triggers.get(name) is not trigger or name in watching
        ),
    )


def _action_id(action: Action) -> str:
    return action.node_id


def _problem_view(problem: Problem) -> ProblemView:
    return ProblemView(
        path=problem.path,
        line=problem.line,
        key=problem.key,
        message=problem.message,
        hint=problem.hint,
        is_warning=problem.is_warning,
    )
