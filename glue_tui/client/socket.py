"""The client API over the engine's unix socket: one connection, calls answered by number, and the feed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from glue_tui.client.requests import RequestClient
from glue_tui.core.problem import EngineUnavailable
from glue_tui.protocol.requests import (
    FRAME_BYTES_MAX,
    PROTOCOL_VERSION,
    Call,
    Done,
    Feed,
    Hello,
    Reply,
    Request,
    Subscribe,
    decode_server_frame,
    encode,
)
from glue_tui.protocol.views import FeedMessage

HELLO_TIMEOUT_S = 5.0
CALL_TIMEOUT_S = 60.0
"""An engine that is silent for so long is not going to answer."""
FEED_FRAMES_MAX = 10_000
"""Frames that wait for a slow subscriber. One more ends the connection: a new one begins with a Snapshot anyway."""

_OTHER_VERSION_HINT = "stop it with `glue-tui engine stop`, then start again"
_GONE_HINT = "unfinished runs go on when an engine starts again: `glue-tui engine start`; its log: .glue_tui/engine.log"


class SocketClient(RequestClient):
    """An `EngineClient` of a running engine. Make one with `client.launch.connect` or `SocketClient.open`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, hello: Hello) -> None:
        self.hello = hello
        self.started_engine = False
        """Whether `client.launch.connect` had to start the engine."""
        self._reader = reader
        self._writer = writer
        self._last_number = 0
        self._pending: dict[int, asyncio.Future[Reply]] = {}
        self._feed: asyncio.Queue[tuple[FeedMessage, ...] | None] | None = None
        self._ended = ""
        """Why the connection ended; empty while it lives."""
        self._receiving = asyncio.create_task(self._receive(), name="glue-tui client")

    @classmethod
    async def open(cls, path: Path, *, timeout_s: float = HELLO_TIMEOUT_S) -> SocketClient:
        """Connect and read the engine's Hello.

        Raises OSError where nobody listens or nobody says hello in time, EngineUnavailable where the engine speaks
        another protocol.
        """
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_unix_connection(path, limit=FRAME_BYTES_MAX)
            try:
                hello = _read_hello(await reader.readline())
            except BaseException:
                writer.close()
                raise
        return cls(reader, writer, hello)

    async def stop_engine(self) -> None:
        try:
            await super().stop_engine()
        except EngineUnavailable:
            # An engine that ends before its reply is out has done what it was asked for.
            if not self._ended:
                raise

    async def subscribe(self) -> AsyncIterator[FeedMessage]:
        assert self._feed is None, "one subscription per connection"
        self._feed = asyncio.Queue()
        await self._call(Subscribe(), Done)
        while (messages := await self._feed.get()) is not None:
            for message in messages:
                yield message

    async def close(self) -> None:
        self._receiving.cancel()
        await asyncio.gather(self._receiving, return_exceptions=True)
        self._end("the connection was closed")
        try:
            async with asyncio.timeout(HELLO_TIMEOUT_S):
                await self._writer.wait_closed()
        except OSError:
            pass  # TimeoutError too: the engine is gone or stuck, and there is nothing left to say to it.

    async def _ask(self, request: Request) -> Reply:
        if self._ended:
            raise EngineUnavailable(self._ended, hint=_GONE_HINT)
        self._last_number += 1
        number = self._last_number
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._pending[number] = answer
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                self._writer.write(encode(Call(number=number, request=request)) + b"\n")
                await self._writer.drain()
                return await answer
        except TimeoutError:
            raise EngineUnavailable(
                f"the engine (pid {self.hello.pid}) has not answered for {CALL_TIMEOUT_S:.0f} s",
                hint="see .glue_tui/engine.log; `glue-tui engine stop` ends it",
            ) from None
        except ConnectionError:
            self._end("the connection to the engine broke")
            raise EngineUnavailable(self._ended, hint=_GONE_HINT) from None
        finally:
            self._pending.pop(number, None)
            if not answer.done():
                answer.cancel()

    async def _receive(self) -> None:
        """Take frames from the engine and hand them out until the connection ends."""
        try:
            while line := await self._reader.readline():
                self._hand_out(line)
            self._end("the engine ended the connection")
        except ConnectionError:
            self._end("the connection to the engine broke")
        except (msgspec.MsgspecError, ValueError):
            # ValueError: a frame beyond FRAME_BYTES_MAX.
            self._end(f"the engine (version {self.hello.version}) sent something that this client does not understand")
        except asyncio.QueueFull:
            self._end(f"this client fell {FEED_FRAMES_MAX} frames behind the engine")

    def _hand_out(self, line: bytes) -> None:
        frame = decode_server_frame(line)
        match frame:
            case Hello():
                pass
            case Feed():
                if self._feed is not None:
                    if self._feed.qsize() >= FEED_FRAMES_MAX:
                        raise asyncio.QueueFull
                    self._feed.put_nowait(frame.messages)
            case _:
                answer = self._pending.get(frame.number)
                if answer is not None and not answer.done():
                    answer.set_result(frame)

    def _end(self, reason: str) -> None:
        if self._ended:
            return
        self._ended = reason
        self._writer.close()
        for answer in self._pending.values():
            if not answer.done():
                answer.set_exception(EngineUnavailable(reason, hint=_GONE_HINT))
        if self._feed is not None:
            self._feed.put_nowait(None)


def _read_hello(line: bytes) -> Hello:
    if not line:
        raise ConnectionResetError("the engine closed the connection before it said hello")
    try:
        frame = decode_server_frame(line)
    except msgspec.MsgspecError:
        frame = None
    if isinstance(frame, Hello) and frame.protocol == PROTOCOL_VERSION:
        return frame
    version = f" ({frame.version}, pid {frame.pid})" if isinstance(frame, Hello) else ""
    raise EngineUnavailable(f"the running engine is of another version of glue-tui{version}", hint=_OTHER_VERSION_HINT)
