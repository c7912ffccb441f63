"""Schedules and a real engine: what was missed while none ran, and how the command line shows what comes and came."""

from __future__ import annotations

import json
import re
import sqlite3
from datetime import datetime
from pathlib import Path

import pytest

from tests.cli.shell import Shell
from tests.conftest import RunningEngine, wait_for

TIMERS = """\
timezone = "Europe/Paris"

[properties]
day = { type = "date", default = "today" }

[triggers.nightly]
type = "SCHEDULED"
schedule = "cron(0 22 * * ? *)"
missed_runs = "POLICY"
actions = [{ job = "tell" }, { job = "note" }]

[triggers.over]
type = "SCHEDULED"
schedule = "cron(0 22 * * ? 2025)"
actions = [{ job = "tell" }]

[triggers.by_hand]
type = "ON_DEMAND"
actions = [{ job = "tell" }]

[jobs.tell]
type = "python"
script = "jobs/tell.py"

[jobs.note]
type = "command"
command = ["echo", "{{ run.scheduled_at }}", "{{ properties.day }}"]
"""
TELL = 'def run(glue):\n    print("meant", glue.scheduled_at and glue.scheduled_at.isoformat())\n'
DAYS_WITHOUT_ENGINE = 3


@pytest.fixture
def shell(project: Path) -> Shell:
    (project / "workflows" / "jobs" / "tell.py").write_text(TELL)
    write_policy(project, "run_once")
    return Shell(project)


def write_policy(project: Path, policy: str) -> None:
    (project / "workflows" / "timers.toml").write_text(TIMERS.replace("POLICY", policy))


def let_days_pass_without_engine(engine: RunningEngine) -> None:
    """Start an engine, end it, and make its last look at the schedules days older than it was."""
    engine.start()
    engine.stop()
    with sqlite3.connect(engine.state_dir / "state.db") as conn:
        conn.execute("UPDATE schedule_marks SET done_until = done_until - ?", (DAYS_WITHOUT_ENGINE * 86400,))
    conn.close()


def test_what_was_missed_while_no_engine_ran_runs_once_late_and_says_so(shell: Shell, engine: RunningEngine) -> None:
    let_days_pass_without_engine(engine)
    engine.start()
    run = engine.finished(1)
    summary = run.summary
    assert (summary.outcome, summary.trigger, summary.missed) == ("SUCCEEDED", "nightly", DAYS_WITHOUT_ENGINE)
    assert summary.scheduled_at is not None
    assert (datetime.now().timestamp() - summary.scheduled_at) < 86400 + 3600
    meant = re.search(r"(\S+T22:00:00\+0[12]:00) (\S+)", shell("logs", "1", "note").stdout)
    assert meant is not None
    assert meant[1][:10] == meant[2] == run.properties["day"]
    assert f"meant {meant[1]}" in shell("logs", "1", "tell").stdout
    assert f"late, for {DAYS_WITHOUT_ENGINE} missed starts)" in shell("runs").stdout
    assert f"late, for {DAYS_WITHOUT_ENGINE} missed starts" in shell("status", "1").stdout
    assert "schedule (nightly), for 3 missed starts" in shell("events", "1").stdout
    engine.kill()
    engine.start()
    assert len(engine.ask(lambda client: client.runs())) == 1


def test_a_trigger_that_skips_says_what_it_left_out(project: Path, shell: Shell, engine: RunningEngine) -> None:
    write_policy(project, "skip")
    let_days_pass_without_engine(engine)
    engine.start()
    said = "left out 3 missed starts, the last due "
    assert f"timers: nightly: {said}" in shell("trigger", "list").stderr
    assert said in shell("next").stderr
    wait_for(lambda: f"timers: nightly {said}" in engine.log())
    assert engine.ask(lambda client: client.runs()) == ()


def test_next_lists_days_ahead_and_says_what_keeps_schedules_from_firing(shell: Shell, engine: RunningEngine) -> None:
    fires = shell.json("next", "--days", "400", "-n", "5")
    assert [fire["trigger"] for fire in fires] == ["nightly"] * 5
    assert all(fire["local"][14:20] == " 22:00" and fire["local"][-6:] in ("+01:00", "+02:00") for fire in fires)
    days = shell("next", "timers", "--days", "2")
    assert len(days.stdout.splitlines()) == 1 + 2
    assert "timers over never fires: no time is left" in days.stderr
    assert "no engine runs for this project, so nothing fires: `glue-tui engine start`" in days.stderr
    engine.start()
    assert shell("trigger", "disable", "timers", "nightly").returncode == 0
    paused = shell("next")
    assert paused.stdout == ""
    assert "no schedule fires" in paused.stderr
    assert "timers nightly is paused: `glue-tui trigger enable timers nightly`" in paused.stderr
    assert "no engine" not in paused.stderr
    assert json.loads(shell("next", "--json").stdout) == []


def test_what_is_listed_of_a_file_with_errors_is_said_to_be_its_last_good_version(
    shell: Shell, engine: RunningEngine
) -> None:
    engine.start()
    write_policy(shell.project_dir, "never")
    assert shell("engine", "reload").returncode == 2
    said = "workflows/timers.toml has errors: its last good version is in force, `glue-tui validate workflows/timers."
    for listing in (shell("next", "timers"), shell("next"), shell("trigger", "list", "timers")):
        assert "cron(0 22 * * ? *)" in listing.stdout
        assert re.search(r" 22:00 \+0[12]:00", listing.stdout)
        assert said in listing.stderr
    (shell.project_dir / "workflows" / "new.toml").write_text("[")
    assert shell("engine", "reload").returncode == 2
    assert "workflows/new.toml has errors: nothing of it is in force, `glue-tui validate" in shell("next").stderr


def test_a_run_without_engine_leaves_what_was_missed_to_the_next_engine(shell: Shell, engine: RunningEngine) -> None:
    let_days_pass_without_engine(engine)
    assert shell("run", "timers", "--trigger", "by_hand", "--local").returncode == 0
    assert [one["trigger"] for one in shell.json("runs")] == ["by_hand"]
    engine.start()
    assert engine.finished(2).summary.missed == DAYS_WITHOUT_ENGINE


def test_a_job_that_asks_for_the_scheduled_moment_fails_with_the_reason_where_there_is_none(shell: Shell) -> None:
    text = (shell.project_dir / "workflows" / "timers.toml").read_text()
    by_hand = '[triggers.by_hand]\ntype = "ON_DEMAND"\nactions = ['
    (shell.project_dir / "workflows" / "timers.toml").write_text(text.replace(by_hand, by_hand + '{ job = "note" }, '))
    done = shell("run", "timers", "--trigger", "by_hand", "--local")
    assert done.returncode == 1
    assert "run.scheduled_at is not defined: no schedule started this run" in done.stdout + done.stderr
    assert "meant None" in shell("logs", "1", "tell").stdout
