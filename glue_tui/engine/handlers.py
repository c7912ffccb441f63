"""One function per request of the client API: asks the kernel, reads the history, answers with views."""

from __future__ import annotations

import asyncio
import time
import traceback
from typing import assert_never

from glue_tui.catalog.write import edit_table
from glue_tui.core.model import RunId
from glue_tui.core.problem import EntityNotFound, GlueTuiError, InvalidInput
from glue_tui.definitions.project import Definition
from glue_tui.engine.host import Host
from glue_tui.engine.inbox_views import inbox_views
from glue_tui.engine.inputs import Answer, CrawlAsked, DropAsked, ResumeAsked, StartAsked, StopAsked, TriggerSwitched
from glue_tui.engine.resume_plan import plan_view, run_of, workflow_now
from glue_tui.protocol.deliveries import DeliveryResult
from glue_tui.protocol.present import run_summary
from glue_tui.protocol.requests import (
    Call,
    Done,
    DropFiles,
    DroppedReply,
    EditBookmark,
    EditedReply,
    EditTable,
    GetInbox,
    GetProject,
    GetRun,
    GetRuns,
    GetStory,
    GetUsual,
    GetWhatIf,
    InboxReply,
    PlanReply,
    PlanResume,
    ProjectReply,
    PrunedReply,
    PruneHistory,
    Refused,
    ReleaseEngine,
    Reload,
    Reply,
    ResumeWorkflowRun,
    RetriedReply,
    RetryNotifications,
    RunReply,
    RunsReply,
    SampleReply,
    SendSample,
    SetTriggerEnabled,
    StartCrawler,
    StartWorkflowRun,
    StopEngine,
    StopWorkflowRun,
    StoryReply,
    Subscribe,
    SummaryReply,
    UsualReply,
)
from glue_tui.protocol.views import RunSummary, RunView
from glue_tui.protocol.what_if import what_if_view
from glue_tui.store import bookmarks
from glue_tui.store.database import transaction

RUNS_LIMIT_MAX = 10_000

Question = GetProject | GetRun | GetRuns | GetStory | GetUsual | GetWhatIf | PlanResume | GetInbox


async def answer(host: Host, call: Call) -> Reply:
    """Return the reply to a call; a refusal is a reply too."""
    try:
        return await _reply(host, call)
    except GlueTuiError as refusal:
        error = _never_good(host, call, refusal)
        return Refused(number=call.number, code=error.code, message=error.message, hint=error.hint)
    except Exception as error:
        host.note(f"our own fault, please report: {traceback.format_exc()}")
        fault = f"our own fault, please report: {type(error).__name__}: {error}"
        return Refused(number=call.number, code=GlueTuiError.__name__, message=fault, hint="see the engine's log")


async def _reply(host: Host, call: Call) -> Reply:
    number = call.number
    match call.request:
        case (
            GetProject()
            | GetRun()
            | GetRuns()
            | GetStory()
            | GetUsual()
            | GetWhatIf()
            | PlanResume()
            | GetInbox() as ask
        ):
            return _told(host, number, ask)
        case StartWorkflowRun() as ask:
            return SummaryReply(number=number, summary=await _start(host, ask))
        case StartCrawler() as ask:
            return SummaryReply(number=number, summary=await _start_crawler(host, ask))
        case ResumeWorkflowRun() as ask:
            return SummaryReply(number=number, summary=await _resume(host, ask))
        case StopWorkflowRun(run=ref):
            run_id = await host.ask(StopAsked(run_id=host.history.run_id(ref)))
            return SummaryReply(number=number, summary=_summary(host, run_id))
        case SetTriggerEnabled() as ask:
            await host.ask(TriggerSwitched(workflow=ask.workflow, trigger=ask.trigger, enabled=ask.enabled))
            return Done(number=number)
        case DropFiles() as ask:
            return DroppedReply(number=number, files=await _drop(host, ask))
        case Reload():
            await host.reload()
            return ProjectReply(number=number, project=host.project_view())
        case PruneHistory() as ask:
            return PrunedReply(number=number, pruned=await host.pruner.prune(ask))
        case ReleaseEngine():
            await host.release()
            return Done(number=number)
        case StopEngine():
            # The reply must be on its way before the connection goes down.
            asyncio.get_running_loop().call_soon(host.is_stopping.set)
            return Done(number=number)
        case Subscribe():
            return Done(number=number)
        case SendSample() as ask:
            result = await _sample(host, ask)
            return SampleReply(number=number, is_sent=result.is_sent, reason=result.reason)
        case RetryNotifications(run=ref):
            count = host.notifier.try_again(host.history.run_id(ref) if ref else "")
            return RetriedReply(number=number, notifications=count)
        case EditTable(edit=edit):
            # Between two steps of the kernel, whose connection it is: what crawls bring in the meantime comes after.
            with transaction(host.kernel.conn) as conn:
                return EditedReply(number=number, notes=edit_table(conn, edit, at=time.time()))
        case EditBookmark(edit=edit):
            with transaction(host.kernel.conn) as conn:
                return EditedReply(number=number, notes=bookmarks.edit(conn, edit, at=time.time()))
        case other:
            assert_never(other)


