"""A job that fails, or is stopped, when all its rows are written: every target is as before, and nothing is left."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.end_to_end.kill_jobs import JobOrdeal
from tests.end_to_end.kill_jobs_project import Reader, Servers, make_project, servers
from tests.end_to_end.killed_project import alive_in


@pytest.mark.timeout(300)
def test_a_job_that_fails_or_is_stopped_leaves_every_target_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    with servers() as found:
        asyncio.run(run_fail_and_stop(folder, found))
        assert not alive_in(folder)
        Reader(folder, found).check(batches=1)
    logs = "\n".join(path.read_text() for path in (folder / ".glue_tui").rglob("job.load.*.log"))
    assert "all rows are written, and yet" in logs
    assert "stopped; nothing published; " in logs


async def run_fail_and_stop(folder: Path, found: Servers) -> None:
    calm = JobOrdeal(folder, seed=0, kills=0, servers=found)
    make_project(folder, found, retries=0)
    await calm._ask_for_a_run()
    await calm._until(lambda: not calm._unfinished(), "the first run is over")
    for end in ("fail", "wait"):
        client = await calm._connected()
        run = await client.start_workflow_run("load", properties={"batch": "2", "end": end})
        if end == "wait":
            await calm._until((folder / "waits").exists, "all is written")
            await client.stop_workflow_run(run.run_id)
        await client.close()
        await calm._until(lambda: not calm._unfinished(), "the run is over")
    await calm._stop()
    assert [run.outcome for run in calm.runs()] == ["STOPPED", "FAILED", "SUCCEEDED"]
