"""What a script does through its context: each of its members, within limits, tables of databases all at once."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from forking import ServerUnderTest, make_spec, read_result, script

from glue_tui.core.job import DatabaseSink, TableSink
from glue_tui.core.model import Connection
from glue_tui.core.states import NodeState
from glue_tui.protocol.worker import Progress


@pytest.fixture(scope="module")
def server() -> Iterator[ServerUnderTest]:
    server = ServerUnderTest()
    yield server
    server.close()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('glue.set_property("big", "x" * 10_001)', "property big has 10,001 characters, of 10,000 at most"),
        ("[glue.set_property(f'p{n}', n) for n in range(1_001)]", "property p1000 would be one more than the 1,000"),
    ],
)
def test_a_job_that_sets_too_much_is_told_so(server: ServerUnderTest, tmp_path: Path, line: str, message: str) -> None:
    error = server.run(make_spec(tmp_path, script(tmp_path, "setter", f"def run(glue):\n    {line}\n"))).error
    assert error is not None
    assert message in error.message


def test_as_many_properties_as_are_allowed_are_kept(server: ServerUnderTest, tmp_path: Path) -> None:
    text = "def run(glue):\n    for n in range(1_000):\n        glue.set_property(f'p{n}', n)\n"
    spec = make_spec(tmp_path, script(tmp_path, "setter", text))
    assert server.run(spec).state is NodeState.SUCCEEDED
    assert len(read_result(spec).properties) == 1_000


def test_a_script_that_fails_has_written_nothing_and_one_may_write_a_table_in_parts(
    server: ServerUnderTest, tmp_path: Path
) -> None:
    text = """
import polars as pl
def run(glue):
    frame = pl.DataFrame({"n": [1]})
    glue.write_database(frame, connection="one", table="t")
    frame.insert_column(0, pl.Series("late", [0]))
    glue.write_database(pl.DataFrame({"n": [2]}), connection="one", table="t", mode="append")
    glue.write_database(pl.DataFrame({"n": [3]}), connection="one", table="t", mode="append")
"""
    connections = (Connection(name="one", url="sqlite:///one.db"),)
    failing = make_spec(tmp_path, script(tmp_path, "parts", text + "    1 / 0\n"))
    error = server.run(replace(failing, connections=connections)).error
    assert error is not None
    assert error.type == "ZeroDivisionError"
    assert not (tmp_path / "one.db").exists()
    whole = make_spec(tmp_path, script(tmp_path, "parts", text))
    assert server.run(replace(whole, connections=connections)).state is NodeState.SUCCEEDED
    with contextlib.closing(sqlite3.connect(tmp_path / "one.db")) as conn:
        assert conn.execute("SELECT * FROM t ORDER BY n").fetchall() == [(1,), (2,), (3,)]


def test_a_script_checks_its_rows_and_rejects_some_itself(server: ServerUnderTest, tmp_path: Path) -> None:
    text = """
import polars as pl
def run(glue):
    frame = pl.DataFrame({"n": [1, 2, 2, -1]})
    side = {"table": "rejects.t", "path": "rejects"}
    assert glue.reject(frame.filter(pl.col("n") < 0), "rejects.t", path="rejects", reason="below nothing") == 1
    checks = ["n >= 0", {"check": "unique n", "on_failure": "divert"}]
    assert glue.write(frame.filter(pl.col("n") >= 0), "a.t", path="t", checks=checks, rejects=side) == 2
"""
    spec = make_spec(tmp_path, script(tmp_path, "checking", text))
    assert server.run(spec).state is NodeState.SUCCEEDED
    result = read_result(spec)
    assert [(one.check, one.rows_failed) for one in result.checks] == [("unique n", 1), ("n >= 0", 0)]
    files = [file for change in result.table_changes if change.table.name == "t" for file in change.files]
    assert sorted((file.path.split("/")[0], file.rows) for file in files) == [("rejects", 1), ("rejects", 1), ("t", 2)]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ('checks=[{"chek": "n > 0"}]', 'unknown key "chek"'),
        ('checks=[{"check": "n > 0", "on_failure": "drop"}]', 'no on_failure "drop"'),
        ('checks=[{"check": "n > 0", "on_failure": "divert"}]', "a check diverts rows, and no place is named"),
        ('checks=["n > 0"], rejects={"table": "r.t"}', '"path" is missing'),
    ],
)
def test_checks_of_a_script_that_say_nothing_are_refused(
    server: ServerUnderTest, tmp_path: Path, words: str, message: str
) -> None:
    text = f"""
import polars as pl
def run(glue):
    glue.write(pl.DataFrame({{"n": [1]}}), "a.t", path="t", {words})
"""
    error = server.run(make_spec(tmp_path, script(tmp_path, "checking", text))).error
    assert error is not None
    assert message in error.message


def test_everything_that_a_script_is_given(server: ServerUnderTest, tmp_path: Path) -> None:
    text = """
