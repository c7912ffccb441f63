"""An attempt killed at every single step from its first staged file to its end.

Until the next one heals it, whoever reads by the catalog sees what was there before; afterwards each row is there once.
"""

from __future__ import annotations

import itertools
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from forking import KILLED_AT_A_STEP, ServerUnderTest, make_spec, read_result, script

from glue_tui.catalog.read import Catalog
from glue_tui.catalog.scan import scan
from glue_tui.catalog.set_aside import remove_places
from glue_tui.catalog.write import MIGRATIONS, apply_changes
from glue_tui.core.attempt import AttemptResult, AttemptSpec
from glue_tui.core.model import Connection
from glue_tui.core.states import NodeState

STEPS_MIN = 30
"""Fewer would mean that the script below does not notice the steps any more."""

SCRIPT = f"""{KILLED_AT_A_STEP}
import polars as pl

def run(glue):
    count_steps(int(glue.arguments["--steps"]))
    rows = pl.DataFrame({{"n": [1, 2, 3], "part": ["a", "a", "b"], "run": [glue.run_id] * 3}})
    glue.write(rows, "marts.added", path="out/added", mode="append")
    glue.write(rows, "marts.parts", path="out/parts", mode="append", partition_by=["part"])
    glue.write(rows, "marts.latest", path="out/latest", mode="overwrite", partition_by=["part"])
    glue.write(rows, "marts.replaced", path="out/replaced", mode="overwrite_partitions", partition_by=["part"])
    glue.write_database(rows, connection="one", table="added", mode="append")
    glue.write_database(rows, connection="two", table="added", mode="append")
    glue.write_database(rows, connection="two", table="upserted", mode="upsert", keys=["n"])
"""


@pytest.fixture
def server() -> Iterator[ServerUnderTest]:
    server = ServerUnderTest()
    yield server
    server.close()


@pytest.mark.timeout(300)
def test_an_attempt_killed_at_any_step_and_tried_again_writes_each_row_once(
    server: ServerUnderTest, tmp_path: Path
) -> None:
    earlier = spec_of(tmp_path / "0")
    make_catalog(earlier)
    commit(earlier, server.run(earlier))
    for steps in itertools.count(1):
        folder = tmp_path / str(steps)
        shutil.copytree(tmp_path / "0", folder)
        spec = spec_of(folder, kill_at=steps)
        server.start(spec)
        exited, _ = server.until_exit(spec)
        assert read_by_catalog(folder) == read_by_catalog(tmp_path / "0"), f"killed at step {steps}"
        was_killed = exited.signal == signal.SIGKILL
        commit(spec, server.run(again(spec)) if was_killed else read_result(spec))
        check(folder, [earlier.key.run_id, spec.key.run_id], f"killed at step {steps}")
        if not was_killed:
            break
    assert steps > STEPS_MIN


def spec_of(folder: Path, kill_at: int = 0) -> AttemptSpec:
    """Return the first attempt of a run in a project folder; 0: nobody kills it."""
    folder.mkdir(exist_ok=True)
    return replace(
        make_spec(folder, script(folder, "load", SCRIPT)),
        arguments={"--steps": str(kill_at)},
        connections=tuple(Connection(name=name, url=f"sqlite:///{name}.db") for name in ("one", "two")),
    )


def make_catalog(spec: AttemptSpec) -> None:
    Path(spec.catalog_path).parent.mkdir(exist_ok=True)
    with closing(sqlite3.connect(spec.catalog_path)) as conn:
        for statement in MIGRATIONS:
            conn.execute(statement)


def commit(spec: AttemptSpec, result: AttemptResult) -> None:
    """Do as the engine does when an attempt has ended."""
    assert result.state is NodeState.SUCCEEDED
    with closing(sqlite3.connect(spec.catalog_path)) as conn, conn:
        apply_changes(conn, result.table_changes, run_id=spec.key.run_id, at=1.0)
    folders = [folder for change in result.table_changes for folder in change.replaced_folders]
    remove_places(Path(spec.project_dir) / folder for folder in folders)


def read_by_catalog(folder: Path) -> dict[str, list[tuple[str, int]]]:
    """Return the rows that a job or a query would read now."""
    catalog = Catalog.open(folder / "state" / "state.db")
    names = [entry.full_name for entry in catalog.tables()]
    frames = {name: scan(catalog, name, project_dir=folder, environment={}) for name in names}
    return {name: sorted(frame.select("run", "n").collect().rows()) for name, frame in frames.items()}


def again(spec: AttemptSpec) -> AttemptSpec:
    """Return the next attempt of the same node in the same run, which nobody kills."""
    return replace(
        spec,
        key=replace(spec.key, attempt=2),
        arguments={"--steps": "0"},
        log_path=spec.log_path.replace(".1.log", ".2.log"),
        result_path=spec.result_path.replace(".1.result", ".2.result"),
    )


def check(folder: Path, runs: list[str], when: str) -> None:
    everything = sorted((run, n) for run in runs for n in (1, 2, 3))
    told = read_by_catalog(folder)
    assert told["marts.added"] == told["marts.parts"] == everything, when
    assert told["marts.latest"] == told["marts.replaced"] == [(runs[-1], n) for n in (1, 2, 3)], when
    for table in ("added", "parts"):
        assert sorted(pl.read_parquet(folder / "out" / table).select("run", "n").rows()) == everything, (table, when)
    for table in ("latest", "replaced"):
        latest = pl.read_parquet(folder / "out" / table)
        assert sorted(latest.select("run", "n").rows()) == [(runs[-1], n) for n in (1, 2, 3)], (table, when)
    for name in ("one", "two"):
        with closing(sqlite3.connect(folder / f"{name}.db")) as conn:
            assert sorted(conn.execute("SELECT run, n FROM added")) == everything, (name, when)
    with closing(sqlite3.connect(folder / "two.db")) as conn:
        assert sorted(conn.execute("SELECT run, n FROM upserted")) == [(runs[-1], n) for n in (1, 2, 3)], when
    assert [path.name for path in (folder / "out").iterdir() if path.name.startswith(".")] == [], when
