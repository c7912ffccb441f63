"""Loops through files: over several workflows, meant ones, and what only looks like one."""

from __future__ import annotations

from pathlib import Path

import pytest

from glue_tui.definitions.project import DefinitionSet, load_project

STEP = """\
[triggers.arrived]
type = "EVENT"
watch = ["{watch}"]
actions = [{{ job = "hand_on" }}]

[triggers.by_hand]
type = "ON_DEMAND"
actions = [{{ job = "other" }}]

[jobs.hand_on]
type = "sql"
query = "SELECT 1 AS one"
targets = [{{ table = "a.b", path = "{writes}", format = "csv" }}]

[jobs.other]
type = "command"
command = ["true"]
"""


def step(watch: str, writes: str) -> str:
    return STEP.format(watch=watch, writes=writes)


def save(project: Path, **texts: str) -> None:
    (project / "workflows").mkdir(exist_ok=True)
    for name, text in texts.items():
        (project / "workflows" / f"{name}.toml").write_text(text)


def complaints(definitions: DefinitionSet) -> list[str]:
    return [str(problem).partition(" (each run")[0] for problem in definitions.problems]


def test_a_loop_through_three_workflows_is_told_to_each_of_them_step_by_step(tmp_path: Path) -> None:
    save(tmp_path, a=step("one/*.csv", "two"), b=step("two/**/*.csv", "three"), c=step("three/*", "one"))
    definitions = load_project(tmp_path)
    assert definitions.workflows == ()
    steps = ["a.arrived → hand_on → two", "b.arrived → hand_on → three", "c.arrived → hand_on → one"]
    assert complaints(definitions) == [
        f"workflows/{name}.toml:13: jobs.hand_on.targets[0].path: a loop through files: "
        + " → ".join([*steps[index:], *steps[:index], f"{name}.arrived"])
        for index, name in enumerate("abc")
    ]


def test_a_file_that_closes_a_loop_is_refused_and_what_was_in_force_stays(tmp_path: Path) -> None:
    save(tmp_path, a=step("one/*", "two"), b=step("two/*", "elsewhere"))
    good = load_project(tmp_path)
    assert not good.is_broken
    save(tmp_path, b=step("two/*", "one"))
    looping = good.reloaded(tmp_path)
    assert looping.workflows == good.workflows
    assert [item.is_broken for item in looping.definitions] == [True, True]
    save(tmp_path, a=step("three/*", "two"))
    mended = looping.reloaded(tmp_path)
    assert not mended.problems
    assert "one" in repr(mended.workflows[1].jobs[0].targets), "either file may be mended: then both are in force"


def test_a_loop_that_is_meant_is_not_refused(tmp_path: Path) -> None:
    meant = step("one/*", "two").replace('watch = ["one/*"]', 'watch = ["one/*"]\nallow_loop = true')
    save(tmp_path, a=meant, b=step("two/*", "one"), c=meant.replace("two", "one"))
    definitions = load_project(tmp_path)
    assert not definitions.problems
    watches = [workflow.triggers[0].watch for workflow in definitions.workflows]
    assert [watch.allow_loop for watch in watches if watch] == [True, False, True]


@pytest.mark.parametrize(
    ("watch", "writes"),
    [
        ("one/*.parquet", "one"),
        ("one/*.csv", "one/deeper"),
        ("one/two/*.csv", "one"),
        ("one*/*.csv", "two"),
        ("/one/*.csv", "one"),
        ("one/*.csv", "../one"),
    ],
)
def test_what_only_looks_like_a_loop_is_none(watch: str, writes: str, tmp_path: Path) -> None:
    save(tmp_path, a=step(watch, writes))
    assert not load_project(tmp_path).problems


@pytest.mark.parametrize(
    ("watch", "writes"),
    [
        ("one/*.csv", "one"),
        ("./one/*.csv", "one/"),
        ("**/*.csv", "one/two"),
        ("one/{a,b}*", "x/../one"),
        ("one/*/*.csv", "one/{{ run.id }}"),
        ("{here}/one/*.csv", "one"),
        ("one/*.csv", "{here}/one"),
        ("{here}-outside/*", "{here}-outside"),
    ],
)
def test_a_loop_is_seen_however_its_places_are_written(watch: str, writes: str, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    save(project, a=step(*(text.replace("{here}", str(project)) for text in (watch, writes))))
    assert len(load_project(project).problems) == 1


def test_a_job_that_no_run_of_the_trigger_reaches_makes_no_loop(tmp_path: Path) -> None:
    """It brings the files; what the trigger starts takes them."""
    text = step("one/*", "one").replace('"hand_on" }', '"x" }').replace('"other" }', '"hand_on" }')
    save(tmp_path, a=text.replace('"x" }', '"other" }'))
    assert not load_project(tmp_path).problems
