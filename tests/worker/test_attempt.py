from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from forking import ServerUnderTest, command_job, make_spec, read_result, script

from glue_tui.core.job import Job, PythonWork
from glue_tui.core.model import RunId
from glue_tui.core.states import NodeState


@pytest.fixture(scope="module")
def server() -> Iterator[ServerUnderTest]:
    server = ServerUnderTest(GLUE_TEST_TOKEN="s3cret/wörd")
    yield server
    server.close()


def test_the_log_begins_with_what_runs_and_ends_with_what_became_of_it(server: ServerUnderTest, tmp_path: Path) -> None:
    text = """
import sys
import polars as pl
def run(glue):
    print("one", 2)
    print("two\\nthree", end="")
    print("grave", file=sys.stderr)
    glue.log.warning("mind this")
    glue.write(pl.DataFrame({"a": [1, 2, 3]}), "marts.numbers", path="out/numbers")
    glue.count_rows_in(5)
"""
    spec = make_spec(tmp_path, script(tmp_path, "talk", text))
    assert server.run(spec).rows_out == 3
    lines = Path(spec.log_path).read_text().splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (INFO |WARN |ERROR) ", line) for line in lines)
    told = [line[25:] for line in lines]
    assert re.fullmatch(r"INFO  attempt 1 of 2: python job talk of flow #7, worker \d+", told[0])
    assert told[1:5] == ["INFO  one 2", "INFO  two", "WARN  grave", "WARN  mind this"]
    assert told[-2] == "INFO  three"
    assert re.fullmatch(r"INFO  SUCCEEDED, 5 rows in, 3 rows out, \d+\.\d\d s", told[-1])


def test_a_failure_names_the_users_own_line_and_the_nearest_column(server: ServerUnderTest, tmp_path: Path) -> None:
    (tmp_path / "workflows" / "jobs").mkdir(parents=True)
    path = "workflows/jobs/sums.py"
    (tmp_path / path).write_text(
        "import polars as pl\n"
        "from helper import total\n"
        "def run(glue):\n"
        "    glue.write(pl.DataFrame({'a': [1]}), 'x.y', path='out/y')\n"
        "    print(total(pl.DataFrame({'revenue': [1]})))\n"
    )
    (tmp_path / "workflows" / "jobs" / "helper.py").write_text(
        "def total(frame):\n    return frame.select('revenu').sum()\n"
    )
    spec = make_spec(tmp_path, Job(name="sums", work=PythonWork(script=path)))
    result = server.run(spec)
    assert result.state is NodeState.FAILED
    assert result.error is not None
    assert result.error.type == "ColumnNotFoundError"
    assert result.error.message.startswith('unable to find column "revenu"')
    assert result.error.location == "workflows/jobs/helper.py:2"
    assert result.error.hint == 'did you mean "revenue"?'
    log = Path(spec.log_path).read_text()
    assert f'{path}", line 5, in run' in log
    assert "glue_tui/worker" not in log
    assert "glue_tui/jobs" not in log
    assert result.table_changes == ()
    assert not (tmp_path / "out" / "y").exists()
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("text", "kind", "message", "line"),
    [
        ("x = 1\ndef run(glue:\n    pass\n", "SyntaxError", "never closed", 2),
        ("def run(glue):\n    import sys\n    sys.exit(3)\n", "SystemExit", "exit code 3", 3),
        ("def run(glue):\n    raise SystemExit('no stock')\n", "SystemExit", "no stock", 2),
        ("def run(glue):\n    raise MemoryError\n", "MemoryError", "memory", 2),
        ("def run(glue):\n    raise KeyboardInterrupt\n", "KeyboardInterrupt", "interrupted", 2),
        ("def run(glue):\n    glue.table('raw.sales')\n", "EntityNotFound", "no table raw.sales", 2),
        ("def run(glue):\n    glue.write(None, 'x.y', path='o', mode='replace')\n", "InvalidInput", "no mode", 2),
        ("1 / 0\n", "ZeroDivisionError", "division by zero", 1),
    ],
)
def test_whatever_ends_a_script_badly_is_told_with_its_line(
    server: ServerUnderTest, tmp_path: Path, text: str, kind: str, message: str, line: int
) -> None:
    error = server.run(make_spec(tmp_path, script(tmp_path, "bad", text))).error
    assert error is not None
    assert (error.type, error.location) == (kind, f"bad.py:{line}")
    assert message in error.message


