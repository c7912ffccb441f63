"""Telling subscribers what changed: a snapshot first, then every message in commit order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager

from glue_tui.protocol.views import FeedMessage, Snapshot

QUEUE_MESSAGES_MAX = 2000
"""A subscriber that lags further behind gets a new snapshot instead of what it missed."""


class Subscription:
    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        self._snapshot = snapshot
        self._messages: list[FeedMessage] = [snapshot()]
        self._bell = asyncio.Event()
        self._bell.set()

    def put(self, messages: tuple[FeedMessage, ...]) -> None:
        if len(self._messages) + len(messages) > QUEUE_MESSAGES_MAX:
            self._messages = [self._snapshot()]
        else:
            self._messages.extend(messages)
        self._bell.set()

    async def batches(self) -> AsyncIterator[tuple[FeedMessage, ...]]:
        """Yield what has come since the last time, for ever."""
        while True:
            await self._bell.wait()
            self._bell.clear()
            messages, self._messages = tuple(self._messages), []
            if messages:
                yield messages


class Feed:
    """Snapshot and subscription happen in one go on the event loop, so that no change falls between them."""

    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        self._snapshot = snapshot
        self._subscriptions: list[Subscription] = []

    @contextmanager
    def subscribe(self) -> Iterator[Subscription]:
        subscription = Subscription(self._snapshot)
        self._subscriptions.append(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.remove(subscription)

    def publish(self, messages: tuple[FeedMessage, ...]) -> None:
        if messages:
            for subscription in self._subscriptions:
                subscription.put(messages)

    @property
    def has_subscribers(self) -> bool:
        return bool(self._subscriptions)
