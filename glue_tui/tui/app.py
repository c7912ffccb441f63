"""The terminal app: wires feed, clock, signals and screen together. What is shown and done is decided elsewhere."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.filter import Monochrome, NoColor
from textual.theme import Theme
from textual.timer import Timer

from glue_tui.client.api import EngineClient
from glue_tui.client.find import is_lock_held, read_engine_file, state_db
from glue_tui.client.terminal_notice import terminal_sequence
from glue_tui.core.problem import EngineUnavailable, InvalidInput
from glue_tui.core.states import DeliveryState
from glue_tui.protocol.inbox_views import InboxView
from glue_tui.protocol.usual_views import UsualView
from glue_tui.protocol.views import DeliveryTold, FeedMessage, RunOpened, RunSummary, StoryLine, WorkflowsChanged
from glue_tui.tui.display import ThriftyDisplay
from glue_tui.tui.editor import editor_command, place_to_edit
from glue_tui.tui.feed import follow
from glue_tui.tui.file_news import file_news
from glue_tui.tui.guard import guard_terminal
from glue_tui.tui.model import Connection, UiModel, lost, reduce
from glue_tui.tui.ringing import notices
from glue_tui.tui.screens.main import MainScreen
from glue_tui.tui.selection import Looked
from glue_tui.tui.theme import BACKGROUND, BAR, TONES, look_for

if TYPE_CHECKING:
    from glue_tui.catalog.read import TableEntry
    from glue_tui.client.catalog_views import TableDetails
    from glue_tui.client.compare import DefinitionChanges

FRAME_S = 1 / 30
"""Changes that come closer together than this are shown together."""

Connect = Callable[[], Awaitable[EngineClient]]


class GlueTuiApp(ThriftyDisplay):
    """One screen over one engine. Returns the words to print after it has gone."""

    CSS_PATH = "app.tcss"
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "leave", show=False, priority=True),
        Binding("ctrl+q", "leave", show=False, priority=True),
    ]

    def __init__(
        self,
        connect: Connect,
        project_dir: Path,
        *,
        now: Callable[[], float] = time.time,
        time_zone: tzinfo | None = None,
        is_stopped: Callable[[], bool] | None = None,
    ) -> None:
        self.look = look_for(os.environ)
        super().__init__()
        self.connect = connect
        self.project_dir = project_dir
        self.project_name = project_dir.name
        self.now = now
        self.time_zone = time_zone
        self.is_stopped = is_stopped or partial(is_engine_stopped, project_dir)
        self.model = UiModel()
        self._client: EngineClient | None = None
        self._shown_at = 0.0
        self._frame_timer: Timer | None = None
        self._clock_timer: Timer | None = None
        self.main = MainScreen(self, self.look)
        # Textual turns colours into greys under NO_COLOR; no colour means the terminal's own.
        self._filters = [NoColor() if isinstance(one, Monochrome) else one for one in self._filters]

    @property
    def client(self) -> EngineClient:
        if self._client is None:
            raise EngineUnavailable("no engine answers", hint="it is being looked for; wait a moment")
        return self._client

    def on_mount(self) -> None:
        self.register_theme(_theme())
        self.theme = "glue-tui"
        self.push_screen(self.main)
        self.run_worker(follow(self.connect, self), exit_on_error=True)
        self.call_after_refresh(self.refresh_model)
        self.call_after_refresh(_collect_garbage)

    # The feed

    def connected(self, client: EngineClient) -> None:
        self._client = client
        self.main.view.asked.forget()

    def told(self, message: FeedMessage) -> None:
        before, self.model = self.model, reduce(self.model, message)
        for title, text in notices(before, message, self.model):
            self.tell_terminal(terminal_sequence(title, text, os.environ))
        if isinstance(message, WorkflowsChanged) and (news := file_news(before.workflows, message)):
            self.main.say(news.text, tone=news.tone)
        if isinstance(message, DeliveryTold):
            self.main.view.asked.forget()  # The story of the run has a line more.
            if message.state == DeliveryState.FAILED:
                self.main.say(
                    f"a notification could not be sent: {message.reason}", tone="warn", cli="glue-tui notify list"
                )
        self.refresh_soon()

    def disconnected(self, because: str) -> None:
        self._client = None
        # One that was never there has not been stopped: it could not start, and `because` says why.
        is_stopped = self.model.engine is not None and self.is_stopped()
        self.model = lost(self.model, because, self.now(), is_stopped=is_stopped)
        self.refresh_soon()

    async def fetch_run(self, run_id: str) -> None:
        """Get a run that the feed did not bring."""
        if run_id not in self.model.runs:
            self.model = reduce(self.model, RunOpened(run=await self.client.run(run_id)))

    async def history(self, workflow: str, limit: int) -> tuple[RunSummary, ...]:
        """Get the newest runs of a workflow."""
        return await self.client.runs(workflow, limit)

    async def changes_between(self, before_id: str, after_id: str) -> DefinitionChanges:
        """Read what changed in the definition from one run to a later one; the state file is asked, not the engine."""
        from glue_tui.client.run_pair import changes_between

        return await asyncio.to_thread(changes_between, self.project_dir, before_id, after_id)

    async def story(self, run_id: str) -> tuple[StoryLine, ...]:
        """Get the events of a run."""
        return await self.client.story(run_id)

    async def inboxes(self, workflow: str) -> tuple[InboxView, ...]:
        """Get what waits at the EVENT triggers of a workflow, with the last files that wait no more."""
        from glue_tui.store.inbox_files import with_ended_files

        waiting = await self.client.inboxes(workflow)
        return await asyncio.to_thread(with_ended_files, state_db(self.project_dir), waiting)

    async def usual(self, workflow: str) -> tuple[UsualView, ...]:
        """Get how long a workflow's nodes usually take."""
        return await self.client.usual(workflow)

    async def tables(self) -> tuple[TableEntry, ...]:
        """Read the catalog's tables; the state file is asked, not the engine."""
        from glue_tui.catalog.read import Catalog

        return await asyncio.to_thread(Catalog.open(state_db(self.project_dir)).tables)

    async def table(self, full_name: str) -> tuple[TableDetails, ...]:
        """Read all that is known of one table, from the state file and the definitions."""
        from glue_tui.catalog.read import Catalog
        from glue_tui.client.catalog_views import table_details

        catalog = Catalog.open(state_db(self.project_dir))
        return (await asyncio.to_thread(table_details, catalog, self.project_dir, full_name),)

    # The clock

    def clock(self) -> str:
        return datetime.fromtimestamp(self.now(), self.time_zone).strftime("%H:%M")

    def refresh_soon(self) -> None:
        """Show the model with the next frame: many changes, one painting."""
        if self._frame_timer is None:
            wait = max(0.001, FRAME_S - (time.monotonic() - self._shown_at))
            self._frame_timer = self.set_timer(wait, self.refresh_model)

    def refresh_model(self) -> None:
        """Show the model now, and again when a time on screen will read differently: a second, or the full minute."""
        self._frame_timer = None
        self._shown_at = time.monotonic()
        self.main.show_model()
        if self._clock_timer is not None:
            self._clock_timer.stop()
        seconds_matter = not self.model.is_away and (
            self.model.is_anything_running()
            or any(trigger.window_closes_at is not None for one in self.model.workflows for trigger in one.triggers)
            or self.main.view.events.has_settling_files()
        )
        step = 1.0 if seconds_matter else 60.0
        self._clock_timer = self.set_timer(step - self.now() % step + 0.01, self.refresh_model)

    # Leaving, editing

    def action_leave(self) -> None:
        self.leave()

    def leave(self) -> None:
        if self.model.connection is not Connection.LIVE:
            self.exit("no engine answered\n  start it  glue-tui engine start")
            return
        going = sum(1 for run in self.model.runs.values() if not run.summary.outcome)
        runs = f", {going} run{'s' if going != 1 else ''} too" if going else ""
        self.exit(f"the engine goes on{runs}\n  open again  glue-tui\n  stop it     glue-tui engine stop")

    async def edit(self, looked: Looked) -> None:
        """Open the editor on what is selected; the engine reads the file again afterwards."""
        place = place_to_edit(looked, self.project_dir)
        assert place is not None
        if not place.path.is_file():
            raise InvalidInput(f"{place.path} is not there")
        command = editor_command(place, os.environ)
        if command is None:
            raise InvalidInput("no editor found", hint="set EDITOR, for example: export EDITOR=nano")
        try:
            with self.suspend():
                # Blocking is meant: nothing may paint over the editor.
                ended = subprocess.run(command, check=False)  # noqa: ASYNC221
        except OSError as error:
            raise InvalidInput(
                f"{command[0]} can't be started: {error.strerror}", hint="set EDITOR to an editor that is installed"
            ) from error
        self.refresh()
        if ended.returncode != 0:
            self.main.say(f"{command[0]} ended with {ended.returncode}", tone="warn")
        elif self._client is not None:
            await self._client.reload()
            self.main.say(f"{place.path.name} read again", cli="glue-tui validate")


def _collect_garbage() -> None:
    """Turn on what `start` turned off; what the start made is not looked at again."""
    gc.freeze()
    gc.enable()


def is_engine_stopped(project_dir: Path) -> bool:
    """Return whether the project's engine ended as it was told to: one that dies leaves its `engine.json` behind."""
    return read_engine_file(project_dir) is None and not is_lock_held(project_dir)


def _theme() -> Theme:
    colour = {name: style.split()[-1] for name, style in TONES.items()}
    return Theme(
        name="glue-tui",
        primary=colour["accent"],
        foreground=colour["text"],
        background=BACKGROUND,
        surface=BACKGROUND,
        panel=BAR,
        warning=colour["warn"],
        error=colour["bad"],
        success=colour["good"],
        dark=True,
    )


def run_terminal(connect: Connect, project_dir: Path) -> None:
    """Open the screen on a project; returns when it is left. `connect` gives a client, also again after a loss."""
    app = GlueTuiApp(connect, project_dir)
    words = asyncio.run(_run_guarded(app))
    if words:
        print(words)
    if app.return_code:
        sys.exit(app.return_code)


async def _run_guarded(app: GlueTuiApp) -> str | None:
    with guard_terminal(app, asyncio.get_running_loop()):
        return await app.run_async()