@pytest.mark.parametrize(("code", "told"), [("3", 3), ("'no stock'", 1), ("-1", 255)])
def test_the_exit_code_of_a_script_is_in_its_result(
    server: ServerUnderTest, tmp_path: Path, code: str, told: int
) -> None:
    spec = make_spec(tmp_path, script(tmp_path, "leave", f"import sys\ndef run(glue): sys.exit({code})\n"))
    assert server.run(spec).exit_code == told


@pytest.mark.parametrize("act", ["glue.set_property('name', 'a\\udcffb')", "raise ValueError('a\\udcffb')"])
def test_half_a_character_loses_no_result(server: ServerUnderTest, tmp_path: Path, act: str) -> None:
    spec = make_spec(tmp_path, script(tmp_path, "half", f"def run(glue):\n    {act}\n"))
    server.run(spec)
    result = read_result(spec)
    assert result.properties.get("name") or (result.error and result.error.message) == "a\\udcffb"


def test_work_that_is_done_waits_for_space_on_a_full_disk(server: ServerUnderTest, tmp_path: Path) -> None:
    text = """
import os
def run(glue):
    os.symlink("/dev/full", glue.arguments["--result"])  # Removed with the first try.
"""
    spec = make_spec(tmp_path, script(tmp_path, "full", text))
    assert server.run(replace(spec, arguments={"--result": spec.result_path})).state is NodeState.SUCCEEDED
    last_line = Path(spec.log_path).read_text().splitlines()[-1]
    assert last_line.endswith("WARN  no space left for the result: free disk space, it is tried again")


def test_a_result_that_can_not_be_written_is_told_in_words(server: ServerUnderTest, tmp_path: Path) -> None:
    text = """
import os
def run(glue):
    os.symlink("/nowhere/at/all", glue.arguments["--result"])
"""
    spec = make_spec(tmp_path, script(tmp_path, "lost", text))
    spec = replace(spec, arguments={"--result": spec.result_path})
    server.start(spec)
    exited, _ = server.until_exit(spec)
    assert exited.exit_code == 70
    lines = Path(spec.log_path).read_text().splitlines()
    assert lines[-1].endswith("ERROR the result could not be written: no such file or directory")
    assert "Traceback" not in "".join(lines)


def test_sys_exit_without_a_fault_is_success_and_publishes(server: ServerUnderTest, tmp_path: Path) -> None:
    text = """
import sys, polars as pl
def run(glue):
    glue.write(pl.DataFrame({"a": [1]}), "x.y", path="out/y")
    sys.exit(0)
"""
    result = server.run(make_spec(tmp_path, script(tmp_path, "leave", text)))
    assert result.state is NodeState.SUCCEEDED
    assert [change.table.full_name for change in result.table_changes] == ["x.y"]
    assert len(list((tmp_path / "out" / "y").glob("*.parquet"))) == 1


def test_a_script_without_run_is_a_plain_program_with_glues_arguments(server: ServerUnderTest, tmp_path: Path) -> None:
    text = """
import json, os, sys
def run(): raise AssertionError("not called")
if __name__ == "__main__":
    print(json.dumps({"argv": sys.argv[1:], "cwd": os.getcwd(), "stdin": sys.stdin.read()}))
"""
    spec = make_spec(tmp_path, replace(script(tmp_path, "plain", text), arguments={"--day": "{{ properties.day }}"}))
    spec = replace(spec, arguments={"--day": "{{ properties.day }}"}, properties={"day": "2026-11-22"})
    assert server.run(spec).state is NodeState.SUCCEEDED
    said = json.loads(Path(spec.log_path).read_text().splitlines()[1][31:])
    assert said["argv"] == [
        *("--JOB_NAME", "plain", "--JOB_RUN_ID", f"jr_{spec.key.run_id[3:]}_plain"),
        *("--WORKFLOW_NAME", "flow", "--WORKFLOW_RUN_ID", spec.key.run_id),
        *("--day", "2026-11-22"),
    ]
    assert (said["cwd"], said["stdin"]) == (str(tmp_path), "")


def test_threads_that_a_script_leaves_running_are_part_of_its_work(server: ServerUnderTest, tmp_path: Path) -> None:
    text = """
import threading, time
from concurrent.futures import ThreadPoolExecutor
def later():
    time.sleep(0.05)
    print("done later")
def run(glue):
    threading.Thread(target=later).start()
    ThreadPoolExecutor(1).submit(later)
"""
    spec = make_spec(tmp_path, script(tmp_path, "threads", text))
    assert server.run(spec).state is NodeState.SUCCEEDED
    assert Path(spec.log_path).read_text().count("done later") == 2