import datetime, json, pathlib
def run(glue):
    typed = glue.typed_properties
    assert (typed["day"], typed["count"], typed["share"], typed["full"], typed["name"]) == (
        datetime.date(2026, 11, 22), 3, 0.5, True, "x",
    )
    glue.set_property("count", 4)
    assert (typed["count"], glue.properties["count"], list(typed)) == (4, "4", list(glue.properties))
    assert glue.arguments == {"--day": "2026-11-22"}
    assert (glue.event_files, glue.deleted_files) == (("in/a.csv",), ("in/b.csv",))
    assert glue.scheduled_at == datetime.datetime.fromisoformat("2026-11-22T22:00:00+01:00")
    assert (glue.run_id, glue.run_number, glue.workflow) == (RUN_ID, 7, "flow")
    assert (glue.job, glue.attempt, glue.project_dir) == ("all", 1, pathlib.Path.cwd())
    glue.progress(1, 4)
    for level in ("debug", "info", "warning", "error"):
        getattr(glue.log, level)(level + " said")
    glue.count_rows_in(5)
"""
    spec = make_spec(tmp_path, script(tmp_path, "all", ""))
    (tmp_path / "all.py").write_text(f"RUN_ID = {str(spec.key.run_id)!r}\n{text}")
    spec = replace(
        spec,
        arguments={"--day": "{{ properties.day }}"},
        properties={"day": "2026-11-22", "count": "3", "share": "0.5", "full": "true", "name": "x"},
        property_types={"day": "date", "count": "integer", "share": "number", "full": "boolean"},
        event_files=("in/a.csv",),
        deleted_files=("in/b.csv",),
        scheduled_at="2026-11-22T22:00:00+01:00",
    )
    server.start(spec)
    _, told = server.until_exit(spec)
    result = read_result(spec)
    assert (result.state, result.error) == (NodeState.SUCCEEDED, None)
    assert (result.rows_in, result.properties) == (5, {"count": "4"})
    assert [one.fraction for one in told if isinstance(one, Progress)] == [0.25]
    log = Path(spec.log_path).read_text()
    for line in ("DEBUG debug said", "INFO  info said", "WARN  warning said", "ERROR error said"):
        assert line in log


def test_a_property_that_is_not_of_its_type_is_told_when_it_is_asked_for(
    server: ServerUnderTest, tmp_path: Path
) -> None:
    text = 'def run(glue):\n    print(glue.properties["count"])\n    print(glue.typed_properties["count"])\n'
    spec = make_spec(tmp_path, script(tmp_path, "typed", text))
    error = server.run(replace(spec, properties={"count": "many"}, property_types={"count": "integer"})).error
    assert error is not None
    assert (error.message, error.location) == ('properties.count is "many", which is no integer', "typed.py:3")


def test_tables_are_read_and_written_to_the_targets_of_the_definition(server: ServerUnderTest, tmp_path: Path) -> None:
    text = """
import polars as pl
def run(glue):
    assert glue.write(pl.LazyFrame({"n": [1, 2, 3], "day": "x"}), "raw.n", path="out/n", partition_by=["day"]) == 3
    assert glue.write_targets(pl.DataFrame({"n": [1, 2]})) == 2
"""
    job = script(tmp_path, "targets", text)
    targets = (TableSink(table="marts.m", path="out/m"), DatabaseSink(connection="one", table="t"))
    spec = replace(
        make_spec(tmp_path, replace(job, targets=targets)),
        connections=(Connection(name="one", url="sqlite:///one.db"),),
    )
    result = server.run(spec)
    assert result.error is None
    assert (result.rows_out, result.outputs) == (5, ("out/n", "out/m", "one:t"))
    without = make_spec(tmp_path, job)
    error = server.run(without).error
    assert error is not None
    assert (error.message, error.hint) == ('job "targets" has no targets', "add `targets = [...]` to its definition")


def test_jr_10_a_plain_script_reads_its_arguments_with_glues_own_function(
    server: ServerUnderTest, tmp_path: Path
) -> None:
    text = """
import sys
from awsglue.utils import getResolvedOptions
args = getResolvedOptions(sys.argv, ["JOB_NAME", "WORKFLOW_NAME", "WORKFLOW_RUN_ID", "business-day"])
assert "--region" not in sys.argv, "run properties are no arguments"
print(args["JOB_NAME"], args["JOB_RUN_ID"], args["WORKFLOW_NAME"], args["WORKFLOW_RUN_ID"], args["business_day"])
"""
    spec = make_spec(tmp_path, script(tmp_path, "plain", text), attempt=3)
    spec = replace(spec, arguments={"--business-day": "2026-11-22"}, properties={"region": "EU"})
    assert server.run(spec).state is NodeState.SUCCEEDED
    run = spec.key.run_id
    assert f"INFO  plain jr_{run[3:]}_plain_attempt_2 flow {run} 2026-11-22" in Path(spec.log_path).read_text()


def test_what_needs_spark_of_glues_library_is_refused_with_the_way_out(server: ServerUnderTest, tmp_path: Path) -> None:
    line = "from awsglue.context import GlueContext"
    error = server.run(make_spec(tmp_path, script(tmp_path, "context", line))).error
    assert error is not None
    assert (error.type, error.location, error.line) == ("ModuleNotFoundError", "context.py:1", line)
    assert 'type = "spark"' in error.hint
