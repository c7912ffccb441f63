"""`glue-tui retry` after the definition has changed: what it tells beforehand, and which definition it uses."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from shell import Shell

FLOW = """\
[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ job = "prepare" }, { job = "clean" }]

[triggers.cleaned]
type = "CONDITIONAL"
conditions = [{ job = "clean", state = "SUCCEEDED" }]
actions = [{ job = "publish" }]

[jobs.prepare]
type = "command"
command = ["true"]

[jobs.clean]
type = "command"
command = ["sh", "clean.sh"]
timeout = "30m"

[jobs.publish]
type = "sql"
query = '''
SELECT 1 AS one
FROM raw.orders
'''
targets = [{ table = "marts.one", path = "one" }]
"""


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A project whose only run failed at `clean`."""
    (tmp_path / "workflows").mkdir()
    script = tmp_path / "clean.sh"
    script.write_text("exit 3")
    os.utime(script, (1_700_000_000, 1_700_000_000))
    shell = Shell(tmp_path)
    write(shell, FLOW)
    assert shell("run", "flow").returncode == 1
    yield shell
    family = shell.engine_family()
    assert shell("engine", "stop").returncode == 0
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []


def write(shell: Shell, text: str) -> None:
    (shell.project_dir / "workflows" / "flow.toml").write_text(text)


def test_a_dry_run_lists_what_would_run_and_that_nothing_has_changed(shell: Shell) -> None:
    done = shell("retry", "--dry-run")
    assert done.returncode == 0
    assert done.stdout.splitlines() == [
        "run 1 again, with its definition as it is now:",
        "  restart at once          clean",
        "  follow if triggers fire  publish",
        "  carried over             prepare",
        "",
        "nothing has changed since run 1",
    ]
    assert "would retry run 1 of flow" in done.stderr
    assert "nothing was started" in done.stderr
    assert len(shell.json("runs")) == 1
    assert shell("retry", "--dry-run", "--detach").returncode == 2


def test_a_dry_run_lists_what_changed_since(shell: Shell) -> None:
    changed = FLOW.replace("30m", "10m").replace("FROM raw.orders", "FROM raw.orders\nWHERE one > 0")
    write(shell, changed.replace('["true"]', '["echo"]'))
    (shell.project_dir / "clean.sh").write_text("exit 0")
    lines = shell("retry", "1", "--dry-run").stdout.splitlines()
    assert lines[5:] == [
        "3 changes since run 1:",
        "  ~ jobs.clean.timeout: 30m → 10m",
        "  ~ jobs.publish.query",
        "      + WHERE one > 0",
        '  ~ jobs.prepare.command: ["true"] → ["echo"]  (stays as it is)',
        "clean.sh was saved after run 1 began",
        "scripts are not pinned: either definition runs them as they are now",
    ]
    as_it_ran = shell("retry", "1", "--dry-run", "--as-it-ran").stdout.splitlines()
    assert as_it_ran[0] == "run 1 again, with its definition as it ran:"
    assert as_it_ran[5] == "3 changes since run 1, left out:"
    plan = shell.json("retry", "1", "--dry-run")
    assert (plan["restart"], plan["run_number"], plan["changes_total"]) == (["job:clean"], 1, 3)
    assert plan["changes"][1]["lines"] == ["+ WHERE one > 0"]
    assert plan["scripts"][0]["path"] == "clean.sh"


def test_a_retry_says_in_a_few_lines_what_changed_and_the_new_run_remembers(shell: Shell) -> None:
    write(shell, FLOW.replace("30m", "10m"))
    done = shell("retry", "1")
    assert done.returncode == 1
    assert "uses the definition as it is now: 1 change since run 1\n  ~ jobs.clean.timeout: 30m → 10m\n" in done.stderr
    assert "resumes run 1 with the definition of now (1 change)" in shell("status", "2").stdout
    assert "resumes run 1 with the definition of now (1 change)" in shell("events", "2").stdout
    assert re.search(
        "prepare was carried over: `glue-tui logs wr_[0-9a-f]+ prepare`", shell("logs", "2", "prepare").stderr
    )
    assert "prepare is a node: `glue-tui logs flow prepare`" in shell("logs", "prepare").stderr
    many = FLOW.replace("30m", "10m").replace('["true"]', '["echo"]').replace("SELECT 1", "SELECT 2")
    write(shell, f'description = "new"\n{many}')
    done = shell("retry", "1")
    assert "4 changes since run 1 (`glue-tui retry 1 --dry-run` shows them)" in done.stderr
    done = shell("retry", "1", "--as-it-ran")
    assert "uses the definition as run 1 had it: 4 changes since run 1 are left out (" in done.stderr
    assert "resumes run 1 as it ran" in shell("status", "4").stdout


def test_a_broken_file_is_refused_with_its_problem_and_the_way_out(shell: Shell) -> None:
    write(shell, FLOW.replace('{ job = "publish" }', '{ job = "publsh" }'))
    for words in (("retry", "1"), ("retry", "1", "--dry-run")):
        done = shell(*words)
        assert done.returncode == 2
        assert 'workflows/flow.toml:8: triggers.cleaned.actions[0].job: no job named "publsh"' in done.stderr
        assert "--as-it-ran" in done.stderr
    assert len(shell.json("runs")) == 1
    plan = shell("retry", "1", "--as-it-ran", "--dry-run")
    assert plan.returncode == 0
    assert "the definition of now can't be used: workflows/flow.toml:8: " in plan.stdout
    assert shell("retry", "1", "--as-it-ran").returncode == 1
    assert len(shell.json("runs")) == 2