def test_a_script_that_took_a_pool_of_threads_can_publish_by_one(server: ServerUnderTest, tmp_path: Path) -> None:
    text = """
import polars as pl
from pyiceberg.utils.concurrent import ExecutorFactory
def run(glue):
    print(ExecutorFactory.get_or_create().submit(sum, [1, 2]).result())
    glue.write(pl.DataFrame({"n": [1]}), "marts.lake", path="lake", format="iceberg", mode="overwrite")
"""
    first = make_spec(tmp_path, script(tmp_path, "lake", text))
    again = replace(
        first,
        key=replace(first.key, run_id=RunId("wr_again")),
        log_path=f"{first.log_path}.again",
        result_path=f"{first.result_path}.again",
    )
    assert [server.run(spec).error for spec in (first, again)] == [None, None]


def test_secrets_are_masked_in_the_log_and_in_errors(server: ServerUnderTest, tmp_path: Path) -> None:
    text = """
def run(glue):
    token = glue.arguments["--token"]
    print("token is", token)
    raise ValueError(f"refused: {token} {token!r}")
"""
    spec = replace(
        make_spec(tmp_path, script(tmp_path, "leak", text)), arguments={"--token": "{{ env.GLUE_TEST_TOKEN }}"}
    )
    result = server.run(spec)
    assert result.error is not None
    assert result.error.message == "refused: *** '***'"
    assert "token is ***" in Path(spec.log_path).read_text()
    assert "s3cret" not in Path(spec.log_path).read_text() + Path(spec.result_path).read_text()


def test_properties_that_a_job_sets_are_in_its_result(server: ServerUnderTest, tmp_path: Path) -> None:
    text = (
        "def run(glue):\n    glue.set_property('rows', 12)\n    assert glue.properties == {'day': 'x', 'rows': '12'}\n"
    )
    spec = replace(make_spec(tmp_path, script(tmp_path, "props", text)), properties={"day": "x"})
    assert server.run(spec).properties == {"rows": "12"}


def test_a_command_that_fails_tells_its_exit_code_and_its_last_lines(server: ServerUnderTest, tmp_path: Path) -> None:
    job = command_job("sh", "sh", "-c", "echo out; echo err >&2; exit 4")
    spec = make_spec(tmp_path, job)
    error = server.run(spec).error
    assert error is not None
    assert error.type == "ExitCode"
    assert error.message == "the program ended with exit code 4\nout\nerr"
    log = Path(spec.log_path).read_text()
    assert "INFO  out\n" in log
    assert "Traceback" not in log


def test_a_command_ended_by_a_signal_says_which(server: ServerUnderTest, tmp_path: Path) -> None:
    error = server.run(make_spec(tmp_path, command_job("sh", "sh", "-c", "kill -9 $$"))).error
    assert error is not None
    assert (error.type, error.message) == ("Signal", "the program was ended by signal 9")


def test_a_command_knows_its_run_and_its_own_environment(server: ServerUnderTest, tmp_path: Path) -> None:
    job = command_job(
        "env", "sh", "-c", 'echo "$GLUE_WORKFLOW_NAME $GLUE_JOB_NAME $GLUE_RUN_ID $GLUE_PROJECT_DIR $OWN"'
    )
    job = replace(job, work=replace(job.work, environment={"OWN": "{{ run.number }}"}))  # type: ignore[type-var]
    spec = make_spec(tmp_path, job)
    assert server.run(spec).state is NodeState.SUCCEEDED
    assert f"INFO  flow env {spec.key.run_id} {tmp_path} 7\n" in Path(spec.log_path).read_text()


def test_a_program_that_is_not_there_is_named(server: ServerUnderTest, tmp_path: Path) -> None:
    error = server.run(make_spec(tmp_path, command_job("none", "no-such-program"))).error
    assert error is not None
    assert (error.type, error.message) == ("EntityNotFound", "jobs.none.command: no program no-such-program")


def test_a_flood_of_output_is_cut_off_but_the_end_is_told(server: ServerUnderTest, tmp_path: Path) -> None:
    text = """
def run(glue):
    line = "x" * 60000
    for _ in range(1300):
        print(line)
    raise ValueError("after the flood")
"""
    spec = make_spec(tmp_path, script(tmp_path, "flood", text))
    server.run(spec)
    assert Path(spec.log_path).stat().st_size < 68_000_000
    end = Path(spec.log_path).read_bytes()[-2000:].decode()
    assert "log limit of 67,108,864 bytes reached" in end
    assert "ValueError: after the flood" in end
    assert "ERROR FAILED" in end
