"""Scripts that do what few do: fork and go on, leave by os._exit, crash, or have nothing that would run."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from forking import ServerUnderTest, make_spec, read_result, script

from glue_tui.core.job import TableSink
from glue_tui.core.model import job_id
from glue_tui.core.states import NodeState


@pytest.fixture(scope="module")
def server() -> Iterator[ServerUnderTest]:
    server = ServerUnderTest()
    yield server
    server.close()


@pytest.mark.parametrize(
    ("leaves", "code"),
    [("pass", 0), ("raise SystemExit(7)", 7), ("raise SystemExit('no stock')", 1), ("1 / 0", 1)],
)
def test_a_process_that_a_script_forks_ends_with_the_script_and_publishes_nothing(
    server: ServerUnderTest, tmp_path: Path, leaves: str, code: int
) -> None:
    text = f"""
import os, polars as pl
def run(glue):
    glue.write(pl.DataFrame({{"n": [1]}}), "x.y", path="out")
    child = os.fork()
    if child == 0:
        print("unfinished", end="")
        {leaves}
        return
    glue.set_property("code", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    assert not os.path.exists("out"), "the child has published"
"""
    spec = make_spec(tmp_path, script(tmp_path, "forks", text))
    assert server.run(spec).error is None
    assert read_result(spec).properties == {"code": str(code)}
    log = Path(spec.log_path).read_text()
    assert log.count("unfinished") == log.count("SUCCEEDED") == 1
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_what_a_forked_process_does_for_the_job_is_refused_and_not_lost(
    server: ServerUnderTest, tmp_path: Path
) -> None:
    text = """
import multiprocessing, polars as pl
def part(n):
    return context.write(pl.DataFrame({"n": [n]}), f"x.part{n}", path=f"out/{n}")
def run(glue):
    global context
    context = glue
    with multiprocessing.Pool(1) as pool:
        pool.map(part, [1, 2])
"""
    error = server.run(make_spec(tmp_path, script(tmp_path, "pool", text))).error
    assert error is not None
    assert error.message == "glue.write in a process that the script has forked: only its own one may"
    assert "hand the rows back" in error.hint


@pytest.mark.skipif(sys.platform != "linux", reason="other systems tell no names of threads")
def test_a_script_that_forks_once_polars_is_at_work_is_warned(server: ServerUnderTest, tmp_path: Path) -> None:
    text = """
import os, polars as pl
def run(glue):
    for query in ("before", "after"):
        if os.fork() == 0:
            os._exit(0)
        os.wait()
        print(query)
        pl.LazyFrame({"n": [1, 2]}).filter(pl.col("n") > 1).collect()
"""
    spec = make_spec(tmp_path, script(tmp_path, "forks", text))
    assert server.run(spec).error is None
    before, _, after = Path(spec.log_path).read_text().partition("before")
    assert ("the script forks" in before, after.count("the script forks")) == (False, 1)


def test_a_run_that_is_a_coroutine_is_run_to_its_end(server: ServerUnderTest, tmp_path: Path) -> None:
    text = """
import asyncio
async def run(glue):
    await asyncio.sleep(0)
    glue.set_property("done", "yes")
"""
    assert server.run(make_spec(tmp_path, script(tmp_path, "later", text))).properties == {"done": "yes"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def run(glue):\n    yield 1\n", "run(glue) has a `yield`"),
        ('"""Loads."""\nimport os\nDAY = 1\ndef main(glue):\n    glue.skip()\n', "calls none of its functions: main"),
    ],
)
def test_a_script_of_which_nothing_would_run_fails(
    server: ServerUnderTest, tmp_path: Path, text: str, message: str
) -> None:
    error = server.run(make_spec(tmp_path, script(tmp_path, "idle", text))).error
    assert error is not None
    assert message in error.message


def test_a_script_may_be_called_as_one_of_pythons_modules(server: ServerUnderTest, tmp_path: Path) -> None:
    text = """
import sys, typing
def run(glue):
    assert typing.Any and "run" not in vars(sys.modules["typing"])
    assert run.__module__ in sys.modules
"""
    assert server.run(make_spec(tmp_path, script(tmp_path, "typing", text))).error is None


def test_an_exception_whose_text_fails_is_told_by_its_name(server: ServerUnderTest, tmp_path: Path) -> None:
    text = """
class Nasty(Exception):
    def __str__(self):
        raise ValueError
def run(glue):
    raise Nasty
"""
    error = server.run(make_spec(tmp_path, script(tmp_path, "nasty", text))).error
    assert error is not None
    assert (error.type, error.location) == ("Nasty", "nasty.py:6")
    assert error.message == "(its text can't be had: ValueError in Nasty.__str__)"


@pytest.mark.parametrize(("value", "what"), [("[1, 2]", "a list"), ("None", "None"), ("frame['n']", "a polars.series")])
def test_what_is_no_frame_is_refused_with_what_makes_one(
    server: ServerUnderTest, tmp_path: Path, value: str, what: str
) -> None:
    text = f"""
import polars as pl
def run(glue):
    frame = pl.DataFrame({{"n": [1]}})
    glue.write({value}, "x.y", path="out")
"""
    error = server.run(make_spec(tmp_path, script(tmp_path, "frames", text))).error
    assert error is not None
    assert f"is needed, this is {what}" in error.message
    assert "pl.from_pandas(frame)" in error.hint


def test_a_script_that_closes_its_standard_output_and_opens_a_file_there_keeps_both_apart(
    server: ServerUnderTest, tmp_path: Path
) -> None:
    text = """
import os
def run(glue):
    os.close(1)
    assert os.open("mine.txt", os.O_CREAT | os.O_WRONLY) == 1
    os.write(1, b"mine")
    glue.log.info("ours")
"""
    spec = make_spec(tmp_path, script(tmp_path, "closes", text))
    assert server.run(spec).error is None
    assert (tmp_path / "mine.txt").read_text() == "mine"
    assert "INFO  ours" in Path(spec.log_path).read_text()


def test_a_fault_in_native_code_names_the_line_in_the_log(server: ServerUnderTest, tmp_path: Path) -> None:
    text = "import os, signal\ndef run(glue):\n    os.kill(os.getpid(), signal.SIGSEGV)\n"
    spec = make_spec(tmp_path, script(tmp_path, "fault", text))
    server.start(spec)
    exited, _ = server.until_exit(spec)
    assert (exited.signal, spec.key.node_id) == (signal.SIGSEGV, job_id("fault"))
    assert f'File "{tmp_path}/fault.py", line 3 in run' in Path(spec.log_path).read_text()


@pytest.mark.parametrize(("act", "warnings"), [("pass", 1), ("glue.write_targets(frame)", 0), ("glue.skip()", 0)])
def test_a_script_that_writes_nothing_to_its_targets_is_warned(
    server: ServerUnderTest, tmp_path: Path, act: str, warnings: int
) -> None:
    text = f"""
import polars as pl
def run(glue):
    frame = pl.DataFrame({{"n": [1]}})
    {act}
"""
    job = replace(script(tmp_path, "targets", text), targets=(TableSink(table="a.t", path="out"),))
    spec = make_spec(tmp_path, job)
    assert server.run(spec).error is None
    assert Path(spec.log_path).read_text().count("nothing was written to the targets") == warnings


def test_who_asks_is_told_that_nobody_answers(server: ServerUnderTest, tmp_path: Path) -> None:
    result = server.run(make_spec(tmp_path, script(tmp_path, "asks", "name = input('name? ')\n")))
    assert result.state is NodeState.FAILED
    assert result.error is not None
    assert result.error.hint.startswith("nobody can answer a job")
