"""How runs come to be: by hand, by a schedule or files, and by resuming a finished one."""

from __future__ import annotations

from typing import assert_never

from glue_tui.core.admission import MayQueue, Refuse, Skip, admit_start
from glue_tui.core.crawl_alone import crawler_alone
from glue_tui.core.events import RunQueued, StartCause
from glue_tui.core.graph import start_trigger
from glue_tui.core.model import RunId, Trigger, Workflow
from glue_tui.core.problem import ConcurrentRunsExceeded, EntityNotFound, GlueTuiError, InvalidInput, did_you_mean
from glue_tui.core.properties import resolve, today_of
from glue_tui.core.resume import plan_resume, resume_events
from glue_tui.core.run import WorkflowRun
from glue_tui.core.schedule import local_text
from glue_tui.core.stimuli import RunStopRequested, StartRefused
from glue_tui.engine.batch import Batch
from glue_tui.engine.inputs import ResumeAsked


def trigger_by_hand(workflow: Workflow, name: str) -> Trigger:
    """Return the trigger that a start by hand means. Raises EntityNotFound, InvalidInput (one that starts no runs)."""
    trigger = start_trigger(workflow, name)
    if trigger is None:
        raise _no_start_trigger(workflow, name)
    return trigger


def start_by_hand(
    batch: Batch, workflow: Workflow, cause: StartCause, properties: dict[str, str], run_id: RunId
) -> WorkflowRun:
    """Start a run because a person or a program asked for it.

    Raises InvalidInput (properties), ConcurrentRunsExceeded.
    """
    resolved = resolve(workflow.properties, properties, today_of(workflow, batch.now))
    match admit_start(workflow, _unfinished(batch, workflow, cause)):
        case MayQueue(cancel_run_ids=cancelled):
            _cancel(batch, cancelled)
            return batch.open_run(_queued(batch, workflow, cause, run_id, resolved))
        case Skip(message=message) | Refuse(message=message):
            raise ConcurrentRunsExceeded(message, hint="wait, stop the run, or raise max_concurrent_runs")
        case other:
            assert_never(other)


def start_by_itself(
    batch: Batch, workflow: Workflow, cause: StartCause, run_id: RunId, notes: list[str]
) -> WorkflowRun | None:
    """Start a run by a schedule or a batch of files. Nobody waits for an answer, so a refusal becomes a run in ERROR.

    Returns None where `on_overlap = "skip"` makes no run: files then stay in their batch for the next chance.
    """
    # A default such as `yesterday` means the day that the schedule meant, however late the run starts.
    due_at = cause.scheduled_at
    try:
        resolved = resolve(workflow.properties, {}, today_of(workflow, batch.now if due_at is None else due_at))
        refusal = ""
    except InvalidInput as error:
        resolved, refusal = {}, f"{error.message}; a run that starts by itself has only defaults"
    match admit_start(workflow, _unfinished(batch, workflow, cause)):
        case MayQueue(cancel_run_ids=cancelled):
            _cancel(batch, cancelled)
        case Skip(message=message):
            which = "a run" if due_at is None else f"the run due {local_text(due_at, workflow.timezone)}"
            notes.append(f"{workflow.name}: {cause.trigger} did not start {which}: {message}")
            return None
        case Refuse(message=message):
            refusal = message
        case other:
            assert_never(other)
    run = batch.open_run(_queued(batch, workflow, cause, run_id, resolved))
    if refusal:
        batch.feed(run_id, StartRefused(message=refusal))
    return run


def has_room(batch: Batch, workflow: Workflow) -> bool:
    """Tell whether one more run may be made without stopping, skipping or refusing any."""
    return admit_start(workflow, _unfinished(batch, workflow)) == MayQueue()


def resume(batch: Batch, before: WorkflowRun, workflow: Workflow, ask: ResumeAsked, run_id: RunId) -> WorkflowRun:
    """Make the run that repeats the failed or chosen nodes of a finished one (rule RS-4).

    Raises IllegalWorkflowState, EntityNotFound, InvalidInput, ConcurrentRunsExceeded.
    """
    plan = plan_resume(before, workflow, ask.nodes)
    match admit_start(workflow, _unfinished(batch, workflow, before.cause)):
        case MayQueue(cancel_run_ids=cancelled):
            _cancel(batch, cancelled)
        case Skip(message=message) | Refuse(message=message):
            raise ConcurrentRunsExceeded(message, hint="wait, stop the run, or raise max_concurrent_runs")
        case other:
            assert_never(other)
    first, *others = resume_events(
        before, workflow, plan, run_id=run_id, number=batch.last_number + 1, as_it_ran=ask.as_it_ran
    )
    assert isinstance(first, RunQueued)
    return batch.open_run(first, others)


def workflow_again(workflow: Workflow, before: WorkflowRun) -> Workflow:
    """Return what a resume goes on with under a workflow's definition of now. Raises EntityNotFound."""
    return crawler_alone(workflow, before.cause.crawler) if before.cause.crawler else workflow


def _queued(
    batch: Batch, workflow: Workflow, cause: StartCause, run_id: RunId, properties: dict[str, str]
) -> RunQueued:
    number = batch.last_number + 1
    return RunQueued(run_id=run_id, number=number, workflow=workflow, cause=cause, properties=properties)


def _unfinished(batch: Batch, workflow: Workflow, cause: StartCause | None = None) -> list[WorkflowRun]:
    """Return the runs of a workflow beside which another would go: crawlers by themselves, or all others."""
    is_alone = cause is not None and bool(cause.crawler)
    same = [
        run for run in batch.current() if run.workflow.name == workflow.name and bool(run.cause.crawler) is is_alone
    ]
    return sorted(same, key=lambda run: run.number)


def _cancel(batch: Batch, run_ids: tuple[RunId, ...]) -> None:
    for run_id in run_ids:
        batch.feed(run_id, RunStopRequested(reason='a newer run took its place (on_overlap = "cancel_previous")'))


def _no_start_trigger(workflow: Workflow, name: str) -> GlueTuiError:
    if name and workflow.trigger(name) is not None:
        return InvalidInput(
            f"trigger {name} of {workflow.name} is CONDITIONAL: it fires inside a run, it can't start one",
            hint="start the workflow, or name one of its start triggers",
        )
    if name:
        names = [trigger.name for trigger in workflow.triggers if trigger.type.starts_runs]
        return EntityNotFound(f'no trigger "{name}" in {workflow.name}', hint=did_you_mean(name, names))
    return InvalidInput(
        f"{workflow.name} has no trigger that starts runs", hint=f"add one of type ON_DEMAND to {workflow.source}"
    )
