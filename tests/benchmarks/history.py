"""Ten thousand finished runs must not slow anything down: each figure with 10 and with 10,000 of them, side by side.

`runs` and `status` from exec to exit without an engine, the start of an engine until it says hello, the first complete
frame of the terminal with an engine running. Every attempt has a log file, as in life. P14: `--help` at most 100 ms,
`runs` over 10,000 runs at most 150 ms; a bare interpreter stands beside.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from tests.benchmarks.engine_up import GLUE_TUI, EngineUp, command_s, exec_to_exit_s
from tests.benchmarks.figures import AtMost, Figure, Row, Setting, TimesLimit, in_rounds
from tests.benchmarks.tape import TapedTerminal, first_complete_frame_s
from tests.history_of import write_history

ROOT = Path(__file__).parents[2]
FEW = 10
MANY = 10_000
AS_FAST = 1.1
"""Beyond this ratio it is slower; below, the machine's own noise."""


def measure(setting: Setting) -> Iterator[Row]:
    sizes = {"few": FEW, "many": setting.size(MANY, 3 * FEW)}
    projects = {name: _project(setting.scratch / name, runs) for name, runs in sizes.items()}
    many = projects["many"]
    taken = in_rounds(
        {
            "a bare interpreter": lambda: exec_to_exit_s([sys.executable, "-c", "pass"], cwd=many),
            "help": lambda: command_s(many, "--help"),
        },
        setting,
    )
    yield Row(
        benchmark="history",
        what="P14 `glue-tui --help`",
        unit="ms",
        measured=taken["help"].times(1000),
        limit=taken["a bare interpreter"].times(1000),
        goal=AtMost(100),
    )
    beside = f"with {FEW}"
    without_engine = {"runs": _runs_s, "status": _status_s, "engine": _engine_start_s}
    taken = in_rounds(_cases(without_engine, projects), setting)
    with EngineUp(projects["few"], follows=False), EngineUp(projects["many"], follows=False):
        taken |= in_rounds(_cases({"screen": _frame_s}, projects), setting)
    yield Row(
        benchmark="history",
        what=f"P14 `glue-tui runs` over {sizes['many']} runs",
        unit="ms",
        measured=taken["runs many"].times(1000),
        goal=AtMost(150),
    )
    for what, name in (
        ("`glue-tui runs`", "runs"),
        ("`glue-tui status`", "status"),
        ("start of an engine", "engine"),
        ("first complete frame", "screen"),
    ):
        yield Row(
            benchmark="history",
            what=f"{what}, {sizes['many']} runs",
            unit="ms",
            measured=taken[f"{name} many"].times(1000),
            limit=Figure(name=beside, values=taken[f"{name} few"].times(1000).values),
            goal=TimesLimit(AS_FAST),
        )


def _cases(acts: Mapping[str, Callable[[Path], float]], projects: dict[str, Path]) -> dict[str, Callable[[], float]]:
    return {
        f"{what} {size}": partial(act, project_dir)
        for what, act in acts.items()
        for size, project_dir in projects.items()
    }


def _project(project_dir: Path, runs: int) -> Path:
    for folder in ("workflows", "sample_data"):
        shutil.copytree(ROOT / folder, project_dir / folder)
    write_history(project_dir, runs, with_logs=True)
    return project_dir


def _runs_s(project_dir: Path) -> float:
    return command_s(project_dir, "runs")


def _status_s(project_dir: Path) -> float:
    return command_s(project_dir, "status")


def _engine_start_s(project_dir: Path) -> float:
    with EngineUp(project_dir, follows=False) as engine:
        return engine.start_s


def _frame_s(project_dir: Path) -> float:
    with TapedTerminal([GLUE_TUI], cwd=project_dir) as terminal:
        terminal.read_until_quiet()
        return first_complete_frame_s(terminal.tape)
