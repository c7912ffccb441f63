"""Scripts that write lakes: what their end waits for must not stand in the way of what is committed after it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from forking import ServerUnderTest, make_spec, script

from glue_tui.core.states import NodeState
from tests.worker.test_killed_while_publishing import commit, make_catalog, read_by_catalog

SCRIPT = """
import polars as pl

def run(glue):
    rows = pl.DataFrame({"n": [1, 2, 3], "part": ["a", "a", "b"], "run": [glue.run_id] * 3})
    for format in ("delta", "iceberg"):
        if glue.attempt > 1:
            print(glue.table(f"marts.{format}").filter(pl.col("n") > 1).collect())
        glue.write(rows, f"marts.{format}", path=f"out/{format}", format=format, mode="append", partition_by="part")
"""


def test_a_script_adds_to_lakes_again_and_again(tmp_path: Path) -> None:
    server = ServerUnderTest()
    try:
        first = make_spec(tmp_path, script(tmp_path, "load", SCRIPT))
        make_catalog(first)
        for number in (1, 2, 3):
            spec = replace(first, key=replace(first.key, attempt=number))
            spec = replace(spec, key=replace(spec.key, run_id=f"{first.key.run_id}{number}"))
            result = server.run(spec)
            assert result.state is NodeState.SUCCEEDED, result.error
            commit(spec, result)
        assert {name: len(rows) for name, rows in read_by_catalog(tmp_path).items()} == {
            "marts.delta": 9,
            "marts.iceberg": 9,
        }
    finally:
        server.close()
