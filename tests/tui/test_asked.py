"""What views ask for besides the feed: once for each change, one at a time, the newest question last."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

from glue_tui.core.problem import EngineUnavailable
from glue_tui.tui.asked import Asked


class Asker:
    """An engine that answers when it is told to."""

    def __init__(self) -> None:
        self.tasks: list[asyncio.Task[None]] = []
        self.asked: list[int] = []
        self.answers: list[asyncio.Future[tuple[int, ...]]] = []
        self.failures: list[str] = []
        self._news = asyncio.Condition()
        self.view = Asked(self._run, lambda: None, self.failures.append)

    def _run(self, rest: Coroutine[None, None, None]) -> None:
        self.tasks.append(asyncio.ensure_future(rest))

    def look(self, stamp: int, about: str = "run 1") -> tuple[int, ...]:
        async def ask() -> tuple[int, ...]:
            self.answers.append(asyncio.get_running_loop().create_future())
            async with self._news:
                self.asked.append(stamp)
                self._news.notify_all()
            return await self.answers[-1]

        return self.view.answer("story", about, stamp, ask)

    async def until_asked(self, times: int) -> None:
        async with asyncio.timeout(10), self._news:
            await self._news.wait_for(lambda: len(self.asked) >= times)

    async def end(self) -> None:
        await asyncio.wait_for(asyncio.gather(*self.tasks), 10)


def test_of_the_questions_that_come_up_while_one_is_under_way_only_the_newest_is_asked() -> None:
    async def play() -> None:
        asker = Asker()
        assert asker.look(1) == ()
        await asker.until_asked(1)
        for stamp in (2, 3, 4):
            asker.look(stamp)
        asker.answers[0].set_result((1,))
        await asker.until_asked(2)
        assert asker.asked == [1, 4]
        assert asker.look(4) == (1,)
        asker.answers[1].set_result((4,))
        await asker.end()
        assert asker.look(4) == (4,)
        assert asker.look(4, about="run 2") == ()
        await asker.until_asked(3)
        asker.answers[2].set_result(())
        await asker.end()

    asyncio.run(play())


def test_after_a_reconnection_the_same_is_asked_again_though_a_lost_engine_still_owes_an_answer() -> None:
    async def play() -> None:
        asker = Asker()
        asker.look(1)
        await asker.until_asked(1)
        asker.view.forget()
        asker.look(1)
        asker.answers[0].set_exception(EngineUnavailable("the connection is lost"))
        await asker.until_asked(2)
        asker.answers[1].set_result((1,))
        await asker.end()
        assert asker.look(1) == (1,)
        assert asker.failures == []

    asyncio.run(play())
