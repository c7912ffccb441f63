"""Opening the screen. Nothing heavy is imported here before the process is set up for a quick start."""

from __future__ import annotations

import gc
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glue_tui.client.api import EngineClient


def open_screen(connect: Callable[[], Awaitable[EngineClient]], project_dir: Path) -> None:
    """Open the screen on a project; returns when it is left. `connect` gives a client, also again after a loss."""
    # Hundreds of thousands of objects are made that stay: looking for garbage among them costs a tenth of the start.
    # The app turns it on again once its first frame is out.
    gc.disable()
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    # A key's effect waits for up to two ticks; at rest there are none.
    os.environ.setdefault("TEXTUAL_FPS", "120")
    from glue_tui.tui.app import run_terminal

    run_terminal(connect, project_dir)
