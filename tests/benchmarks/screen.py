"""P10, P12, P13: the screen over a real pseudo-terminal, 120 by 40, on the sample project with ten runs behind it.

First complete frame with an engine running: at most that of a bare Textual app that says hello, in the same rounds.
First ink: 60 ms. At rest: no byte, and at most 0.3 % of a processor each for screen and engine. A step in the tree: 470
bytes, as a quick native program needs. Memory (resident): 60 MB each; the process that has polars imported for the
workers stands beside it. What a growing log costs is not measured here.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.benchmarks.engine_up import GLUE_TUI, EngineUp
from tests.benchmarks.figures import AtMost, Figure, Goal, Row, Setting, TimesLimit, in_rounds
from tests.benchmarks.tape import TapedTerminal, first_complete_frame_s, first_ink_s
from tests.history_of import write_history

ROOT = Path(__file__).parents[2]
HELLO = [sys.executable, str(Path(__file__).parent / "hello.py")]
RUNS_BEHIND = 10
STEP_S = 0.15
STEPS_EACH_WAY = 6
MB = 1_000_000


def measure(setting: Setting) -> Iterator[Row]:
    project_dir = setting.scratch / "project"
    for folder in ("workflows", "sample_data"):
        shutil.copytree(ROOT / folder, project_dir / folder)
    write_history(project_dir, RUNS_BEHIND)
    with EngineUp(project_dir, follows=False) as engine:
        yield from _first_frames(project_dir, setting)
        sessions = [_session(project_dir, engine.pid, setting) for _ in range(min(setting.rounds, 3))]
    for (what, unit), value in _GOALS.items():
        figure = Figure(name=what, values=tuple(session[what] for session in sessions))
        yield Row(benchmark="screen", what=what, unit=unit, measured=figure, goal=value)


_GOALS: dict[tuple[str, str], Goal | None] = {
    ("P12 at rest, to the terminal", "bytes"): AtMost(0),
    ("P12 at rest, screen", "% CPU"): AtMost(0.3),
    ("P12 at rest, engine", "% CPU"): AtMost(0.3),
    ("P12 a step in the tree", "bytes"): AtMost(470),
    ("P13 memory of the screen", "MB"): AtMost(60),
    ("P13 memory of the engine", "MB"): AtMost(60),
    ("  its processes for workers", "MB"): None,
}


def _first_frames(project_dir: Path, setting: Setting) -> Iterator[Row]:
    inks: list[float] = []

    def screen_s() -> float:
        tape = _tape_of_start([GLUE_TUI], project_dir)
        inks.append(first_ink_s(tape))
        return first_complete_frame_s(tape)

    taken = in_rounds(
        {
            "screen": screen_s,
            "hello in Textual": lambda: first_complete_frame_s(_tape_of_start(HELLO, project_dir)),
        },
        setting,
    )
    yield Row(
        benchmark="screen",
        what="P10 first complete frame",
        unit="ms",
        measured=taken["screen"].times(1000),
        limit=taken["hello in Textual"].times(1000),
        goal=TimesLimit(1.0),
    )
    ink = Figure(name="first ink", values=tuple(inks[-setting.rounds :])).times(1000)
    yield Row(benchmark="screen", what="P10 first ink", unit="ms", measured=ink, goal=AtMost(60))


def _tape_of_start(command: list[str], project_dir: Path) -> list[tuple[float, bytes]]:
    with TapedTerminal(command, cwd=project_dir) as terminal:
        terminal.read_until_quiet()
        return terminal.tape


def _session(project_dir: Path, engine_pid: int, setting: Setting) -> dict[str, float]:
    """Open the screen, let it rest, walk in the tree; return what that took by the names of the goals."""
    rest_s, steps = setting.size(10, 1), setting.size(STEPS_EACH_WAY, 1)
    with TapedTerminal([GLUE_TUI], cwd=project_dir) as terminal:
        terminal.read_until_quiet()
        terminal.read(rest_s / 2)  # The garbage collection and the like that follow a start are no rest.
        screen, engine = psutil.Process(terminal.pid), psutil.Process(engine_pid)
        bytes_before, screen_before, engine_before = terminal.taped_bytes, _cpu_s(screen), _cpu_s(engine)
        terminal.read(rest_s)
        told: dict[str, float] = {
            "P12 at rest, to the terminal": terminal.taped_bytes - bytes_before,
            "P12 at rest, screen": (_cpu_s(screen) - screen_before) / rest_s * 100,
            "P12 at rest, engine": (_cpu_s(engine) - engine_before) / rest_s * 100,
        }
        bytes_before = terminal.taped_bytes
        for key in ["down"] * steps + ["up"] * steps:
            terminal.press(key)
            terminal.read(STEP_S)
        told["P12 a step in the tree"] = (terminal.taped_bytes - bytes_before) / (2 * steps)
        told["P13 memory of the screen"] = screen.memory_info().rss / MB
        told["P13 memory of the engine"] = engine.memory_info().rss / MB
        told["  its processes for workers"] = (
            sum(child.memory_info().rss for child in engine.children(recursive=True)) / MB
        )
    return told


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
