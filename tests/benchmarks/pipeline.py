"""P4, P5: the sample pipeline: clean, refuse, one row an order, two joins, parquet by day, sums into SQLite.

Ours is `glue-tui run sales`, from exec to exit and with no engine running before: a job that reads the tables of the
catalog and publishes parquet and CSV, and one that reads what the first one wrote. The same with an engine running has
a row of its own, as has the crawl that was run before, from a cold start. Limit: the same steps by hand in streaming
polars, one process, nothing on record. DuckDB and Spark (two cores) do the same work where they are installed, in this
interpreter or in one given by `--python`: Spark once, as it takes minutes. All outputs are held against the truth, in
every round. Memory is that of all processes together, the engine's too.

`--rows N` measures one size instead of the two of the goals.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from tests.benchmarks.engine_up import GLUE_TUI, stop_engine
from tests.benchmarks.figures import Figure, Row, Setting, TimesLimit, in_rounds
from tests.benchmarks.measured_process import Spent, spent
from tests.benchmarks.retail import Truth, check_retail, write_retail
from tests.benchmarks.retail_project import PIPELINES, write_retail_project

LARGE_ROWS, SMALL_ROWS, SMALLEST_ROWS = 10_000_000, 100_000, 1_000
LARGE_ROUNDS_MAX = 3
LARGE_GOAL, LARGE_MEMORY_GOAL, SMALL_GOAL = 1.05, 1.2, 1.3
DEADLINE_S = 1800.0
MIB = 1024 * 1024
OURS, AGAIN, LIMIT, DUCKDB, SPARK = "glue-tui", "glue-tui again", "by hand", "DuckDB", "PySpark"


def measure(setting: Setting) -> Iterator[Row]:
    if setting.pipeline_rows is not None:
        sizes: tuple[int, ...] = (setting.pipeline_rows,)
    else:
        sizes = (SMALLEST_ROWS,) if setting.is_smallest else (SMALL_ROWS, LARGE_ROWS)
    for rows in sizes:
        rounds = setting.rounds if rows <= SMALL_ROWS else min(setting.rounds, LARGE_ROUNDS_MAX)
        project_dir = setting.scratch / str(rows)
        truth = write_retail(project_dir / "data", rows)
        write_retail_project(project_dir)
        try:
            yield from _rows(_Pipelines(project_dir, truth), replace(setting, rounds=rounds), rows)
        finally:
            stop_engine(project_dir)


@dataclass(slots=True)
class _Pipelines:
    """The ways through one project's data; each leaves right results, or there is no figure."""

    project_dir: Path
    truth: Truth
    peaks_mib: dict[str, float] = field(default_factory=dict)
    """Of the last time, by name."""

    def ours_s(self) -> float:
        """Without an engine running; the one that is started stays."""
        stop_engine(self.project_dir)
        return self._seconds(OURS, lambda: self.command("sales"))

    def again_s(self) -> float:
        """With the engine that is running."""
        return self._seconds(AGAIN, lambda: self.command("sales"))

    def by_hand_s(self) -> float:
        return self._seconds(LIMIT, lambda: self._program(sys.executable, "retail_by_hand"))

    def duckdb_s(self, python: str) -> float:
        return self._seconds(DUCKDB, lambda: self._program(python, "retail_duckdb"))

    def spark_s(self, python: str) -> float:
        return self._seconds(SPARK, lambda: self._program(python, "retail_spark"))

    def command(self, workflow: str) -> Spent:
        return spent([GLUE_TUI, "run", workflow], cwd=self.project_dir, deadline_s=DEADLINE_S)

    def _program(self, python: str, name: str) -> Spent:
        stop_engine(self.project_dir)  # Its memory would be counted in.
        command = [python, str(PIPELINES / f"{name}.py"), "data", "out"]
        return spent(command, cwd=self.project_dir, deadline_s=DEADLINE_S)

    def _seconds(self, name: str, run: Callable[[], Spent]) -> float:
        shutil.rmtree(self.project_dir / "out", ignore_errors=True)
        taken = run()
        check_retail(self.project_dir / "out", self.truth)
        self.peaks_mib[name] = taken.peak_bytes / MIB
        return taken.took_s


def _rows(pipelines: _Pipelines, setting: Setting, rows: int) -> Iterator[Row]:
    size = f"{rows:,} rows".replace(",", " ")
    crawled = Figure(name="glue-tui run crawl", values=(pipelines.command("crawl").took_s,))
    cases: dict[str, Callable[[], float]] = {
        OURS: pipelines.ours_s,
        AGAIN: pipelines.again_s,
        LIMIT: pipelines.by_hand_s,
    }
    if python := _interpreter(DUCKDB, "duckdb", setting):
        cases[DUCKDB] = partial(pipelines.duckdb_s, python)
    for name in tuple(cases):
        cases[f"{name} memory"] = partial(pipelines.peaks_mib.__getitem__, name)
    taken = in_rounds(cases, setting)
    ours, is_large = taken[OURS], rows > SMALL_ROWS
    memory = taken[f"{OURS} memory"]
    yield Row(
        benchmark="pipeline",
        what=f"{'P4' if is_large else 'P5'} {size}",
        unit="s",
        measured=ours,
        limit=taken[LIMIT],
        goal=TimesLimit(LARGE_GOAL if is_large else SMALL_GOAL),
    )
    yield Row(
        benchmark="pipeline",
        what=f"{'P4 ' if is_large else ''}{size}: memory",
        unit="MiB",
        measured=memory,
        limit=_named(taken[f"{LIMIT} memory"], LIMIT),
        goal=TimesLimit(LARGE_MEMORY_GOAL) if is_large else None,
    )
    yield _beside(f"{size}, an engine running", "s", taken[AGAIN], taken[LIMIT])
    if DUCKDB in taken:
        yield _beside(size, "s", ours, taken[DUCKDB])
        yield _beside(f"{size}: memory", "MiB", memory, _named(taken[f"{DUCKDB} memory"], DUCKDB))
    if python := _interpreter(SPARK, "pyspark", setting):
        once = Figure(name=OURS, values=(pipelines.ours_s(),))
        spark = Figure(name=SPARK, values=(pipelines.spark_s(python),))
        yield _beside(size, "s", once, spark)
        yield _beside(f"{size}: memory", "MiB", _peak(pipelines, OURS), _peak(pipelines, SPARK))
    yield _beside(f"{size}: the first crawl", "s", crawled, None)


def _beside(what: str, unit: str, measured: Figure, limit: Figure | None) -> Row:
    return Row(benchmark="pipeline", what=what, unit=unit, measured=measured, limit=limit)


def _named(figure: Figure, name: str) -> Figure:
    return Figure(name=name, values=figure.values)


def _peak(pipelines: _Pipelines, name: str) -> Figure:
    return Figure(name=name, values=(pipelines.peaks_mib[name],))


def _interpreter(name: str, package: str, setting: Setting) -> str:
    """Return an interpreter that has a package; empty, with a word on stderr, if none has it or none is asked for."""
    if setting.is_smallest:
        return ""
    for python in (sys.executable, *setting.peer_pythons):
        if subprocess.run([python, "-c", f"import {package}"], capture_output=True, check=False).returncode == 0:
            return python
    print(f"pipeline: {name} left out, no interpreter given has {package}", file=sys.stderr)
    return ""
