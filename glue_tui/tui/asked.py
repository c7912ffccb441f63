"""What the feed does not bring and a view asks for when it is looked at: histories, stories, the catalog."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Hashable
from typing import Any, TypeVar

from glue_tui.core.problem import GlueTuiError

ItemT = TypeVar("ItemT")


class Asked:
    """Keeps the last answer to each kind of question, and asks again when what it is about has changed."""

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
        """By kind: about and stamp of the question asked last."""

    def answer(
        self, kind: str, about: Hashable, stamp: Hashable, ask: Callable[[], Awaitable[tuple[ItemT, ...]]]
    ) -> tuple[ItemT, ...]:
        """Return the answer there is about `about`, or nothing yet; asks once for each new `stamp`."""
        if self._stamps.get(kind) != (about, stamp):
            self._stamps[kind] = (about, stamp)
            self._run(self._ask(kind, about, stamp, ask))
        known, value = self._answers.get(kind, (None, ()))
        return value if known == about else ()

    def forget(self) -> None:
        """Ask everything again when it is looked at: there is a new engine to ask."""
        self._stamps.clear()

    async def _ask(
        self, kind: str, about: Hashable, stamp: Hashable, ask: Callable[[], Awaitable[tuple[Any, ...]]]
    ) -> None:
        try:
            value = await ask()
        except GlueTuiError as error:
            self._failed(str(error))
            return
        if self._stamps.get(kind) == (about, stamp):
            self._answers[kind] = (about, value)
            self._answered()
