"""Finding and starting engines, with real ones."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from glue_tui.client.find import EngineFile, is_listening, is_lock_held, read_engine_file, state_dir
from glue_tui.client.launch import connect, connect_again
from glue_tui.client.socket import SocketClient
from glue_tui.core.problem import EngineUnavailable
from tests.client.engines import engine_pids
from tests.conftest import wait_for

DEADLINE_S = 60


def in_time(test: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(asyncio.wait_for(test(), DEADLINE_S))


async def ended(client: SocketClient) -> None:
    pid = client.hello.pid
    await client.stop_engine()
    await client.close()
    await asyncio.to_thread(psutil.wait_procs, [psutil.Process(pid)] if psutil.pid_exists(pid) else [], 20)


def test_the_first_client_starts_an_engine_and_the_next_one_finds_it(project: Path) -> None:
    async def test() -> None:
        first = await connect(project)
        assert first.started_engine
        assert is_lock_held(project)
        assert is_listening(project)
        second = await connect(project, start=False)
        assert not second.started_engine
        assert second.hello.pid == first.hello.pid
        assert (await second.project()).workflows[0].name == "small"
        await second.close()
        await ended(first)
        assert not is_lock_held(project)
        assert not is_listening(project)

    in_time(test)


def test_an_engine_does_not_die_with_the_client_that_started_it(project: Path) -> None:
    async def test() -> None:
        first = await connect(project)
        await first.close()
        again = await connect(project, start=False)
        assert again.hello.pid == first.hello.pid
        assert os.getsid(again.hello.pid) == again.hello.pid  # A session of its own: no terminal's signals.
        await ended(again)

    in_time(test)


def test_clients_that_come_all_at_once_end_up_with_one_engine(project: Path) -> None:
    async def test() -> None:
        clients = await asyncio.gather(*(connect(project) for _ in range(4)))
        assert len({client.hello.pid for client in clients}) == 1
        await asyncio.to_thread(wait_for, lambda: engine_pids(project) == [clients[0].hello.pid])
        for client in clients[1:]:
            await client.close()
        await ended(clients[0])

    in_time(test)


def test_without_leave_to_start_one_a_missing_engine_is_an_error_with_the_way_out(project: Path) -> None:
    async def test() -> None:
        with pytest.raises(EngineUnavailable, match="no engine runs") as caught:
            await connect(project, start=False)
        assert "glue-tui engine start" in caught.value.hint
        assert not state_dir(project).exists()

    in_time(test)


def test_after_kill_9_the_next_client_gets_a_new_engine_despite_what_was_left_behind(project: Path) -> None:
    async def test() -> None:
        first = await connect(project)
        os.kill(first.hello.pid, signal.SIGKILL)
        await asyncio.to_thread(psutil.wait_procs, [psutil.Process(first.hello.pid)], 20)
        with pytest.raises(EngineUnavailable):
            await first.project()
        await first.close()
        left = read_engine_file(project)
        assert left is not None
        assert left.pid == first.hello.pid
        second = await connect_again(project)
        assert second.started_engine
        assert second.hello.pid != first.hello.pid
        await ended(second)
        with pytest.raises(EngineUnavailable):  # This one was stopped: an open screen must not bring it back.
            await connect_again(project)

    in_time(test)


def test_an_engine_that_dies_at_its_start_is_reported_with_its_last_words(project: Path) -> None:
    state_dir(project).mkdir()
    (state_dir(project) / "state.db").write_bytes(b"this is no database at all" * 100)
    (state_dir(project) / "engine.log").write_text("words of an earlier engine\n")

    async def test() -> None:
        with pytest.raises(EngineUnavailable, match="while it started") as caught:
            await connect(project)
        assert "not a database" in caught.value.message
        assert "earlier engine" not in caught.value.message
        assert "engine.log" in caught.value.hint

    in_time(test)


def test_a_project_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    async def test() -> None:
        with pytest.raises(EngineUnavailable, match="can't be started"):
            await connect(tmp_path / "nowhere")

    in_time(test)


@pytest.mark.parametrize("text", ["", "{", '{"socket": 3}', "[]"])
def test_a_damaged_engine_file_counts_as_none(tmp_path: Path, text: str) -> None:
    state_dir(tmp_path).mkdir()
    (state_dir(tmp_path) / "engine.json").write_text(text)
    assert read_engine_file(tmp_path) is None
    assert not is_listening(tmp_path)


def test_what_an_engine_writes_about_itself_is_read_back(tmp_path: Path) -> None:
    state_dir(tmp_path).mkdir()
    (state_dir(tmp_path) / "engine.json").write_text(
        '{"socket": "/s", "pid": 7, "started_at": 1.5, "version": "2", "new": 1}'
    )
    assert read_engine_file(tmp_path) == EngineFile(socket="/s", pid=7, started_at=1.5, version="2")
