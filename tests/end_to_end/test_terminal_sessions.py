"""The screen in real pseudo-terminals over a real engine: runs by keys, two terminals, hang-ups and kills."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.conftest import wait_for
from tests.terminal import Terminal

ROOT = Path(__file__).parents[2]
GLUE_TUI = [sys.executable, "-m", "glue_tui"]

HOLD = """
[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ job = "hold" }]
[jobs.hold]
type = "command"
command = ["sh", "-c", "echo holding on; until test -e go; do sleep 0.05; done"]
"""


def glue_tui(project_dir: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*GLUE_TUI, *words], cwd=project_dir, capture_output=True, text=True, timeout=60)


def engine_family(project_dir: Path) -> list[psutil.Process]:
    engine_file = project_dir / ".glue_tui" / "engine.json"
    if not engine_file.exists():
        return []
    # The file of an engine that was killed stays until the next one writes its own.
    with contextlib.suppress(psutil.NoSuchProcess):
        engine = psutil.Process(json.loads(engine_file.read_text())["pid"])
        return [engine, *engine.children(recursive=True)]
    return []


@pytest.fixture
def stopped_afterwards(tmp_path: Path) -> Iterator[Path]:
    """A project folder whose engine is stopped, and gone with all its processes, when the test is over."""
    yield tmp_path
    family = engine_family(tmp_path)
    glue_tui(tmp_path, "engine", "stop")
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (120, 36)])
def test_r_runs_daily_sales_and_leaving_leaves_the_engine(stopped_afterwards: Path, columns: int, rows: int) -> None:
    project_dir = stopped_afterwards
    shutil.copytree(ROOT / "workflows", project_dir / "workflows")
    shutil.copytree(ROOT / "sample_data", project_dir / "sample_data")
    with Terminal(GLUE_TUI, cwd=project_dir, columns=columns, rows=rows) as terminal:
        terminal.wait_for("daily_sales", "nightly", "by_hand")
        terminal.press("r")
        terminal.wait_for("max_rejected_percent")
        terminal.press("enter")
        terminal.wait_for("SUCCEEDED")
        terminal.press("q")
        assert terminal.wait_for_end() == 0
    assert glue_tui(project_dir, "engine", "status").returncode == 0
    with Terminal(GLUE_TUI, cwd=project_dir, columns=columns, rows=rows) as again:
        again.wait_for("daily_sales", "SUCCEEDED")
        again.press("q")
        assert again.wait_for_end() == 0


def test_two_terminals_show_one_run_and_the_end_of_either_disturbs_nothing(stopped_afterwards: Path) -> None:
    project_dir = stopped_afterwards
    (project_dir / "workflows").mkdir()
    (project_dir / "workflows" / "hold.toml").write_text(HOLD)
    with (
        Terminal(GLUE_TUI, cwd=project_dir) as first,
        Terminal(GLUE_TUI, cwd=project_dir, columns=80, rows=24) as second,
    ):
        for terminal in (first, second):
            terminal.wait_for("by_hand")
        first.press("r")
        first.wait_for("RUNNING", "holding on")
        second.wait_for("RUNNING", "holding on")

        first.hang_up()
        assert first.wait_for_end() == 128 + signal.SIGHUP
        os.kill(second.pid, signal.SIGKILL)
        assert second.wait_for_end() == -signal.SIGKILL
    assert glue_tui(project_dir, "status", "hold").stdout.count("RUNNING") >= 1

    with Terminal(GLUE_TUI, cwd=project_dir) as third:
        third.wait_for("RUNNING", "holding on")
        (project_dir / "go").touch()
        third.wait_for("SUCCEEDED")
        third.press("q")
        assert third.wait_for_end() == 0


def test_the_screen_waits_for_an_engine_that_died_and_goes_on_with_the_next(stopped_afterwards: Path) -> None:
    project_dir = stopped_afterwards
    (project_dir / "workflows").mkdir()
    (project_dir / "workflows" / "hold.toml").write_text(HOLD)
    with Terminal(GLUE_TUI, cwd=project_dir) as terminal:
        terminal.wait_for("by_hand")
        terminal.press("r")
        terminal.wait_for("RUNNING", "holding on")
        family = engine_family(project_dir)
        family[0].kill()
        _, alive = psutil.wait_procs(family, timeout=10)
        assert not alive
        # The screen starts the next engine, which takes the run up again.
        wait_for(lambda: engine_family(project_dir) and engine_family(project_dir)[0].pid != family[0].pid)
        (project_dir / "go").touch()
        terminal.wait_for("SUCCEEDED")
        terminal.press("q")
        assert terminal.wait_for_end() == 0


def test_an_engine_that_cant_start_is_told_with_its_reason(stopped_afterwards: Path) -> None:
    project_dir = stopped_afterwards
    (project_dir / "workflows").mkdir()
    (project_dir / "workflows" / "hold.toml").write_text(HOLD)
    (project_dir / ".glue_tui").mkdir()
    (project_dir / ".glue_tui" / "state.db").write_bytes(b"this is no database " * 500)
    with Terminal(GLUE_TUI, cwd=project_dir, columns=80, rows=24) as terminal:
        terminal.wait_for("the engine can't start")
        told = " ".join(terminal.text.replace("│", " ").split())
        assert "file is not a database" in told
        assert "move the file aside to begin a new history" in told
        terminal.press("q")
        terminal.wait_for_end()
    assert (project_dir / ".glue_tui" / "state.db").read_bytes().startswith(b"this is no database")


def test_open_screens_and_a_waiting_command_ring_for_a_run_that_fails(stopped_afterwards: Path) -> None:
    project_dir = stopped_afterwards
    (project_dir / "workflows").mkdir()
    rings = '[[notifications]]\non = ["FAILED"]\nterminal = true\n'
    (project_dir / "workflows" / "night.toml").write_text(HOLD.replace("; done", "; done; exit 3") + rings)
    plain = {"TMUX": "", "VTE_VERSION": "", "GLUE_TUI_QUIET": ""}
    told = b"\x1b]9;glue-tui: night FAILED: run 1: hold ExitCode: the program ended with exit code 3\x07\x07"
    with (
        Terminal(GLUE_TUI, cwd=project_dir, environment=plain) as screen,
        Terminal(GLUE_TUI, cwd=project_dir, environment={**plain, "GLUE_TUI_QUIET": "1"}) as quiet,
    ):
        screen.wait_for("night", "by_hand")
        quiet.wait_for("night", "by_hand")
        with Terminal([*GLUE_TUI, "run", "night"], cwd=project_dir, environment=plain) as command:
            screen.wait_for("RUNNING")
            assert b"\x1b]9;" not in screen.written
            (project_dir / "go").touch()
            assert command.wait_for_end() == 1
            assert command.written.count(told) == 1
        screen.wait_for("FAILED")
        quiet.wait_for("FAILED")
        assert screen.written.count(told) == 1
        assert b"\x1b]9;" not in quiet.written
        for one in (screen, quiet):
            one.press("q")
            assert one.wait_for_end() == 0
    with Terminal(GLUE_TUI, cwd=project_dir, environment=plain) as later:
        later.wait_for("night", "FAILED")
        assert b"\x1b]9;" not in later.written
        later.press("q")
        assert later.wait_for_end() == 0
