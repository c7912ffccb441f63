"""What works from files alone: real processes, their exit codes and what they import."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from glue_tui import __version__
from tests.cli.shell import Shell

GOOD = """\
description = "Two jobs"

[triggers.nightly]
type = "SCHEDULED"
schedule = "cron(0 22 * * ? *)"
actions = [{ job = "first" }]

[triggers.first_done]
type = "CONDITIONAL"
conditions = [{ job = "first", state = "SUCCEEDED" }]
actions = [{ job = "second" }]

[jobs.first]
type = "command"
command = ["echo", "one"]

[jobs.second]
type = "command"
command = ["echo", "two"]
"""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    (tmp_path / "workflows").mkdir()
    (tmp_path / "workflows" / "small.toml").write_text(GOOD)
    return Shell(tmp_path)


@pytest.fixture
def empty(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_help_and_version_need_no_project(empty: Shell) -> None:
    done = empty("--help")
    assert done.returncode == 0
    assert "validate" in done.stdout
    assert "Exit codes: 0 succeeded" in done.stdout
    assert empty("--version").stdout == f"glue-tui {__version__}\n"


def test_a_mistyped_command_is_wrong_use_and_gets_the_nearest_name(empty: Shell) -> None:
    done = empty.process("stauts")
    assert (done.returncode, done.stdout) == (2, "")
    assert 'Did you mean "status"?' in done.stderr


@pytest.mark.parametrize("words", [("validate",), ("runs",), ("engine", "start")])
def test_outside_a_project_every_command_says_so_and_how_to_make_one(empty: Shell, words: tuple[str, ...]) -> None:
    done = empty.process(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "no project at or above" in done.stderr
    assert "glue-tui init" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_project_is_found_from_a_folder_below_it_or_named(shell: Shell, tmp_path: Path) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert Shell(below).process("validate").returncode == 0
    elsewhere = Shell(Path("/"))
    assert elsewhere.process("--project", str(tmp_path), "validate").returncode == 0
    assert Shell(Path("/"), GLUE_TUI_PROJECT=str(tmp_path)).process("validate").returncode == 0


def test_validate_prints_problems_on_stdout_and_their_number_on_stderr(shell: Shell) -> None:
    done = shell("validate")
    assert (done.returncode, done.stdout) == (0, "")
    assert "1 file checked: good" in done.stderr
    path = shell.project_dir / "workflows" / "small.toml"
    path.write_text(GOOD.replace('actions = [{ job = "second" }]', 'actions = [{ job = "secnod" }]'))
    line = path.read_text().splitlines().index('actions = [{ job = "secnod" }]') + 1
    done = shell("validate")
    assert done.returncode == 2
    assert f"workflows/small.toml:{line}: " in done.stdout
    assert 'did you mean "second"?' in done.stdout
    assert "1 error" in done.stderr
    problems = shell.json("validate", str(path))
    assert problems[0]["line"] == line
    assert problems[0]["path"] == "workflows/small.toml"


def test_validate_of_a_project_without_files_is_no_success(empty: Shell) -> None:
    (empty.project_dir / ".glue_tui").mkdir()
    done = empty("validate")
    assert done.returncode == 2
    assert "no workflow files" in done.stderr


def test_status_runs_and_catalog_are_told_before_anything_has_run(shell: Shell) -> None:
    status = shell("status")
    assert status.returncode == 0
    assert "NEVER RUN" in status.stdout
    assert "no engine runs" in status.stdout
    assert shell.json("status")["engine"]["pid"] == 0
    assert shell.json("status")["workflows"][0]["name"] == "small"
    assert shell.json("runs") == []
    assert shell.json("catalog") == []
    assert "no engine" in shell("status", "--line").stdout
    assert not (shell.project_dir / ".glue_tui").exists()


def test_status_of_a_broken_workflow_shows_its_problems(shell: Shell) -> None:
    (shell.project_dir / "workflows" / "small.toml").write_text(GOOD.replace('type = "command"', 'type = "comand"', 1))
    status = shell("status")
    assert "BROKEN" in status.stdout
    assert "workflows/small.toml:14: " in status.stdout
    graph = shell("graph", "small")
    assert graph.returncode == 2
    assert "workflows/small.toml:14: " in graph.stderr


def test_graph_next_and_trigger_list_come_from_the_files(shell: Shell) -> None:
    lines = shell("graph", "small").stdout.splitlines()
    assert lines[0] == "small"
    assert lines[1].startswith("nightly")
    assert "└─ first" in lines[2]
    assert "second" in lines[4]
    supposed = shell("graph", "small", "--if", "first=failed").stdout.splitlines()
    assert supposed[0] == "small  what if first FAILED: ✗ FAILED"
    assert "first_done  CONDITIONAL did not fire: first is FAILED, not SUCCEEDED" in supposed[3]
    assert "second  – SKIPPED" in supposed[4]
    assert [one["state"] for one in shell.json("graph", "small", "--if", "first=SKIPPED")["nodes"]] == ["SKIPPED"] * 2
    fires = shell.json("next", "--count", "2")
    assert [fire["trigger"] for fire in fires] == ["nightly", "nightly"]
    assert fires[1]["at"] - fires[0]["at"] == 86400
    triggers = shell.json("trigger", "list")
    assert [(one["name"], one["state"]) for one in triggers] == [("nightly", "ACTIVATED"), ("first_done", "ACTIVATED")]
    unknown = shell("graph", "smal")
    assert unknown.returncode == 2
    assert 'did you mean "small"?' in unknown.stderr


@pytest.mark.parametrize("words", [("stop", "small"), ("engine", "status")])
def test_what_needs_an_engine_exits_3_without_one_and_starts_none(shell: Shell, words: tuple[str, ...]) -> None:
    done = shell(*words)
    assert done.returncode == 3
    assert "glue-tui engine start" in done.stderr
    assert not (shell.project_dir / ".glue_tui").exists()


@pytest.mark.parametrize("words", [("logs",), ("logs", "small"), ("status", "7"), ("events",), ("retry",)])
def test_a_run_that_does_not_exist_is_an_unknown_name(shell: Shell, words: tuple[str, ...]) -> None:
    done = shell(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Hint: " in done.stderr


def test_sql_over_an_empty_catalog_says_what_to_do(shell: Shell) -> None:
    done = shell("sql", "SELECT * FROM raw.nothing")
    assert done.returncode == 2
    assert "no table raw.nothing" in done.stderr


def test_init_makes_a_project_that_is_valid_and_overwrites_nothing(empty: Shell) -> None:
    made = empty("init", str(empty.project_dir / "shop"))
    assert made.returncode == 0
    assert "workflows/hello.toml" in made.stdout
    project = Shell(empty.project_dir / "shop")
    assert project("validate").returncode == 0
    mine = project.project_dir / "workflows" / "hello.toml"
    mine.write_text("# mine\n")
    again = empty("init", str(empty.project_dir / "shop"))
    assert again.returncode == 2
    assert "is a project already" in again.stderr
    assert mine.read_text() == "# mine\n"
    assert empty("init", str(empty.project_dir / "bare"), "--empty").returncode == 0
    assert list((empty.project_dir / "bare" / "workflows").iterdir()) == []


def test_without_a_terminal_the_status_takes_the_place_of_the_screen(shell: Shell) -> None:
    done = shell.process()
    assert done.returncode == 0
    assert "NEVER RUN" in done.stdout
    assert "needs a terminal" in done.stderr


def test_ascii_terminals_get_ascii_only(shell: Shell) -> None:
    for environment in ({"GLUE_TUI_ASCII": "1"}, {"PYTHONIOENCODING": "ascii"}):
        plain = Shell(shell.project_dir, **environment)
        for words in (("status",), ("graph", "small")):
            done = plain.process(*words)
            assert done.returncode == 0, done.stderr
            assert (done.stdout + done.stderr).isascii()


def test_our_own_failure_is_told_without_a_traceback_unless_asked_for(shell: Shell) -> None:
    (shell.project_dir / ".glue_tui").mkdir()
    (shell.project_dir / ".glue_tui" / "state.db").write_bytes(b"no database " * 1000)
    done = shell.process("runs")
    assert done.returncode == 3
    assert "Error: " in done.stderr
    assert "Traceback" not in done.stderr
    debug = Shell(shell.project_dir, GLUE_TUI_DEBUG="1").process("runs")
    assert debug.returncode == 3
    assert "Traceback" in debug.stderr


def test_a_reader_that_has_seen_enough_is_no_error(shell: Shell) -> None:
    done = subprocess.run(
        ["sh", "-c", f'"{sys.executable}" -m glue_tui --help | head -1; true'],
        cwd=shell.project_dir,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.startswith("Usage: ")
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("words", "unwanted"),
    [
        (("--help",), ("polars", "textual", "rich", "asyncio", "sqlite3", "msgspec", "glue_tui.client")),
        (("runs",), ("polars", "textual", "rich", "asyncio", "glue_tui.core.run", "glue_tui.definitions.load")),
        (("status",), ("polars", "textual", "rich", "asyncio", "glue_tui.engine")),
        (("status", "--line"), ("polars", "textual", "rich", "asyncio", "glue_tui.definitions.load")),
        (("validate",), ("polars", "textual", "rich", "asyncio", "sqlite3")),
        (("catalog",), ("polars", "textual", "rich", "asyncio")),
    ],
)
def test_a_command_imports_only_what_it_needs(shell: Shell, words: tuple[str, ...], unwanted: tuple[str, ...]) -> None:
    code = (
        "import atexit, json, sys\n"
        f"sys.argv = ['glue-tui', *{list(words)!r}]\n"
        "sys.stdout = sys.stderr\n"
        f"tell = lambda: print(json.dumps([m for m in {unwanted!r} if m in sys.modules]), file=sys.__stdout__)\n"
        "atexit.register(tell)\n"
        "from glue_tui.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=shell.project_dir, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


def test_the_shell_gets_completion_from_click(empty: Shell) -> None:
    done = Shell(empty.project_dir, _GLUE_TUI_COMPLETE="bash_source").process()
    assert "_glue_tui_completion" in done.stdout
