"""What waits for the kernel: inputs in the order in which they came, each with whoever waits for its answer."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence

from glue_tui.core.problem import GlueTuiError, StoreFailed
from glue_tui.core.stimuli import WorkerLost, WorkerStarted
from glue_tui.engine.inputs import Answer, DefinitionsLoaded, Input, WorkerReported

START_PATIENCE_S = 0.01
"""Nothing follows from a worker's start but that it is shown: its commit waits so long for company, such as its end."""

Asker = asyncio.Future[Answer]
Waiting = tuple[Input, Asker | None]


class Intake:
    def __init__(self) -> None:
        self._queue: deque[Waiting] = deque()
        self._bell = asyncio.Event()
        self._apart = 0
        """So many inputs at the head are taken one by one: one of them can't be taken in."""

    def put(self, one: Input, answer: Asker | None = None) -> None:
        self._queue.append((one, answer))
        self._bell.set()

    async def wait(self, longest_s: float) -> None:
        """Return when there is something to take, or after `longest_s`."""
        if not self._queue:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(longest_s):
                    await self._bell.wait()
        self._bell.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_PATIENCE_S):
                while self._only_starts_wait():
                    await self._bell.wait()
                    self._bell.clear()

    def take(self) -> list[Waiting]:
        """Return what came in, all of it unless an input is being looked for that can't be taken in."""
        count = len(self._queue)
        if self._apart:
            count, self._apart = 1, self._apart - 1
        return [self._queue.popleft() for _ in range(count)]

    def not_saved(self, batch: Sequence[Waiting], error: StoreFailed) -> None:
        """Refuse requests; reports and definitions wait for the next try."""
        kept: list[Waiting] = []
        for one, answer in batch:
            if answer is None or isinstance(one, DefinitionsLoaded):
                kept.append((one, answer))
            elif not answer.done():
                answer.set_exception(error)
        self._queue.extendleft(reversed(kept))

    def not_understood(self, batch: Sequence[Waiting], error: Exception) -> str:
        """Go on although our own code failed over these inputs, and return what became of them, for the engine's log.

        Of several the one at fault is found by taking them one by one. A request is refused; the report of a worker
        becomes the news that the worker is lost, which a node survives only a few times: so nothing is tried for ever.
        """
        if len(batch) > 1:
            self._queue.extendleft(reversed(batch))
            self._apart = len(batch)
            return f"{len(batch)} inputs are taken one by one"
        for one, answer in batch:
            if answer is not None and not answer.done():
                answer.set_exception(GlueTuiError(f"our own fault, please report: {error!r}"))
            lost = as_lost(one, error)
            if lost is not None:
                self._queue.appendleft((lost, None))
        return f"left out: {[type(one).__name__ for one, _ in batch]}"

    def _only_starts_wait(self) -> bool:
        return bool(self._queue) and all(
            isinstance(one, WorkerReported) and isinstance(one.report, WorkerStarted) for one, _ in self._queue
        )


def as_lost(one: Input, error: Exception) -> WorkerReported | None:
    """Return what stands for a worker's report over which our own code failed; None for other inputs."""
    if isinstance(one, WorkerReported) and not isinstance(one.report, WorkerLost):
        reason = f"what it reported could not be taken in: {error!r}"
        return WorkerReported(report=WorkerLost(key=one.report.key, reason=reason))
    return None