def _told(host: Host, number: int, ask: Question) -> Reply:
    """Answer what changes nothing."""
    match ask:
        case GetProject():
            return ProjectReply(number=number, project=host.project_view())
        case GetRun(run=ref):
            return RunReply(number=number, run=read_run(host, ref))
        case GetRuns(workflow=workflow, limit=limit):
            runs = host.history.runs(workflow, min(limit, RUNS_LIMIT_MAX))
            return RunsReply(number=number, runs=runs)
        case GetStory(run=ref):
            return StoryReply(number=number, lines=host.history.story(ref))
        case GetUsual(workflow=workflow):
            return UsualReply(number=number, usual=host.history.usual(workflow))
        case GetWhatIf():
            run = what_if_view(host.kernel.workflow(ask.workflow), ask.trigger, ask.outcomes)
            return RunReply(number=number, run=run)
        case PlanResume():
            return PlanReply(number=number, plan=plan_view(host, ask))
        case GetInbox():
            return InboxReply(number=number, inboxes=inbox_views(host.kernel, ask))
        case other:
            assert_never(other)


async def _start(host: Host, ask: StartWorkflowRun) -> RunSummary:
    _refuse_broken(host, ask.workflow)
    one = StartAsked(workflow=ask.workflow, trigger=ask.trigger, properties=ask.properties, request_id=ask.request_id)
    return _summary(host, await host.ask(one))


async def _start_crawler(host: Host, ask: StartCrawler) -> RunSummary:
    _refuse_broken(host, ask.workflow)
    one = CrawlAsked(workflow=ask.workflow, crawler=ask.crawler, request_id=ask.request_id)
    return _summary(host, await host.ask(one))


async def _resume(host: Host, ask: ResumeWorkflowRun) -> RunSummary:
    if not ask.as_it_ran:
        workflow_now(host, run_of(host, ask.run))
    one = ResumeAsked(
        run_id=host.history.run_id(ask.run), nodes=ask.nodes, as_it_ran=ask.as_it_ran, request_id=ask.request_id
    )
    return _summary(host, await host.ask(one))


async def _sample(host: Host, ask: SendSample) -> DeliveryResult:
    """Send one notification of a workflow's definition in force, and wait for what comes of it."""
    workflow = host.kernel.workflow(ask.workflow)
    if not 1 <= ask.notification <= len(workflow.notifications):
        there = f"{ask.workflow} has {len(workflow.notifications) or 'no'} notifications"
        raise EntityNotFound(f"no notification {ask.notification}: {there}", hint="they count from 1 in the file")
    if workflow.notifications[ask.notification - 1].terminal:
        raise InvalidInput("a terminal is told by its screen, not by the engine")
    return await host.notifier.send_sample(workflow, ask.notification - 1)


async def _drop(host: Host, ask: DropFiles) -> int:
    count = await host.ask(DropAsked(workflow=ask.workflow, trigger=ask.trigger, paths=ask.paths))
    assert isinstance(count, int)
    return count


def read_run(host: Host, ref: str) -> RunView:
    """Return a run by id, number or workflow name, with live progress where it is going."""
    run_id = host.history.run_id(ref)
    run = host.kernel.runs.get(RunId(run_id))
    return host.run_view(run) if run is not None else host.history.run(run_id)


def _refuse_broken(host: Host, workflow: str) -> None:
    """A person who starts a workflow means the file as it stands, not the version before its last mistakes."""
    definition = host.definitions.get(workflow)
    if definition is not None and definition.is_broken:
        raise InvalidInput(
            f"{workflow} can't be started: {_first_problem(definition)}",
            hint="until it is mended, its last good version serves schedules and files only",
        )


def _never_good(host: Host, call: Call, refusal: GlueTuiError) -> GlueTuiError:
    """Return what to say of a request: a workflow of which there never was a good version is not unknown."""
    definition = host.definitions.get(getattr(call.request, "workflow", ""))
    if not isinstance(refusal, EntityNotFound) or definition is None or definition.name in host.kernel.workflows:
        return refusal
    message = f"nothing of {definition.name} is in force: {_first_problem(definition)}"
    return InvalidInput(message, hint="`glue-tui validate` lists what else is wrong")


def _first_problem(definition: Definition) -> str:
    return next(str(problem) for problem in definition.problems if not problem.is_warning)


def _summary(host: Host, answer: Answer) -> RunSummary:
    assert isinstance(answer, str)
    run_id = RunId(answer)
    run = host.kernel.runs.get(run_id)
    return run_summary(run, host.waits_of(run)) if run is not None else host.history.run(run_id).summary
