"""The client API spoken as requests and replies; how they travel is the business of `socket` and `local`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TypeVar

from glue_tui.core.bookmarks import BookmarkEdit
from glue_tui.core.table_edits import TableEdit
from glue_tui.protocol.deliveries import DeliveryResult
from glue_tui.protocol.inbox_views import InboxView
from glue_tui.protocol.plan_views import ResumePlanView
from glue_tui.protocol.pruned_view import PrunedView
from glue_tui.protocol.requests import (
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
    Request,
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
    SummaryReply,
    UsualReply,
)
from glue_tui.protocol.usual_views import UsualView
from glue_tui.protocol.views import ProjectView, RunSummary, RunView, StoryLine

R = TypeVar(
    "R",
    bound=Done
    | ProjectReply
    | RunReply
    | RunsReply
    | SummaryReply
    | StoryReply
    | UsualReply
    | PlanReply
    | InboxReply
    | DroppedReply
    | PrunedReply
    | SampleReply
    | RetriedReply
    | EditedReply,
)


class RequestClient(ABC):
    """All of `EngineClient` but `subscribe` and `close`."""

    @abstractmethod
    async def _ask(self, request: Request) -> Reply:
        """Return the engine's reply. Raises EngineUnavailable."""

    async def _call(self, request: Request, expected: type[R]) -> R:
        """Return the reply of the kind that the request has. Raises what the engine refuses with."""
        reply = await self._ask(request)
        if isinstance(reply, Refused):
            raise reply.error()
        assert isinstance(reply, expected), f"{type(request).__name__} was answered by {type(reply).__name__}"
        return reply

    async def project(self) -> ProjectView:
        return (await self._call(GetProject(), ProjectReply)).project

    async def run(self, run: str) -> RunView:
        return (await self._call(GetRun(run=run), RunReply)).run

    async def runs(self, workflow: str = "", limit: int = 50) -> tuple[RunSummary, ...]:
        return (await self._call(GetRuns(workflow=workflow, limit=limit), RunsReply)).runs

    async def story(self, run: str) -> tuple[StoryLine, ...]:
        return (await self._call(GetStory(run=run), StoryReply)).lines

    async def usual(self, workflow: str) -> tuple[UsualView, ...]:
        return (await self._call(GetUsual(workflow=workflow), UsualReply)).usual

    async def what_if(self, workflow: str, *, trigger: str = "", outcomes: dict[str, str] | None = None) -> RunView:
        return (await self._call(GetWhatIf(workflow=workflow, trigger=trigger, outcomes=outcomes or {}), RunReply)).run

    async def start_workflow_run(
        self, workflow: str, *, trigger: str = "", properties: dict[str, str] | None = None, request_id: str = ""
    ) -> RunSummary:
        request = StartWorkflowRun(
            workflow=workflow, trigger=trigger, properties=properties or {}, request_id=request_id
        )
        return (await self._call(request, SummaryReply)).summary

    async def start_crawler(self, workflow: str, crawler: str, *, request_id: str = "") -> RunSummary:
        request = StartCrawler(workflow=workflow, crawler=crawler, request_id=request_id)
        return (await self._call(request, SummaryReply)).summary

    async def plan_resume(self, run: str, *, nodes: tuple[str, ...] = (), as_it_ran: bool = False) -> ResumePlanView:
        return (await self._call(PlanResume(run=run, nodes=nodes, as_it_ran=as_it_ran), PlanReply)).plan

    async def resume_workflow_run(
        self, run: str, *, nodes: tuple[str, ...] = (), as_it_ran: bool = False, request_id: str = ""
    ) -> RunSummary:
        request = ResumeWorkflowRun(run=run, nodes=nodes, as_it_ran=as_it_ran, request_id=request_id)
        return (await self._call(request, SummaryReply)).summary

    async def stop_workflow_run(self, run: str) -> RunSummary:
        return (await self._call(StopWorkflowRun(run=run), SummaryReply)).summary

    async def inboxes(self, workflow: str = "", trigger: str = "", path: str = "") -> tuple[InboxView, ...]:
        return (await self._call(GetInbox(workflow=workflow, trigger=trigger, path=path), InboxReply)).inboxes

    async def drop_files(self, workflow: str, trigger: str, paths: tuple[str, ...] = ()) -> int:
        return (await self._call(DropFiles(workflow=workflow, trigger=trigger, paths=paths), DroppedReply)).files

    async def set_trigger_enabled(self, workflow: str, trigger: str, enabled: bool) -> None:
        await self._call(SetTriggerEnabled(workflow=workflow, trigger=trigger, enabled=enabled), Done)

    async def reload(self) -> ProjectView:
        return (await self._call(Reload(), ProjectReply)).project

    async def prune_history(
        self,
        *,
        workflow: str = "",
        keep_runs: int | None = None,
        finished_before: float | None = None,
        bytes_max: int | None = None,
    ) -> PrunedView:
        request = PruneHistory(
            workflow=workflow, keep_runs=keep_runs, finished_before=finished_before, bytes_max=bytes_max
        )
        return (await self._call(request, PrunedReply)).pruned

    async def release_engine(self) -> None:
        await self._call(ReleaseEngine(), Done)

    async def stop_engine(self) -> None:
        await self._call(StopEngine(), Done)

    async def send_sample(self, workflow: str, notification: int) -> DeliveryResult:
        reply = await self._call(SendSample(workflow=workflow, notification=notification), SampleReply)
        return DeliveryResult(is_sent=reply.is_sent, reason=reply.reason)

    async def retry_notifications(self, run: str = "") -> int:
        return (await self._call(RetryNotifications(run=run), RetriedReply)).notifications

    async def edit_table(self, edit: TableEdit) -> tuple[str, ...]:
        return (await self._call(EditTable(edit=edit), EditedReply)).notes

    async def edit_bookmark(self, edit: BookmarkEdit) -> tuple[str, ...]:
        return (await self._call(EditBookmark(edit=edit), EditedReply)).notes
