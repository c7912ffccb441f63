"""An engine in the same process: the same API, no daemon."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import psutil
import pytest

from glue_tui.client.find import is_lock_held, state_dir
from glue_tui.client.launch import connect
from glue_tui.client.local import open_local
from glue_tui.core.problem import EngineUnavailable, EntityNotFound
from glue_tui.protocol.views import RunChanged, RunOpened, Snapshot

DEADLINE_S = 60


def test_a_run_in_this_process_is_told_whole_and_leaves_nothing_running(project: Path) -> None:
    async def test() -> None:
        client = await open_local(project)
        feed = aiter(client.subscribe())
        assert isinstance(await anext(feed), Snapshot)
        started = await client.start_workflow_run("small", request_id="a")
        assert (await client.start_workflow_run("small", request_id="a")).run_id == started.run_id
        async for message in feed:
            if isinstance(message, RunOpened):
                assert message.run.summary.run_id == started.run_id
            elif isinstance(message, RunChanged) and message.summary.outcome:
                break
        run = await client.run("small")
        assert run.summary.outcome == "SUCCEEDED"
        assert [node.state for node in run.nodes] == ["SUCCEEDED", "SUCCEEDED"]
        assert [one.number for one in await client.runs()] == [1]
        assert (await client.story("1"))[-1].kind == "RunFinished"
        assert {one.node_id: one.attempts for one in await client.usual("small")} == dict.fromkeys(
            (node.node_id for node in run.nodes), 1
        )
        supposed = await client.what_if("small", outcomes={"first": "FAILED"})
        assert [(node.state, node.started_at) for node in supposed.nodes] == [("FAILED", None), ("SKIPPED", None)]
        with pytest.raises(EntityNotFound, match='no trigger "first_done" starts runs'):
            await client.what_if("small", trigger="first_done")
        with pytest.raises(EntityNotFound):
            await client.run("99")
        assert is_lock_held(project)
        await client.close()
        assert not is_lock_held(project)
        assert psutil.Process().children() == []

    asyncio.run(asyncio.wait_for(test(), DEADLINE_S))


def test_a_project_with_an_engine_refuses_a_second_one_in_this_process(project: Path) -> None:
    async def test() -> None:
        other = await connect(project)
        with pytest.raises(EngineUnavailable, match="another engine"):
            await open_local(project)
        await other.stop_engine()
        await other.close()

    asyncio.run(asyncio.wait_for(test(), DEADLINE_S))


def test_an_engine_that_is_stopped_while_it_reads_saved_definitions_ends(project: Path) -> None:
    path = project / "workflows" / "small.toml"
    changed = f"{path.read_text()}max_retries = 1\n"

    async def test() -> None:
        client = await open_local(project)
        path.write_text(changed)
        reloading = asyncio.create_task(client.reload())
        await asyncio.sleep(0.01)  # The reading has begun, in a thread; it is not over before the file has held still.
        await client.close()
        with pytest.raises(EngineUnavailable, match="the engine has ended"):
            await reloading

    asyncio.run(asyncio.wait_for(test(), DEADLINE_S))


def test_who_follows_an_engine_in_this_process_hears_that_its_folder_was_removed(project: Path) -> None:
    async def test() -> None:
        client = await open_local(project)
        feed = aiter(client.subscribe())
        assert isinstance(await anext(feed), Snapshot)
        shutil.rmtree(state_dir(project))
        asking = asyncio.create_task(client.start_workflow_run("small", request_id="a"))
        with pytest.raises(EngineUnavailable, match="the engine has ended"):
            async for _ in feed:
                pass
        with pytest.raises(EngineUnavailable):
            await asking
        await client.close()
        assert psutil.Process().children() == []

    asyncio.run(asyncio.wait_for(test(), DEADLINE_S))
