"""`why`, on the command line and under the key `w`: which of the explanations answers, and with what. Pure.

`why_run` explains triggers inside a run, `why_node` nodes and outcomes, `why_start` triggers that start runs,
`why_file` single files.
"""

from __future__ import annotations

from glue_tui.client.explained import Explanation, Line, Role, Verdict, muted, text
from glue_tui.client.why_node import run_outcome
from glue_tui.client.why_run import condition_text, conditions_of, trigger_in_run
from glue_tui.client.why_start import Surroundings, trigger_now
from glue_tui.client.words import problem_text
from glue_tui.protocol.inbox_views import InboxView
from glue_tui.protocol.views import (
    EngineView,
    RunSummary,
    RunView,
    TriggerRunView,
    TriggerView,
    WorkflowView,
)


def surroundings(
    engine: EngineView | None,
    workflow: WorkflowView,
    runs: tuple[RunView, ...],
    now: float,
    *,
    last_started: RunSummary | None = None,
    inbox: InboxView | None = None,
) -> Surroundings:
    """Return what the triggers of a workflow depend on. `runs`: at least those of the project that are not over."""
    own = [run.summary for run in runs if run.summary.workflow == workflow.name and not run.summary.crawler]
    unfinished = [summary for summary in own if not summary.outcome]
    return Surroundings(
        now=now,
        engine=engine,
        workflow=workflow,
        unfinished=tuple(sorted(unfinished, key=lambda one: one.number)),
        last_started=last_started,
        inbox=inbox,
    )


def of_trigger(around: Surroundings, trigger: TriggerView, run: RunView | None) -> Explanation:
    """Explain a trigger as it stands now; a CONDITIONAL one in `run`, where there is one."""
    if trigger.type != "CONDITIONAL":
        return trigger_now(around, trigger)
    if run is None:
        return _never_had_a_run(around, trigger)
    return of_trigger_in_run(around.workflow, run, trigger.name, around.now)


def of_trigger_in_run(workflow: WorkflowView | None, run: RunView, name: str, now: float) -> Explanation:
    """Explain what a trigger did in a run; also one that the run does not have, as it came into the file later."""
    if any(one.name == name for one in run.triggers):
        return trigger_in_run(run, name, now, workflow)
    number, source = run.summary.number, workflow.source if workflow else "its file"
    keeps = f"a run keeps the triggers that it began with, and {name} came into {source} later. It counts in runs that"
    answer = f"Run {number} does not have it: {keeps} begin from here on."
    if run.summary.crawler:
        answer = f"Run {number} does not have it: it is the crawler {run.summary.crawler} by itself."
    return Explanation(
        subject=f"{name}  not in run {number} of {run.summary.workflow}",
        verdict=Verdict.NEVER,
        answer=answer,
        workflow=run.summary.workflow,
        trigger=name,
        run_id=run.summary.run_id,
        run_number=number,
    )


def of_trigger_in_broken_file(workflow: WorkflowView, name: str) -> Explanation:
    """Explain why a trigger that stands in a file is not in force: the file has errors."""
    force = (
        f"its last good version, which has no {name}, is in force"
        if workflow.is_loaded
        else "nothing of it is in force"
    )
    return Explanation(
        subject=f"{name}  in {workflow.source}",
        verdict=Verdict.BLOCKED,
        answer=f"It is not in force: {workflow.source} has errors, and {force}.",
        lines=tuple(text(problem_text(one)) for one in workflow.problems if not one.is_warning),
        workflow=workflow.name,
        trigger=name,
    )


def of_run(workflow: WorkflowView | None, run: RunView, now: float) -> tuple[Explanation, ...]:
    """Explain a run: what it has come to, and every trigger of it in flow order."""
    triggers = [trigger_in_run(run, name, now, workflow) for name in triggers_in_flow_order(run)]
    return (run_outcome(run, now), *triggers)


def triggers_in_flow_order(run: RunView) -> tuple[str, ...]:
    """Return the one that started the run, the others that start runs, then those that watch nodes, the first first."""
    positions = {node.node_id: position for position, node in enumerate(run.nodes)}

    def place(trigger: TriggerRunView) -> tuple[bool, int]:
        watched = [positions[node_id] for node_id, _ in conditions_of(run, trigger.name)]
        return trigger.name != run.summary.trigger, max(watched, default=-1)

    return tuple(trigger.name for trigger in sorted(run.triggers, key=place))


def _never_had_a_run(around: Surroundings, trigger: TriggerView) -> Explanation:
    conditions = conditions_of(around.workflow, trigger.name)
    lines = [Line(role=Role.NOT_YET, text=condition_text(one)) for one in conditions]
    if len(conditions) > 1:
        one_is_enough = trigger.logical == "ANY"
        lines.insert(0, muted("ANY: one of these is enough" if one_is_enough else "AND: all of these are needed"))
    return Explanation(
        subject=f"{trigger.name}  CONDITIONAL  of {trigger.workflow}",
        verdict=Verdict.WAITS,
        answer=f"{trigger.workflow} has not run yet, and a CONDITIONAL trigger fires inside a run:"
        f" `glue-tui run {trigger.workflow}`.",
        lines=tuple(lines),
        workflow=trigger.workflow,
        trigger=trigger.name,
    )
