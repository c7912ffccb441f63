"""The history asked from the command line: filters, one node over the runs, events of one run and of all."""

from __future__ import annotations

import re
import shutil
import time
from pathlib import Path

import click
import pytest

from glue_tui.cli.when import Age, Moment, Size
from tests.cli.shell import Shell

STATE = Path(__file__).parents[1] / "data" / "states" / "0.1.0"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A project with the eight runs of `tests.store.make_state`, and no engine."""
    shutil.copytree(STATE / "project", tmp_path, dirs_exist_ok=True)
    shutil.copytree(STATE / "state", tmp_path / ".glue_tui")
    return Shell(tmp_path)


def test_runs_are_filtered_by_what_became_of_them_and_when(shell: Shell) -> None:
    def numbers(*words: str) -> list[int]:
        return [run["number"] for run in shell.json("runs", *words)]

    assert numbers("--outcome", "failed", "--outcome", "STOPPED") == [5, 2]
    assert numbers("etl", "--status", "COMPLETED", "-n", "2") == [3, 2]
    assert numbers("--trigger", "files") == [7, 6]
    assert numbers("--since", "2026-11-01") == [8, 7, 6, 5, 4, 3, 2, 1]
    assert numbers("--until", "2026-11-01") == []
    assert "no such runs" in shell("runs", "--outcome", "ERROR", "--trigger", "by_hand").stderr


def test_one_node_over_the_runs_tells_since_when_it_fails(shell: Shell) -> None:
    lines = shell("runs", "etl", "--node", "check").stdout.splitlines()
    assert re.split(r"  +", lines[0].strip())[:6] == ["run", "outcome", "node", "attempts", "started", "took"]
    assert re.match(r" *2 +✗ FAILED +✗ FAILED +2 .* ExitCode: ", lines[2])
    found = shell.json("runs", "etl", "--node", "check")
    assert [(one["run"]["number"], len(one["node"]["attempts"])) for one in found] == [(3, 1), (2, 2), (1, 1)]
    without = shell("runs", "--node", "check")
    assert (without.returncode, "runs WORKFLOW --node check" in without.stderr) == (2, True)
    unknown = shell("runs", "etl", "--node", "chekc")
    assert (unknown.returncode, 'did you mean "check"?' in unknown.stderr) == (2, True)


def test_events_of_one_run_and_of_all_are_data_for_programs(shell: Shell) -> None:
    of_one = shell.json("events", "2", "--node", "check", "--kind", "AttemptFinished")
    assert [(one["number"], one["body"]["attempt"], one["body"]["exit_code"]) for one in of_one] == [
        (2, 1, 1),
        (2, 2, 1),
    ]
    of_all = shell.json("events", "--since", "2026-11-01", "--kind", "RunFinished")
    assert sorted(one["number"] for one in of_all) == [1, 2, 3, 4, 5, 6, 7]
    assert [one["at"] for one in of_all] == sorted(one["at"] for one in of_all)
    of_workflow = shell("events", "inbox", "--since", "2026-11-01", "-n", "3")
    assert len(of_workflow.stdout.splitlines()) == 4
    assert "the 3 newest" in of_workflow.stderr
    assert shell("events", "--since", "1s").stderr == "no such events\n"
    assert "in the newest run: `--since 30d`" in shell("events", "--kind", "AttemptLost").stderr
    unknown = shell("events", "--kind", "RunFinishd")
    assert (unknown.returncode, 'did you mean "RunFinished"?' in unknown.stderr) == (2, True)


def test_the_runs_of_a_workflow_are_told_with_bars(shell: Shell) -> None:
    assert re.search(r"^\S✗\S · median 0\.\d+s · slowest 0\.\d+s, run 1$", shell("runs", "etl").stderr, re.MULTILINE)
    assert "median" not in shell("runs").stderr  # of several workflows it would mean nothing


def test_two_runs_are_compared_with_what_changed_between_them(shell: Shell) -> None:
    lines = shell("compare", "2").stdout.splitlines()
    assert re.match(r"  etl +run 1, .* +run 2, .* +difference$", lines[0])
    assert re.match(r"! whole run +succeeded 0\.\d+s +failed 0\.\d+s ", lines[1])
    assert re.match(r"! check +succeeded 0\.\d+s +failed 0\.\d+s", next(line for line in lines[2:] if "check" in line))
    assert re.search(r"^!   attempts +1 +2 +\+1$", "\n".join(lines), re.MULTILINE)
    assert "check in run 2: ExitCode: " in "\n".join(lines)
    found = shell.json("compare", "3", "1")
    assert (found["before"]["number"], found["after"]["number"]) == (1, 3)
    assert {pair["name"] for pair in found["nodes"] if pair["after_carried"]} == {"landing", "clean", "count"}
    assert found["definition"]["changes_total"] == len(found["definition"]["changes"])
    for words, said in (
        (("1",), "no run of etl before run 1 has succeeded"),
        (("2", "4"), "runs of one workflow can be compared"),
        (("2", "2"), "run 2 is named twice"),
    ):
        done = shell("compare", *words)
        assert (done.returncode, said in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize("words", [("runs", "etll"), ("runs", "etll", "--json"), ("events", "etll", "--since", "1h")])
def test_a_workflow_that_there_never_was_is_an_unknown_name_not_one_without_runs(
    shell: Shell, words: tuple[str, ...]
) -> None:
    done = shell(*words)
    assert (done.returncode, 'did you mean "etl"?' in done.stderr) == (2, True)


def test_moments_ages_and_sizes_are_read_as_people_write_them() -> None:
    def moment(text: str) -> float:
        return Moment().convert(text, None, None)

    assert abs(time.time() - 7200 - moment("2h")) < 60
    assert abs(time.time() - 3 * 86400 - moment("3d")) < 60
    assert moment("2026-11-20") == time.mktime((2026, 11, 20, 0, 0, 0, 0, 0, -1))
    assert moment("2026-11-20T08:30") - moment("2026-11-20") == 8.5 * 3600
    assert 23 * 3600 <= moment("today") - moment("yesterday") <= 25 * 3600
    assert Age().convert("90d", None, None) == 90 * 86400
    assert [Size().convert(text, None, None) for text in ("5", "1.5kB", "1GB", "2 m")] == [5, 1500, 10**9, 2 * 10**6]
    for kind, text in ((Moment(), "soon"), (Age(), "90"), (Size(), "much")):
        with pytest.raises(click.BadParameter, match="write "):
            kind.convert(text, None, None)
