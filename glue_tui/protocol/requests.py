"""Requests over the socket, their replies, and the frames they travel in: one JSON object a line.

A connection begins with the engine's `Hello`. A client then sends `Call`s; every one is answered by a `Reply` with the
same number. After `Subscribe` is answered, `Feed` frames follow for as long as the connection lives.
"""

from __future__ import annotations

import msgspec

from glue_tui.core.bookmarks import BookmarkEdit
from glue_tui.core.problem import ERRORS, GlueTuiError
from glue_tui.core.table_edits import TableEdit
from glue_tui.protocol.inbox_views import InboxView
from glue_tui.protocol.plan_views import ResumePlanView
from glue_tui.protocol.pruned_view import PrunedView
from glue_tui.protocol.usual_views import UsualView
from glue_tui.protocol.views import (
    FeedMessage,
    ProjectView,
    RunSummary,
    RunView,
    StoryLine,
)

PROTOCOL_VERSION = 5
FRAME_BYTES_MAX = 64 * 1024 * 1024
"""A frame longer than this ends the connection: no project's snapshot comes near it."""


class _Frame(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    pass


class GetProject(_Frame, frozen=True):
    pass


class GetRun(_Frame, frozen=True):
    run: str


class GetRuns(_Frame, frozen=True):
    workflow: str = ""
    limit: int = 50


class GetStory(_Frame, frozen=True):
    run: str


class GetUsual(_Frame, frozen=True):
    """How long the nodes of a workflow usually take."""

    workflow: str


class GetWhatIf(_Frame, frozen=True):
    """What a run would come to whose nodes end like this."""

    workflow: str
    trigger: str = ""
    outcomes: dict[str, str] = {}


class PlanResume(_Frame, frozen=True):
    run: str
    nodes: tuple[str, ...] = ()
    as_it_ran: bool = False


class GetInbox(_Frame, frozen=True):
    """What waits at EVENT triggers; with `path` that one file of each of them, in whatever stage it is."""

    workflow: str = ""
    trigger: str = ""
    path: str = ""


class StartCrawler(_Frame, frozen=True):
    """Let one crawler run by itself, outside its workflow's flow."""

    workflow: str
    crawler: str
    request_id: str = ""


class StartWorkflowRun(_Frame, frozen=True):
    workflow: str
    trigger: str = ""
    properties: dict[str, str] = {}
    request_id: str = ""


class ResumeWorkflowRun(_Frame, frozen=True):
    run: str
    nodes: tuple[str, ...] = ()
    as_it_ran: bool = False
    request_id: str = ""


class StopWorkflowRun(_Frame, frozen=True):
    run: str


class SetTriggerEnabled(_Frame, frozen=True):
    workflow: str
    trigger: str
    enabled: bool


class DropFiles(_Frame, frozen=True):
    """Let these versions of files start nothing, ever; without `paths` all that wait."""

    workflow: str
    trigger: str
    paths: tuple[str, ...] = ()


class Reload(_Frame, frozen=True):
    pass


class PruneHistory(_Frame, frozen=True):
    workflow: str = ""
    keep_runs: int | None = None
    finished_before: float | None = None
    bytes_max: int | None = None


class ReleaseEngine(_Frame, frozen=True):
    pass


class StopEngine(_Frame, frozen=True):
    pass


class Subscribe(_Frame, frozen=True):
    pass


class SendSample(_Frame, frozen=True):
    """Send a notification of a workflow now, about a run that never was."""

    workflow: str
    notification: int
    """Its place in the file, from 1."""


class RetryNotifications(_Frame, frozen=True):
    """Send once more what failed or was missed."""

    run: str = ""
    """Of one run only."""


class EditTable(_Frame, frozen=True):
    """Change a table of the catalog by hand."""

    edit: TableEdit


class EditBookmark(_Frame, frozen=True):
    """Reset or rewind what a job has read."""

    edit: BookmarkEdit


Request = (
    GetProject
    | GetRun
    | GetRuns
    | GetStory
    | GetUsual
    | GetWhatIf
    | PlanResume
    | GetInbox
    | StartCrawler
    | StartWorkflowRun
    | ResumeWorkflowRun
    | StopWorkflowRun
    | SetTriggerEnabled
    | DropFiles
    | Reload
    | PruneHistory
    | ReleaseEngine
    | StopEngine
    | Subscribe
    | SendSample
    | RetryNotifications
    | EditTable
    | EditBookmark
)


class Call(_Frame, frozen=True):
    number: int
    request: Request


class Hello(_Frame, frozen=True):
    protocol: int
    version: str
    pid: int


class Done(_Frame, frozen=True):
    """Reply to a request that has nothing to tell."""

    number: int


class ProjectReply(_Frame, frozen=True):
    number: int
    project: ProjectView


class RunReply(_Frame, frozen=True):
    number: int
    run: RunView


class RunsReply(_Frame, frozen=True):
    number: int
    runs: tuple[RunSummary, ...]


class SummaryReply(_Frame, frozen=True):
    number: int
    summary: RunSummary


class StoryReply(_Frame, frozen=True):
    number: int
    lines: tuple[StoryLine, ...]


class UsualReply(_Frame, frozen=True):
    number: int
    usual: tuple[UsualView, ...]


class PlanReply(_Frame, frozen=True):
    number: int
    plan: ResumePlanView


class InboxReply(_Frame, frozen=True):
    number: int
    inboxes: tuple[InboxView, ...]


class DroppedReply(_Frame, frozen=True):
    number: int
    files: int


class PrunedReply(_Frame, frozen=True):
    number: int
    pruned: PrunedView


class SampleReply(_Frame, frozen=True):
    number: int
    is_sent: bool
    reason: str = ""
    """Why it was not."""


class RetriedReply(_Frame, frozen=True):
    number: int
    notifications: int


class EditedReply(_Frame, frozen=True):
    number: int
    notes: tuple[str, ...]
    """What has changed, in words; nothing where everything was so before."""


class Refused(_Frame, frozen=True):
    """Reply to a request that raised; `code` is the class of the GlueTuiError."""

    number: int
    code: str
    message: str
    hint: str = ""

    def error(self) -> GlueTuiError:
        return ERRORS.get(self.code, GlueTuiError)(self.message, hint=self.hint)


class Feed(_Frame, frozen=True):
    messages: tuple[FeedMessage, ...]


Reply = (
    Done
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
    | EditedReply
    | Refused
)
ServerFrame = Hello | Feed | Reply

encode = msgspec.json.Encoder().encode
decode_call = msgspec.json.Decoder(Call).decode
decode_server_frame = msgspec.json.Decoder(ServerFrame).decode
