"""The client API over an engine in this very process, for one-shot commands and tests: no daemon, no socket."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from glue_tui.client.find import state_dir
from glue_tui.client.requests import RequestClient
from glue_tui.core.bookmarks import BookmarkEdit
from glue_tui.core.problem import EngineUnavailable
from glue_tui.core.table_edits import TableEdit
from glue_tui.protocol.pruned_view import PrunedView
from glue_tui.protocol.requests import Call, PruneHistory, Reply, Request
from glue_tui.protocol.views import FeedMessage

if TYPE_CHECKING:
    from glue_tui.engine.host import Host

ComingT = TypeVar("ComingT")

_NOTES_KEPT = 20


class LocalClient(RequestClient):
    """An `EngineClient` whose engine lives until `close`. Make one with `open_local`."""

    def __init__(self, host: Host, serving: asyncio.Task[None], resources: ExitStack) -> None:
        self._host = host
        self._serving = serving
        self._resources = resources
        self._last_number = 0

    async def subscribe(self) -> AsyncIterator[FeedMessage]:
        """Yield the feed. Raises EngineUnavailable once the engine has ended by itself, as for a removed folder."""
        with self._host.feed.subscribe() as subscription:
            batches = subscription.batches()
            while True:
                for message in await self._unless_ended(anext(batches)):
                    yield message

    async def close(self) -> None:
        self._host.is_stopping.set()
        with self._resources:
            await self._serving

    async def _ask(self, request: Request) -> Reply:
        from glue_tui.engine.handlers import answer

        self._last_number += 1
        return await self._unless_ended(answer(self._host, Call(number=self._last_number, request=request)))

    async def _unless_ended(self, coming: Awaitable[ComingT]) -> ComingT:
        """Return what is waited for. Raises EngineUnavailable if the engine ends before."""
        waiting = asyncio.ensure_future(coming)
        try:
            await asyncio.wait({waiting, self._serving}, return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                hint = "" if self._host.is_owner() else f"{self._host.state_dir} was removed or replaced"
                raise EngineUnavailable("the engine has ended", hint=hint)
            return await waiting
        finally:
            waiting.cancel()


async def open_local(project_dir: Path) -> LocalClient:
    """Start an engine in this process. Raises EngineUnavailable where another one works on the project; StoreFailed."""
    from glue_tui.engine.fork_servers import ForkServers

    fork_servers = ForkServers(project_dir)
    fork_servers.start_early()
    # Only now: it takes about as long as the fork server takes to import polars.
    from glue_tui.engine.assemble import assembled

    notes: list[str] = []

    def note(text: str) -> None:
        notes.append(text)
        del notes[:-_NOTES_KEPT]

    with ExitStack() as opening:
        try:
            host = opening.enter_context(assembled(project_dir, note, fork_servers, is_for_one_command=True))
        except OSError as error:
            raise EngineUnavailable(f"the engine can't start: {error}", hint="is the project writable?") from error
        is_ready = asyncio.Event()
        serving = asyncio.create_task(host.run(is_ready.set), name="glue-tui engine")
        waiting = asyncio.create_task(is_ready.wait())
        await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if serving.done():
            serving.result()
        return LocalClient(host, serving, opening.pop_all())
    raise AssertionError("an ExitStack swallows nothing here")


async def prune_without_engine(project_dir: Path, ask: PruneHistory) -> PrunedView:
    """Do what the request asks while no engine runs, and give all free space of the database back to the disk.

    Raises EngineUnavailable where one runs after all, StoreFailed.
    """
    from glue_tui.engine.assemble import owned_state
    from glue_tui.engine.pruning import Pruner
    from glue_tui.store.retention import compact

    def note(_text: str) -> None:
        """There is no engine's log; what can't be removed now is tried again by the next engine."""

    with owned_state(project_dir) as conn:
        pruner = Pruner(conn, state_dir(project_dir), needed_run_ids=frozenset, workflows=dict, note=note)
        pruned = await pruner.prune(ask)
        if not pruned.has_more:
            compact(conn)
        return pruned


def edit_without_engine(project_dir: Path, edit: TableEdit) -> tuple[str, ...]:
    """Change a table by hand while no engine runs; return what has changed, in words.

    Raises EngineUnavailable where one runs after all, EntityNotFound, InvalidInput, StoreFailed.
    """
    from glue_tui.catalog.write import edit_table
    from glue_tui.engine.assemble import owned_state
    from glue_tui.store.database import transaction

    with owned_state(project_dir) as conn, transaction(conn):
        return edit_table(conn, edit, at=time.time())


def edit_bookmark_without_engine(project_dir: Path, edit: BookmarkEdit) -> tuple[str, ...]:
    """Change what a job has read while no engine runs; return what has changed, in words.

    Raises as `edit_without_engine` does.
    """
    from glue_tui.engine.assemble import owned_state
    from glue_tui.store import bookmarks
    from glue_tui.store.database import transaction

    with owned_state(project_dir) as conn, transaction(conn):
        return bookmarks.edit(conn, edit, at=time.time())


def prunable(project_dir: Path, ask: PruneHistory) -> PrunedView:
    """Return what the request would remove; nothing is changed, no engine is needed. Raises StoreFailed."""
    from glue_tui.engine import pruning

    return pruning.prunable(state_dir(project_dir), ask)


def history_bytes(project_dir: Path) -> tuple[int, int]:
    """Return the size of the database and of all logs. The logs of years take a second to look at."""
    from glue_tui.engine import pruning

    return pruning.history_bytes(state_dir(project_dir))
