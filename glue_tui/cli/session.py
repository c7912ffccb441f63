"""A command's talk with an engine: connect, say what happened, run one coroutine, let go."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from glue_tui.cli.output import say
from glue_tui.client.api import EngineClient

T = TypeVar("T")


def with_engine(
    project_dir: Path,
    work: Callable[[EngineClient], Awaitable[T]],
    *,
    start: bool = True,
    local: bool = False,
    timeout_s: float | None = None,
) -> T:
    """Return what `work` returns for a client of the project's engine.

    Starts an engine where none runs (and says so) unless `start` is False. `local`: an engine in this process, for the
    time of this call only. `timeout_s`: how long to wait for an engine that lives but does not answer.
    """

    async def talk() -> T:
        client = await _local_client(project_dir) if local else await _connected_client(project_dir, start, timeout_s)
        try:
            return await work(client)
        finally:
            await client.close()

    return asyncio.run(talk())


async def _connected_client(project_dir: Path, start: bool, timeout_s: float | None) -> EngineClient:
    from glue_tui.client.launch import CONNECT_TIMEOUT_S, connect

    client = await connect(project_dir, start=start, timeout_s=timeout_s or CONNECT_TIMEOUT_S)
    if client.started_engine:
        say(
            f"started an engine for {project_dir} (pid {client.hello.pid}); `glue-tui engine stop` ends it",
            tone="muted",
        )
    return client


async def _local_client(project_dir: Path) -> EngineClient:
    from glue_tui.client.local import open_local

    return await open_local(project_dir)
