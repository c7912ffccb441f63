"""Keeping the connection: connect, follow the feed, and after a loss connect again with growing pauses."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from glue_tui.client.api import EngineClient
from glue_tui.core.problem import GlueTuiError
from glue_tui.protocol.views import FeedMessage

BACKOFF_FIRST_S = 0.2
BACKOFF_LAST_S = 5.0


class FeedReader(Protocol):
    """What is told of the connection."""

    def connected(self, client: EngineClient) -> None: ...

    def told(self, message: FeedMessage) -> None: ...

    def disconnected(self, because: str) -> None: ...


async def follow(connect: Callable[[], Awaitable[EngineClient]], reader: FeedReader) -> None:
    """Follow the engine until cancelled. A subscription that ends is a loss, as an error is."""
    pause_s = BACKOFF_FIRST_S
    while True:
        client: EngineClient | None = None
        because = "the engine closed the connection"
        try:
            client = await connect()
            reader.connected(client)
            async for message in client.subscribe():
                reader.told(message)
                pause_s = BACKOFF_FIRST_S
        except (GlueTuiError, OSError, EOFError) as error:
            because = str(error)
        finally:
            if client is not None:
                await _close(client)
        reader.disconnected(because)
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, BACKOFF_LAST_S)


async def _close(client: EngineClient) -> None:
    try:
        await client.close()
    except (GlueTuiError, OSError):
        pass  # it is gone already, which is what was wanted
