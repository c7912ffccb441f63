"""What an attempt may use, memory and threads, and the figures of what it used."""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from forking import ServerUnderTest, command_job, is_gone, make_spec, pid_in, read_result, script

from glue_tui.core.job import Job
from glue_tui.core.states import NodeState
from glue_tui.definitions.sizes import parse_size

_LIMIT_BYTES = 150_000_000
_GREEDY = "held = []\n    while True: held.append(bytearray(b'x' * 1_000_000))"


@pytest.fixture(scope="module")
def server() -> Iterator[ServerUnderTest]:
    server = ServerUnderTest(POLARS_MAX_THREADS="2")
    yield server
    server.close()


def _log_of_ended(server: ServerUnderTest, tmp_path: Path, job: Job, *, by_signal: bool) -> str:
    """Run a job that takes more and more, and return its log."""
    spec = make_spec(tmp_path, replace(job, memory_bytes_max=_LIMIT_BYTES))
    server.start(spec)
    exited, _ = server.until_exit(spec)
    assert exited.signal == (signal.SIGKILL if by_signal else None)
    result = read_result(spec)
    assert result.state is NodeState.FAILED
    assert result.error is not None
    assert result.error.type == "OutOfMemory"
    assert re.fullmatch(rf"used [\d.]+ [MG]B, jobs\.{job.name}\.memory is 150 MB", result.error.message)
    assert "raise `memory`" in result.error.hint
    assert result.peak_memory_bytes is not None
    assert result.peak_memory_bytes > _LIMIT_BYTES
    log = Path(spec.log_path).read_text()
    assert "OutOfMemory: used" in log
    return log


def test_a_script_beyond_its_memory_is_ended_and_nothing_of_it_is_left(server: ServerUnderTest, tmp_path: Path) -> None:
    text = (
        "import polars as pl\ndef run(glue):\n"
        "    glue.write(pl.DataFrame({'a': [1]}), 'marts.t', path='out/t')\n"
        f"    {_GREEDY}\n"
    )
    log = _log_of_ended(server, tmp_path, script(tmp_path, "greedy", text), by_signal=True)
    assert "nothing published; 1 temporary folder removed" in log
    assert "asked" not in log
    assert list((tmp_path / "out").iterdir()) == []


def test_what_a_script_starts_counts_too_and_is_killed_with_it(server: ServerUnderTest, tmp_path: Path) -> None:
    greedy = "if True:\n    import os, sys\n    open('pid', 'w').write(str(os.getpid()))\n    " + _GREEDY
    (tmp_path / "child.py").write_text(greedy)
    text = "import subprocess, sys\ndef run(glue):\n    subprocess.run([sys.executable, 'child.py'])\n"
    _log_of_ended(server, tmp_path, script(tmp_path, "parent", text), by_signal=True)
    assert is_gone(pid_in(tmp_path / "pid"))


def test_a_program_beyond_its_memory_is_ended(server: ServerUnderTest, tmp_path: Path) -> None:
    (tmp_path / "greedy.py").write_text(f"if True:\n    {_GREEDY}\n")
    _log_of_ended(server, tmp_path, command_job("program", sys.executable, "greedy.py"), by_signal=False)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells which pages processes share")
def test_pages_that_processes_share_count_once(server: ServerUnderTest, tmp_path: Path) -> None:
    text = (
        "import os, time\ndef run(glue):\n"
        "    held = b'x' * 60_000_000\n"
        "    waiting_r, waiting_w = os.pipe()\n"
        "    for _ in range(3):\n"
        "        if os.fork() == 0:\n"
        "            os.close(waiting_w)\n"
        "            os.read(waiting_r, 1)\n"
        "            os._exit(0)\n"
        "    time.sleep(0.4)\n"
        "    os.close(waiting_w)\n"
        "    for _ in range(3): os.wait()\n"
    )
    result = server.run(make_spec(tmp_path, replace(script(tmp_path, "forks", text), memory_bytes_max=200_000_000)))
    assert result.state is NodeState.SUCCEEDED
    assert result.peak_memory_bytes is not None
    assert result.peak_memory_bytes < 200_000_000


def test_an_attempt_tells_bytes_processor_time_and_memory(server: ServerUnderTest, tmp_path: Path) -> None:
    text = (
        "import polars as pl\ndef run(glue):\n"
        "    held = bytearray(b'x' * 100_000_000)\n"
        "    sum(range(2_000_000))\n"
        "    glue.write(pl.DataFrame({'a': [1, 2]}), 'marts.t', path='out/t')\n"
        "    glue.write(pl.DataFrame({'a': [1]}), 'marts.u', path='out/u', format='csv')\n"
    )
    result = server.run(make_spec(tmp_path, script(tmp_path, "work", text)))
    written = sum(file.stat().st_size for file in (tmp_path / "out").rglob("*") if file.is_file())
    assert (result.bytes_in, result.bytes_out) == (None, written)
    assert result.cpu_s is not None
    assert result.cpu_s > 0.01
    assert result.peak_memory_bytes is not None
    assert result.peak_memory_bytes > 100_000_000


def test_the_processor_time_of_a_program_is_its_attempts(server: ServerUnderTest, tmp_path: Path) -> None:
    burn = "import time\nwhile time.process_time() < 0.2: pass"
    result = server.run(make_spec(tmp_path, command_job("burn", sys.executable, "-c", burn)))
    assert result.cpu_s is not None
    assert result.cpu_s >= 0.2
    assert (result.bytes_in, result.bytes_out) == (None, None)


def test_a_job_has_the_threads_that_it_asks_for(server: ServerUnderTest, tmp_path: Path) -> None:
    text = (
        "import polars as pl, os\ndef run(glue):\n"
        "    pl.LazyFrame({'a': [1]}).select(pl.col('a').sum()).collect()\n"
        "    print('threads', pl.thread_pool_size(), os.environ.get('GLUE_THREADS'))\n"
    )
    job = script(tmp_path, "threads", text)
    for given, told in ((None, "threads 2 None"), (3, "threads 3 3")):
        spec = make_spec(tmp_path, replace(job, threads=given))
        server.run(spec)
        assert told in Path(spec.log_path).read_text()


def test_a_program_is_told_its_threads(server: ServerUnderTest, tmp_path: Path) -> None:
    job = command_job("told", "sh", "-c", "echo $GLUE_THREADS $OMP_NUM_THREADS $POLARS_MAX_THREADS")
    spec = make_spec(tmp_path, replace(job, threads=5))
    server.run(spec)
    assert "5 5 5" in Path(spec.log_path).read_text()


def test_polars_moves_rows_to_disk_from_half_of_the_memory_on(server: ServerUnderTest, tmp_path: Path) -> None:
    job = script(tmp_path, "spill", "import os\nprint('budget', os.environ['POLARS_OOC_MEMORY_BUDGET_MB'])\n")
    spec = make_spec(tmp_path, replace(job, memory_bytes_max=2_000_000_000))
    server.run(spec)
    assert "budget 1000" in Path(spec.log_path).read_text()


@pytest.mark.parametrize(("text", "size_bytes"), [("512MB", 512_000_000), ("2 GB", 2 * 10**9), ("1.5gb", 15 * 10**8)])
def test_memory_is_written_in_the_units_in_which_it_is_shown(text: str, size_bytes: int) -> None:
    assert parse_size(text) == size_bytes
