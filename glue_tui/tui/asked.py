"""What the feed does not bring and a view asks for when it is looked at: histories, stories, inboxes, the catalog."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from dataclasses import dataclass
from time import monotonic
from typing import Any, TypeVar

from glue_tui.core.problem import GlueTuiError

ItemT = TypeVar("ItemT")

PAUSE_TIMES = 4
"""A question whose answer is old as soon as it comes is asked again after so many times as long as it took: a flood of
news takes a fifth of the time at most."""


@dataclass(frozen=True, slots=True, eq=False)
class _Question:
    """Two are never the same one, so that what is asked for again is asked again."""

    about: Hashable
    stamp: Hashable
    ask: Callable[[], Awaitable[tuple[Any, ...]]]


class Asked:
    """Keeps the last answer to each kind of question, and asks again when what it is about has changed.

    One question of a kind is under way at a time; of those that come up meanwhile the newest is asked next.
    """

    def __init__(
        self,
        run: Callable[[Coroutine[None, None, None]], object],
        answered: Callable[[], None],
        failed: Callable[[str], None],
    ) -> None:
        self._run = run
        self._answered = answered
        self._failed = failed
        self._answers: dict[str, tuple[Hashable, tuple[Any, ...]]] = {}
        """By kind: what the answer is about, and the answer."""
        self._stamps: dict[str, Hashable] = {}
        """By kind: about and stamp of the question that came up last."""
        self._newest: dict[str, _Question] = {}
        self._under_way: set[str] = set()

    def answer(
        self, kind: str, about: Hashable, stamp: Hashable, ask: Callable[[], Awaitable[tuple[ItemT, ...]]]
    ) -> tuple[ItemT, ...]:
        """Return the answer there is about `about`, or nothing yet; asks once for each new `stamp`."""
        if self._stamps.get(kind) != (about, stamp):
            self._stamps[kind] = (about, stamp)
            self._newest[kind] = _Question(about, stamp, ask)
            if kind not in self._under_way:
                self._under_way.add(kind)
                self._run(self._ask(kind))
        known, value = self._answers.get(kind, (None, ()))
        return value if known == about else ()

    def forget(self) -> None:
        """Ask everything again when it is looked at: there is a new engine to ask."""
        self._stamps.clear()

    async def _ask(self, kind: str) -> None:
        try:
            while await self._ask_newest(kind):
                pass
        finally:
            self._under_way.discard(kind)

    async def _ask_newest(self, kind: str) -> bool:
        """Ask; return whether another question has come up meanwhile."""
        question, began = self._newest[kind], monotonic()
        try:
            value = await question.ask()
        except GlueTuiError as error:
            if self._newest[kind] is question:
                self._failed(str(error))
                return False
            return True
        took_s = monotonic() - began
        if self._newest[kind].about == question.about:
            self._answers[kind] = (question.about, value)
            self._answered()
        if self._newest[kind] is question:
            return False
        if self._newest[kind].about == question.about:
            await asyncio.sleep(PAUSE_TIMES * took_s)
        return True
