"""What a script does through its context: properties of the run within limits, tables of databases all at once."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from forking import ServerUnderTest, make_spec, read_result, script

from glue_tui.core.model import Connection
from glue_tui.core.states import NodeState


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
