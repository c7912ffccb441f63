"""The socket client against a real server on a real unix socket that speaks the protocol's frames."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from glue_tui.client import socket as socket_module
from glue_tui.client.socket import SocketClient
from glue_tui.core.problem import EngineUnavailable, EntityNotFound
from glue_tui.protocol.requests import (
    PROTOCOL_VERSION,
    Call,
    Done,
    Feed,
    GetProject,
    GetRun,
    GetRuns,
    Hello,
    ProjectReply,
    Refused,
    RunsReply,
    ServerFrame,
    StartWorkflowRun,
    StopEngine,
    Subscribe,
    SummaryReply,
    decode_call,
    encode,
)
from glue_tui.protocol.views import (
    EngineChanged,
    EngineView,
    FeedMessage,
    ProjectView,
    RunSummary,
    Snapshot,
    WorkflowView,
)

HELLO = Hello(protocol=PROTOCOL_VERSION, version="1", pid=7)
ENGINE = EngineView(pid=7, started_at=0.0, version="1", project_dir="/p", slots=2)
PROJECT = ProjectView(engine=ENGINE, workflows=(), runs=())
DEADLINE_S = 10

Send = Callable[[ServerFrame], Awaitable[None]]
Behaviour = Callable[[Call, Send], Awaitable[bool]]
"""Answer a call; False ends the connection."""


@asynccontextmanager
async def serving(path: Path, behave: Behaviour, *, hello: bytes | None = None) -> AsyncIterator[Path]:
    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def send(frame: ServerFrame) -> None:
            writer.write(encode(frame) + b"\n")
            await writer.drain()

        try:
            writer.write(hello if hello is not None else encode(HELLO) + b"\n")
            while line := await reader.readline():
                if not await behave(decode_call(line), send):
                    break
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_unix_server(connection, path)
    try:
        yield path
    finally:
        server.close()
        await server.wait_closed()


def in_time(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), DEADLINE_S))


def summary(number: int, message: str = "") -> RunSummary:
    return RunSummary(
        run_id=f"wr_{number}",
        number=number,
        workflow="daily",
        status="RUNNING",
        outcome="",
        trigger="by_hand",
        trigger_type="ON_DEMAND",
        queued_at=1.0,
        message=message,
    )


def test_calls_are_answered_by_number_whatever_the_order(tmp_path: Path) -> None:
    waiting: list[Call] = []

    async def answer_backwards(call: Call, send: Send) -> bool:
        waiting.append(call)
        if len(waiting) == 3:
            for one in reversed(waiting):
                assert isinstance(one.request, GetRuns)
                await send(RunsReply(number=one.number, runs=(summary(one.request.limit),)))
        return True

    async def test() -> None:
        async with serving(tmp_path / "s", answer_backwards) as path:
            client = await SocketClient.open(path)
            answers = await asyncio.gather(*(client.runs(limit=limit) for limit in (11, 12, 13)))
            assert [runs[0].number for runs in answers] == [11, 12, 13]
            await client.close()

    in_time(test)


def test_a_refusal_is_raised_as_the_error_it_is(tmp_path: Path) -> None:
    async def refuse(call: Call, send: Send) -> bool:
        await send(Refused(number=call.number, code="EntityNotFound", message="no run 9", hint="see runs"))
        return True

    async def test() -> None:
        async with serving(tmp_path / "s", refuse) as path:
            client = await SocketClient.open(path)
            with pytest.raises(EntityNotFound) as caught:
                await client.run("9")
            assert (caught.value.message, caught.value.hint) == ("no run 9", "see runs")
            await client.close()

    in_time(test)


def test_what_a_start_says_arrives_whole(tmp_path: Path) -> None:
    calls: list[Call] = []

    async def start(call: Call, send: Send) -> bool:
        calls.append(call)
        await send(SummaryReply(number=call.number, summary=summary(1)))
        return True

    async def test() -> None:
        async with serving(tmp_path / "s", start) as path:
            client = await SocketClient.open(path)
            started = await client.start_workflow_run(
                "daily", trigger="by_hand", properties={"k": "ü\n"}, request_id="r"
            )
            assert started == summary(1)
            assert calls[0].request == StartWorkflowRun(
                workflow="daily", trigger="by_hand", properties={"k": "ü\n"}, request_id="r"
            )
            await client.close()

    in_time(test)


def test_frames_far_beyond_the_default_line_limit_arrive(tmp_path: Path) -> None:
    big = "x" * 3_000_000

    async def answer(call: Call, send: Send) -> bool:
        await send(RunsReply(number=call.number, runs=(summary(1, big),)))
        return True

    async def test() -> None:
        async with serving(tmp_path / "s", answer) as path:
            client = await SocketClient.open(path)
            assert (await client.runs())[0].message == big
            await client.close()

    in_time(test)


def test_a_subscription_gives_messages_in_order_and_ends_with_the_connection(tmp_path: Path) -> None:
    def changed(pid: int) -> EngineChanged:
        return EngineChanged(engine=EngineView(pid=pid, started_at=0.0, version="1", project_dir="/p", slots=1))

    async def feed(call: Call, send: Send) -> bool:
        assert isinstance(call.request, Subscribe)
        await send(Done(number=call.number))
        await send(Feed(messages=(Snapshot(project=PROJECT),)))
        await send(Feed(messages=(changed(1), changed(2))))
        return False

    async def test() -> None:
        async with serving(tmp_path / "s", feed) as path:
            client = await SocketClient.open(path)
            messages: list[FeedMessage] = [message async for message in client.subscribe()]
            assert messages == [Snapshot(project=PROJECT), changed(1), changed(2)]
            await client.close()

    in_time(test)


def test_calls_are_answered_while_a_subscriber_is_slow(tmp_path: Path) -> None:
    async def feed_and_answer(call: Call, send: Send) -> bool:
        if isinstance(call.request, Subscribe):
            await send(Done(number=call.number))
            for _ in range(500):
                await send(Feed(messages=(Snapshot(project=PROJECT),)))
        else:
            assert isinstance(call.request, GetProject)
            await send(ProjectReply(number=call.number, project=PROJECT))
        return True

    async def test() -> None:
        async with serving(tmp_path / "s", feed_and_answer) as path:
            client = await SocketClient.open(path)
            feed = aiter(client.subscribe())
            assert await anext(feed) == Snapshot(project=PROJECT)
            assert await client.project() == PROJECT  # 499 messages are unread.
            await client.close()

    in_time(test)


def test_a_subscriber_that_falls_behind_loses_the_connection_and_not_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_module, "FEED_FRAMES_MAX", 10)

    async def flood(call: Call, send: Send) -> bool:
        await send(Done(number=call.number))
        for _ in range(1000):
            await send(Feed(messages=(Snapshot(project=PROJECT),)))
        return True

    async def test() -> None:
        async with serving(tmp_path / "s", flood) as path:
            client = await SocketClient.open(path)
            feed = aiter(client.subscribe())
            await anext(feed)
            await asyncio.wait({client._receiving})
            rest = [message async for message in feed]
            assert len(rest) < 20
            with pytest.raises(EngineUnavailable, match="fell 10 frames behind"):
                await client.project()
            await client.close()

    in_time(test)


def test_calls_under_way_fail_when_the_engine_goes(tmp_path: Path) -> None:
    async def hang_up(call: Call, send: Send) -> bool:
        return not isinstance(call.request, GetProject)

    async def test() -> None:
        async with serving(tmp_path / "s", hang_up) as path:
            client = await SocketClient.open(path)
            with pytest.raises(EngineUnavailable, match="ended the connection"):
                await asyncio.gather(client.run("1"), client.project())
            with pytest.raises(EngineUnavailable):
                await client.project()
            await client.close()

    in_time(test)


def test_stopping_an_engine_that_ends_before_it_answers_is_a_success(tmp_path: Path) -> None:
    async def die(call: Call, send: Send) -> bool:
        return not isinstance(call.request, StopEngine)

    async def test() -> None:
        async with serving(tmp_path / "s", die) as path:
            client = await SocketClient.open(path)
            await client.stop_engine()
            await client.close()

    in_time(test)


def test_a_silent_engine_is_reported_and_the_connection_stays_usable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket_module, "CALL_TIMEOUT_S", 0.05)

    async def ignore_runs(call: Call, send: Send) -> bool:
        if not isinstance(call.request, GetRun):
            await send(ProjectReply(number=call.number, project=PROJECT))
        return True

    async def test() -> None:
        async with serving(tmp_path / "s", ignore_runs) as path:
            client = await SocketClient.open(path)
            with pytest.raises(EngineUnavailable, match="has not answered"):
                await client.run("1")
            monkeypatch.setattr(socket_module, "CALL_TIMEOUT_S", 5.0)
            assert await client.project() == PROJECT
            await client.close()

    in_time(test)


@pytest.mark.parametrize(
    "hello",
    [
        encode(Hello(protocol=PROTOCOL_VERSION + 1, version="9.9", pid=7)) + b"\n",
        b'{"type":"Welcome"}\n',
        b"HTTP/1.1 400 Bad Request\n",
    ],
)
def test_an_engine_of_another_version_is_named_with_the_way_out(tmp_path: Path, hello: bytes) -> None:
    async def never(call: Call, send: Send) -> bool:
        return False

    async def test() -> None:
        async with serving(tmp_path / "s", never, hello=hello) as path:
            with pytest.raises(EngineUnavailable, match="another version") as caught:
                await SocketClient.open(path)
            assert "glue-tui engine stop" in caught.value.hint

    in_time(test)


def test_a_frame_that_is_not_understood_ends_the_connection_with_a_reason(tmp_path: Path) -> None:
    async def talk_nonsense(call: Call, send: Send) -> bool:
        project = ProjectView(engine=ENGINE, workflows=(WorkflowView(name="w", source="w.toml"),), runs=())
        await send(ProjectReply(number="one", project=project))  # type: ignore[arg-type]
        return True

    async def test() -> None:
        async with serving(tmp_path / "s", talk_nonsense) as path:
            client = await SocketClient.open(path)
            with pytest.raises(EngineUnavailable, match="does not understand"):
                await client.project()
            await client.close()

    in_time(test)


def test_nobody_listening_is_an_os_error(tmp_path: Path) -> None:
    async def test() -> None:
        with pytest.raises(OSError):
            await SocketClient.open(tmp_path / "none")

    in_time(test)


def test_a_listener_that_says_nothing_is_given_up(tmp_path: Path) -> None:
    async def never(call: Call, send: Send) -> bool:
        return True

    async def test() -> None:
        async with serving(tmp_path / "s", never, hello=b"") as path:
            with pytest.raises(OSError):
                await SocketClient.open(path, timeout_s=0.05)

    in_time(test)
