"""The whole product on one page: what a client may ask of the engine.

`client.socket.SocketClient` asks a running engine, `client.local.LocalClient` an engine in its own process. Every
call raises a `GlueTuiError` (EntityNotFound, InvalidInput, IllegalWorkflowState, ConcurrentRunsExceeded,
EngineUnavailable, StoreFailed). A `request_id` makes sending a request twice safe: the second time it returns the
first one's answer.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from glue_tui.core.bookmarks import BookmarkEdit
from glue_tui.core.table_edits import TableEdit
from glue_tui.protocol.deliveries import DeliveryResult
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


class EngineClient(Protocol):
    async def project(self) -> ProjectView:
        """Return everything the main screen shows."""

    async def run(self, run: str) -> RunView:
        """Return one run by id or number, or the last run of a workflow by its name."""

    async def runs(self, workflow: str = "", limit: int = 50) -> tuple[RunSummary, ...]:
        """Return runs, newest first; of all workflows where none is named."""

    async def story(self, run: str) -> tuple[StoryLine, ...]:
        """Return the events of a run in their order."""

    async def usual(self, workflow: str) -> tuple[UsualView, ...]:
        """Return how long a workflow's nodes usually take; of a node that has never succeeded nothing."""

    async def what_if(self, workflow: str, *, trigger: str = "", outcomes: dict[str, str] | None = None) -> RunView:
        """Return the run that a trigger would begin if nodes ended as `outcomes` says and all others succeeded."""

    async def start_workflow_run(
        self, workflow: str, *, trigger: str = "", properties: dict[str, str] | None = None, request_id: str = ""
    ) -> RunSummary:
        """Start a run by the named trigger, or by the workflow's ON_DEMAND one, or else by its first start trigger."""

    async def start_crawler(self, workflow: str, crawler: str, *, request_id: str = "") -> RunSummary:
        """Start a run of one crawler by itself: nothing follows it, and no limit of the workflow's runs counts it."""

    async def plan_resume(self, run: str, *, nodes: tuple[str, ...] = (), as_it_ran: bool = False) -> ResumePlanView:
        """Return what `resume_workflow_run` would do, and raise what it would refuse with; change nothing."""

    async def resume_workflow_run(
        self, run: str, *, nodes: tuple[str, ...] = (), as_it_ran: bool = False, request_id: str = ""
    ) -> RunSummary:
        """Start a new run that repeats `nodes` (default: those that failed) and everything downstream of them.

        With today's definition, or with the one the run was pinned to when `as_it_ran`.
        """

    async def stop_workflow_run(self, run: str) -> RunSummary:
        """Stop a run: its workers end, nodes that have not started never will."""

    async def inboxes(self, workflow: str = "", trigger: str = "", path: str = "") -> tuple[InboxView, ...]:
        """Return what waits at EVENT triggers; with `path` that one file of each, in whatever stage it is."""

    async def drop_files(self, workflow: str, trigger: str, paths: tuple[str, ...] = ()) -> int:
        """Let waiting files (none named: all that wait) start nothing, ever, and return how many those were.

        A later version of such a file counts again.
        """

    async def set_trigger_enabled(self, workflow: str, trigger: str, enabled: bool) -> None:
        """Pause or resume a trigger of any type; remembered across restarts of the engine."""

    async def reload(self) -> ProjectView:
        """Return the project once the definition files as they are on disk are in force, or their problems known."""

    async def prune_history(
        self,
        *,
        workflow: str = "",
        keep_runs: int | None = None,
        finished_before: float | None = None,
        bytes_max: int | None = None,
    ) -> PrunedView:
        """Remove finished runs with events and logs, oldest first: beyond the newest `keep_runs` of each workflow,
        finished before that time (seconds since the epoch), until history and logs take no more than `bytes_max`.

        A workflow's last run stays, and one that a later run has resumed. Ask again while `has_more`.
        """

    async def send_sample(self, workflow: str, notification: int) -> DeliveryResult:
        """Have the engine send a notification of a workflow (from 1) now, about a run that never was; wait for the end.

        It is the engine's environment that counts, as for any other.
        """

    async def retry_notifications(self, run: str = "") -> int:
        """Send once more what failed or was missed, of one run or of all; return how many."""

    async def edit_table(self, edit: TableEdit) -> tuple[str, ...]:
        """Change a table of the catalog by hand; return what has changed, in words."""

    async def edit_bookmark(self, edit: BookmarkEdit) -> tuple[str, ...]:
        """Reset or rewind what a job has read; return what has changed, in words."""

    async def release_engine(self) -> None:
        """Let schedules and files start runs again in an engine that is held after repeated crashes."""

    async def stop_engine(self) -> None:
        """End the engine and its workers; unfinished runs go on when the next engine starts."""

    def subscribe(self) -> AsyncIterator[FeedMessage]:
        """Yield a Snapshot, then every change in commit order, until the connection ends."""

    async def close(self) -> None:
        """Let go of the connection; runs go on."""
