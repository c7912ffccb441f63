"""Running the screen in a test: a fixed clock, keys in bulk, the screen as text, snapshots of it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from scripted_client import ScriptedEngine
from textual import events
from textual.keys import _character_to_key

from glue_tui.tui.app import GlueTuiApp
from glue_tui.tui.model import Connection

SNAPSHOTS = Path(__file__).parent / "snapshots"
DEADLINE_S = 10.0


class Shown:
    """A running screen."""

    def __init__(self, app: GlueTuiApp, pilot: Any, engine: ScriptedEngine) -> None:
        self.app = app
        self.pilot = pilot
        self.engine = engine

    async def press(self, *keys: str) -> None:
        """Send keys as a terminal does, all at once; a word of several letters is one named key."""
        assert self.app._driver is not None
        for key in keys:
            name = _character_to_key(key) if len(key) == 1 else key
            character = key if len(key) == 1 else " " if key == "space" else None
            self.app._driver.send_message(events.Key(name, character))
        await self.settle()

    async def type(self, text: str) -> None:
        await self.press(*text)

    async def settle(self) -> None:
        """Wait until nothing is on its way to the screen any more."""
        await self.pilot.pause()
        await self.until(lambda: self.app._frame_timer is None)
        await self.pilot.pause()

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for a condition; fail with the screen as it is then."""
        deadline = asyncio.get_running_loop().time() + DEADLINE_S
        while not holds():
            if asyncio.get_running_loop().time() > deadline:
                pytest.fail("never came true; the screen:\n" + self.text)
            await asyncio.sleep(0.005)

    async def until_text(self, text: str) -> None:
        await self.until(lambda: text in self.text)

    @property
    def text(self) -> str:
        strips = self.app.screen._compositor.render_strips()
        return "\n".join(strip.text.rstrip() for strip in strips) + "\n"

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    def has_colours(self) -> bool:
        """Return whether any cell goes to the terminal with a colour of its own."""
        strips = self.app.screen._compositor.render_strips()
        styles = [segment.style for strip in strips for segment in strip if segment.style]
        named = [colour for style in styles for colour in (style.color, style.bgcolor) if colour is not None]
        return any(not colour.is_default for colour in named)


def show(
    engine: ScriptedEngine,
    scenario: Callable[[Shown], Awaitable[None]],
    size: tuple[int, int] = (120, 36),
    project_dir: Path = Path("/home/ann/sales-project"),
) -> GlueTuiApp:
    """Open the screen on `engine`, play the scenario, return the app after it ended."""

    async def play() -> GlueTuiApp:
        app = GlueTuiApp(
            engine.connect,
            project_dir,
            now=lambda: engine.now,
            time_zone=ZoneInfo("UTC"),
            is_stopped=lambda: engine.is_stopped,
        )
        async with app.run_test(size=size) as pilot:
            shown = Shown(app, pilot, engine)
            await shown.until(lambda: app.model.connection is not Connection.CONNECTING and len(app.screen_stack) > 1)
            await shown.settle()
            await scenario(shown)
        return app

    return asyncio.run(play())


def same_as_snapshot(shown: Shown, name: str) -> None:
    """Compare the screen with its snapshot; UPDATE_SNAPSHOTS=1 writes it anew."""
    path = SNAPSHOTS / f"{name}.txt"
    if os.environ.get("UPDATE_SNAPSHOTS") == "1":
        SNAPSHOTS.mkdir(exist_ok=True)
        path.write_text(shown.text, encoding="utf-8")
    assert shown.text == path.read_text(encoding="utf-8"), f"{path.name} differs; UPDATE_SNAPSHOTS=1 takes it over"
